// galloc_config.h: what can be chosen when the core is compiled.
//
// Compile every file that includes a header of the core with the same choices. All of them but GALLOC_BINS,
// GALLOC_BITS_OF_OCTAVE and level 0 of GALLOC_HARDENING leave the bytes of a heap as they are: a heap that one build has
// made can be opened by another.

#ifndef GALLOC_CONFIG_H
#define GALLOC_CONFIG_H

// ---- Tunables ----------------------------------------------------------------------------------------------------

// How much is verified before it is relied on. galloc_check verifies everything at each level. What a level costs is
// measured in host_tests/bench.
//
//   2  Heap, block, and all that is met on the way: neighbours, links, the free chunks that are found. Further use of a
//      damaged heap never touches a byte outside of its region.
//   1  Heap and block: a wrong or freed pointer and an overwritten header are refused. Links and neighbours are trusted.
//   0  Nothing but NULL, sizes and alignments. Headers are stored without a hash, so heaps of this level and of the others
//      are refused by each other's galloc_attach.
#ifndef GALLOC_HARDENING
#define GALLOC_HARDENING 2
#endif

// Exact-size bins for small chunks: 12, 20, 28, ... bytes of payload. Default of galloc_config_t.smallbins.
#ifndef GALLOC_SMALLBINS
#define GALLOC_SMALLBINS 16
#endif

// Sub-bins of each smallbin, by the alignment of the payload: exactly 8, exactly 16, ..., the last one "that or more".
// With more of them over-aligned requests find more small chunks that need no padding. Default of
// galloc_config_t.alignment_sub_bins.
#ifndef GALLOC_ALIGNMENT_SUB_BINS
#define GALLOC_ALIGNMENT_SUB_BINS 2
#endif

// Bins that a heap can have, for small and large chunks together: 64, 128 or 256. Each bin that a region needs costs
// 4 bytes there. 64 are searched by one look at the map on a 64-bit machine, and by two on a 32-bit one; the 20 x 8
// small bins of the original galloc need 256.
#ifndef GALLOC_BINS
#define GALLOC_BINS 64
#endif

// Bins an octave for large chunks: 1 << this.
#ifndef GALLOC_BITS_OF_OCTAVE
#define GALLOC_BITS_OF_OCTAVE 1
#endif

// Free chunks of a request's own bin that are looked at before a larger bin is taken. 1 or more.
#ifndef GALLOC_LOOKS
#define GALLOC_LOOKS 2
#endif

// Free chunks that one step of an exhaustive search looks at (see galloc_alloc_step).
#ifndef GALLOC_STEP_LOOKS
#define GALLOC_STEP_LOOKS 12
#endif

// Times that galloc_alloc_step starts over because the heap has changed between two steps.
#ifndef GALLOC_RESTARTS
#define GALLOC_RESTARTS 4
#endif

// Blocks of this many bytes and more are cut from the low end of a free chunk, smaller ones from its high end. So small
// blocks, which mostly live longer, gather at one side and do not break up the space for the large ones.
#ifndef GALLOC_LARGE_BLOCK
#define GALLOC_LARGE_BLOCK 1024
#endif

#if !defined(__cplusplus) // there galloc_locked.h alone includes this
_Static_assert(GALLOC_HARDENING >= 0 && GALLOC_HARDENING <= 2, "GALLOC_HARDENING: 0, 1 or 2");
_Static_assert(GALLOC_SMALLBINS >= 1, "GALLOC_SMALLBINS: at least 1");
_Static_assert(GALLOC_ALIGNMENT_SUB_BINS >= 2, "GALLOC_ALIGNMENT_SUB_BINS: at least 2");
// Numbers of bins are masked, so 192 would lose bins.
_Static_assert(GALLOC_BINS == 64 || GALLOC_BINS == 128 || GALLOC_BINS == 256, "GALLOC_BINS: 64, 128 or 256");
#endif

// ---- The compiler and the machine --------------------------------------------------------------------------------

#if defined(__OPTIMIZE_SIZE__)
#define GALLOC_SMALL_CODE 1
#else
#define GALLOC_SMALL_CODE 0
#endif

#if UINTPTR_MAX > 0xffffffffu
#define GALLOC_64BIT 1
#else
#define GALLOC_64BIT 0
#endif

#if defined(__GNUC__)
#define GALLOC_LIKELY(x) __builtin_expect(!!(x), 1)
#define GALLOC_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define GALLOC_INLINE static inline __attribute__((always_inline, unused))
#define GALLOC_IS_CONSTANT(x) __builtin_constant_p(x)
#define GALLOC_NOINLINE __attribute__((noinline))
#define GALLOC_COLD __attribute__((noinline, cold))
#define GALLOC_MAY_ALIAS __attribute__((may_alias)) // the words of a region were, and will be, somebody's payload
#else
#define GALLOC_LIKELY(x) (x)
#define GALLOC_UNLIKELY(x) (x)
#define GALLOC_IS_CONSTANT(x) 0
#define GALLOC_INLINE static inline
#define GALLOC_NOINLINE
#define GALLOC_COLD
#define GALLOC_MAY_ALIAS
#endif

// A part of its callers where speed counts, a function of its own where size does.
#if GALLOC_SMALL_CODE
#define GALLOC_HOT static GALLOC_NOINLINE __attribute__((unused))
#else
#define GALLOC_HOT GALLOC_INLINE
#endif

// The same for steps of middling frequency, for which a microcontroller has no room either.
#if GALLOC_64BIT
#define GALLOC_WARM GALLOC_INLINE
#else
#define GALLOC_WARM GALLOC_STAGE
#endif

// A stage of an operation: the hot path before it ends in a jump to it. Where size counts the compiler decides.
#if GALLOC_SMALL_CODE
#define GALLOC_STAGE static
#else
#define GALLOC_STAGE static GALLOC_NOINLINE
#endif

// The same for what takes a microcontroller hardly more instructions where it is compiled for size.
#if GALLOC_64BIT
#define GALLOC_WARM_FOR_SIZE GALLOC_WARM
#define GALLOC_STAGE_FOR_SIZE GALLOC_STAGE
#else
#define GALLOC_WARM_FOR_SIZE static GALLOC_COLD
#define GALLOC_STAGE_FOR_SIZE static GALLOC_COLD
#endif

// A condition that is verified at level 2, and taken for granted below.
#if GALLOC_HARDENING >= 2
#define GALLOC_HOLDS(x) GALLOC_LIKELY(x)
#else
#define GALLOC_HOLDS(x) 1
#endif

// Keeps a compiler from holding a value in two registers, one for each width.
#if GALLOC_64BIT && defined(__GNUC__)
#define GALLOC_ONE_WIDTH(x) __asm__("" : "+r"(x))
#else
#define GALLOC_ONE_WIDTH(x) (void)(x)
#endif

// A shift count that is out of range only in a damaged heap, where any result is right. The machines take its low bits;
// sanitizers want to see that.
#if !defined(GALLOC_SHIFT_COUNT)
#if defined(__has_feature)
#if __has_feature(undefined_behavior_sanitizer)
#define GALLOC_SHIFT_COUNT(n) ((n) & 31u)
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define GALLOC_SHIFT_COUNT(n) ((n) & 31u)
#endif
#endif
#if !defined(GALLOC_SHIFT_COUNT)
#define GALLOC_SHIFT_COUNT(n) (n)
#endif

// Cortex-M3 and higher: loads and stores two words at once.
#if defined(__GNUC__) && defined(__thumb2__)
#define GALLOC_THUMB_2 1
#else
#define GALLOC_THUMB_2 0
#endif

// Where the fifth argument of a call goes through the stack. On an i386 so do all, but its tests are those of 32 bits.
#if !GALLOC_SMALL_CODE && (GALLOC_THUMB_2 || defined(__i386__))
#define GALLOC_FOUR_ARGUMENTS 1
#else
#define GALLOC_FOUR_ARGUMENTS 0
#endif

// Cores without an instruction that counts zeros would call libgcc for the builtins.
#if !defined(GALLOC_HAVE_BIT_SCAN)
#if defined(__x86_64__) || defined(__i386__) || defined(__ARM_FEATURE_CLZ) || defined(__aarch64__) || \
    defined(__riscv_zbb) || defined(__XTENSA__)
#define GALLOC_HAVE_BIT_SCAN 1
#else
#define GALLOC_HAVE_BIT_SCAN 0
#endif
#endif

#endif
