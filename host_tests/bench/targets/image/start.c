// start.c: from reset to main. The emulator has loaded all sections to where they belong, and its memory starts as zeros.

#include <stdint.h>

int main(void);
extern uint8_t stack_end[];

#if defined(__arm__)

#define CPACR (*(volatile uint32_t *)0xE000ED88)

__attribute__((noreturn)) static void reset(void) {
#if defined(__ARM_FP)
    CPACR |= 0xFu << 20; // the FPU is off until then
    __asm__ volatile("dsb\n isb" : : : "memory");
#endif
    main();
    for (;;) {
    }
}

__attribute__((noreturn)) static void fault(void) {
    for (;;) { // the host sees a time-out
    }
}

__attribute__((section(".start"), used)) static const void *const vectors[16] = {
    stack_end,
    (void *)reset,
    (void *)fault,
    (void *)fault,
};

#elif defined(__riscv)

__attribute__((section(".start"), naked, used)) void reset(void) {
    __asm__ volatile(".option push\n .option norelax\n la gp, __global_pointer$\n .option pop\n"
                     "la sp, stack_end\n la tp, thread_start\n call main\n 1: j 1b");
}

#endif
