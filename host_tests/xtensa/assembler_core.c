// assembler_core.c: teaches the assembler of Debian's gcc-xtensa-lx106 a core with register windows.
//
// binutils (2.40 and later) loads a core's description from the shared object that XTENSA_GNU_CONFIG names. This makes one
// of QEMU's `sample_controller`: windowed, little-endian, without loops and floating point, which is what ESP32, ESP32-S2
// and ESP32-S3 have in common. The tables of instructions are in QEMU's sources.

#include <stddef.h>
#include <stdint.h>

#include "core-isa.h"
#include "xtensa-modules.c.inc"

// The members of xtensa_config_v1 in the order of binutils' include/xtensa-dynconfig.h. What the assembler does not ask
// for, caches and the like, is 0.
const int xtensa_config_v1[54] = {
    XCHAL_HAVE_BE,
    XCHAL_HAVE_DENSITY,
    XCHAL_HAVE_CONST16,
    XCHAL_HAVE_ABS,
    XCHAL_HAVE_ADDX,
    XCHAL_HAVE_L32R,
    0, // XSHAL_USE_ABSOLUTE_LITERALS
    0, // XSHAL_HAVE_TEXT_SECTION_LITERALS
    XCHAL_HAVE_MAC16,
    XCHAL_HAVE_MUL16,
    XCHAL_HAVE_MUL32,
    XCHAL_HAVE_MUL32_HIGH,
    XCHAL_HAVE_DIV32,
    XCHAL_HAVE_NSA,
    XCHAL_HAVE_MINMAX,
    XCHAL_HAVE_SEXT,
    XCHAL_HAVE_LOOPS,
    XCHAL_HAVE_THREADPTR,
    XCHAL_HAVE_RELEASE_SYNC,
    0, // XCHAL_HAVE_S32C1I: ESP32-S2 has none
    XCHAL_HAVE_BOOLEANS,
    [32] = XCHAL_HAVE_WINDOWED, // 21 to 31: floating point
    [33] = 64,                  // XCHAL_NUM_AREGS
    [38] = 4,                   // logarithm of the line size of both caches
    [39] = 4,
    [40] = 2, // logarithm of their ways
    [41] = 2,
    [44] = 1, // smallest page of the MMU
    [45] = 1, // debugging: there, two breakpoints of each kind, at level 6
    [46] = 2,
    [47] = 2,
    [48] = 6,
    [49] = 3, // longest instruction, bytes
    [50] = 4, // bytes that are fetched at once
    [53] = 1, // XTHAL_ABI_CALL0
};

// xtensa_config_v2: stage of the memory, latest and earliest architecture. v3: clamps, depbits, exclusive access, xea3.
const int xtensa_config_v2[3] = {2, 270012, 260003};
const int xtensa_config_v3[4];
const char *const xtensa_config_strings[] = {NULL};
int plugin_is_GPL_compatible;
