// Looking at a heap without changing it.

#include "heap.h"

size_t galloc_usable_size(const galloc_heap_t *heap, const void *block) {
    uint32_t link, size;
    return galloc_is_live(heap, block, &link, &size) ? galloc_payload_size(size) : 0;
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
    if (bin >= galloc_small_bins(heap)) {
        size = galloc_tree_greatest(heap, bin);
    } else if (heap->heads[bin] != 0) {
        size = galloc_small_bin_size(heap, bin);
    }
    return size;
}

void galloc_stats(const galloc_heap_t *heap, galloc_stats_t *out) {
    *out = (galloc_stats_t){0};
    if (!galloc_is_sound(heap)) {
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
    uint32_t size;
    if (!*live) {
        return galloc_free_units(heap, link);
    }
    return galloc_is_live(heap, galloc_payload_at(heap, link), &link, &size) ? size : 0;
}

void galloc_walk(const galloc_heap_t *heap, galloc_visit_t visit, void *context) {
    if (!galloc_is_sound(heap)) {
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

// The functions below return the number of the word that is wrong, or 0.

#define WORD(field) ((uint32_t)offsetof(galloc_heap_t, field) / 4u)

static bool geometry_ok(const galloc_heap_t *heap) {
    return galloc_is_sound(heap) && heap->first < heap->units && heap->first + heap->span == heap->units - 1u &&
           GALLOC_HEADS + heap->bins <= heap->first * 2u + 1u && galloc_small_bins(heap) < heap->bins;
}

static uint32_t wrong_guard(const galloc_heap_t *heap) {
    uint32_t guard = heap->guard ^ heap->peak ^ heap->failures;
    for (int i = 0; i < GALLOC_ROOTS; i++) {
        guard ^= heap->roots[i];
    }
    return guard ? WORD(guard) : 0;
}

// Whether the word `link` of a free chunk holds nothing, or a free chunk that knows of it.
static bool links(const galloc_heap_t *heap, uint32_t word) {
    uint32_t link = *galloc_word(heap, word);
    return link == 0 || (galloc_free_units(heap, link) != 0 && galloc_chunk_at(heap, link)->up == word);
}

// Whether the free chunk at `link` and those that it is linked with agree. What holds for each free chunk holds for lists
// and trees as a whole, but for a ring that no bin leads to: its chunks are missing in *listed.
static bool linked(const galloc_heap_t *heap, uint32_t link, uint32_t size, uint32_t *listed) {
    const galloc_chunk_t *chunk = galloc_chunk_at(heap, link);
    bool large = size >= heap->small_limit;
    if (!links(heap, galloc_next_of(link)) ||
        (large && (!links(heap, galloc_child_of(link, 0)) || !links(heap, galloc_child_of(link, 1))))) {
        return false;
    }
    uint32_t first =
        large ? galloc_tree_slot(heap, size) : GALLOC_HEADS + galloc_small_bin(heap, size) + galloc_sub_bin(heap, link);
    if (chunk->up == first) {
        for (uint32_t at = link; galloc_is_link(heap, at) && *listed <= heap->free_chunks;
             at = galloc_chunk_at(heap, at)->next) {
            ++*listed;
        }
        return *galloc_word(heap, first) == link;
    }
    uint32_t before = chunk->up / 2u - 1u; // the chunk whose `next` this is
    return galloc_next_of(before) == chunk->up && galloc_free_units(heap, before) == size &&
           galloc_chunk_at(heap, before)->next == link;
}

static uint32_t wrong_chunk(const galloc_heap_t *heap) {
    uint32_t used = 0, blocks = 0, free_chunks = 0, listed = 0, link = heap->first, prev_flags = GALLOC_PREV_IN_USE;
    for (;;) {
        uint32_t header = galloc_chunk_at(heap, link)->header, size;
        bool live, end = link >= heap->units;
        if (end) {
            size = (header | GALLOC_PREV_IN_USE) == (galloc_live_header(heap, link, 0) | GALLOC_PREV_IN_USE);
            live = true;
        } else {
            size = chunk_size_at(heap, link, &live);
        }
        // A free chunk holds only with its prev bits set: two in a row are told here.
        if (size == 0 || (header & GALLOC_PREV_IN_USE) != prev_flags || (!live && !linked(heap, link, size, &listed))) {
            return link * 2u + 1u;
        }
        if (end) {
            break;
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
    return heap->used != used                                          ? WORD(used)
           : heap->allocs - heap->frees != blocks                      ? WORD(allocs)
           : heap->free_chunks != free_chunks || listed != free_chunks ? WORD(free_chunks)
                                                                       : 0;
}

// Looks at the map, the first chunk of each bin; the walk has seen the chunks behind them.
static uint32_t wrong_bin(const galloc_heap_t *heap) {
    for (uint32_t bin = 0; bin < GALLOC_MAP_BITS; bin++) {
        uint32_t word = GALLOC_HEADS + bin;
        bool used = bin < heap->bins && *galloc_word(heap, word) != 0;
        if ((heap->map[bin / 32u] >> bin % 32u & 1u) != used) {
            return WORD(map) + bin / 32u;
        }
        if (used && !links(heap, word)) {
            return word;
        }
    }
    return 0;
}

galloc_fault_t galloc_check(const galloc_heap_t *heap, size_t *offset) {
    uint32_t word = 0;
    galloc_fault_t fault = heap == NULL ? GALLOC_FAULT_NULL : geometry_ok(heap) ? GALLOC_OK : GALLOC_FAULT_GEOMETRY;
    if (fault == GALLOC_OK &&
        ((word = wrong_guard(heap)) != 0 || (word = wrong_chunk(heap)) != 0 || (word = wrong_bin(heap)) != 0)) {
        fault = GALLOC_FAULT_CORRUPT;
    }
    if (offset != NULL) {
        *offset = (size_t)word * 4u;
    }
    return fault;
}

const char *galloc_fault_name(galloc_fault_t fault) {
    const char *name =
        "ok\0null\0foreign\0misaligned\0not allocated\0corrupt\0geometry\0unknown"; // in the enum's order
    uint32_t number = (uint32_t)fault <= GALLOC_FAULT_GEOMETRY ? (uint32_t)fault : GALLOC_FAULT_GEOMETRY + 1u;
    while (number > 0) {
        number -= *name++ == '\0';
    }
    return name;
}
