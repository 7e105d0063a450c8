// galloc_locked.h: the locked form of the functions of galloc.h, for heaps that several threads, cores or interrupt
// handlers share.
//
// The port defines two macros before it includes this file:
//
//     GALLOC_LOCK(heap)      enters the critical section; may declare a variable that GALLOC_UNLOCK(heap) reads
//     GALLOC_UNLOCK(heap)    leaves it; always follows in the same block
//
// Hosted programs that define neither get a spinlock, one for all heaps of the program. C11, or C++11 and later.
//
// What the lock costs others: it is held for the bounded steps of the allocator only. Payload is copied and zeroed
// outside of it, so the size of a block never shows in an interrupt's latency. Held longer are galloc_locked_check
// and galloc_locked_walk only: O(chunks).
//
// A block belongs to its caller: two callers that free or reallocate the same block at the same time are a mistake that
// no lock mends, though the heap survives it.

#ifndef GALLOC_LOCKED_H
#define GALLOC_LOCKED_H

#include <string.h>

#include "galloc.h"
#include "galloc_config.h"

#if !defined(GALLOC_LOCK) && !defined(GALLOC_UNLOCK)
#if defined(__STDC_HOSTED__) && __STDC_HOSTED__ && defined(__GNUC__)
// Weak, so that all translation units of a program, C and C++, share one lock though this file is a header only.
__attribute__((weak)) bool galloc_host_lock;
#define GALLOC_LOCK(heap)                                                \
    while (__atomic_test_and_set(&galloc_host_lock, __ATOMIC_ACQUIRE)) { \
    }
#define GALLOC_UNLOCK(heap) __atomic_clear(&galloc_host_lock, __ATOMIC_RELEASE)
#else
#error "define GALLOC_LOCK(heap) and GALLOC_UNLOCK(heap) before including galloc_locked.h"
#endif
#elif !defined(GALLOC_LOCK) || !defined(GALLOC_UNLOCK)
#error "define both GALLOC_LOCK(heap) and GALLOC_UNLOCK(heap), or neither"
#endif

#if defined(__GNUC__)
#define GALLOC_LOCKED_SLOW static __attribute__((noinline, unused))
#else
#define GALLOC_LOCKED_SLOW static inline
#endif

// Hooks that see each operation when it is done, called inside the lock. They do nothing by default.
// block, to: NULL for a request that found no memory. from: the block before; NULL for a new one. align: 0 if the block
// keeps its own.
#ifndef GALLOC_ON_ALLOC
#define GALLOC_ON_ALLOC(heap, block, size, align) ((void)0)
#define GALLOC_ON_FREE(heap, block) ((void)0)
#define GALLOC_ON_REALLOC(heap, from, to, size, align) ((void)0)
#endif

// Whether a request is for a smallbin. The map knows of each chunk that serves it, so galloc_alloc need not search.
static inline bool galloc_locked_is_small(const galloc_heap_t *heap, size_t size, size_t align) {
    const uint32_t *words = (const uint32_t *)(const void *)heap;
    return heap != NULL && (align <= 1u || align == 8u) &&
           size - 5u < (size_t)words[GALLOC_SMALL_LIMIT_WORD(GALLOC_BINS)] * 4u;
}

// galloc_locked_alloc for the other requests.
GALLOC_LOCKED_SLOW void *galloc_locked_alloc_in_steps(galloc_heap_t *heap, size_t size, size_t align) {
    galloc_search_t search;
    memset(&search, 0, sizeof(search));
    void *block;
    do {
        GALLOC_LOCK(heap);
        block = galloc_alloc_step(heap, size, align, &search);
        if (block != NULL || !search.more) {
            GALLOC_ON_ALLOC(heap, block, size, align);
        }
        GALLOC_UNLOCK(heap);
    } while (block == NULL && search.more);
    return block;
}

// As galloc_alloc.
static inline void *galloc_locked_alloc(galloc_heap_t *heap, size_t size, size_t align) {
    if (GALLOC_UNLIKELY(!galloc_locked_is_small(heap, size, align))) {
        return galloc_locked_alloc_in_steps(heap, size, align);
    }
    GALLOC_LOCK(heap);
    void *block = galloc_alloc(heap, size, 0);
    GALLOC_ON_ALLOC(heap, block, size, align);
    GALLOC_UNLOCK(heap);
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
    if (fault == GALLOC_OK) {
        GALLOC_ON_FREE(heap, block);
    }
    GALLOC_UNLOCK(heap);
    return fault;
}

// As galloc_resize.
static inline bool galloc_locked_resize(galloc_heap_t *heap, void *block, size_t size) {
    GALLOC_LOCK(heap);
    bool done = galloc_resize(heap, block, size);
    if (done) {
        GALLOC_ON_REALLOC(heap, block, block, size, 0);
    }
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
    bool aligned = align <= 1u || (((uintptr_t)block | align) & (align - 1u)) == 0, resized, sound;
    {
        GALLOC_LOCK(heap);
        resized = aligned && galloc_resize(heap, block, size);
        if (resized) {
            GALLOC_ON_REALLOC(heap, block, block, size, align);
        }
        GALLOC_UNLOCK(heap);
    }
    if (resized) {
        return block;
    }
    memset(&move, 0, sizeof(move));
    do {
        if (!galloc_locked_realloc_begin(heap, block, size, align, &move)) {
            return NULL;
        }
    } while (move.more);
    bool moves = move.from != NULL, small = galloc_locked_is_small(heap, size, align);
    galloc_search_t search;
    memset(&search, 0, sizeof(search));
    search.more = true;
    while (move.to == NULL && search.more) {
        GALLOC_LOCK(heap);
        if (small) {
            move.to = galloc_alloc(heap, size, 0);
            search.more = false;
        } else {
            move.to = galloc_alloc_step(heap, size, align, &search);
        }
        if (move.to != NULL ? !moves : !search.more) {
            GALLOC_ON_REALLOC(heap, block, move.to, size, align);
        }
        GALLOC_UNLOCK(heap);
    }
    if (!moves) {
        return move.to;
    }
    if (move.to == NULL) {
        GALLOC_LOCK(heap);
        galloc_resize(heap, block, move.old_size); // it may have grown by now
        GALLOC_UNLOCK(heap);
        return NULL;
    }
    memmove(move.to, move.from, move.bytes);
    {
        GALLOC_LOCK(heap);
        sound = galloc_realloc_end(heap, &move);
        if (sound) {
            GALLOC_ON_REALLOC(heap, block, move.to, size, align);
        } else {
            galloc_free(heap, move.to);
        }
        GALLOC_UNLOCK(heap);
    }
    return sound ? move.to : NULL;
}

// As galloc_stats. Where the heap changes all the time, `largest` may be that of some of the chunks only.
static inline void galloc_locked_stats(galloc_heap_t *heap, galloc_stats_t *out) {
    galloc_search_t search;
    memset(&search, 0, sizeof(search));
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
