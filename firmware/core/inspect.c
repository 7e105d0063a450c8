// Looking at a heap without changing it.

#include "heap.h"

size_t galloc_usable_size(const galloc_heap_t *heap, const void *block) {
    uint32_t size;
    galloc_inspect(heap, block, &size);
    return size ? galloc_payload_size(size) : 0;
}

bool galloc_owns(const galloc_heap_t *heap, const void *block) {
    return galloc_usable_size(heap, block) != 0;
}

// Units of the largest free chunk, or 0.
static uint32_t greatest_free(const galloc_heap_t *heap) {
    uint32_t bin = heap->bins - 1u;
    while (bin > 0 && heap->heads[bin] == 0) {
        bin--;
    }
    uint32_t size = 0;
    if (bin >= heap->small_bins) {
        uint32_t link = galloc_tree_greatest(heap, bin);
        size = link ? galloc_free_size_at(heap, link) : 0;
    } else if (heap->heads[bin] != 0) {
        size = galloc_small_bin_size(heap, bin);
    }
    return size > heap->top_size ? size : heap->top_size;
}

void galloc_stats(const galloc_heap_t *heap, galloc_stats_t *out) {
    *out = (galloc_stats_t){0};
    if (heap == NULL || galloc_static_xor(heap) != GALLOC_MAGIC) {
        return;
    }
    uint32_t greatest = greatest_free(heap);
    out->total = (size_t)heap->units * 8u + 8u;
    out->used = heap->used;
    out->blocks = heap->allocs - heap->frees;
    out->free_chunks = heap->free_chunks;
    out->overhead = (size_t)heap->first * 8u + 8u + GALLOC_HEADER_SIZE * (out->blocks + out->free_chunks);
    out->free = out->total - out->overhead - out->used;
    out->largest = greatest ? galloc_payload_size(greatest) : 0;
    out->peak_used = heap->peak > heap->used ? heap->peak : heap->used;
    out->allocs = heap->allocs;
    out->frees = heap->frees;
    out->failures = heap->failures;
}

// Units of the chunk at `link`, and whether it is live; 0 when the chunk does not hold.
static uint32_t chunk_size_at(const galloc_heap_t *heap, uint32_t link, bool *live) {
    uint32_t header = galloc_chunk_at(heap, link)->header;
    *live = (header & GALLOC_IN_USE) != 0;
    uint32_t size = header / 8u;
    if (*live) {
        galloc_inspect(heap, galloc_payload_at(heap, link), &size);
    } else if (!galloc_free_chunk_ok(heap, link, size)) {
        size = 0;
    }
    return size;
}

void galloc_walk(const galloc_heap_t *heap, galloc_visit_t visit, void *context) {
    if (heap == NULL || galloc_static_xor(heap) != GALLOC_MAGIC) {
        return;
    }
    uint32_t size;
    for (uint32_t link = heap->first; link < heap->units; link += size) {
        bool live;
        size = chunk_size_at(heap, link, &live);
        if (size == 0 || !visit(context, galloc_payload_at(heap, link), galloc_payload_size(size), live)) {
            return;
        }
    }
}

// The functions below return the word that is wrong, or NULL. A wrong geometry is told as the first word of the heap.

static const uint32_t *wrong_control(const galloc_heap_t *heap) {
    if (heap->magic != GALLOC_MAGIC || galloc_static_xor(heap) != GALLOC_MAGIC || heap->first >= heap->units ||
        sizeof(*heap) + 4u * (size_t)heap->bins > (size_t)heap->first * 8u + 4u || heap->small_bins >= heap->bins ||
        heap->bins > GALLOC_MAP_BITS) {
        return &heap->magic;
    }
    uint32_t guard = heap->guard ^ heap->peak ^ heap->failures;
    for (int i = 0; i < GALLOC_ROOTS; i++) {
        guard ^= heap->roots[i];
    }
    return guard ? &heap->guard : NULL;
}

// Whether a free chunk stands at `link`, of any size.
static bool is_free_chunk(const galloc_heap_t *heap, uint32_t link) {
    return galloc_is_link(heap, link) && galloc_free_chunk_ok(heap, link, galloc_free_size_at(heap, link));
}

// Whether one stands there that is in a bin.
static bool is_binned(const galloc_heap_t *heap, uint32_t link) {
    return link != heap->top && is_free_chunk(heap, link);
}

// Whether the free chunk at `link` and those that it is linked with agree. What holds for each free chunk holds for lists
// and trees as a whole.
static bool linked(const galloc_heap_t *heap, uint32_t link, uint32_t size) {
    const galloc_chunk_t *chunk = galloc_chunk_at(heap, link);
    bool large = size >= heap->small_limit;
    if (link == heap->top) {
        return large && size == heap->top_size;
    }
    if (chunk->next != 0 && (!is_binned(heap, chunk->next) || galloc_free_size_at(heap, chunk->next) != size ||
                             galloc_chunk_at(heap, chunk->next)->prev != link)) {
        return false;
    }
    if (galloc_is_link(heap, chunk->prev)) {
        return is_binned(heap, chunk->prev) && galloc_free_size_at(heap, chunk->prev) == size &&
               galloc_chunk_at(heap, chunk->prev)->next == link;
    }
    if (!large) {
        return ~chunk->prev == galloc_small_bin(heap, size) + galloc_sub_bin(heap, link);
    }
    for (int side = 0; side < 2; side++) {
        uint32_t child = chunk->child[side];
        if (child != 0 && (!is_binned(heap, child) || galloc_free_size_at(heap, child) < heap->small_limit ||
                           galloc_tree_slot(heap, child, galloc_free_size_at(heap, child)) != &chunk->child[side])) {
            return false;
        }
    }
    return chunk->prev == 0 && galloc_tree_slot(heap, link, size) != NULL;
}

static const uint32_t *wrong_chunk(const galloc_heap_t *heap) {
    uint32_t used = 0, blocks = 0, free_chunks = 0, link = heap->first, prev_flags = GALLOC_PREV_IN_USE;
    for (;;) {
        const galloc_chunk_t *chunk = galloc_chunk_at(heap, link);
        if (((chunk->header ^ prev_flags) & GALLOC_PREV_IN_USE) != 0) {
            return &chunk->header;
        }
        if (link >= heap->units) {
            break;
        }
        bool live;
        uint32_t size = chunk_size_at(heap, link, &live);
        if (size == 0 || (!live && (prev_flags == 0 || !linked(heap, link, size)))) {
            return &chunk->header;
        }
        if (live) {
            used += galloc_payload_size(size);
            blocks++;
        } else {
            free_chunks++;
        }
        prev_flags = live ? GALLOC_PREV_IN_USE : 0u;
        link += size;
    }
    const galloc_chunk_t *end = galloc_chunk_at(heap, link);
    if ((end->header | GALLOC_PREV_IN_USE) != (galloc_live_header(heap, link, 0) | GALLOC_PREV_IN_USE)) {
        return &end->header;
    }
    return heap->used != used                     ? &heap->used
           : heap->allocs - heap->frees != blocks ? &heap->allocs
           : heap->free_chunks != free_chunks     ? &heap->free_chunks
                                                  : NULL;
}

// Looks at the map, the first chunk of each bin and top; the walk has seen the chunks behind them.
static const uint32_t *wrong_bin(const galloc_heap_t *heap) {
    for (uint32_t bin = 0; bin < GALLOC_MAP_BITS; bin++) {
        uint32_t head = bin < heap->bins ? heap->heads[bin] : 0;
        if ((heap->map[bin / 32u] >> bin % 32u & 1u) != (head != 0)) {
            return &heap->map[bin / 32u];
        }
        if (head != 0 && (!is_free_chunk(heap, head) ||
                          (galloc_free_size_at(heap, head) < heap->small_limit) != (bin < heap->small_bins) ||
                          (bin < heap->small_bins ? ~galloc_chunk_at(heap, head)->prev
                                                  : galloc_large_bin(heap, galloc_free_size_at(heap, head))) != bin)) {
            return &heap->heads[bin];
        }
    }
    return (heap->top ? is_free_chunk(heap, heap->top) : heap->top_size == 0) ? NULL : &heap->top;
}

galloc_fault_t galloc_check(const galloc_heap_t *heap, size_t *offset) {
    const uint32_t *wrong = NULL;
    if (heap != NULL && (wrong = wrong_control(heap)) == NULL && (wrong = wrong_chunk(heap)) == NULL) {
        wrong = wrong_bin(heap);
    }
    if (offset != NULL) {
        *offset = wrong ? (uintptr_t)wrong - (uintptr_t)heap : 0u;
    }
    return heap == NULL            ? GALLOC_FAULT_NULL
           : !wrong                ? GALLOC_OK
           : wrong == &heap->magic ? GALLOC_FAULT_GEOMETRY
                                   : GALLOC_FAULT_CORRUPT;
}

const char *galloc_fault_name(galloc_fault_t fault) {
    switch (fault) {
        case GALLOC_OK:
            return "ok";
        case GALLOC_FAULT_NULL:
            return "null pointer";
        case GALLOC_FAULT_FOREIGN:
            return "foreign pointer";
        case GALLOC_FAULT_MISALIGNED:
            return "misaligned pointer";
        case GALLOC_FAULT_NOT_ALLOCATED:
            return "block not allocated";
        case GALLOC_FAULT_CORRUPT:
            return "heap corrupt";
        case GALLOC_FAULT_GEOMETRY:
            return "not a heap of this region";
    }
    return "unknown fault";
}
