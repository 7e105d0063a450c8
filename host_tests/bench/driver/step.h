// Counts the instructions of single calls by the processor's trap flag: exact, and each call by itself, which callgrind
// cannot tell. x86-64 Linux only.

#ifndef BENCH_STEP_H
#define BENCH_STEP_H

#include <stdbool.h>
#include <stdint.h>

// False: this machine cannot step; nothing is counted.
bool step_available(void);

// Instructions of the allocator's own code (adapter_owns_code) between the two are counted.
void step_begin(void);
unsigned step_end(void);

// Whether the address lies in this program's code, the driver and its adapter aside.
bool step_in_program(uintptr_t pc);

// Whether the address lies in the C library.
bool step_in_libc(uintptr_t pc);

#endif
