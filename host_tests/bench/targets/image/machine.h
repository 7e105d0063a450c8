// machine.h: what the image needs of the emulated machine: a count of instructions, text, an end.
//
// The emulator runs with -icount shift=10: each instruction takes 1024 ns of the machine's time.

#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include <stdint.h>

#if defined(__arm__)

// SysTick runs at the processor's clock; MACHINE_TICKS of them are MACHINE_INSTRUCTIONS instructions.
#define SYST_CSR (*(volatile uint32_t *)0xE000E010)
#define SYST_RVR (*(volatile uint32_t *)0xE000E014)
#define SYST_CVR (*(volatile uint32_t *)0xE000E018)

static inline void machine_start(void) {
    SYST_RVR = 0xFFFFFF;
    SYST_CVR = 0;
    SYST_CSR = 5;
}

// Counts down.
static inline uint32_t machine_now(void) {
    return SYST_CVR;
}

static inline uint32_t machine_passed(uint32_t from, uint32_t to) {
    return (from - to) & 0xFFFFFF;
}

static inline uint32_t machine_instructions(uint32_t ticks) {
    return (ticks * MACHINE_INSTRUCTIONS + MACHINE_TICKS / 2) / MACHINE_TICKS;
}

static inline void semihosting(uint32_t operation, uint32_t argument) {
    register uint32_t r0 __asm__("r0") = operation;
    register uint32_t r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

static inline void machine_write(const char *text) {
    semihosting(4, (uint32_t)(uintptr_t)text); // SYS_WRITE0
}

static inline void machine_end(void) {
    semihosting(0x18, 0x20026); // SYS_EXIT, ADP_Stopped_ApplicationExit
}

#elif defined(__riscv)

static inline void machine_start(void) {
}

static inline uint32_t machine_now(void) {
    uint32_t count;
    __asm__ volatile("csrr %0, minstret" : "=r"(count) : : "memory");
    return count;
}

static inline uint32_t machine_passed(uint32_t from, uint32_t to) {
    return to - from;
}

static inline uint32_t machine_instructions(uint32_t ticks) {
    return ticks;
}

static inline void machine_write(const char *text) {
    for (; *text; text++) {
        *(volatile uint8_t *)0x10000000 = (uint8_t)*text; // UART
    }
}

static inline void machine_end(void) {
    *(volatile uint32_t *)0x100000 = 0x5555; // test device: power off
}

#endif

#endif
