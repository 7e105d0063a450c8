// Bit scans and the small helpers that every file needs.

#ifndef GALLOC_BITS_H
#define GALLOC_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Where size comes before speed, the hot paths are functions and not parts of their callers.
#if defined(__OPTIMIZE_SIZE__)
#define GALLOC_SMALL_CODE 1
#else
#define GALLOC_SMALL_CODE 0
#endif

#if defined(__GNUC__)
#define GALLOC_LIKELY(x) __builtin_expect(!!(x), 1)
#define GALLOC_UNLIKELY(x) __builtin_expect(!!(x), 0)
#if GALLOC_SMALL_CODE
#define GALLOC_INLINE static inline __attribute__((unused))
#define GALLOC_FLAT
#else
#define GALLOC_INLINE static inline __attribute__((always_inline))
#define GALLOC_FLAT __attribute__((flatten)) // what it calls in its file becomes a part of it
#endif
#define GALLOC_COLD __attribute__((noinline, cold))
#define GALLOC_NOINLINE __attribute__((noinline))
#else
#define GALLOC_LIKELY(x) (x)
#define GALLOC_UNLIKELY(x) (x)
#define GALLOC_INLINE static inline
#define GALLOC_FLAT
#define GALLOC_COLD
#define GALLOC_NOINLINE
#endif

// A step that several functions of one file take.
#if GALLOC_SMALL_CODE
#define GALLOC_SHARED static GALLOC_NOINLINE
#else
#define GALLOC_SHARED GALLOC_INLINE
#endif

// Hot paths: parts of their callers where speed counts, functions of heap.c where size does.
#if !GALLOC_SMALL_CODE
#define GALLOC_HOT GALLOC_INLINE
#elif defined(GALLOC_HEAP_C)
#define GALLOC_HOT
#endif

// Cores without a count-leading-zeros instruction would call libgcc for the builtins; these few steps are cheaper.
#if defined(GALLOC_HAVE_BIT_SCAN) // told by the compiler's command line
#elif defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__) || defined(__ARM_FEATURE_CLZ) || \
                            defined(__aarch64__) || defined(__riscv_zbb) || defined(__XTENSA__))
#define GALLOC_HAVE_BIT_SCAN 1
#else
#define GALLOC_HAVE_BIT_SCAN 0
#endif

// Position of the highest set bit; x is not 0.
#if GALLOC_SMALL_CODE
uint32_t galloc_log2(uint32_t x);
#endif

#ifdef GALLOC_HOT
GALLOC_HOT uint32_t galloc_log2(uint32_t x) {
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
#endif

// Position of the lowest set bit; x is not 0.
GALLOC_INLINE uint32_t galloc_ctz(uint32_t x) {
#if GALLOC_HAVE_BIT_SCAN
    return (uint32_t)__builtin_ctz(x);
#else
    return galloc_log2(x & (0u - x));
#endif
}

// A word of a bitmap: as wide as the machine. On the little-endian machines that this runs on, the bits lie at the same
// place in either width.
#if UINTPTR_MAX > 0xffffffffu
typedef uint64_t galloc_word_t;
#define GALLOC_WORD_LOG2 6u
GALLOC_INLINE uint32_t galloc_word_ctz(galloc_word_t x) {
    return (uint32_t)__builtin_ctzll(x);
}
#else
typedef uint32_t galloc_word_t;
#define GALLOC_WORD_LOG2 5u
GALLOC_INLINE uint32_t galloc_word_ctz(galloc_word_t x) {
    return galloc_ctz(x);
}
#endif

#endif
