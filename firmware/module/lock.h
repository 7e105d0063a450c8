// lock.h: the critical section around each operation of the core, for the target that this build is for.
//
// Firmware takes the port's own atomic section, which covers both cores where the port has two. A port that has none gets
// one from py/mphal.h that does nothing: a board of such a port defines GALLOC_LOCK_MASKS_INTERRUPTS=1, and interrupts are
// masked here. A native module has no such call in its function table and masks interrupts itself. A process on a PC has
// threads instead of interrupts: process.h.

#ifndef GALLOC_MODULE_LOCK_H
#define GALLOC_MODULE_LOCK_H

#if defined(MICROPY_ENABLE_DYNRUNTIME) && MICROPY_ENABLE_DYNRUNTIME
#define GALLOC_LOCK_FIRMWARE (0)
#else
#define GALLOC_LOCK_FIRMWARE (1)
#include "py/mphal.h"
#if defined(__linux__) || defined(__APPLE__)
#define GALLOC_LOCK_OF_PROCESS (1)
#elif !defined(GALLOC_LOCK_MASKS_INTERRUPTS) || !GALLOC_LOCK_MASKS_INTERRUPTS
#define GALLOC_LOCK_OF_PORT (1)
#endif
#endif

#if defined(GALLOC_LOCK_OF_PROCESS)

#include "process.h"

#elif defined(GALLOC_LOCK_OF_PORT)

#if defined(PICO_ON_DEVICE) && PICO_ON_DEVICE && MICROPY_PY_THREAD

#include "py/mpthread.h"

// The section of RP2 takes a mutex that main makes; constructors of C++ run before, on one core.
#define GALLOC_BEFORE_MAIN() (mp_thread_get_state() == NULL)
#define GALLOC_LOCK(heap) \
    mp_uint_t galloc_lock_state = GALLOC_BEFORE_MAIN() ? save_and_disable_interrupts() : MICROPY_BEGIN_ATOMIC_SECTION()
#define GALLOC_UNLOCK(heap)                                \
    do {                                                   \
        if (GALLOC_BEFORE_MAIN()) {                        \
            restore_interrupts(galloc_lock_state);         \
        } else {                                           \
            MICROPY_END_ATOMIC_SECTION(galloc_lock_state); \
        }                                                  \
    } while (0)

#else

// The end of the section is two statements in some ports, hence the braces.
#define GALLOC_LOCK(heap) mp_uint_t galloc_lock_state = MICROPY_BEGIN_ATOMIC_SECTION()
#define GALLOC_UNLOCK(heap)                            \
    do {                                               \
        MICROPY_END_ATOMIC_SECTION(galloc_lock_state); \
    } while (0)

#endif

#else

// Masks interrupts, and puts the mask back as it was.
#if defined(__thumb__)

static inline uint32_t galloc_mask_interrupts(void) {
    uint32_t state;
    __asm volatile("mrs %0, primask\n cpsid i" : "=r"(state) : : "memory");
    return state;
}

static inline void galloc_unmask_interrupts(uint32_t state) {
    __asm volatile("msr primask, %0" : : "r"(state) : "memory");
}

#elif defined(__arm__) && defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'A'

// Bit 7 of the status register masks interrupts.
static inline uint32_t galloc_mask_interrupts(void) {
    uint32_t state;
    __asm volatile("mrs %0, cpsr\n cpsid i" : "=r"(state) : : "memory");
    return state;
}

static inline void galloc_unmask_interrupts(uint32_t state) {
    __asm volatile("msr cpsr_c, %0" : : "r"(state) : "memory");
}

#elif defined(__riscv)

// A process of an operating system may not mask interrupts. Firmware knows that while it is compiled, a native module finds
// it out at import.
#if !GALLOC_LOCK_FIRMWARE
extern volatile bool galloc_is_process;
#define GALLOC_IS_PROCESS (galloc_is_process)
#elif defined(__linux__)
#define GALLOC_IS_PROCESS (true)
#else
#define GALLOC_IS_PROCESS (false)
#endif

// Bit 3 of mstatus (CSR 0x300) is the machine-level interrupt enable. Spelt as numbers, since assemblers differ in
// whether these instructions, `csrrci %0, mstatus, 8` and `csrs mstatus, %0`, need an extension to be named.
static inline uint32_t galloc_mask_interrupts(void) {
    uintptr_t state;
    if (GALLOC_IS_PROCESS) {
        return 0;
    }
    __asm volatile(".insn i 0x73, 7, %0, x8, 0x300" : "=r"(state) : : "memory");
    return state & 8;
}

static inline void galloc_unmask_interrupts(uint32_t state) {
    if (state != 0) {
        __asm volatile(".insn i 0x73, 2, x0, %0, 0x300" : : "r"((uintptr_t)state) : "memory");
    }
}

#elif defined(__xtensa__)

static inline uint32_t galloc_mask_interrupts(void) {
    uint32_t state;
    __asm volatile("rsil %0, 15" : "=a"(state) : : "memory");
    return state;
}

static inline void galloc_unmask_interrupts(uint32_t state) {
    __asm volatile("wsr %0, ps\n rsync" : : "a"(state) : "memory");
}

#else

// A process on a PC masks nothing.
static inline uint32_t galloc_mask_interrupts(void) {
    return 0;
}

static inline void galloc_unmask_interrupts(uint32_t state) {
    (void)state;
}

#endif

#if defined(GALLOC_WITHOUT_LOCK) && GALLOC_WITHOUT_LOCK

// For the tests alone, which must fail with this.
#define GALLOC_LOCK(heap) (void)0
#define GALLOC_UNLOCK(heap) (void)0

#else

#if GALLOC_LOCK_FIRMWARE || defined(__xtensa__)

// The mask is enough: a port with two cores has a section of its own, and on ESP32 MicroPython keeps to one core.
#define galloc_enter galloc_mask_interrupts
#define galloc_leave galloc_unmask_interrupts

#elif defined(__thumb__) && !defined(__ARM_FEATURE_LDREX)

// The instruction set of Cortex-M0 has no atomic access, so RP2040, which has two of these cores, has spinlocks in
// hardware: a read that is not 0 takes one, a write gives it back. This is NULL on every other chip.
extern volatile uint32_t *galloc_spinlock;

// The last of the two that pico-sdk sets aside for system software and never hands out.
#define GALLOC_SPINLOCK ((volatile uint32_t *)(0xD0000100 + 15 * 4))

static inline bool galloc_is_rp2040(void) {
    // A Cortex-M0+ by its CPUID, and the mark of this chip's boot ROM where others have a vector. The compiler must not
    // see a pointer that is nearly NULL.
    uintptr_t mark = 0x10;
    __asm("" : "+r"(mark));
    uint32_t part = *(volatile uint32_t *)0xE000ED00 >> 4 & 0xFFF;
    return part == 0xC60 && (*(volatile uint32_t *)mark & 0xFFFFFF) == 0x01754D;
}

// At import. The lock may be held by a core that a soft reset stopped in the middle: nobody holds it for long otherwise.
static inline void galloc_find_spinlock(void) {
    galloc_spinlock = galloc_is_rp2040() ? GALLOC_SPINLOCK : NULL;
    if (galloc_spinlock != NULL) {
        for (uint32_t tries = 0; tries < 1000000 && *galloc_spinlock == 0; ++tries) {
        }
        *galloc_spinlock = 0;
    }
}

static inline uint32_t galloc_enter(void) {
    uint32_t state = galloc_mask_interrupts();
    if (galloc_spinlock != NULL) {
        while (*galloc_spinlock == 0) {
        }
        __asm volatile("dmb" : : : "memory");
    }
    return state;
}

static inline void galloc_leave(uint32_t state) {
    if (galloc_spinlock != NULL) {
        __asm volatile("dmb" : : : "memory");
        *galloc_spinlock = 0;
    }
    galloc_unmask_interrupts(state);
}

#define GALLOC_HAS_SPINLOCK (1)

#else

// Beyond the mask a flag in the module's .bss, for chips with two cores and for MicroPython's unix port, whose threads
// have no global lock. With one core it is always free.
extern volatile unsigned char galloc_spin;

#if defined(__riscv)

// One native module serves RP2350, which has two cores, and ESP32-C3, which has one and no atomic instructions. This is
// false until the module's import has asked the processor.
extern volatile bool galloc_has_atomics;

// At import, where interrupts can be masked: bit 0 of misa (CSR 0x301) is the A extension. `csrr %0, misa` as a number, as
// above.
static inline bool galloc_finds_atomics(void) {
    uintptr_t misa;
    __asm volatile(".insn i 0x73, 2, %0, x0, 0x301" : "=r"(misa));
    return (misa & 1) != 0;
}

#define GALLOC_ASKS_PROCESSOR (1)

#else
#define galloc_has_atomics (true)
#endif

static inline uint32_t galloc_enter(void) {
    uint32_t state = galloc_mask_interrupts();
    if (galloc_has_atomics) {
        while (__atomic_test_and_set(&galloc_spin, __ATOMIC_ACQUIRE)) {
        }
    }
    return state;
}

static inline void galloc_leave(uint32_t state) {
    if (galloc_has_atomics) {
        __atomic_clear(&galloc_spin, __ATOMIC_RELEASE);
    }
    galloc_unmask_interrupts(state);
}

#endif

#define GALLOC_LOCK(heap) uint32_t galloc_lock_state = galloc_enter()
#define GALLOC_UNLOCK(heap) galloc_leave(galloc_lock_state)

#endif

#endif

// On a board Ctrl-C comes between two bytecodes only.
#if !defined(GALLOC_LOCK_OF_PROCESS)
#define galloc_guard_break() (void)0
#endif

#endif
