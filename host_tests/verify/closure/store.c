#include "store.h"

#include "harness.h"

#include <stdlib.h>
#include <string.h>

static size_t hash(const state_t *state) {
    uint64_t sum = 0;
    for (size_t i = 0; i < STATE_BYTES; i += 8) {
        uint64_t word;
        memcpy(&word, state->bytes + i, 8);
        sum = (sum ^ word) * 0x9E3779B97F4A7C15u;
        sum ^= sum >> 29;
    }
    return (size_t)sum;
}

static size_t place_of(const store_t *store, const state_t *state) {
    size_t slot = hash(state) & (store->slot_count - 1);
    while (store->slots[slot] != 0 && memcmp(&store->states[store->slots[slot] - 1], state, sizeof *state) != 0) {
        slot = (slot + 1) & (store->slot_count - 1);
    }
    return slot;
}

static void grow(store_t *store) {
    store->capacity = store->capacity ? 2 * store->capacity : 1u << 16;
    store->slot_count = 2 * store->capacity;
    free(store->slots);
    store->states = realloc(store->states, store->capacity * sizeof *store->states);
    store->slots = calloc(store->slot_count, sizeof *store->slots);
    if (store->states == NULL || store->slots == NULL) {
        fail("out of memory at %zu states", store->count);
    }
    for (size_t i = 0; i < store->count; i++) {
        store->slots[place_of(store, &store->states[i])] = (uint32_t)i + 1u;
    }
}

void store_add(store_t *store, const state_t *state) {
    if (store->count == store->capacity) {
        grow(store);
    }
    size_t slot = place_of(store, state);
    if (store->slots[slot] == 0) {
        store->states[store->count++] = *state;
        store->slots[slot] = (uint32_t)store->count;
    }
}
