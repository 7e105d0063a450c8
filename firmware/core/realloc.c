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
// The old payload is not touched. What is not needed is given back once it has been moved. Returns the new block, or NULL,
// with nothing changed, when there is no room.
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

// galloc_realloc_begin, also as a part of galloc_realloc, where `move` needs no memory.
GALLOC_INLINE bool begin(galloc_heap_t *heap, void *block, size_t size, size_t align, galloc_move_t *move) {
    move->from = block;
    move->to = NULL;
    move->bytes = 0;
    move->size = size;
    move->merged = false;
    if (block == NULL) {
        return true;
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
        // What the block reached over until it was moved is no peak: nobody asked for it.
        uint32_t peak = heap->peak, guard = heap->guard;
        galloc_resize(heap, move->to, move->size);
        heap->peak = peak;
        heap->guard = guard;
    } else {
        galloc_free(heap, move->from);
    }
}

bool galloc_realloc_begin(galloc_heap_t *heap, void *block, size_t size, size_t align, galloc_move_t *move) {
    return begin(heap, block, size, align, move);
}

void *galloc_realloc(galloc_heap_t *heap, void *block, size_t size, size_t align) {
    galloc_move_t move;
    if (!begin(heap, block, size, align, &move)) {
        return NULL;
    }
    if (move.to == NULL) {
        move.to = galloc_alloc(heap, size, align);
    }
    if (move.to != NULL && move.bytes != 0) {
        __builtin_memmove(move.to, move.from, move.bytes);
        galloc_realloc_end(heap, &move);
    }
    return move.to;
}
