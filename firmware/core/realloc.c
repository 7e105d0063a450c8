// Changing the size of a block: where it stands where that can be, elsewhere if it must.

#include "heap.h"

// Grows or shrinks a live chunk to `need` bytes at its end. Returns false, with nothing changed, when it cannot.
static bool resize_chunk(galloc_heap_t *heap, galloc_chunk_t *chunk, uint32_t size, uint32_t need)
{
    if (need == size) {
        return true;
    }
    galloc_chunk_t *next = galloc_chunk_after(chunk, size);
    uint32_t next_size;
    if (!galloc_look_after(heap, next, &next_size) || size + next_size < need) {
        return false;
    }
    uint32_t back = size + next_size - need;
    if (next_size == 0) {
        if (back < GALLOC_MIN_CHUNK) {
            return true; // slack
        }
        galloc_toggle_prev(next);
    } else {
        galloc_detach(heap, galloc_link_of(heap, next), next_size);
    }
    if (back < GALLOC_MIN_CHUNK) {
        need += back;
        galloc_toggle_prev(galloc_chunk_after(chunk, need));
    } else {
        galloc_release(heap, galloc_chunk_after(chunk, need), back);
    }
    galloc_set_in_use(heap, chunk, need, chunk->header & GALLOC_PREV_IN_USE);
    galloc_count_used(heap, need - size); // modulo 2^32: a smaller block takes away
    return true;
}

bool galloc_resize(galloc_heap_t *heap, void *block, size_t size)
{
    uint32_t old;
    if (galloc_inspect(heap, block, &old) != GALLOC_OK) {
        return false;
    }
    uint32_t need = galloc_chunk_size(heap, size);
    return need != 0 && resize_chunk(heap, galloc_chunk_of(block), old, need);
}

// Merges a live chunk with the free one before it, and the one behind it if that is free, and makes of them one block that
// starts as early as `mask` (alignment - 1) allows:
//
//   | free before | old block | free behind |
//   | front | new block ............ | back |
//
// The old payload is not touched: the new block reaches over all of it until it has been moved. Returns the new chunk, or
// NULL, with nothing changed, when there is no room.
static galloc_chunk_t *grow_backward(galloc_heap_t *heap, galloc_chunk_t *chunk, uint32_t size, uint32_t need,
                                     uint32_t mask)
{
    galloc_chunk_t *next = galloc_chunk_after(chunk, size);
    uint32_t before_size, next_size;
    if (!galloc_look_before(heap, chunk, &before_size) || before_size == 0 ||
        !galloc_look_after(heap, next, &next_size)) {
        return NULL;
    }
    galloc_chunk_t *before = (galloc_chunk_t *)((uintptr_t)chunk - before_size);
    uint32_t front = (0u - (uint32_t)(uintptr_t)galloc_payload(before)) & mask;
    if (front == 8u) {
        front += mask + 1u;
    }
    uint32_t total = before_size + size + next_size;
    if (front > before_size || total - front < need) {
        return NULL;
    }
    uint32_t until_moved = before_size + size - front;
    chunk->header = 0;
    galloc_detach(heap, galloc_link_of(heap, before), before_size);
    if (next_size != 0) {
        galloc_detach(heap, galloc_link_of(heap, next), next_size);
    } else {
        galloc_toggle_prev(next);
    }
    heap->used -= size - GALLOC_HEADER_SIZE;
    return galloc_cut(heap, before, total, front, need > until_moved ? need : until_moved);
}

bool galloc_realloc_begin(galloc_heap_t *heap, void *block, size_t size, size_t align, galloc_move_t *move)
{
    uint32_t old = 0;
    *move = (galloc_move_t){.from = block, .to = block, .size = size};
    if (block == NULL) {
        move->to = galloc_alloc(heap, size, align);
        return move->to != NULL;
    }
    if (galloc_inspect(heap, block, &old) != GALLOC_OK) {
        return false;
    }
    galloc_chunk_t *chunk = galloc_chunk_of(block);
    uint32_t need = galloc_chunk_size(heap, size);
    uint32_t mask = align > 8u ? (uint32_t)align - 1u : 7u;
    if (need != 0 && (align & (align - 1u)) == 0 && align / 8u <= heap->units) {
        if (((uintptr_t)block & mask) == 0 && resize_chunk(heap, chunk, old, need)) {
            return true;
        }
        move->bytes = (need < old ? need : old) - GALLOC_HEADER_SIZE;
        chunk = grow_backward(heap, chunk, old, need, mask);
        if (chunk != NULL) {
            move->to = galloc_payload(chunk);
            move->merged = true;
            return true;
        }
    }
    move->to = galloc_alloc(heap, size, align); // also counts the failure where the request is a bad one
    return move->to != NULL;
}

void galloc_realloc_end(galloc_heap_t *heap, const galloc_move_t *move)
{
    if (move->merged) {
        galloc_resize(heap, move->to, move->size);
    } else if (move->bytes != 0) {
        galloc_free(heap, move->from);
    }
}

void *galloc_realloc(galloc_heap_t *heap, void *block, size_t size, size_t align)
{
    galloc_move_t move;
    if (!galloc_realloc_begin(heap, block, size, align, &move)) {
        return NULL;
    }
    if (move.bytes != 0) {
        __builtin_memmove(move.to, move.from, move.bytes);
    }
    galloc_realloc_end(heap, &move);
    return move.to;
}
