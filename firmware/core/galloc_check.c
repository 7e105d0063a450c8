// galloc_check.c: looking at a heap as a whole, and opening it again. Nothing here is frequent.

#include "chunk.h"

// ---- The control block -------------------------------------------------------------------------------------------

GALLOC_COLD galloc_heap_t *galloc_heap_in(const void *region, size_t size, uint32_t *total) {
    uintptr_t start = (uintptr_t)region, low = (start + 7u) & ~(uintptr_t)7u, high = (start + size) & ~(uintptr_t)7u;
    // Less than 8 bytes may leave `high` below `low`; the difference is then more than any region.
    bool fits = region != NULL && size <= UINTPTR_MAX - start && high - low <= GALLOC_MAX_REGION;
    *total = fits && high - low >= sizeof(galloc_heap_t) ? (uint32_t)(high - low) : 0u;
    return (galloc_heap_t *)low;
}

// Words that never change are rotated, so that one bit in two of them does not cancel out.
GALLOC_COLD uint32_t galloc_control_check(const galloc_heap_t *heap) {
    uint32_t sum = heap->first;
    for (const uint32_t *word = &heap->small_limit; word <= &heap->sub_repeat; word++) {
        sum = (sum << 5 | sum >> 27) ^ *word;
    }
    sum ^= heap->failures;
    for (uint32_t i = 0; i < GALLOC_ROOTS; i++) {
        sum ^= heap->roots[i];
    }
    return sum;
}

// ---- Opening it again --------------------------------------------------------------------------------------------

GALLOC_COLD bool galloc_initialized(const void *region, size_t size) {
    uint32_t total;
    const galloc_heap_t *heap = galloc_heap_in(region, size, &total);
    return total != 0 && control_block_valid(heap) && heap->limit == limit_of(total) &&
           (heap->key >> GALLOC_KEY_SIZE_SHIFT) % 8u == size % 8u;
}

GALLOC_COLD galloc_heap_t *galloc_attach(void *region, size_t size) {
    uint32_t total;
    galloc_heap_t *heap = galloc_heap_in(region, size, &total);
    return galloc_initialized(region, size) && galloc_check(heap, NULL) == GALLOC_OK ? heap : NULL;
}

GALLOC_COLD uint32_t galloc_generation(const galloc_heap_t *heap) {
    return heap != NULL ? heap->key : 0;
}

GALLOC_COLD uint32_t galloc_root(const galloc_heap_t *heap, size_t number) {
    return heap != NULL && number < GALLOC_ROOTS ? heap->roots[number] : 0;
}

GALLOC_COLD bool galloc_set_root(galloc_heap_t *heap, size_t number, uint32_t value) {
    if (heap == NULL || number >= GALLOC_ROOTS) {
        return false;
    }
    heap->control_check ^= heap->roots[number] ^ value;
    heap->roots[number] = value;
    return true;
}

// ---- Looking at all chunks ---------------------------------------------------------------------------------------

#define NO_SIZE 0xffffffffu

static bool is_chunk_index(const galloc_heap_t *heap, uint32_t index) {
    return index >= heap->first && index < heap->limit && index % 2u == 0;
}

// The size of the free chunk at `index`, NO_SIZE if there is none.
static uint32_t free_chunk_size(const galloc_heap_t *heap, uint32_t index) {
    uint32_t size = is_chunk_index(heap, index) ? (uint32_t)free_size(chunk_at(heap, index)->header) : NO_SIZE;
    bool valid = size % 2u == 0 && size < heap->limit - index &&
                 chunk_at(heap, index + size + GALLOC_MIN_WORDS)->prev_foot == index;
    return valid ? size : NO_SIZE;
}

// The size of the chunk at `index`, NO_SIZE if there is none. `state`: IS_FREE, or how header and hash differ, where the
// chunk is in use.
#define IS_FREE 1u

static uint32_t chunk_size(const galloc_heap_t *heap, uint32_t index, uint32_t *state) {
    uint32_t header = chunk_at(heap, index)->header;
    *state = IS_FREE;
    if ((header & GALLOC_IN_USE) == 0) {
        return free_chunk_size(heap, index);
    }
    uint32_t size = unpack_header(header) & GALLOC_SIZE_MASK(heap);
    *state = header_difference(heap, unpack_header(header), index + size);
    return size < heap->limit - index && (*state & ~GALLOC_PREV_FREE) == 0 ? size : NO_SIZE;
}

GALLOC_COLD void galloc_walk(const galloc_heap_t *heap, galloc_visit_t visit, void *context) {
    uint32_t index = control_block_valid(heap) ? heap->first : 0, state, size;
    for (; index != 0 && is_chunk_index(heap, index); index += size + GALLOC_MIN_WORDS) {
        size = chunk_size(heap, index, &state);
        if (size == NO_SIZE || !visit(context, payload_at(heap, index), payload_bytes(size), state != IS_FREE)) {
            return;
        }
    }
}

static uint32_t free_count(const galloc_heap_t *heap) {
    return heap->splits + heap->frees + heap->resizes;
}

GALLOC_COLD bool galloc_stats_step(const galloc_heap_t *heap, galloc_stats_t *out, galloc_search_t *search) {
    if (!control_block_valid(heap)) {
        *out = (galloc_stats_t){0};
        return true;
    }
    uint32_t changes = heap->allocs + heap->frees + heap->resizes;
    if (search->starts == 0 || search->changes != changes) {
        if (search->starts++ > GALLOC_RESTARTS) {
            return true;
        }
        out->total = GALLOC_ORIGIN + 8u + ((size_t)heap->limit + 3u) * 4u;
        out->used = heap->peak - heap->slack;
        out->blocks = heap->allocs - heap->frees;
        out->free_chunks = free_count(heap);
        out->overhead = GALLOC_ORIGIN + 8u + heap->first * 4u + 4u * (out->blocks + out->free_chunks);
        out->free = out->total - out->overhead - out->used;
        out->largest = 0;
        out->peak_used = heap->peak;
        out->allocs = heap->allocs;
        out->frees = heap->frees;
        out->failures = heap->failures;
        search->changes = changes;
        search->left = (uint32_t)out->free_chunks;
        search->chunk = 0;
        for (uint32_t bin = GALLOC_BINS; bin > 0 && search->chunk == 0; bin--) {
            search->chunk = bin - 1u < heap->first - 2u ? heap->bins[bin - 1u] : 0;
        }
    }
    // The largest chunk is in the highest bin that holds one.
    for (uint32_t looks = GALLOC_STEP_LOOKS; looks > 0; looks--) {
        if (!is_chunk_index(heap, search->chunk) || search->left-- == 0) {
            return true;
        }
        size_t bytes = payload_bytes(free_size(chunk_at(heap, search->chunk)->header));
        out->largest = bytes > out->largest ? bytes : out->largest;
        search->chunk = chunk_at(heap, search->chunk)->next;
    }
    return false;
}

GALLOC_COLD void galloc_stats(const galloc_heap_t *heap, galloc_stats_t *out) {
    galloc_search_t search = {0};
    while (!galloc_stats_step(heap, out, &search)) {
    }
}

// ---- Verifying everything ----------------------------------------------------------------------------------------
//
// Each function returns where the fault is, in bytes from the start of the heap, or NO_FAULT.

#define NO_FAULT 0xffffffffu

#define HEADER_OFFSET(index) (GALLOC_ORIGIN + 4u + (index) * 4u)
#define NEXT_OFFSET(index) (GALLOC_ORIGIN + 12u + (index) * 4u)
#define FIELD(name) ((uint32_t)offsetof(galloc_heap_t, name))

static uint32_t fault_in_chunks(const galloc_heap_t *heap, uint32_t *free_chunks) {
    uint32_t used = 0, blocks = 0, index = heap->first, end = heap->limit + 3u, prev_state = 0, state, size;
    for (; index < end; index += size + GALLOC_MIN_WORDS) {
        size = chunk_size(heap, index, &state);
        if (size == NO_SIZE) {
            return HEADER_OFFSET(index);
        }
        if (state == IS_FREE) {
            uint32_t prev = chunk_at(heap, index)->prev;
            if (prev_state != 0 || prev >= heap->limit || chunk_at(heap, prev)->next != index) {
                return HEADER_OFFSET(index);
            }
            ++*free_chunks;
            prev_state = GALLOC_PREV_FREE;
        } else {
            if (state != prev_state) {
                return HEADER_OFFSET(index);
            }
            used += payload_bytes(size);
            blocks++;
            prev_state = 0;
        }
    }
    uint32_t last = GALLOC_IN_USE ^ (prev_state != 0 ? GALLOC_PREV_FREE_STORED : 0u);
    return index != end || chunk_at(heap, end)->header != last            ? HEADER_OFFSET(end)
           : heap->peak - heap->slack != used || heap->slack > heap->peak ? FIELD(slack)
           : heap->allocs - heap->frees != blocks                         ? FIELD(allocs)
           : free_count(heap) != *free_chunks                             ? FIELD(splits)
                                                                          : NO_FAULT;
}

static uint32_t fault_in_bins(const galloc_heap_t *heap, uint32_t free_chunks) {
    for (uint32_t bin = 0; bin < GALLOC_BINS; bin++) {
        uint32_t prev = bin, index = bin < heap->first - 2u ? heap->bins[bin] : 0;
        if ((heap->map[bin / 32u] >> bin % 32u & 1u) != (index != 0)) {
            return FIELD(map) + bin / 32u * 4u;
        }
        for (; index != 0; index = chunk_at(heap, index)->next) {
            uint32_t size = free_chunk_size(heap, index);
            if (size == NO_SIZE || chunk_at(heap, index)->prev != prev || galloc_bin_of(heap, index, size) != bin ||
                free_chunks-- == 0) {
                return NEXT_OFFSET(prev);
            }
            prev = index;
        }
    }
    return free_chunks != 0 ? FIELD(splits) : NO_FAULT;
}

GALLOC_COLD galloc_fault_t galloc_check(const galloc_heap_t *heap, size_t *offset) {
    uint32_t fault_at = NO_FAULT, free_chunks = 0;
    galloc_fault_t fault = heap == NULL                ? GALLOC_FAULT_NULL
                           : control_block_valid(heap) ? GALLOC_OK
                                                       : GALLOC_FAULT_GEOMETRY;
    if (fault == GALLOC_OK) {
        if (heap->control_check != galloc_control_check(heap) || heap->no_header != GALLOC_NO_HEADER) {
            fault_at = FIELD(control_check);
        } else if ((fault_at = fault_in_chunks(heap, &free_chunks)) == NO_FAULT) {
            fault_at = fault_in_bins(heap, free_chunks);
        }
        fault = fault_at != NO_FAULT ? GALLOC_FAULT_CORRUPT : GALLOC_OK;
    }
    if (offset != NULL) {
        *offset = fault_at != NO_FAULT ? fault_at : 0;
    }
    return fault;
}

GALLOC_COLD const char *galloc_fault_name(galloc_fault_t fault) {
    const char *name =
        "ok\0null\0foreign\0misaligned\0not allocated\0corrupt\0geometry\0overlap\0no such attribute\0full\0unknown";
    uint32_t number = (uint32_t)fault <= GALLOC_FAULT_FULL ? (uint32_t)fault : GALLOC_FAULT_FULL + 1u;
    while (number > 0) {
        number -= *name++ == '\0';
    }
    return name;
}
