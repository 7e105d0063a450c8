// main.c: MicroPython's REPL on QEMU's `sim` machine, over the emulator's stdin and stdout.

#include <string.h>

#include "py/gc.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "py/stackctrl.h"
#include "shared/runtime/pyexec.h"

#define HEAP_SIZE (1024 * 1024)
#define STACK_SIZE (256 * 1024)

enum { SIM_EXIT = 1, SIM_READ = 3, SIM_WRITE = 4 }; // numbers of the emulator's calls

long simcall(long number, long a, long b, long c);
void spill_windows(int depth);
void start_c(void);

static char heap[HEAP_SIZE] __attribute__((aligned(16)));
static char *stack_top;

static __attribute__((noreturn)) void stop(const char *why) {
    simcall(SIM_WRITE, 2, (long)why, strlen(why));
    for (;;) {
        simcall(SIM_EXIT, 3, 0, 0);
    }
}

// --- Console

int mp_hal_stdin_rx_chr(void) {
    // Aligned, so that it is in one page: the emulator would wait until what it takes for the next one is there, too.
    static unsigned char taken[256] __attribute__((aligned(256)));
    static long next, count;
    if (next == count) {
        next = 0;
        count = simcall(SIM_READ, 0, (long)taken, sizeof(taken));
        if (count <= 0) { // the host is gone
            simcall(SIM_EXIT, 0, 0, 0);
        }
    }
    return taken[next++];
}

mp_uint_t mp_hal_stdout_tx_strn(const char *text, size_t size) {
    simcall(SIM_WRITE, 1, (long)text, (long)size);
    return size;
}

// --- Garbage collection

// Calls itself until every window but the last is on the stack, where the collector looks.
void __attribute__((noinline)) spill_windows(int depth) {
    if (depth > 0) {
        spill_windows(depth - 1);
    }
    __asm__ volatile("" : : : "memory");
}

static void __attribute__((noinline)) collect_stack(void) {
    // The registers that a caller left are right below the frame.
    char *from = (char *)__builtin_frame_address(0) - 64;
    gc_collect_root((void **)((uintptr_t)from & ~(uintptr_t)3), (size_t)(stack_top - from) / sizeof(void *));
}

void gc_collect(void) {
    gc_collect_start();
    #if defined(__XTENSA_WINDOWED_ABI__)
    spill_windows(10);
    #else
    // The registers that a function keeps for its caller.
    uintptr_t kept[4];
    __asm__ volatile("s32i a12, %0, 0\n s32i a13, %0, 4\n s32i a14, %0, 8\n s32i a15, %0, 12" : : "a"(kept) : "memory");
    gc_collect_root((void **)kept, 4);
    #endif
    collect_stack();
    gc_collect_end();
}

// --- The interpreter

void start_c(void) {
    stack_top = (char *)__builtin_frame_address(0) + 64;
    mp_stack_set_top(stack_top);
    mp_stack_set_limit(STACK_SIZE);
    gc_init(heap, heap + sizeof(heap));
    for (;;) {
        mp_init();
        while ((pyexec_mode_kind == PYEXEC_MODE_RAW_REPL ? pyexec_raw_repl() : pyexec_friendly_repl()) == 0) {
        }
        mp_printf(&mp_plat_print, "MPY: soft reboot\n");
        gc_sweep_all();
        mp_deinit();
    }
}

void nlr_jump_fail(void *value) {
    (void)value;
    stop("an exception that nothing catches\n");
}

void abort(void) {
    stop("abort\n");
}

void __assert_func(const char *file, int line, const char *function, const char *expression) {
    (void)file;
    (void)line;
    (void)function;
    stop(expression);
}
