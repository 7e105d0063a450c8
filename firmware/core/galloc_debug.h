// galloc_debug.h: the functions of galloc.h with redzones around each block, to find a program's own mistakes.
//
//   the core's block   | record | redzone ... | record | payload, as requested | redzone, 8 bytes or more |
//                        front: 16 bytes, or the alignment if that is more; in 16 both records are one
//
// galloc_debug_free and galloc_debug_check detect a byte written behind the requested ones, even into slack, or before
// them. New payload is filled with 0xCD. Freed payload is filled with 0xDD and stays in quarantine for a while, so that a
// later write to it is detected. No pointers are stored: a heap in a dump, or after a reset, can be checked as any other.
//
// Use the prefix galloc_debug_ in place of galloc_, or compile with -DGALLOC_DEBUG=1: then the names of galloc.h mean
// these functions in all code behind this header. `-include galloc_debug.h` puts it before files that do not include it.
// A heap made by galloc_debug_init works with these functions only; do not mix them with those of the core.
//
// On a PC two tools can watch as well. They stop at the very access that is wrong, be it a read:
//
//   memcheck           -DGALLOC_VALGRIND=1, with the package valgrind installed. Also reports the use of uninitialised
//                      payload. Put GALLOC_DEBUG_ENTER() and GALLOC_DEBUG_LEAVE() around other calls of the core, such as
//                      galloc_walk.
//   AddressSanitizer   used automatically under -fsanitize=address, in gcc and clang. Compile firmware/core/*.c without
//                      that flag: the core reads and writes the words between the blocks.
//
// Parameters, alignment and results are as in galloc.h unless noted. Nothing here locks: callers that share a heap hold a
// lock around each call. galloc_locked.h does not work with this layer.

#ifndef GALLOC_DEBUG_H
#define GALLOC_DEBUG_H

#include <string.h>

#include "galloc.h"

// Freed blocks that are kept in quarantine. The same number in all files of a program.
#ifndef GALLOC_DEBUG_QUARANTINE
#define GALLOC_DEBUG_QUARANTINE 16
#endif

#define GALLOC_DEBUG_NEW 0xCDu   // fills payload that nobody has written yet
#define GALLOC_DEBUG_FREED 0xDDu // the payload of a freed block
#define GALLOC_DEBUG_REDZONE 0xFDu
#define GALLOC_DEBUG_FRONT 16u // bytes before a payload, at least
#define GALLOC_DEBUG_BACK 8u   // bytes behind it, at least

// ---- The tools ------------------------------------------------------------------------------------------------------

#if defined(__SANITIZE_ADDRESS__)
#define GALLOC_DEBUG_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GALLOC_DEBUG_ASAN 1
#endif
#endif

// POISON and UNPOISON forbid and allow the program to access bytes. Between ENTER and LEAVE all accesses are allowed.
#if defined(GALLOC_DEBUG_ASAN)
#include <sanitizer/asan_interface.h>
#define GALLOC_DEBUG_POISON(start, size) __asan_poison_memory_region((start), (size))
#define GALLOC_DEBUG_UNPOISON(start, size) __asan_unpoison_memory_region((start), (size))
#define GALLOC_DEBUG_ENTER() ((void)0)
#define GALLOC_DEBUG_LEAVE() ((void)0)
#define GALLOC_DEBUG_INLINE __attribute__((no_sanitize("address"))) static inline
typedef volatile uint8_t
    galloc_debug_byte_t; // volatile: no loop over them becomes a memset, which the sanitizer checks
#else
#define GALLOC_DEBUG_INLINE static inline
typedef uint8_t galloc_debug_byte_t;
#if defined(GALLOC_VALGRIND) && GALLOC_VALGRIND
#include <valgrind/memcheck.h>
#define GALLOC_DEBUG_POISON(start, size) ((void)VALGRIND_MAKE_MEM_NOACCESS((start), (size)))
#define GALLOC_DEBUG_UNPOISON(start, size) ((void)VALGRIND_MAKE_MEM_UNDEFINED((start), (size)))
#define GALLOC_DEBUG_ENTER() VALGRIND_DISABLE_ERROR_REPORTING
#define GALLOC_DEBUG_LEAVE() VALGRIND_ENABLE_ERROR_REPORTING
#else
#define GALLOC_DEBUG_POISON(start, size) ((void)(start), (void)(size))
#define GALLOC_DEBUG_UNPOISON(start, size) ((void)(start), (void)(size))
#define GALLOC_DEBUG_ENTER() ((void)0)
#define GALLOC_DEBUG_LEAVE() ((void)0)
#endif
#endif

// ---- What is stored in the region -----------------------------------------------------------------------------------

#if defined(__GNUC__)
#define GALLOC_DEBUG_MAY_ALIAS __attribute__((may_alias)) // the words of a region were, and will be, somebody's payload
#else
#define GALLOC_DEBUG_MAY_ALIAS
#endif

typedef struct GALLOC_DEBUG_MAY_ALIAS {
    uint32_t size;  // as requested
    uint32_t front; // bytes from the core's block to the payload
    uint32_t state; // GALLOC_DEBUG_IS_*
    uint32_t sum;   // of the words above and the block's place
} galloc_debug_record_t;

#define GALLOC_DEBUG_IS_LIVE 0x4556494cu  // "LIVE" in a dump
#define GALLOC_DEBUG_IS_FREED 0x45455246u // "FREE"

// The payload of the heap's first chunk: so galloc_walk finds it first.
typedef struct GALLOC_DEBUG_MAY_ALIAS {
    uint32_t magic;                               // GALLOC_DEBUG_MAGIC ^ total
    uint32_t total;                               // bytes of the heap
    uint32_t next;                                // place in `quarantine` of the oldest block
    uint32_t quarantine[GALLOC_DEBUG_QUARANTINE]; // freed blocks of the core, as offsets in the heap; 0: none
} galloc_debug_state_t;

#define GALLOC_DEBUG_MAGIC (0x47424447u + GALLOC_DEBUG_QUARANTINE)
#define GALLOC_DEBUG_MAX 0x7fffff00u // of requests and alignments

GALLOC_DEBUG_INLINE void galloc_debug_fill(void *start, size_t size, uint8_t value) {
    galloc_debug_byte_t *bytes = (galloc_debug_byte_t *)start;
    for (size_t i = 0; i < size; i++) {
        bytes[i] = value;
    }
}

GALLOC_DEBUG_INLINE bool galloc_debug_filled(const void *start, size_t size, uint8_t value) {
    const galloc_debug_byte_t *bytes = (const galloc_debug_byte_t *)start;
    uint8_t wrong = 0;
    for (size_t i = 0; i < size; i++) { // no early exit, so that a compiler can compare many at once
        wrong |= (uint8_t)(bytes[i] ^ value);
    }
    return wrong == 0;
}

GALLOC_DEBUG_INLINE uint32_t galloc_debug_sum(const galloc_heap_t *heap, const uint8_t *block,
                                              const galloc_debug_record_t *record) {
    uint32_t offset = (uint32_t)((uintptr_t)block - (uintptr_t)heap);
    return (record->size * 5u + record->front * 3u + offset) ^ record->state;
}

// Whether the record is that of the core's block, which has `usable` bytes.
GALLOC_DEBUG_INLINE bool galloc_debug_record_valid(const galloc_heap_t *heap, const uint8_t *block, size_t usable,
                                                   const galloc_debug_record_t *record) {
    return usable >= GALLOC_DEBUG_FRONT + GALLOC_DEBUG_BACK && record->sum == galloc_debug_sum(heap, block, record) &&
           (record->state == GALLOC_DEBUG_IS_LIVE || record->state == GALLOC_DEBUG_IS_FREED) &&
           record->front >= GALLOC_DEBUG_FRONT && record->front <= usable - GALLOC_DEBUG_BACK &&
           record->size <= usable - GALLOC_DEBUG_BACK - record->front;
}

// Whether the records and redzones of the core's block are intact, and its payload too if it was freed.
GALLOC_DEBUG_INLINE bool galloc_debug_intact(const galloc_heap_t *heap, const uint8_t *block, size_t usable) {
    const galloc_debug_record_t *far = (const galloc_debug_record_t *)(const void *)block;
    if (!galloc_debug_record_valid(heap, block, usable, far)) {
        return false;
    }
    const uint8_t *payload = block + far->front, *behind = payload + far->size;
    const galloc_debug_record_t *near = (const galloc_debug_record_t *)(const void *)(payload - sizeof(*near));
    bool same =
        near->size == far->size && near->front == far->front && near->state == far->state && near->sum == far->sum;
    return same &&
           (near == far || galloc_debug_filled(far + 1, far->front - 2u * sizeof(*far), GALLOC_DEBUG_REDZONE)) &&
           galloc_debug_filled(behind, (size_t)(block + usable - behind), GALLOC_DEBUG_REDZONE) &&
           (far->state == GALLOC_DEBUG_IS_LIVE || galloc_debug_filled(payload, far->size, GALLOC_DEBUG_FREED));
}

// Puts records and redzones around a payload in the core's block. Returns the payload.
GALLOC_DEBUG_INLINE uint8_t *galloc_debug_surround(const galloc_heap_t *heap, uint8_t *block, size_t size, size_t front,
                                                   uint32_t state) {
    galloc_debug_record_t record = {(uint32_t)size, (uint32_t)front, state, 0};
    uint8_t *payload = block + front, *behind = payload + size;
    record.sum = galloc_debug_sum(heap, block, &record);
    galloc_debug_fill(block, front, GALLOC_DEBUG_REDZONE);
    *(galloc_debug_record_t *)(void *)block = record;
    *(galloc_debug_record_t *)(void *)(payload - sizeof(record)) = record;
    galloc_debug_fill(behind, (size_t)(block + galloc_usable_size(heap, block) - behind), GALLOC_DEBUG_REDZONE);
    return payload;
}

GALLOC_DEBUG_INLINE bool galloc_debug_state_visit(void *context, void *block, size_t size, bool allocated) {
    galloc_debug_state_t **state = (galloc_debug_state_t **)context, *found = (galloc_debug_state_t *)block;
    if (allocated && size >= sizeof(*found) && found->magic == (GALLOC_DEBUG_MAGIC ^ found->total)) {
        *state = found;
    }
    return false;
}

// NULL for a heap that galloc_debug_init did not make.
GALLOC_DEBUG_INLINE galloc_debug_state_t *galloc_debug_state(const galloc_heap_t *heap) {
    galloc_debug_state_t *state = NULL;
    galloc_walk(heap, galloc_debug_state_visit, &state);
    return state;
}

// ---- From a payload to the core's block -----------------------------------------------------------------------------

typedef struct {
    const galloc_heap_t *heap;
    uintptr_t payload;
    galloc_fault_t fault;
} galloc_debug_search_t;

GALLOC_DEBUG_INLINE bool galloc_debug_find_visit(void *context, void *block, size_t size, bool allocated) {
    galloc_debug_search_t *search = (galloc_debug_search_t *)context;
    const galloc_debug_record_t *record = (const galloc_debug_record_t *)block;
    if (search->payload - (uintptr_t)block >= size) {
        if (search->payload > (uintptr_t)block) {
            search->fault = GALLOC_FAULT_CORRUPT; // unless a chunk follows
        }
        return true;
    }
    bool other =
        !allocated || (galloc_debug_record_valid(search->heap, (const uint8_t *)block, size, record) &&
                       (record->state == GALLOC_DEBUG_IS_FREED || (uintptr_t)block + record->front != search->payload));
    search->fault = other ? GALLOC_FAULT_NOT_ALLOCATED : GALLOC_FAULT_CORRUPT;
    return false;
}

// Sets `record` to that of an intact live block. Time: O(size of redzones); O(chunks) for anything else.
GALLOC_DEBUG_INLINE galloc_fault_t galloc_debug_find(const galloc_heap_t *heap, const void *payload,
                                                     galloc_debug_record_t *record) {
    const galloc_debug_state_t *state = galloc_debug_state(heap);
    uintptr_t offset = (uintptr_t)payload - (uintptr_t)heap;
    if (heap == NULL || payload == NULL) {
        return GALLOC_FAULT_NULL;
    }
    if (state == NULL) {
        return GALLOC_FAULT_GEOMETRY;
    }
    if (offset < GALLOC_DEBUG_FRONT || offset >= state->total) {
        return GALLOC_FAULT_FOREIGN;
    }
    if (offset % 8u != 0) {
        return GALLOC_FAULT_MISALIGNED;
    }
    *record = *(const galloc_debug_record_t *)(const void *)((const uint8_t *)payload - sizeof(*record));
    if (record->front <= offset && record->state == GALLOC_DEBUG_IS_LIVE) {
        const uint8_t *block = (const uint8_t *)payload - record->front;
        size_t usable = galloc_usable_size(heap, block);
        if (galloc_debug_record_valid(heap, block, usable, record) && galloc_debug_intact(heap, block, usable)) {
            return GALLOC_OK;
        }
    }
    galloc_debug_search_t search = {heap, (uintptr_t)payload, GALLOC_FAULT_FOREIGN};
    galloc_walk(heap, galloc_debug_find_visit, &search);
    return search.fault;
}

// ---- The quarantine -------------------------------------------------------------------------------------------------

// Gives one block in quarantine back to the core. Returns false if it was written to: then it stays allocated for good, and
// galloc_debug_check reports it.
GALLOC_DEBUG_INLINE bool galloc_debug_release(galloc_heap_t *heap, uint32_t *place) {
    uint8_t *block = (uint8_t *)((uintptr_t)heap + *place); // galloc_usable_size verifies it
    bool occupied = *place != 0;
    *place = 0;
    return !occupied || (galloc_debug_intact(heap, block, galloc_usable_size(heap, block)) &&
                         ((galloc_debug_record_t *)(void *)block)->state == GALLOC_DEBUG_IS_FREED &&
                         galloc_free(heap, block) == GALLOC_OK);
}

GALLOC_DEBUG_INLINE uint32_t *galloc_debug_oldest(galloc_debug_state_t *state) {
    return &state->quarantine[state->next % GALLOC_DEBUG_QUARANTINE];
}

// Gives back the oldest block in quarantine. Returns false if it was written to, or if the state was not found.
GALLOC_DEBUG_INLINE bool galloc_debug_release_oldest(galloc_heap_t *heap) {
    galloc_debug_state_t *state = galloc_debug_state(heap);
    return state != NULL && galloc_debug_release(heap, galloc_debug_oldest(state));
}

// Fills a live block and puts it into quarantine, in the place of the oldest, which must be empty.
GALLOC_DEBUG_INLINE void galloc_debug_quarantine(galloc_heap_t *heap, void *payload,
                                                 const galloc_debug_record_t *record) {
    galloc_debug_state_t *state = galloc_debug_state(heap);
    uint8_t *block = (uint8_t *)payload - record->front;
    if (state == NULL) {
        return; // the heap is damaged; the block stays allocated
    }
    galloc_debug_fill(payload, record->size, GALLOC_DEBUG_FREED);
    galloc_debug_surround(heap, block, record->size, record->front, GALLOC_DEBUG_IS_FREED);
    GALLOC_DEBUG_POISON(payload, record->size);
    *galloc_debug_oldest(state) = (uint32_t)(block - (uint8_t *)heap);
    state->next++;
}

// The core's block for a request. If there is no room, gives back blocks in quarantine, the oldest first.
GALLOC_DEBUG_INLINE uint8_t *galloc_debug_core_alloc(galloc_heap_t *heap, size_t size, size_t align) {
    galloc_debug_state_t *state = galloc_debug_state(heap);
    void *block = state != NULL ? galloc_alloc(heap, size, align) : NULL;
    for (uint32_t i = 0; state != NULL && block == NULL && i < GALLOC_DEBUG_QUARANTINE; i++) {
        uint32_t *place = &state->quarantine[(state->next + i) % GALLOC_DEBUG_QUARANTINE];
        if (*place != 0 && galloc_debug_release(heap, place)) {
            block = galloc_alloc(heap, size, align);
        }
    }
    return (uint8_t *)block;
}

// ---- The functions. Each public one switches the tools off while it works -------------------------------------------

GALLOC_DEBUG_INLINE void *galloc_debug_do_alloc(galloc_heap_t *heap, size_t size, size_t align) {
    size_t front = align > GALLOC_DEBUG_FRONT ? align : GALLOC_DEBUG_FRONT;
    if (size > GALLOC_DEBUG_MAX || front > GALLOC_DEBUG_MAX) {
        return galloc_alloc(heap, SIZE_MAX, align); // counts the failure
    }
    uint8_t *block = galloc_debug_core_alloc(heap, front + size + GALLOC_DEBUG_BACK, align);
    if (block == NULL || galloc_usable_size(heap, block) < front + size + GALLOC_DEBUG_BACK) {
        return NULL; // no room, or a damaged heap
    }
    uint8_t *payload = galloc_debug_surround(heap, block, size, front, GALLOC_DEBUG_IS_LIVE);
    galloc_debug_fill(payload, size, GALLOC_DEBUG_NEW);
    GALLOC_DEBUG_UNPOISON(payload, size);
    return payload;
}

GALLOC_DEBUG_INLINE bool galloc_debug_do_resize(galloc_heap_t *heap, uint8_t *payload, size_t size) {
    galloc_debug_record_t record;
    if (galloc_debug_find(heap, payload, &record) != GALLOC_OK || size > GALLOC_DEBUG_MAX ||
        !galloc_resize(heap, payload - record.front, record.front + size + GALLOC_DEBUG_BACK) ||
        galloc_usable_size(heap, payload - record.front) < record.front + size + GALLOC_DEBUG_BACK) {
        return false;
    }
    galloc_debug_surround(heap, payload - record.front, size, record.front, GALLOC_DEBUG_IS_LIVE);
    if (size > record.size) {
        galloc_debug_fill(payload + record.size, size - record.size, GALLOC_DEBUG_NEW);
        GALLOC_DEBUG_UNPOISON(payload + record.size, size - record.size);
    } else {
        GALLOC_DEBUG_POISON(payload + size, record.size - size);
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
        galloc_debug_release_oldest(heap);
        galloc_debug_quarantine(heap, payload, &record);
    }
    return moved;
}

// As galloc_init. stats.peak_used starts at the whole region. Time: O(GALLOC_BINS); O(size) under AddressSanitizer and
// memcheck.
GALLOC_DEBUG_INLINE galloc_heap_t *galloc_debug_init(void *region, size_t size, const galloc_config_t *config) {
    if (region == NULL || size > UINTPTR_MAX - (uintptr_t)region) {
        return NULL;
    }
    GALLOC_DEBUG_ENTER();
    GALLOC_DEBUG_UNPOISON(region, size); // an earlier heap's blocks
    galloc_stats_t stats;
    galloc_heap_t *heap = galloc_init(region, size, config);
    galloc_stats(heap, &stats);
    // The largest block starts at the first chunk, wherever the core puts small blocks, and it stays there.
    galloc_debug_state_t *state = (galloc_debug_state_t *)galloc_alloc(heap, stats.largest, 8);
    if (state == NULL || stats.largest < sizeof(*state)) {
        heap = NULL;
    } else {
        galloc_resize(heap, state, sizeof(*state));
        memset(state, 0, sizeof(*state));
        state->total = (uint32_t)stats.total;
        state->magic = GALLOC_DEBUG_MAGIC ^ state->total;
        GALLOC_DEBUG_POISON(heap, stats.total);
    }
    GALLOC_DEBUG_LEAVE();
    return heap;
}

// As galloc_attach. The tools do not know the blocks that an earlier process made.
GALLOC_DEBUG_INLINE galloc_heap_t *galloc_debug_attach(void *region, size_t size) {
    GALLOC_DEBUG_ENTER();
    galloc_heap_t *heap = galloc_attach(region, size);
    bool ours = galloc_debug_state(heap) != NULL;
    GALLOC_DEBUG_LEAVE();
    return ours ? heap : NULL;
}

// Makes the region plain memory for the tools, before it goes out of scope or is used for something else.
GALLOC_DEBUG_INLINE void galloc_debug_reveal(galloc_heap_t *heap) {
    GALLOC_DEBUG_ENTER();
    galloc_debug_state_t *state = galloc_debug_state(heap);
    if (state != NULL) {
        GALLOC_DEBUG_UNPOISON(heap, state->total);
    }
    GALLOC_DEBUG_LEAVE();
}

// As galloc_alloc; NULL also for a heap that galloc_debug_init did not make. If nothing fits, the blocks in quarantine are
// given back first. Time: + O(size + align).
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

// As galloc_free. GALLOC_FAULT_CORRUPT also if a byte around the block was written, or a byte of the freed block that leaves
// the quarantine for this one: galloc_debug_check finds which. Time: + O(size of both blocks).
GALLOC_DEBUG_INLINE galloc_fault_t galloc_debug_free(galloc_heap_t *heap, void *payload) {
    GALLOC_DEBUG_ENTER();
    galloc_debug_record_t record;
    galloc_fault_t fault = galloc_debug_find(heap, payload, &record);
    if (fault == GALLOC_OK && !galloc_debug_release_oldest(heap)) {
        fault = GALLOC_FAULT_CORRUPT;
    }
    if (fault == GALLOC_OK) {
        galloc_debug_quarantine(heap, payload, &record);
    }
    GALLOC_DEBUG_LEAVE();
    return fault;
}

// As galloc_realloc; NULL also if a byte around the block was written. Moves the block if it cannot be resized in place.
GALLOC_DEBUG_INLINE void *galloc_debug_realloc(galloc_heap_t *heap, void *payload, size_t size, size_t align) {
    GALLOC_DEBUG_ENTER();
    void *moved = galloc_debug_do_realloc(heap, (uint8_t *)payload, size, align);
    GALLOC_DEBUG_LEAVE();
    return moved;
}

// As galloc_resize; false also if a byte around the block was written.
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

// As galloc_owns; false also if a byte around the block was written.
GALLOC_DEBUG_INLINE bool galloc_debug_owns(const galloc_heap_t *heap, const void *payload) {
    GALLOC_DEBUG_ENTER();
    galloc_debug_record_t record;
    bool owned = galloc_debug_find(heap, payload, &record) == GALLOC_OK;
    GALLOC_DEBUG_LEAVE();
    return owned;
}

// As galloc_stats, of the core's blocks: redzones and blocks in quarantine count as used.
GALLOC_DEBUG_INLINE void galloc_debug_stats(const galloc_heap_t *heap, galloc_stats_t *out) {
    GALLOC_DEBUG_ENTER();
    galloc_stats(heap, out);
    GALLOC_DEBUG_LEAVE();
}

typedef struct {
    const galloc_heap_t *heap;
    const galloc_debug_state_t *state;
    const uint8_t *wrong; // payload of the first block that is not intact
} galloc_debug_visit_t;

GALLOC_DEBUG_INLINE bool galloc_debug_check_visit(void *context, void *block, size_t size, bool allocated) {
    galloc_debug_visit_t *visit = (galloc_debug_visit_t *)context;
    const uint8_t *bytes = (const uint8_t *)block;
    if (!allocated || block == visit->state || galloc_debug_intact(visit->heap, bytes, size)) {
        return true;
    }
    const galloc_debug_record_t *record = (const galloc_debug_record_t *)block;
    visit->wrong =
        bytes + (galloc_debug_record_valid(visit->heap, bytes, size, record) ? record->front : GALLOC_DEBUG_FRONT);
    return false;
}

// As galloc_check. GALLOC_FAULT_CORRUPT also if a byte around a block was written, or a byte of a block in quarantine;
// `offset` is then that of the block. Time: O(bytes).
GALLOC_DEBUG_INLINE galloc_fault_t galloc_debug_check(const galloc_heap_t *heap, size_t *offset) {
    GALLOC_DEBUG_ENTER();
    galloc_debug_visit_t visit = {heap, galloc_debug_state(heap), NULL};
    galloc_fault_t fault = galloc_check(heap, offset);
    if (fault == GALLOC_OK && visit.state == NULL) {
        fault = GALLOC_FAULT_GEOMETRY;
    } else if (visit.state != NULL) {
        galloc_walk(heap, galloc_debug_check_visit,
                    &visit); // also after a damaged header: a redzone shows which block was written over
    }
    if (visit.wrong != NULL) {
        fault = GALLOC_FAULT_CORRUPT;
        if (offset != NULL) {
            *offset = (size_t)(visit.wrong - (const uint8_t *)heap);
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
#define galloc_init_salted galloc_debug_has_no_init_salted
#define galloc_alloc_step galloc_debug_has_no_alloc_step
#define galloc_stats_step galloc_debug_has_no_stats_step
#define galloc_realloc_begin galloc_debug_has_no_realloc_begin
#define galloc_realloc_end galloc_debug_has_no_realloc_end
#define galloc_resize galloc_debug_resize
#define galloc_usable_size galloc_debug_usable_size
#define galloc_owns galloc_debug_owns
#define galloc_stats galloc_debug_stats
#define galloc_check galloc_debug_check
#endif

#endif
