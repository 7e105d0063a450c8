// All states found so far, in the order in which they were found.

#ifndef STORE_H
#define STORE_H

#include "state.h"

typedef struct {
    state_t *states;
    size_t count, capacity;
    uint32_t *slots;   // hash table of numbers + 1; 0: empty
    size_t slot_count; // a power of two
} store_t;

void store_add(store_t *store, const state_t *state);

#endif
