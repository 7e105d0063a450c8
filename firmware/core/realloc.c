// Changing the size of a block: where it stands where that can be, elsewhere if it must.

#include "heap.h"

// Grows or shrinks the live chunk at `link` to `need` units at its end, with the free chunk of `next_size` units behind it
// at hand; 0: there is none. Returns false, with nothing changed, when there is no room.
GALLOC_INLINE bool resize_chunk(galloc_heap_t *heap, uint32_t link, uint32_t size, uint32_t next_size, uint32_t need) {
    if (size + next_size < need) {
        return false;
    }
    if (next_size == 0 && size - need < GALLOC_MIN_UNITS) {
        return true; // slack
    }
    galloc_chunk_t *chunk = galloc_chunk_at(heap, link);
    uint32_t prev_flags = chunk->header & GALLOC_PREV_IN_USE;
    galloc_take_back(heap, link, size, next_size);
    galloc_cut(heap, link, size + next_size, 0, need);
    chunk->header ^= prev_flags ^ GALLOC_PREV_IN_USE;
    return true;
}

bool galloc_resize(galloc_heap_t *heap, void *block, size_t size) {
    uint32_t link, old, next_size, need = galloc_chunk_units(size);
    return galloc_is_live(heap, block, &link, &old) &&
           (need == old ||
            (galloc_size_after(heap, link + old, &next_size) && resize_chunk(heap, link, old, next_size, need)));
}

// Merges a live chunk with the free one before it, and the one of `next_size` units behind it if that is not 0, and makes
// of them one block that starts as early as `mask` (alignment in units - 1) allows:
//
//   | free before | old block | free behind |
//   | front | new block ................... |
//
// Until the payload is moved, the block has all that is behind its start. So where the hole before would do alone, it starts
// as late as it can, and leaves the hole to others; but for an over-aligned one, which needs a place that suits.
// The old payload is not touched. Returns the new block, or NULL, with nothing changed, when there is no room.
GALLOC_INLINE void *grow_backward(galloc_heap_t *heap, uint32_t link, uint32_t size, uint32_t next_size, uint32_t need,
                                  uint32_t mask) {
    uint32_t before_size;
    if (!galloc_size_before(heap, link, &before_size)) {
        return NULL;
    }
    uint32_t before = link - before_size, total = before_size + size + next_size;
    uint32_t front = (0u - (before + galloc_origin(heap))) & mask;
    if (front == 1u) { // no chunk is that small
        front += mask + 1u;
    } else if (need <= before_size && mask == 0) {
        front = total - need;
    }
    if (front > before_size || total - front < need) {
        return NULL;
    }
    galloc_take_back(heap, link, size, next_size);
    if (front != 0) {
        galloc_resize_free(heap, before, before_size, front);
    } else {
        galloc_detach(heap, before, before_size);
    }
    return galloc_cut(heap, before, total, front, total - front);
}

bool galloc_realloc_begin(galloc_heap_t *heap, void *block, size_t size, size_t align, galloc_move_t *move) {
    move->from = block;
    move->to = NULL;
    move->bytes = 0;
    move->size = size;
    move->merged = false;
    if (block == NULL) {
        return galloc_is_sound(heap);
    }
    uint32_t link, old, next_size, need = galloc_chunk_units(size);
    if (!galloc_is_live(heap, block, &link, &old)) {
        return false;
    }
    if ((align & (align - 1u)) == 0 && align / 8u < GALLOC_NO_UNITS) { // else galloc_alloc refuses and counts
        uint32_t mask = (uint32_t)(align / 8u) - (align >= 8u);
        bool aligned = ((link + galloc_origin(heap)) & mask) == 0;
        if (aligned && need == old) {
            move->to = block;
            return true;
        }
        if (galloc_size_after(heap, link + old, &next_size)) {
            if (aligned && resize_chunk(heap, link, old, next_size, need)) {
                move->to = block;
                return true;
            }
            move->to = grow_backward(heap, link, old, next_size, need, mask);
            move->merged = move->to != NULL;
        }
    }
    move->bytes = galloc_payload_size(need < old ? need : old);
    return true;
}

void galloc_realloc_end(galloc_heap_t *heap, const galloc_move_t *move) {
    if (move->merged) {
        galloc_resize(heap, move->to, move->size); // what the old place had and the new one does not need
    } else {
        galloc_free(heap, move->from);
    }
}

GALLOC_FLAT void *galloc_realloc(galloc_heap_t *heap, void *block, size_t size, size_t align) {
    galloc_move_t move;
    if (!galloc_realloc_begin(heap, block, size, align, &move)) {
        return NULL;
    }
    if (move.to == NULL) {
        move.to = galloc_alloc_sound(heap, size, align);
    }
    if (move.to != NULL && move.bytes != 0) {
        __builtin_memmove(move.to, block, move.bytes);
        if (move.merged) {
            galloc_resize(heap, move.to, size);
        } else {
            galloc_free_live(heap, galloc_link_of(heap, block));
        }
    }
    return move.to;
}
