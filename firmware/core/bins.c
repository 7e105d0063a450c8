// The tries of the large bins.
//
// A node's key is the size of its chunk. All keys of a bin share their leading bits; the bits behind choose the way down,
// one a level. A node has any key of its subtree, so the first chunk of a bin is its root and a new one becomes a leaf.
// Chunks of one size hang in a list behind the node of that size:
//
//   head -> 40 units -- peer (40) -- peer (40)
//           /      \.
//        36 units  44 units
//
// No way down is longer than a size has bits; a longer one is a loop that a stray write made.

#include "bins.h"

#define MAX_DEPTH 33

uint32_t galloc_tree_path(const galloc_heap_t *heap, uint32_t bin, uint32_t size) {
    // All sizes of a bin share their highest bit and the two behind it; those of the last bin share nothing.
    return bin == heap->bins - 1u ? size << (31u - galloc_log2(heap->units)) : (size << 1) << (33u - galloc_log2(size));
}

// Walks from the root towards `size`. Returns the word that links to `link`, or to a node of that size, or that is empty:
// the place for a new one. *parent is the link of the chunk that this word is in, or 0. NULL where the tree is damaged.
static uint32_t *locate(galloc_heap_t *heap, uint32_t bin, uint32_t size, uint32_t link) {
    uint32_t path = galloc_tree_path(heap, bin, size);
    uint32_t *slot = &heap->heads[bin];
    for (int depth = MAX_DEPTH; depth > 0; depth--) {
        uint32_t at = *slot;
        if (at == 0 || at == link) {
            return slot;
        }
        if (!galloc_is_link(heap, at)) {
            break;
        }
        galloc_chunk_t *node = galloc_chunk_at(heap, at);
        if (node->header / 8u == size) {
            return slot;
        }
        slot = &node->child[path >> 31];
        path <<= 1;
    }
    return NULL;
}

void galloc_tree_insert(galloc_heap_t *heap, uint32_t link, uint32_t size) {
    galloc_chunk_t *chunk = galloc_chunk_at(heap, link);
    uint32_t bin = galloc_large_bin(heap, size);
    uint32_t *slot = locate(heap, bin, size, link);
    chunk->next = 0;
    chunk->prev = 0;
    chunk->child[0] = 0;
    chunk->child[1] = 0;
    if (slot == NULL) {
        return; // the chunk stays out of the damaged tree; galloc_check tells
    }
    if (*slot == 0) {
        *slot = link;
        galloc_map_set(heap, bin);
        return;
    }
    galloc_chunk_t *node = galloc_chunk_at(heap, *slot);
    chunk->prev = *slot;
    chunk->next = node->next;
    node->next = link;
    galloc_set_prev(heap, chunk->next, link);
}

const uint32_t *galloc_tree_slot(const galloc_heap_t *heap, uint32_t link, uint32_t size) {
    galloc_heap_t *same = (galloc_heap_t *)(uintptr_t)heap; // locate does not write
    const uint32_t *slot = locate(same, galloc_large_bin(heap, size), size, link);
    return slot != NULL && *slot == link ? slot : NULL;
}

void galloc_tree_unlink(galloc_heap_t *heap, uint32_t link, uint32_t size) {
    galloc_chunk_t *chunk = galloc_chunk_at(heap, link);
    uint32_t heir = chunk->next, bin = galloc_large_bin(heap, size);
    if (chunk->prev != 0) { // a peer
        if (galloc_is_link(heap, chunk->prev)) {
            galloc_chunk_at(heap, chunk->prev)->next = heir;
        }
        galloc_set_prev(heap, heir, chunk->prev);
        return;
    }
    uint32_t *slot = locate(heap, bin, size, link);
    if (slot == NULL || *slot != link) {
        return;
    }
    if (heir == 0) {
        // Any leaf below may stand here.
        uint32_t *leaf = slot;
        for (int depth = MAX_DEPTH; depth > 0; depth--) {
            galloc_chunk_t *node = galloc_chunk_at(heap, *leaf);
            uint32_t *below = &node->child[node->child[0] == 0];
            if (!galloc_is_link(heap, *below)) {
                break;
            }
            leaf = below;
        }
        heir = *leaf;
        *leaf = 0;
        if (heir == link) { // a leaf itself
            if (heap->heads[bin] == 0) {
                galloc_map_clear(heap, bin);
            }
            return;
        }
    }
    *slot = heir;
    if (galloc_is_link(heap, heir)) {
        galloc_chunk_t *place = galloc_chunk_at(heap, heir);
        place->prev = 0;
        place->child[0] = chunk->child[0];
        place->child[1] = chunk->child[1];
    }
}

uint32_t galloc_tree_best(const galloc_heap_t *heap, uint32_t bin, uint32_t size, uint32_t path) {
    // `rest` is the lowest subtree passed by: all of it is larger than the request. When the way that the request shows
    // ends, the lowest chunk there is the last candidate.
    uint32_t best = 0, spare = GALLOC_NO_UNITS, rest = 0, at = heap->heads[bin];
    for (int depth = 2 * MAX_DEPTH; depth > 0 && galloc_is_link(heap, at); depth--) {
        const galloc_chunk_t *node = galloc_chunk_at(heap, at);
        uint32_t more = node->header / 8u - size;
        if (more < spare) {
            spare = more;
            best = at;
        }
        uint32_t high = node->child[1];
        at = node->child[path >> 31];
        if (path == 0) { // the lowest chunk
            at = at ? at : high ? high : rest;
            if (at == rest) {
                rest = 0;
            }
        } else {
            rest = path >> 31 == 0 && high != 0 ? high : rest;
            path <<= 1;
            if (at == 0) {
                at = rest;
                rest = 0;
                path = 0;
            }
        }
    }
    uint32_t next = best ? galloc_chunk_at(heap, best)->next : 0;
    return next ? next : best; // one of the list behind it is cheaper to unlink
}

uint32_t galloc_tree_greatest(const galloc_heap_t *heap, uint32_t bin) {
    uint32_t best = 0, most = 0, at = heap->heads[bin];
    for (int depth = MAX_DEPTH; depth > 0 && galloc_is_link(heap, at); depth--) {
        const galloc_chunk_t *node = galloc_chunk_at(heap, at);
        if (node->header / 8u > most) {
            most = node->header / 8u;
            best = at;
        }
        at = node->child[node->child[1] != 0];
    }
    return best;
}

typedef struct {
    uint32_t steps;
    galloc_test_t test;
    const void *context;
} search_t;

// The first chunk that passes, of those that can be reached from `at` without going up.
static uint32_t find_from(const galloc_heap_t *heap, uint32_t at, bool tree, search_t *search) {
    for (uint32_t link = at; galloc_is_link(heap, link) && search->steps > 0; search->steps--) {
        const galloc_chunk_t *chunk = galloc_chunk_at(heap, link);
        if (search->test(heap, link, chunk->header / 8u, search->context)) {
            return link;
        }
        link = chunk->next;
    }
    if (!tree || !galloc_is_link(heap, at) || search->steps == 0) {
        return 0;
    }
    const galloc_chunk_t *node = galloc_chunk_at(heap, at);
    uint32_t found = find_from(heap, node->child[0], true, search);
    return found ? found : find_from(heap, node->child[1], true, search);
}

uint32_t galloc_bins_find(const galloc_heap_t *heap, uint32_t size, uint32_t most, galloc_test_t test,
                          const void *context) {
    // The number of free chunks bounds the steps, should a stray write have made a loop.
    search_t search = {heap->free_chunks, test, context};
    uint32_t found = 0, sub_bins = (1u << heap->sub_shift) - 1u;
    uint32_t last = most < heap->small_limit ? galloc_small_bin(heap, most) + sub_bins : galloc_large_bin(heap, most);
    for (uint32_t bin = galloc_bin(heap, size); bin <= last && found == 0; bin++) {
        found = find_from(heap, heap->heads[bin], bin >= heap->small_bins, &search);
    }
    return found;
}
