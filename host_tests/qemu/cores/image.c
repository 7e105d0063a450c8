// image.c: two cores on one heap, without MicroPython: the core of galloc and the native module's lock, on QEMU's
// mps2-an521 (two Cortex-M33) and virt (two RISC-V harts). Each core allocates, marks, grows and frees blocks, and adds to
// a count that the lock alone keeps right. Prints "ok" or what went wrong.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "galloc.h"
#include "lock.h"

#include "galloc_locked.h"

#define CORES 2
#define ROUNDS 20000
#define LIVE 12

volatile unsigned char galloc_spin;
#if defined(GALLOC_ASKS_PROCESSOR)
volatile bool galloc_is_process, galloc_has_atomics;
#endif

static uint8_t region[16384] __attribute__((aligned(8)));
static galloc_heap_t *heap;
static volatile uint32_t finished[CORES], wrong[CORES], total;

void run(uint32_t core);

// --- The machine

#if defined(__arm__)

#define CPUWAIT (*(volatile uint32_t *)0x50021118)            // one bit a core: it waits
#define CPU_IDENTITY (*(const volatile uint32_t *)0x5001F000) // the number of the core that reads it

void reset(void);
extern uint32_t stacks_end[];

// Both cores start by this one.
__attribute__((section(".vectors"), used)) static void *const vectors[2] = {stacks_end, reset};

__attribute__((naked)) void reset(void) {
    // The second core has its stack 4 KiB below that of the first.
    __asm volatile("ldr r1, =0x5001F000\n"
                   "ldr r0, [r1]\n"
                   "mov r2, sp\n"
                   "sub r2, r2, r0, lsl #12\n"
                   "mov sp, r2\n"
                   "b run\n");
}

static void start_second(void) {
    CPUWAIT = 0;
}

static long host(long operation, const void *argument) {
    register long r0 __asm("r0") = operation;
    register const void *r1 __asm("r1") = argument;
    __asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

#else

__attribute__((naked, section(".vectors"), used)) void reset(void) {
    __asm volatile("csrr a0, 0xF14\n" // mhartid
                   "la sp, stacks_end\n"
                   "slli t0, a0, 12\n"
                   "sub sp, sp, t0\n"
                   "j run\n");
}

static volatile uint32_t started;

static void start_second(void) {
    started = 1;
}

static long host(long operation, const void *argument) {
    register long a0 __asm("a0") = operation;
    register const void *a1 __asm("a1") = argument;
    __asm volatile(".option push\n.option norvc\n.balign 16\n"
                   "slli x0, x0, 0x1f\nebreak\nsrai x0, x0, 7\n.option pop"
                   : "+r"(a0)
                   : "r"(a1)
                   : "memory");
    return a0;
}

#endif

enum { HOST_WRITE0 = 4, HOST_EXIT = 0x18, EXIT_DONE = 0x20026 };

static void stop(const char *verdict) {
    // 64-bit machines take the reason by reference.
    static const uintptr_t block[2] = {EXIT_DONE, 0};
    const void *reason = sizeof(void *) == 8 ? (const void *)block : (const void *)(uintptr_t)EXIT_DONE;
    host(HOST_WRITE0, verdict);
    for (;;) {
        host(HOST_EXIT, reason);
    }
}

void *memset(void *to, int value, size_t size) {
    for (uint8_t *byte = to; size > 0; --size) {
        *byte++ = (uint8_t)value;
    }
    return to;
}

void *memmove(void *to, const void *from, size_t size) {
    uint8_t *target = to;
    const uint8_t *source = from;
    for (size_t i = 0; i < size; ++i) {
        size_t at = target < source ? i : size - 1 - i;
        target[at] = source[at];
    }
    return to;
}

void *memcpy(void *to, const void *from, size_t size) {
    return memmove(to, from, size);
}

// --- What each core does

static void count(void) {
    GALLOC_LOCK(heap);
    total = total + 1;
    GALLOC_UNLOCK(heap);
}

static void work(uint32_t core) {
    uint32_t *blocks[LIVE] = {NULL};
    uint32_t seed = 12345 + core * 777;
    for (uint32_t round = 0; round < ROUNDS; ++round) {
        seed = seed * 1103515245u + 12345u;
        uint32_t slot = (seed >> 8) % LIVE, size = 8 + (seed >> 16) % 200, mark = core << 24 | slot << 16 | 0x5A5A;
        uint32_t *block = blocks[slot];
        if (block == NULL) {
            block = galloc_locked_alloc(heap, size, 0);
        } else if (block[0] != mark || block[1] != (uint32_t)(uintptr_t)block) {
            ++wrong[core];
            return;
        } else if (seed & 0x40) {
            wrong[core] += galloc_locked_free(heap, block) != GALLOC_OK;
            block = NULL;
        } else {
            uint32_t *moved = galloc_locked_realloc(heap, block, size, 0);
            block = moved != NULL ? moved : block;
        }
        blocks[slot] = block;
        if (block != NULL) {
            block[0] = mark;
            block[1] = (uint32_t)(uintptr_t)block;
        }
        count();
    }
    for (uint32_t slot = 0; slot < LIVE; ++slot) {
        if (blocks[slot] != NULL) {
            wrong[core] += galloc_locked_free(heap, blocks[slot]) != GALLOC_OK;
        }
    }
}

static void judge(void) {
    galloc_stats_t stats;
    size_t offset;
    if (wrong[0] + wrong[1] != 0) {
        stop("a block had another's mark, or could not be freed\n");
    }
    if (total != CORES * ROUNDS) {
        stop("the count is wrong\n");
    }
    if (galloc_check(heap, &offset) != GALLOC_OK) {
        stop("the heap does not verify\n");
    }
    galloc_stats(heap, &stats);
    if (stats.blocks != 0 || stats.allocs != stats.frees || stats.allocs < ROUNDS / 4) {
        stop("the counts do not add up\n");
    }
    stop("ok\n");
}

void run(uint32_t core) {
    if (core == 0) {
#if defined(GALLOC_ASKS_PROCESSOR)
        galloc_has_atomics = galloc_finds_atomics();
        if (!galloc_has_atomics) {
            stop("no atomic instructions\n");
        }
#endif
        heap = galloc_init(region, sizeof(region), NULL);
        start_second();
    }
#if !defined(__arm__)
    while (started == 0) {
    }
#endif
    // Both begin at the same time.
    finished[core] = 1;
    while (finished[1 - core] == 0) {
    }
    work(core);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    finished[core] = 2;
    while (core != 0 || finished[1] != 2) {
    }
    judge();
}
