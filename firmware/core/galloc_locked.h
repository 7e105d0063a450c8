// galloc_locked.h: the locked form of the functions of galloc.h, for heaps that several threads, cores or interrupt
// handlers share.
//
// The port defines two macros before it includes this file:
//
//     GALLOC_LOCK(heap)      enters the critical section; may declare a variable that GALLOC_UNLOCK(heap) reads
//     GALLOC_UNLOCK(heap)    leaves it; always follows in the same block
//
// Hosted programs that define neither get a spinlock (C11 atomics), one for all heaps of the program.
//
// What the lock costs others: it is held for the bounded steps of the allocator only. Payload is copied and zeroed
// outside of it, so the size of a block never shows in an interrupt's latency. Held longer are galloc_locked_check,
// galloc_locked_walk, and an over-aligned request that is about to fail on a heap without `bounded_search`: all three
// O(chunks).
//
// A block belongs to its caller: two callers that free or reallocate the same block at the same time are a mistake that
// no lock mends, though the heap survives it.

#ifndef GALLOC_LOCKED_H
#define GALLOC_LOCKED_H

#include <string.h>

#include "galloc.h"

#if !defined(GALLOC_LOCK) && !defined(GALLOC_UNLOCK)
#if defined(__STDC_HOSTED__) && __STDC_HOSTED__ && !defined(__STDC_NO_ATOMICS__) && defined(__GNUC__)
#include <stdatomic.h>
// Weak, so that all translation units of a program share one lock though this file is a header only.
__attribute__((weak)) atomic_flag galloc_host_lock = ATOMIC_FLAG_INIT;
#define GALLOC_LOCK(heap)                                                                \
    while (atomic_flag_test_and_set_explicit(&galloc_host_lock, memory_order_acquire)) { \
    }
#define GALLOC_UNLOCK(heap) atomic_flag_clear_explicit(&galloc_host_lock, memory_order_release)
#else
#error "define GALLOC_LOCK(heap) and GALLOC_UNLOCK(heap) before including galloc_locked.h"
#endif
#elif !defined(GALLOC_LOCK) || !defined(GALLOC_UNLOCK)
#error "define both GALLOC_LOCK(heap) and GALLOC_UNLOCK(heap), or neither"
#endif

// As galloc_alloc.
static inline void *galloc_locked_alloc(galloc_heap_t *heap, size_t size, size_t align) {
    galloc_search_t search = {0};
    void *block;
    do {
        GALLOC_LOCK(heap);
        block = galloc_alloc_step(heap, size, align, &search);
        GALLOC_UNLOCK(heap);
    } while (block == NULL && search.more);
    return block;
}

// As galloc_alloc_zeroed; the bytes are cleared after the lock is left.
static inline void *galloc_locked_alloc_zeroed(galloc_heap_t *heap, size_t size, size_t align) {
    void *block = galloc_locked_alloc(heap, size, align);
    if (block != NULL) {
        memset(block, 0, size);
    }
    return block;
}

// As galloc_free.
static inline galloc_fault_t galloc_locked_free(galloc_heap_t *heap, void *block) {
    GALLOC_LOCK(heap);
    galloc_fault_t fault = galloc_free(heap, block);
    GALLOC_UNLOCK(heap);
    return fault;
}

// As galloc_resize.
static inline bool galloc_locked_resize(galloc_heap_t *heap, void *block, size_t size) {
    GALLOC_LOCK(heap);
    bool done = galloc_resize(heap, block, size);
    GALLOC_UNLOCK(heap);
    return done;
}

// As galloc_usable_size.
static inline size_t galloc_locked_usable_size(galloc_heap_t *heap, const void *block) {
    GALLOC_LOCK(heap);
    size_t size = galloc_usable_size(heap, block);
    GALLOC_UNLOCK(heap);
    return size;
}

// As galloc_owns.
static inline bool galloc_locked_owns(galloc_heap_t *heap, const void *block) {
    GALLOC_LOCK(heap);
    bool owned = galloc_owns(heap, block);
    GALLOC_UNLOCK(heap);
    return owned;
}

// As galloc_realloc_begin and galloc_realloc_end.
static inline bool galloc_locked_realloc_begin(galloc_heap_t *heap, void *block, size_t size, size_t align,
                                               galloc_move_t *move) {
    GALLOC_LOCK(heap);
    bool done = galloc_realloc_begin(heap, block, size, align, move);
    GALLOC_UNLOCK(heap);
    return done;
}

static inline bool galloc_locked_realloc_end(galloc_heap_t *heap, const galloc_move_t *move) {
    GALLOC_LOCK(heap);
    bool done = galloc_realloc_end(heap, move);
    GALLOC_UNLOCK(heap);
    return done;
}

// As galloc_realloc, in short spells of the lock; the payload is moved outside of them. Others that run meanwhile may see
// more memory in use than before and after.
static inline void *galloc_locked_realloc(galloc_heap_t *heap, void *block, size_t size, size_t align) {
    galloc_move_t move;
    bool aligned = align <= 1u || (((uintptr_t)block | align) & (align - 1u)) == 0;
    if (aligned && galloc_locked_resize(heap, block, size)) {
        return block;
    }
    if (!galloc_locked_realloc_begin(heap, block, size, align, &move)) {
        return NULL;
    }
    if (move.to == NULL) {
        move.to = galloc_locked_alloc(heap, size, align);
    }
    if (move.to == NULL || move.from == NULL) {
        return move.to;
    }
    memmove(move.to, move.from, move.bytes);
    if (!galloc_locked_realloc_end(heap, &move)) {
        galloc_locked_free(heap, move.to);
        return NULL;
    }
    return move.to;
}

// As galloc_stats. Where the heap changes all the time, `largest` may be that of some of the chunks only.
static inline void galloc_locked_stats(galloc_heap_t *heap, galloc_stats_t *out) {
    galloc_search_t search = {0};
    bool done;
    do {
        GALLOC_LOCK(heap);
        done = galloc_stats_step(heap, out, &search);
        GALLOC_UNLOCK(heap);
    } while (!done);
}

// As galloc_check. Holds the lock for the whole heap: O(chunks), some 50 instructions a chunk.
static inline galloc_fault_t galloc_locked_check(galloc_heap_t *heap, size_t *offset) {
    GALLOC_LOCK(heap);
    galloc_fault_t fault = galloc_check(heap, offset);
    GALLOC_UNLOCK(heap);
    return fault;
}

// As galloc_walk. Holds the lock for the whole walk, O(chunks), `visit` included: it must be short and must not raise.
static inline void galloc_locked_walk(galloc_heap_t *heap, galloc_visit_t visit, void *context) {
    GALLOC_LOCK(heap);
    galloc_walk(heap, visit, context);
    GALLOC_UNLOCK(heap);
}

// As galloc_set_root.
static inline bool galloc_locked_set_root(galloc_heap_t *heap, size_t number, uint32_t value) {
    GALLOC_LOCK(heap);
    bool done = galloc_set_root(heap, number, value);
    GALLOC_UNLOCK(heap);
    return done;
}

#endif
