#include "state.h"

#include "harness.h"

#include <string.h>

static uint8_t *put(uint8_t *at, uint32_t value) {
    if (value > 0xFFu) {
        fail("a state does not fit");
    }
    *at = (uint8_t)value;
    return at + 1;
}

uint32_t state_of(const galloc_heap_t *heap, state_t *state, chunk_t *chunks) {
    uint32_t count = 0, first = heap->first, end = heap->limit + 3u, size;
    uint8_t *at = state->bytes;
    memset(state, 0, sizeof *state);
    for (uint32_t index = first; index < end; index += size + GALLOC_MIN_WORDS) {
        const galloc_chunk_t *chunk = chunk_at(heap, index);
        bool live = chunk->header & GALLOC_IN_USE;
        size = live ? unpack_header(chunk->header) & GALLOC_SIZE_MASK(heap) : (uint32_t)free_size(chunk->header);
        if (count == STATE_MAX_CHUNKS) {
            fail("too many chunks");
        }
        chunks[count++] = (chunk_t){index, UNITS_OF(size), live};
        at = put(at, UNITS_OF(size) << 1 | live);
        if (!live) {
            at = put(at, chunk->next ? (chunk->next - first) / 2u + 1u : 0u);
        }
    }
    return count;
}

// Makes the free chunk at `index`. Its list is joined later.
static void build_free(galloc_heap_t *heap, uint32_t index, uint32_t size, uint32_t next) {
    chunk_at(heap, index)->header = free_header(size);
    chunk_at(heap, index + size + GALLOC_MIN_WORDS)->prev_foot = index;
    chunk_at(heap, index)->next = next;
    chunk_at(heap, index)->prev = 0;
    heap->splits++;
}

// Links the free chunks backward: each one that is behind no other is the first of its bin.
static void join_lists(galloc_heap_t *heap, const chunk_t *chunks, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        uint32_t next = chunks[i].live ? 0u : chunk_at(heap, chunks[i].index)->next;
        if (next != 0) {
            chunk_at(heap, next)->prev = chunks[i].index;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t index = chunks[i].index;
        if (!chunks[i].live && chunk_at(heap, index)->prev == 0) {
            size_t bin = galloc_bin_of(heap, index, SIZE_OF(chunks[i].units));
            chunk_at(heap, index)->prev = (uint32_t)bin;
            heap->bins[bin] = index;
            map_set(heap, bin);
        }
    }
}

void state_build(const state_t *state, galloc_heap_t *heap) {
    const uint8_t *at = state->bytes;
    uint32_t prev_state = 0, used = 0, count = 0, end = heap->limit + 3u;
    chunk_t chunks[STATE_MAX_CHUNKS];
    for (uint32_t index = heap->first; index < end; index += chunks[count++].units * 2u) {
        chunk_t chunk = {index, *at >> 1, *at & 1u};
        uint32_t words = SIZE_OF(chunk.units);
        at++;
        if (chunk.live) {
            chunk_at(heap, index)->header = live_header(heap, words, index + words, prev_state);
            used += payload_bytes(words);
            heap->allocs++;
            prev_state = 0;
        } else {
            build_free(heap, index, words, *at ? (*at - 1u) * 2u + heap->first : 0u);
            at++;
            prev_state = GALLOC_PREV_FREE;
        }
        chunks[count] = chunk;
    }
    chunk_at(heap, end)->header = GALLOC_IN_USE ^ (prev_state ? GALLOC_PREV_FREE_STORED : 0u);
    join_lists(heap, chunks, count);
    heap->slack = count % 3u * 16u; // so that some requests move the peak
    heap->peak = used + heap->slack;
}
