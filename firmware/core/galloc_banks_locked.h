// galloc_banks_locked.h: the locked form of the functions of galloc_banks.h, over the locks of galloc_locked.h.
//
// A lock is that of one bank: GALLOC_LOCK(heap) is given the heap that the step works on, and is never taken twice. It is
// held for one step of one bank, and left before the next bank is tried. Payload is copied and cleared outside of it.
//
// A set does not change once its banks are added, so reading it takes no lock. galloc_banks_add and galloc_banks_remove
// have no locked form: call them while nobody else uses the set.

#ifndef GALLOC_BANKS_LOCKED_H
#define GALLOC_BANKS_LOCKED_H

#include "galloc_banks.h"
#include "galloc_locked.h"

// From the first bank that serves, but not from the heap `tried`.
static inline void *galloc_banks_locked_alloc_from(const galloc_banks_t *set, size_t size, size_t align, uint32_t wants,
                                                   const galloc_heap_t *tried) {
    void *block = NULL;
    for (size_t i = 0; i < set->count && block == NULL; i++) {
        if ((wants & ~set->bank[i].attributes) == 0 && set->bank[i].heap != tried) {
            block = galloc_locked_alloc(set->bank[i].heap, size, align);
        }
    }
    return block;
}

// As galloc_banks_alloc.
static inline void *galloc_banks_locked_alloc(const galloc_banks_t *set, size_t size, size_t align, uint32_t wants) {
    return galloc_banks_locked_alloc_from(set, size, align, wants, NULL);
}

// As galloc_banks_alloc_zeroed; the bytes are cleared after the lock is left.
static inline void *galloc_banks_locked_alloc_zeroed(const galloc_banks_t *set, size_t size, size_t align,
                                                     uint32_t wants) {
    void *block = galloc_banks_locked_alloc(set, size, align, wants);
    if (block != NULL) {
        memset(block, 0, size);
    }
    return block;
}

// As galloc_banks_free.
static inline galloc_fault_t galloc_banks_locked_free(const galloc_banks_t *set, void *block) {
    return galloc_locked_free(galloc_banks_place_of(set, block)->heap, block);
}

// As galloc_banks_resize.
static inline bool galloc_banks_locked_resize(const galloc_banks_t *set, void *block, size_t size) {
    return galloc_locked_resize(galloc_banks_place_of(set, block)->heap, block, size);
}

// As galloc_banks_usable_size.
static inline size_t galloc_banks_locked_usable_size(const galloc_banks_t *set, const void *block) {
    return galloc_locked_usable_size(galloc_banks_place_of(set, block)->heap, block);
}

// As galloc_banks_owns.
static inline bool galloc_banks_locked_owns(const galloc_banks_t *set, const void *block) {
    return galloc_locked_owns(galloc_banks_place_of(set, block)->heap, block);
}

// As galloc_banks_realloc. While a block moves to another bank both its places are in use.
static inline void *galloc_banks_locked_realloc(const galloc_banks_t *set, void *block, size_t size, size_t align,
                                                uint32_t wants) {
    if (block == NULL) {
        return galloc_banks_locked_alloc(set, size, align, wants);
    }
    const galloc_banks_place_t *own = galloc_banks_place_of(set, block);
    bool serves = (wants & own->missing) == 0;
    void *to = serves ? galloc_locked_realloc(own->heap, block, size, align) : NULL;
    size_t usable = to == NULL ? galloc_locked_usable_size(own->heap, block) : 0;
    if (usable == 0) {
        return to;
    }
    to = galloc_banks_locked_alloc_from(set, size, align, wants, serves ? own->heap : NULL);
    if (to == NULL) {
        return NULL;
    }
    memcpy(to, block, size < usable ? size : usable);
    if (galloc_locked_free(own->heap, block) != GALLOC_OK) { // its header was damaged meanwhile
        galloc_banks_locked_free(set, to);
        return NULL;
    }
    return to;
}

// As galloc_banks_stats; each bank's figures are of one moment, those of two banks need not be.
static inline void galloc_banks_locked_stats(const galloc_banks_t *set, galloc_stats_t *out) {
    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < set->count; i++) {
        galloc_stats_t one;
        galloc_locked_stats(set->bank[i].heap, &one);
        galloc_banks_add_stats(out, &one);
    }
}

// As galloc_banks_check. Holds the lock of a bank for the whole bank: O(chunks), some 50 instructions a chunk.
static inline galloc_fault_t galloc_banks_locked_check(const galloc_banks_t *set, size_t *bank, size_t *offset) {
    galloc_fault_t fault = GALLOC_OK;
    size_t number = 0, place = 0;
    while (number < set->count && (fault = galloc_locked_check(set->bank[number].heap, &place)) == GALLOC_OK) {
        number++;
    }
    if (bank != NULL) {
        *bank = number;
    }
    if (offset != NULL) {
        *offset = place;
    }
    return fault;
}

#endif
