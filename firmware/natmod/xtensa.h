// xtensa.h: what a native module for Xtensa needs besides its own sources. It comes before them in the translation unit.

#ifndef GALLOC_NATMOD_XTENSA_H
#define GALLOC_NATMOD_XTENSA_H

#include <stdint.h>

#include "py/dynruntime.h"

// gcc with -mforce-l32 (ESP8266) adds an entry's offset to the address of the table of qstrs while it compiles, but
// MicroPython's linker knows the address of the table's start only. So the compiler must not see which table it is.
static inline const uint16_t *galloc_qstr_table(void) {
    const uint16_t *table = mp_native_qstr_table;
    __asm__("" : "+r"(table));
    return table;
}
#define mp_native_qstr_table (galloc_qstr_table())

// Division, which a compiler configured for ESP8266 calls by these names. The ROM of ESP8266 has them, out of reach of a
// module; ESP32, S2 and S3 have instructions for it.
__attribute__((externally_visible)) uint32_t __udivsi3(uint32_t dividend, uint32_t divisor);
__attribute__((externally_visible)) uint32_t __umodsi3(uint32_t dividend, uint32_t divisor);

#if defined(__XTENSA_WINDOWED_ABI__)

uint32_t __udivsi3(uint32_t dividend, uint32_t divisor) {
    uint32_t quotient;
    __asm__("quou %0, %1, %2" : "=r"(quotient) : "r"(dividend), "r"(divisor));
    return quotient;
}

uint32_t __umodsi3(uint32_t dividend, uint32_t divisor) {
    uint32_t rest;
    __asm__("remu %0, %1, %2" : "=r"(rest) : "r"(dividend), "r"(divisor));
    return rest;
}

#else

static uint32_t galloc_divide(uint32_t dividend, uint32_t divisor, uint32_t *rest) {
    uint32_t quotient = 0, left = 0;
    for (uint32_t bit = 0x80000000u; bit != 0; bit >>= 1) {
        left = left << 1 | ((dividend & bit) != 0);
        if (left >= divisor) {
            left -= divisor;
            quotient |= bit;
        }
    }
    *rest = left;
    return quotient;
}

uint32_t __udivsi3(uint32_t dividend, uint32_t divisor) {
    uint32_t rest;
    return galloc_divide(dividend, divisor, &rest);
}

uint32_t __umodsi3(uint32_t dividend, uint32_t divisor) {
    uint32_t rest;
    galloc_divide(dividend, divisor, &rest);
    return rest;
}

#endif

#endif
