// The tries of the large bins.
//
// A node's key is the size of its chunk. All keys of a bin share their leading bits; the bits behind choose the way down,
// one a level. A node has any key of its subtree, so the first chunk of a bin is its root and a new one becomes a leaf.
// Chunks of one size hang in a list behind the node of that size:
//
//   head -> 40 units -- peer (40) -- peer (40)
//           /      \.
//        36 units  44 units

#include "bins.h"

// galloc_tree_slot for those who know the number of the bin's word, `slot`.
GALLOC_INLINE uint32_t slot_from(const galloc_heap_t *heap, uint32_t size, uint32_t slot) {
    for (uint32_t path = galloc_tree_path(size); path != 0; path <<= 1) {
        uint32_t at = *galloc_word(heap, slot);
        if (at == 0) {
            return slot;
        }
        if (GALLOC_UNLIKELY(!galloc_is_link(heap, at))) {
            break;
        }
        if (galloc_free_size_at(heap, at) == size) {
            return slot;
        }
        slot = galloc_child_of(at, path >> 31);
    }
    return 0;
}

uint32_t galloc_tree_slot(const galloc_heap_t *heap, uint32_t size) {
    return slot_from(heap, size, GALLOC_HEADS + galloc_large_bin(heap, size));
}

void galloc_tree_insert(galloc_heap_t *heap, uint32_t link, uint32_t size, uint32_t slot) {
    galloc_chunk_t *chunk = galloc_chunk_at(heap, link);
    uint32_t next = 0;
    slot = slot_from(heap, size, slot);
    if (GALLOC_LIKELY(slot != 0)) { // else the chunk stays out of the damaged tree; galloc_check tells
        uint32_t at = *galloc_word(heap, slot);
        if (at != 0) { // a peer
            slot = galloc_next_of(at);
            next = *galloc_word(heap, slot);
            galloc_set_up(heap, next, galloc_next_of(link));
        }
        *galloc_word(heap, slot) = link;
    }
    chunk->next = next;
    chunk->up = slot;
    chunk->child[0] = 0;
    chunk->child[1] = 0;
}

void galloc_tree_replace(galloc_heap_t *heap, uint32_t link) {
    const galloc_chunk_t *chunk = galloc_chunk_at(heap, link);
    if (!galloc_is_held(heap, link, chunk->up)) {
        return; // overwritten; galloc_check tells
    }
    uint32_t heir = chunk->next ? chunk->next : galloc_tree_end(heap, link); // any leaf below may stand here
    if (!galloc_is_link(heap, heir)) {
        return;
    }
    galloc_chunk_t *place = galloc_chunk_at(heap, heir);
    if (!galloc_is_held(heap, heir, place->up)) {
        return;
    }
    *galloc_word(heap, place->up) = 0;
    uint32_t low = chunk->child[0], high = chunk->child[1], up = chunk->up;
    place->up = up;
    place->child[0] = low;
    place->child[1] = high;
    *galloc_word(heap, up) = heir;
    galloc_set_up(heap, low, galloc_child_of(heir, 0));
    galloc_set_up(heap, high, galloc_child_of(heir, 1));
}

uint32_t galloc_tree_fit(const galloc_heap_t *heap, uint32_t at, uint32_t size) {
    // `rest` is the lowest subtree passed by: all of it is larger than the request.
    uint32_t best = 0, spare = GALLOC_NO_UNITS, rest = 0;
    for (uint32_t path = galloc_tree_path(size); path != 0 && galloc_is_link(heap, at); path <<= 1) {
        const galloc_chunk_t *node = galloc_chunk_at(heap, at);
        uint32_t more = node->header / 8u - size;
        if (more < spare) {
            best = at;
            spare = more;
            if (more == 0) {
                break;
            }
        }
        at = node->child[0];
        if (path >> 31 != 0) {
            at = node->child[1];
        } else if (node->child[1] != 0) {
            rest = node->child[1];
        }
    }
    best = best ? best : rest;
    if (GALLOC_UNLIKELY(!galloc_is_link(heap, best))) {
        return 0;
    }
    uint32_t next = galloc_chunk_at(heap, best)->next;
    return galloc_is_link(heap, next) ? next : best; // one of the list behind it is cheaper to take out
}

uint32_t galloc_tree_end(const galloc_heap_t *heap, uint32_t at) {
    for (uint32_t depth = GALLOC_TREE_HEIGHT; depth > 0 && galloc_is_link(heap, at); depth--) {
        const galloc_chunk_t *node = galloc_chunk_at(heap, at);
        uint32_t below = node->child[0] ? node->child[0] : node->child[1];
        if (below == 0) {
            return at;
        }
        at = below;
    }
    return 0;
}

uint32_t galloc_tree_greatest(const galloc_heap_t *heap, uint32_t bin) {
    uint32_t most = 0, at = heap->heads[bin];
    for (uint32_t depth = GALLOC_TREE_HEIGHT; depth > 0 && galloc_is_link(heap, at); depth--) {
        const galloc_chunk_t *node = galloc_chunk_at(heap, at);
        most = node->header / 8u > most ? node->header / 8u : most;
        at = node->child[node->child[1] != 0];
    }
    return most;
}
