#include "state.h"

#include "harness.h"

#include <string.h>

typedef struct {
    const galloc_heap_t *heap;
    uint8_t *at, *end;
} writer_t;

static void put(writer_t *writer, uint32_t value) {
    if (writer->at == writer->end || value > 0xFFu) {
        fail("a state does not fit");
    }
    *writer->at++ = (uint8_t)value;
}

static void put_link(writer_t *writer, uint32_t link) {
    put(writer, link ? link - writer->heap->first + 1u : 0u);
}

// The word that links to a chunk: counted from the first chunk, or, from 128 on, a bin.
static void put_up(writer_t *writer, uint32_t up) {
    uint32_t first = writer->heap->first * 2u;
    put(writer, up >= first ? up - first : 128u + up - GALLOC_HEADS);
}

uint32_t state_of(const galloc_heap_t *heap, state_t *state, chunk_t *chunks) {
    uint32_t count = 0;
    writer_t writer = {heap, state->bytes, state->bytes + STATE_BYTES};
    memset(state, 0, sizeof *state);
    for (uint32_t bin = 0; bin < heap->bins; bin++) {
        put_link(&writer, heap->heads[bin]);
    }
    for (uint32_t link = heap->first, size; link < heap->units; link += size) {
        const galloc_chunk_t *chunk = galloc_chunk_at(heap, link);
        bool live = chunk->header & GALLOC_IN_USE;
        size = live ? galloc_size_of(heap, chunk->header) : chunk->header / 8u;
        if (count == STATE_MAX_CHUNKS) {
            fail("too many chunks");
        }
        chunks[count++] = (chunk_t){link, size, live};
        put(&writer, size << 1 | live);
        if (live) {
            continue;
        }
        put_link(&writer, chunk->next);
        put_up(&writer, chunk->up);
        if (size >= heap->small_limit) {
            put_link(&writer, chunk->child[0]);
            put_link(&writer, chunk->child[1]);
        }
    }
    return count;
}

static uint32_t take_link(const galloc_heap_t *heap, const uint8_t **at) {
    uint32_t value = *(*at)++;
    return value ? value - 1u + heap->first : 0u;
}

static uint32_t take_up(const galloc_heap_t *heap, const uint8_t **at) {
    uint32_t value = *(*at)++;
    return value >= 128u ? GALLOC_HEADS + value - 128u : value + heap->first * 2u;
}

// Makes the free chunk at `link`, whose links are the next bytes.
static void build_free(galloc_heap_t *heap, uint32_t link, uint32_t size, const uint8_t **at) {
    galloc_set_free(heap, link, size);
    heap->free_chunks++;
    galloc_chunk_t *chunk = galloc_chunk_at(heap, link);
    chunk->next = take_link(heap, at);
    chunk->up = take_up(heap, at);
    if (size >= heap->small_limit) {
        chunk->child[0] = take_link(heap, at);
        chunk->child[1] = take_link(heap, at);
    }
}

void state_build(const state_t *state, const galloc_heap_t *blank, size_t size, galloc_heap_t *heap) {
    const uint8_t *at = state->bytes;
    uint32_t prev_flags = GALLOC_PREV_IN_USE, chunk_size;
    memcpy(heap, blank, size);
    heap->used = heap->allocs = heap->free_chunks = 0;
    for (uint32_t bin = 0; bin < heap->bins; bin++) {
        heap->heads[bin] = take_link(heap, &at);
        if (heap->heads[bin] != 0) {
            galloc_map_set(heap, bin);
        }
    }
    for (uint32_t link = heap->first; link < heap->units; link += chunk_size) {
        bool live = *at & 1u;
        chunk_size = *at++ >> 1;
        if (live) {
            galloc_chunk_at(heap, link)->header = galloc_live_header(heap, link, chunk_size) | prev_flags;
            heap->used += galloc_payload_size(chunk_size);
            heap->allocs++;
        } else {
            build_free(heap, link, chunk_size, &at);
        }
        prev_flags = live ? GALLOC_PREV_IN_USE : 0u;
    }
    galloc_chunk_at(heap, heap->units)->header = galloc_live_header(heap, heap->units, 0) | prev_flags;
}
