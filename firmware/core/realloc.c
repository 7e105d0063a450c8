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
    uint32_t prev = galloc_chunk_at(heap, link)->header & GALLOC_PREV_IN_USE;
    galloc_take_back(heap, link, size, next_size);
    galloc_cut(heap, link, size + next_size, need, prev);
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
                                  size_t mask) {
    uint32_t before_size;
    if (!galloc_size_before(heap, link, &before_size)) {
        return NULL;
    }
    uint32_t before = link - before_size, total = before_size + size + next_size;
    size_t start = (0u - (uintptr_t)galloc_payload_at(heap, before) / 8u) & mask;
    if (start == 1u) { // no chunk is that small
        start += mask + 1u;
    } else if (need <= before_size && mask == 0) {
        start = total - need;
    }
    if (start > before_size || total - start < need) {
        return NULL;
    }
    uint32_t front = (uint32_t)start;
    galloc_take_back(heap, link, size, next_size);
    galloc_chunk_at(heap, link)->header = 0; // what stays behind must not pass for a live chunk
    galloc_take_end(heap, before, before_size, front);
    return galloc_cut(heap, before + front, total - front, total - front, galloc_prev_bits(front));
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
    size_t mask = align - (align != 0);
    if ((align & mask) == 0) { // else galloc_alloc refuses and counts
        bool aligned = ((uintptr_t)block & mask) == 0;
        if (aligned && need == old) {
            move->to = block;
            return true;
        }
        if (galloc_size_after(heap, link + old, &next_size)) {
            if (aligned && resize_chunk(heap, link, old, next_size, need)) {
                move->to = block;
                return true;
            }
            move->to = grow_backward(heap, link, old, next_size, need, mask / 8u);
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
    void *to = move.to != NULL ? move.to : galloc_alloc_sound(heap, size, align);
    if (to != NULL && move.bytes != 0) {
        __builtin_memmove(to, block, move.bytes);
        if (move.merged) {
            galloc_resize(heap, to, size);
        } else {
            // Where it was handed out over the old one, in a damaged heap, the header may have been overwritten.
            uint32_t link = galloc_link_of(heap, block);
            uint32_t old = galloc_size_of(heap, galloc_chunk_at(heap, link)->header);
            if (galloc_in_range(heap, link, old)) {
                galloc_free_live(heap, link, old);
            }
        }
    }
    return to;
}
