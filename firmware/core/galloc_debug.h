// galloc_debug.h: the functions of galloc.h with guards around each block, to find a program's own mistakes.
//
//   the core's block   | record | fence ... | record | payload, as requested | fence, 8 bytes and more |
//                        front: 16 bytes, or the alignment if that is more; in 16 both records are one
//
// galloc_debug_free and galloc_debug_check tell of a byte written behind the requested ones, even into slack, or before
// them. New payload is filled with 0xCD. Freed payload is filled with 0xDD and kept aside for a while, so that a write to
// it shows. Nothing here holds a pointer: a heap in a dump, or after a reset, can be checked as any other.
//
// Put galloc_debug_ in place of galloc_, or say -DGALLOC_DEBUG=1: the names of galloc.h stand for these functions then, in
// all code behind this header. `-include galloc_debug.h` puts it before files that do not know of it. A heap that
// galloc_debug_init made takes no others; core and layer do not mix.
//
// On a PC the tools can watch, too, and stop at the very access that is wrong, a read as well:
//
//   memcheck           -DGALLOC_VALGRIND=1: the package valgrind has the header; uninitialised payload is told as well.
//                      Around other calls of the core, galloc_walk say: GALLOC_DEBUG_ENTER() and GALLOC_DEBUG_LEAVE().
//   AddressSanitizer   by itself under -fsanitize=address, in gcc and clang. Compile firmware/core/*.c without it: the core
//                      reads and writes the words between the blocks.
//
// Parameters, alignment and results are as in galloc.h, but for what is said below. Nothing here locks: whoever shares
// a heap holds a lock around each call, and galloc_locked.h does not know of this layer.

#ifndef GALLOC_DEBUG_H
#define GALLOC_DEBUG_H

#include "galloc_debug_block.h"

// ---- the quarantine ----

// Gives the block of one place back to the core. False where it was written to: then it stays where it is, out of use, and
// galloc_debug_check tells of it.
GALLOC_DEBUG_INLINE bool galloc_debug_give_back(galloc_heap_t *heap, uint32_t *place) {
    uint8_t *block = (uint8_t *)((uintptr_t)heap + *place); // wherever that leads
    bool taken = *place != 0;
    *place = 0;
    return !taken || (galloc_debug_whole(heap, block, galloc_usable_size(heap, block)) &&
                      ((galloc_debug_record_t *)(void *)block)->state == GALLOC_DEBUG_IS_FREED &&
                      galloc_free(heap, block) == GALLOC_OK);
}

GALLOC_DEBUG_INLINE uint32_t *galloc_debug_oldest(galloc_debug_state_t *state) {
    return &state->aside[state->next % GALLOC_DEBUG_QUARANTINE];
}

// Gives back the block that is aside for longest. False where it was written to, or where damage hides the state.
GALLOC_DEBUG_INLINE bool galloc_debug_give_back_oldest(galloc_heap_t *heap) {
    galloc_debug_state_t *state = galloc_debug_state(heap);
    return state != NULL && galloc_debug_give_back(heap, galloc_debug_oldest(state));
}

// Poisons a live block and puts it aside, in the place of the oldest, which must be empty.
GALLOC_DEBUG_INLINE void galloc_debug_set_aside(galloc_heap_t *heap, void *payload,
                                                const galloc_debug_record_t *record) {
    galloc_debug_state_t *state = galloc_debug_state(heap);
    uint8_t *block = (uint8_t *)payload - record->front;
    if (state == NULL) {
        return; // damage hides it; the block stays out of use
    }
    galloc_debug_fill(payload, record->size, GALLOC_DEBUG_FREED);
    galloc_debug_fence(heap, block, record->size, record->front, GALLOC_DEBUG_IS_FREED);
    GALLOC_DEBUG_HIDE(payload, record->size);
    *galloc_debug_oldest(state) = (uint32_t)(block - (uint8_t *)heap);
    state->next++;
}

// The core's block for a request, with all blocks that are aside given back if it takes that.
GALLOC_DEBUG_INLINE uint8_t *galloc_debug_take(galloc_heap_t *heap, size_t size, size_t align) {
    galloc_debug_state_t *state = galloc_debug_state(heap);
    void *block = state != NULL ? galloc_alloc(heap, size, align) : NULL;
    for (uint32_t i = 0; state != NULL && block == NULL && i < GALLOC_DEBUG_QUARANTINE; i++) {
        uint32_t *place = &state->aside[(state->next + i) % GALLOC_DEBUG_QUARANTINE];
        if (*place != 0 && galloc_debug_give_back(heap, place)) {
            block = galloc_alloc(heap, size, align);
        }
    }
    return (uint8_t *)block;
}

// ---- the functions; each public one lets the tools look away while it works ----

GALLOC_DEBUG_INLINE void *galloc_debug_do_alloc(galloc_heap_t *heap, size_t size, size_t align) {
    size_t front = align > GALLOC_DEBUG_FRONT ? align : GALLOC_DEBUG_FRONT;
    if (size > GALLOC_DEBUG_MOST || front > GALLOC_DEBUG_MOST) {
        return galloc_alloc(heap, SIZE_MAX, align); // counts the failure
    }
    uint8_t *block = galloc_debug_take(heap, front + size + GALLOC_DEBUG_BACK, align);
    if (block == NULL || galloc_usable_size(heap, block) < front + size + GALLOC_DEBUG_BACK) {
        return NULL; // no room, or a damaged heap
    }
    uint8_t *payload = galloc_debug_fence(heap, block, size, front, GALLOC_DEBUG_IS_LIVE);
    galloc_debug_fill(payload, size, GALLOC_DEBUG_NEW);
    GALLOC_DEBUG_SHOW(payload, size);
    return payload;
}

GALLOC_DEBUG_INLINE bool galloc_debug_do_resize(galloc_heap_t *heap, uint8_t *payload, size_t size) {
    galloc_debug_record_t record;
    if (galloc_debug_find(heap, payload, &record) != GALLOC_OK || size > GALLOC_DEBUG_MOST ||
        !galloc_resize(heap, payload - record.front, record.front + size + GALLOC_DEBUG_BACK) ||
        galloc_usable_size(heap, payload - record.front) < record.front + size + GALLOC_DEBUG_BACK) {
        return false;
    }
    galloc_debug_fence(heap, payload - record.front, size, record.front, GALLOC_DEBUG_IS_LIVE);
    if (size > record.size) {
        galloc_debug_fill(payload + record.size, size - record.size, GALLOC_DEBUG_NEW);
        GALLOC_DEBUG_SHOW(payload + record.size, size - record.size);
    } else {
        GALLOC_DEBUG_HIDE(payload + size, record.size - size);
    }
    return true;
}

GALLOC_DEBUG_INLINE void *galloc_debug_do_realloc(galloc_heap_t *heap, uint8_t *payload, size_t size, size_t align) {
    galloc_debug_record_t record;
    if (payload == NULL) {
        return galloc_debug_do_alloc(heap, size, align);
    }
    if (galloc_debug_find(heap, payload, &record) != GALLOC_OK) {
        return NULL;
    }
    if ((align & (align - 1u)) == 0 && ((uintptr_t)payload & (align - (align != 0))) == 0 &&
        galloc_debug_do_resize(heap, payload, size)) {
        return payload;
    }
    void *moved = galloc_debug_do_alloc(heap, size, align);
    if (moved != NULL) {
        memcpy(moved, payload, size < record.size ? size : record.size);
        galloc_debug_give_back_oldest(heap);
        galloc_debug_set_aside(heap, payload, &record);
    }
    return moved;
}

// As galloc_init. The core's peak_used is that of a full region from the start. Time: O(smallbins * sub-bins), under
// AddressSanitizer and memcheck O(size).
GALLOC_DEBUG_INLINE galloc_heap_t *galloc_debug_init(void *region, size_t size, const galloc_config_t *config) {
    if (region == NULL || size > UINTPTR_MAX - (uintptr_t)region) {
        return NULL;
    }
    GALLOC_DEBUG_ENTER();
    GALLOC_DEBUG_SHOW(region, size); // an earlier heap's blocks
    galloc_stats_t stats;
    galloc_heap_t *heap = galloc_init(region, size, config);
    galloc_stats(heap, &stats);
    // A block of all there is starts at the first chunk, wherever the core likes to put small ones; and it stays there.
    galloc_debug_state_t *state = (galloc_debug_state_t *)galloc_alloc(heap, stats.largest, 8);
    if (state == NULL || stats.largest < sizeof(*state)) {
        heap = NULL;
    } else {
        galloc_resize(heap, state, sizeof(*state));
        memset(state, 0, sizeof(*state));
        state->total = (uint32_t)stats.total;
        state->magic = GALLOC_DEBUG_MAGIC ^ state->total;
        GALLOC_DEBUG_HIDE(heap, stats.total);
    }
    GALLOC_DEBUG_LEAVE();
    return heap;
}

// As galloc_attach. The tools do not see the blocks of a process before.
GALLOC_DEBUG_INLINE galloc_heap_t *galloc_debug_attach(void *region, size_t size) {
    GALLOC_DEBUG_ENTER();
    galloc_heap_t *heap = galloc_attach(region, size);
    bool ours = galloc_debug_state(heap) != NULL;
    GALLOC_DEBUG_LEAVE();
    return ours ? heap : NULL;
}

// Makes the region plain memory for the tools, before it goes out of scope or serves something else.
GALLOC_DEBUG_INLINE void galloc_debug_reveal(galloc_heap_t *heap) {
    GALLOC_DEBUG_ENTER();
    galloc_debug_state_t *state = galloc_debug_state(heap);
    if (state != NULL) {
        GALLOC_DEBUG_SHOW(heap, state->total);
    }
    GALLOC_DEBUG_LEAVE();
}

// As galloc_alloc; NULL also for a heap that galloc_debug_init did not make. Where nothing fits, the blocks that are kept
// aside are given back first. Time: + O(size + align).
GALLOC_DEBUG_INLINE void *galloc_debug_alloc(galloc_heap_t *heap, size_t size, size_t align) {
    GALLOC_DEBUG_ENTER();
    void *payload = galloc_debug_do_alloc(heap, size, align);
    GALLOC_DEBUG_LEAVE();
    return payload;
}

// As galloc_alloc_zeroed.
GALLOC_DEBUG_INLINE void *galloc_debug_alloc_zeroed(galloc_heap_t *heap, size_t size, size_t align) {
    void *payload = galloc_debug_alloc(heap, size, align);
    if (payload != NULL) {
        memset(payload, 0, size);
    }
    return payload;
}

// As galloc_free. GALLOC_FAULT_CORRUPT also when a byte around the block was written, or one of a block that was freed
// earlier and leaves its place for this one: galloc_debug_check tells which. Time: + O(size of this block and that).
GALLOC_DEBUG_INLINE galloc_fault_t galloc_debug_free(galloc_heap_t *heap, void *payload) {
    GALLOC_DEBUG_ENTER();
    galloc_debug_record_t record;
    galloc_fault_t fault = galloc_debug_find(heap, payload, &record);
    if (fault == GALLOC_OK && !galloc_debug_give_back_oldest(heap)) {
        fault = GALLOC_FAULT_CORRUPT;
    }
    if (fault == GALLOC_OK) {
        galloc_debug_set_aside(heap, payload, &record);
    }
    GALLOC_DEBUG_LEAVE();
    return fault;
}

// As galloc_realloc; NULL also when a byte around the block was written. Moves where galloc_resize cannot serve.
GALLOC_DEBUG_INLINE void *galloc_debug_realloc(galloc_heap_t *heap, void *payload, size_t size, size_t align) {
    GALLOC_DEBUG_ENTER();
    void *moved = galloc_debug_do_realloc(heap, (uint8_t *)payload, size, align);
    GALLOC_DEBUG_LEAVE();
    return moved;
}

// As galloc_resize; false also when a byte around the block was written.
GALLOC_DEBUG_INLINE bool galloc_debug_resize(galloc_heap_t *heap, void *payload, size_t size) {
    GALLOC_DEBUG_ENTER();
    bool done = galloc_debug_do_resize(heap, (uint8_t *)payload, size);
    GALLOC_DEBUG_LEAVE();
    return done;
}

// As galloc_usable_size: the size as requested, so 0 also for an empty block.
GALLOC_DEBUG_INLINE size_t galloc_debug_usable_size(const galloc_heap_t *heap, const void *payload) {
    GALLOC_DEBUG_ENTER();
    galloc_debug_record_t record;
    size_t size = galloc_debug_find(heap, payload, &record) == GALLOC_OK ? record.size : 0;
    GALLOC_DEBUG_LEAVE();
    return size;
}

// As galloc_owns; false also when a byte around the block was written.
GALLOC_DEBUG_INLINE bool galloc_debug_owns(const galloc_heap_t *heap, const void *payload) {
    GALLOC_DEBUG_ENTER();
    galloc_debug_record_t record;
    bool owned = galloc_debug_find(heap, payload, &record) == GALLOC_OK;
    GALLOC_DEBUG_LEAVE();
    return owned;
}

// As galloc_stats, of the core's blocks: fences and what is kept aside count as used.
GALLOC_DEBUG_INLINE void galloc_debug_stats(const galloc_heap_t *heap, galloc_stats_t *out) {
    GALLOC_DEBUG_ENTER();
    galloc_stats(heap, out);
    GALLOC_DEBUG_LEAVE();
}

typedef struct {
    const galloc_heap_t *heap;
    const galloc_debug_state_t *state;
    const uint8_t *wrong; // payload of the first block that is not whole
} galloc_debug_survey_t;

GALLOC_DEBUG_INLINE bool galloc_debug_look(void *context, void *block, size_t size, bool allocated) {
    galloc_debug_survey_t *survey = (galloc_debug_survey_t *)context;
    const uint8_t *bytes = (const uint8_t *)block;
    if (!allocated || block == survey->state || galloc_debug_whole(survey->heap, bytes, size)) {
        return true;
    }
    const galloc_debug_record_t *record = (const galloc_debug_record_t *)block;
    survey->wrong =
        bytes + (galloc_debug_holds(survey->heap, bytes, size, record) ? record->front : GALLOC_DEBUG_FRONT);
    return false;
}

// As galloc_check. GALLOC_FAULT_CORRUPT also when a byte around a block was written, or one of a freed block that is kept
// aside; `offset` is that of the block then. Time: O(bytes).
GALLOC_DEBUG_INLINE galloc_fault_t galloc_debug_check(const galloc_heap_t *heap, size_t *offset) {
    GALLOC_DEBUG_ENTER();
    galloc_debug_survey_t survey = {heap, galloc_debug_state(heap), NULL};
    galloc_fault_t fault = galloc_check(heap, offset);
    if (fault == GALLOC_OK && survey.state == NULL) {
        fault = GALLOC_FAULT_GEOMETRY;
    } else if (survey.state != NULL) {
        galloc_walk(heap, galloc_debug_look, &survey); // also behind a header's fault: a fence tells who wrote it
    }
    if (survey.wrong != NULL) {
        fault = GALLOC_FAULT_CORRUPT;
        if (offset != NULL) {
            *offset = (size_t)(survey.wrong - (const uint8_t *)heap);
        }
    }
    GALLOC_DEBUG_LEAVE();
    return fault;
}

#if defined(GALLOC_DEBUG) && GALLOC_DEBUG
#define galloc_init galloc_debug_init
#define galloc_attach galloc_debug_attach
#define galloc_alloc galloc_debug_alloc
#define galloc_alloc_zeroed galloc_debug_alloc_zeroed
#define galloc_free galloc_debug_free
#define galloc_realloc galloc_debug_realloc
#define galloc_realloc_begin galloc_debug_has_no_realloc_begin
#define galloc_realloc_end galloc_debug_has_no_realloc_end
#define galloc_resize galloc_debug_resize
#define galloc_usable_size galloc_debug_usable_size
#define galloc_owns galloc_debug_owns
#define galloc_stats galloc_debug_stats
#define galloc_check galloc_debug_check
#endif

#endif
