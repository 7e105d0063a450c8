// What galloc_debug.h puts around each block, how it looks at it, and how it tells the tools. Include galloc_debug.h.

#ifndef GALLOC_DEBUG_BLOCK_H
#define GALLOC_DEBUG_BLOCK_H

#include <string.h>

#include "galloc.h"

// Blocks that stay aside after free, the latest ones. The same in all files of a program.
#ifndef GALLOC_DEBUG_QUARANTINE
#define GALLOC_DEBUG_QUARANTINE 16
#endif

#define GALLOC_DEBUG_NEW 0xCDu   // fills payload that nobody has written yet
#define GALLOC_DEBUG_FREED 0xDDu // the payload of a freed block
#define GALLOC_DEBUG_FENCE 0xFDu
#define GALLOC_DEBUG_FRONT 16u // bytes before a payload, at least
#define GALLOC_DEBUG_BACK 8u   // bytes behind it, at least

// ---- the tools ----

#if defined(__SANITIZE_ADDRESS__)
#define GALLOC_DEBUG_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GALLOC_DEBUG_ASAN 1
#endif
#endif

// HIDE and SHOW say who may touch bytes. Between ENTER and LEAVE everybody may.
#if defined(GALLOC_DEBUG_ASAN)
#include <sanitizer/asan_interface.h>
#define GALLOC_DEBUG_HIDE(start, size) __asan_poison_memory_region((start), (size))
#define GALLOC_DEBUG_SHOW(start, size) __asan_unpoison_memory_region((start), (size))
#define GALLOC_DEBUG_ENTER() ((void)0)
#define GALLOC_DEBUG_LEAVE() ((void)0)
#define GALLOC_DEBUG_INLINE __attribute__((no_sanitize("address"))) static inline
typedef volatile uint8_t galloc_debug_byte_t; // volatile: no loop over them becomes a memset, which is watched
#else
#define GALLOC_DEBUG_INLINE static inline
typedef uint8_t galloc_debug_byte_t;
#if defined(GALLOC_VALGRIND) && GALLOC_VALGRIND
#include <valgrind/memcheck.h>
#define GALLOC_DEBUG_HIDE(start, size) ((void)VALGRIND_MAKE_MEM_NOACCESS((start), (size)))
#define GALLOC_DEBUG_SHOW(start, size) ((void)VALGRIND_MAKE_MEM_UNDEFINED((start), (size)))
#define GALLOC_DEBUG_ENTER() VALGRIND_DISABLE_ERROR_REPORTING
#define GALLOC_DEBUG_LEAVE() VALGRIND_ENABLE_ERROR_REPORTING
#else
#define GALLOC_DEBUG_HIDE(start, size) ((void)(start), (void)(size))
#define GALLOC_DEBUG_SHOW(start, size) ((void)(start), (void)(size))
#define GALLOC_DEBUG_ENTER() ((void)0)
#define GALLOC_DEBUG_LEAVE() ((void)0)
#endif
#endif

// ---- what stands in the region ----

#if defined(__GNUC__)
#define GALLOC_DEBUG_MAY_ALIAS __attribute__((may_alias)) // these words were, and will be, somebody's payload
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

// The payload of the heap's first chunk, which galloc_walk finds at once.
typedef struct GALLOC_DEBUG_MAY_ALIAS {
    uint32_t magic;                          // GALLOC_DEBUG_MAGIC ^ total
    uint32_t total;                          // bytes of the heap
    uint32_t next;                           // place in `aside` of the block that is there for longest
    uint32_t aside[GALLOC_DEBUG_QUARANTINE]; // freed blocks of the core, as offsets in the heap; 0: none
} galloc_debug_state_t;

#define GALLOC_DEBUG_MAGIC (0x47424447u + GALLOC_DEBUG_QUARANTINE)
#define GALLOC_DEBUG_MOST 0x7fffff00u // no request and no alignment is larger

GALLOC_DEBUG_INLINE void galloc_debug_fill(void *start, size_t size, uint8_t value) {
    galloc_debug_byte_t *bytes = (galloc_debug_byte_t *)start;
    for (size_t i = 0; i < size; i++) {
        bytes[i] = value;
    }
}

GALLOC_DEBUG_INLINE bool galloc_debug_filled(const void *start, size_t size, uint8_t value) {
    const galloc_debug_byte_t *bytes = (const galloc_debug_byte_t *)start;
    uint8_t wrong = 0;
    for (size_t i = 0; i < size; i++) { // to the end, so that a compiler can take many at once
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
GALLOC_DEBUG_INLINE bool galloc_debug_holds(const galloc_heap_t *heap, const uint8_t *block, size_t usable,
                                            const galloc_debug_record_t *record) {
    return usable >= GALLOC_DEBUG_FRONT + GALLOC_DEBUG_BACK && record->sum == galloc_debug_sum(heap, block, record) &&
           (record->state == GALLOC_DEBUG_IS_LIVE || record->state == GALLOC_DEBUG_IS_FREED) &&
           record->front >= GALLOC_DEBUG_FRONT && record->front <= usable - GALLOC_DEBUG_BACK &&
           record->size <= usable - GALLOC_DEBUG_BACK - record->front;
}

// Whether records and fences of the core's block are whole, and its payload if that was freed.
GALLOC_DEBUG_INLINE bool galloc_debug_whole(const galloc_heap_t *heap, const uint8_t *block, size_t usable) {
    const galloc_debug_record_t *far = (const galloc_debug_record_t *)(const void *)block;
    if (!galloc_debug_holds(heap, block, usable, far)) {
        return false;
    }
    const uint8_t *payload = block + far->front, *behind = payload + far->size;
    const galloc_debug_record_t *near = (const galloc_debug_record_t *)(const void *)(payload - sizeof(*near));
    bool same =
        near->size == far->size && near->front == far->front && near->state == far->state && near->sum == far->sum;
    return same && (near == far || galloc_debug_filled(far + 1, far->front - 2u * sizeof(*far), GALLOC_DEBUG_FENCE)) &&
           galloc_debug_filled(behind, (size_t)(block + usable - behind), GALLOC_DEBUG_FENCE) &&
           (far->state == GALLOC_DEBUG_IS_LIVE || galloc_debug_filled(payload, far->size, GALLOC_DEBUG_FREED));
}

// Puts records and fences around the payload of the core's block, which is returned.
GALLOC_DEBUG_INLINE uint8_t *galloc_debug_fence(const galloc_heap_t *heap, uint8_t *block, size_t size, size_t front,
                                                uint32_t state) {
    galloc_debug_record_t record = {(uint32_t)size, (uint32_t)front, state, 0};
    uint8_t *payload = block + front, *behind = payload + size;
    record.sum = galloc_debug_sum(heap, block, &record);
    galloc_debug_fill(block, front, GALLOC_DEBUG_FENCE);
    *(galloc_debug_record_t *)(void *)block = record;
    *(galloc_debug_record_t *)(void *)(payload - sizeof(record)) = record;
    galloc_debug_fill(behind, (size_t)(block + galloc_usable_size(heap, block) - behind), GALLOC_DEBUG_FENCE);
    return payload;
}

GALLOC_DEBUG_INLINE bool galloc_debug_first(void *context, void *block, size_t size, bool allocated) {
    galloc_debug_state_t **state = (galloc_debug_state_t **)context, *found = (galloc_debug_state_t *)block;
    if (allocated && size >= sizeof(*found) && found->magic == (GALLOC_DEBUG_MAGIC ^ found->total)) {
        *state = found;
    }
    return false;
}

// NULL for a heap that galloc_debug_init did not make.
GALLOC_DEBUG_INLINE galloc_debug_state_t *galloc_debug_state(const galloc_heap_t *heap) {
    galloc_debug_state_t *state = NULL;
    galloc_walk(heap, galloc_debug_first, &state);
    return state;
}

// ---- from a payload to the core's block ----

typedef struct {
    const galloc_heap_t *heap;
    uintptr_t payload;
    galloc_fault_t fault;
} galloc_debug_search_t;

GALLOC_DEBUG_INLINE bool galloc_debug_judge(void *context, void *block, size_t size, bool allocated) {
    galloc_debug_search_t *search = (galloc_debug_search_t *)context;
    const galloc_debug_record_t *record = (const galloc_debug_record_t *)block;
    if (search->payload - (uintptr_t)block >= size) {
        if (search->payload > (uintptr_t)block) {
            search->fault = GALLOC_FAULT_CORRUPT; // unless a chunk follows
        }
        return true;
    }
    bool other =
        !allocated || (galloc_debug_holds(search->heap, (const uint8_t *)block, size, record) &&
                       (record->state == GALLOC_DEBUG_IS_FREED || (uintptr_t)block + record->front != search->payload));
    search->fault = other ? GALLOC_FAULT_NOT_ALLOCATED : GALLOC_FAULT_CORRUPT;
    return false;
}

// Sets `record` to that of a live block that is whole. Time: O(size of fences); O(chunks) when it is no such block.
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
        if (galloc_debug_holds(heap, block, usable, record) && galloc_debug_whole(heap, block, usable)) {
            return GALLOC_OK;
        }
    }
    galloc_debug_search_t search = {heap, (uintptr_t)payload, GALLOC_FAULT_FOREIGN};
    galloc_walk(heap, galloc_debug_judge, &search);
    return search.fault;
}

#endif
