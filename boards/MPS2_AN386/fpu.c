// fpu.c: switches the FPU on before the first instruction that needs it.

#include <stdint.h>

#define CPACR (*(volatile uint32_t *)0xE000ED88)
#define FULL_ACCESS_CP10_CP11 (0xFu << 20)

// The port's main, under another name.
int port_main(int argc, char **argv);

int main(int argc, char **argv) {
    CPACR |= FULL_ACCESS_CP10_CP11;
    __asm volatile("dsb\n isb" : : : "memory");
    return port_main(argc, argv);
}
