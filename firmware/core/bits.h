// Bit scans and the small helpers that every file needs.

#ifndef GALLOC_BITS_H
#define GALLOC_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define GALLOC_LIKELY(x) __builtin_expect(!!(x), 1)
#define GALLOC_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define GALLOC_INLINE static inline __attribute__((always_inline))
#define GALLOC_COLD __attribute__((noinline, cold))
#define GALLOC_NOINLINE __attribute__((noinline))
#else
#define GALLOC_LIKELY(x) (x)
#define GALLOC_UNLIKELY(x) (x)
#define GALLOC_INLINE static inline
#define GALLOC_COLD
#define GALLOC_NOINLINE
#endif

// Cores without a count-leading-zeros instruction would call libgcc for the builtins; these few steps are cheaper.
#if defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__) || defined(__ARM_FEATURE_CLZ) || \
                          defined(__aarch64__) || defined(__riscv_zbb) || defined(__XTENSA__))
#define GALLOC_HAVE_BIT_SCAN 1
#else
#define GALLOC_HAVE_BIT_SCAN 0
#endif

// Position of the highest set bit; x is not 0.
GALLOC_INLINE uint32_t galloc_log2(uint32_t x)
{
#if GALLOC_HAVE_BIT_SCAN
    return 31u ^ (uint32_t)__builtin_clz(x);
#else
    uint32_t n = 0;
    if (x >> 16) {
        n = 16;
        x >>= 16;
    }
    if (x >> 8) {
        n += 8;
        x >>= 8;
    }
    if (x >> 4) {
        n += 4;
        x >>= 4;
    }
    // The last four bits index a table of sixteen 2-bit answers.
    return n + ((0xffffaa50u >> (2 * x)) & 3u);
#endif
}

// Position of the lowest set bit; x is not 0.
GALLOC_INLINE uint32_t galloc_ctz(uint32_t x)
{
#if GALLOC_HAVE_BIT_SCAN
    return (uint32_t)__builtin_ctz(x);
#else
    return galloc_log2(x & (0u - x));
#endif
}

#endif
