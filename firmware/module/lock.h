// lock.h: the critical section around each operation of the core, for the target that this build is for.
//
// Firmware takes the port's own atomic section, which covers both cores where the port has two. A native module has no
// such call in its function table and masks interrupts itself.

#ifndef GALLOC_MODULE_LOCK_H
#define GALLOC_MODULE_LOCK_H

#if !defined(MICROPY_ENABLE_DYNRUNTIME) || !MICROPY_ENABLE_DYNRUNTIME

#include "py/mphal.h"

// The end of the section is two statements in some ports, hence the braces.
#define GALLOC_LOCK(heap) mp_uint_t galloc_lock_state = MICROPY_BEGIN_ATOMIC_SECTION()
#define GALLOC_UNLOCK(heap)                            \
    do {                                               \
        MICROPY_END_ATOMIC_SECTION(galloc_lock_state); \
    } while (0)

#elif defined(__thumb__)

static inline uint32_t galloc_mask_interrupts(void) {
    uint32_t state;
    __asm volatile("mrs %0, primask\n cpsid i" : "=r"(state) : : "memory");
    return state;
}

static inline void galloc_unmask_interrupts(uint32_t state) {
    __asm volatile("msr primask, %0" : : "r"(state) : "memory");
}

#define GALLOC_LOCK(heap) uint32_t galloc_lock_state = galloc_mask_interrupts()
#define GALLOC_UNLOCK(heap) galloc_unmask_interrupts(galloc_lock_state)

#elif defined(__riscv)

// Bit 3 of mstatus (CSR 0x300) is the machine-level interrupt enable. Spelt as numbers, since assemblers differ in
// whether these instructions, `csrrci %0, mstatus, 8` and `csrs mstatus, %0`, need an extension to be named.
static inline uint32_t galloc_mask_interrupts(void) {
    uint32_t state;
    __asm volatile(".insn i 0x73, 7, %0, x8, 0x300" : "=r"(state) : : "memory");
    return state & 8;
}

static inline void galloc_unmask_interrupts(uint32_t state) {
    __asm volatile(".insn i 0x73, 2, x0, %0, 0x300" : : "r"(state) : "memory");
}

#define GALLOC_LOCK(heap) uint32_t galloc_lock_state = galloc_mask_interrupts()
#define GALLOC_UNLOCK(heap) galloc_unmask_interrupts(galloc_lock_state)

#elif defined(__xtensa__)

static inline uint32_t galloc_mask_interrupts(void) {
    uint32_t state;
    __asm volatile("rsil %0, 15" : "=a"(state) : : "memory");
    return state;
}

static inline void galloc_unmask_interrupts(uint32_t state) {
    __asm volatile("wsr %0, ps\n rsync" : : "a"(state) : "memory");
}

#define GALLOC_LOCK(heap) uint32_t galloc_lock_state = galloc_mask_interrupts()
#define GALLOC_UNLOCK(heap) galloc_unmask_interrupts(galloc_lock_state)

#else

// A process on a PC: a spinlock, since MicroPython's unix port runs its threads without a global lock. The flag lies in
// the module's .bss (registration defines it).
extern volatile unsigned char galloc_spin;

#define GALLOC_LOCK(heap)                                           \
    while (__atomic_test_and_set(&galloc_spin, __ATOMIC_ACQUIRE)) { \
    }
#define GALLOC_UNLOCK(heap) __atomic_clear(&galloc_spin, __ATOMIC_RELEASE)

#endif

#endif
