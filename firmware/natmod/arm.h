// arm.h: what makes a native module for ARM smaller. It comes before the module's own sources in the translation unit.

#ifndef GALLOC_NATMOD_ARM_H
#define GALLOC_NATMOD_ARM_H

#include "py/nativeglue.h"

// A function finds MicroPython's table of functions, and that of names, by two constants and four instructions, 16 bytes; and
// most functions need them. A call takes 4, and the compiler knows that a second one gives the same.
__attribute__((const, noinline)) static const mp_fun_table_t *galloc_fun_table(void) {
    return &mp_fun_table;
}

__attribute__((const, noinline)) static const uint16_t *galloc_qstr_table(void) {
    return mp_native_qstr_table;
}

#define mp_fun_table (*galloc_fun_table())
#define mp_native_qstr_table (galloc_qstr_table())

#endif
