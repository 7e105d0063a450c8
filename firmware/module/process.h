// process.h: the critical section in a process on a PC: a spinlock for its threads.
//
// MicroPython's unix port raises KeyboardInterrupt out of the signal's handler, wherever the program is: in the middle of
// an operation of the core, which would leave the heap half changed and the lock held, or of its own collector. So a
// program that uses galloc gets it between two bytecodes, as on a board.

#ifndef GALLOC_MODULE_PROCESS_H
#define GALLOC_MODULE_PROCESS_H

#include <sched.h>
#include <stdbool.h>

extern volatile bool galloc_process_lock;
extern __thread volatile bool galloc_process_inside; // whether this thread holds it

// Puts a handler of its own before MicroPython's, which sets its own at each line of the REPL and at the start of a script.
void galloc_guard_break(void);

static inline void galloc_enter_process(void) {
    // Held by this thread already: Ctrl-C has cut what it did, in a line of the REPL that MicroPython's handler was set for.
    if (!galloc_process_inside) {
        while (__atomic_test_and_set(&galloc_process_lock, __ATOMIC_ACQUIRE)) {
            sched_yield();
        }
    }
    galloc_process_inside = true;
}

static inline void galloc_leave_process(void) {
    galloc_process_inside = false;
    __atomic_clear(&galloc_process_lock, __ATOMIC_RELEASE);
}

#define GALLOC_LOCK(heap) galloc_enter_process()
#define GALLOC_UNLOCK(heap) galloc_leave_process()

#endif
