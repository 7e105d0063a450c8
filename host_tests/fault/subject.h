// A heap to be harmed: made by random operations, and put back after each injection.

#ifndef SUBJECT_H
#define SUBJECT_H

#include "harness.h"

#define MAX_CHUNKS 2048u

typedef struct {
    uint8_t *payload;
    size_t size; // usable bytes
    bool live;
} piece_t;

typedef struct {
    region_t region;
    galloc_heap_t *heap;
    uint8_t *sound;  // the region's bytes before the injection
    piece_t *pieces; // all chunks in address order
    size_t count, live;
} subject_t;

// Makes the heap; the random numbers decide its region, its history and its payload.
void subject_make(subject_t *subject, const galloc_config_t *config, rng_t *rng);
// Puts each byte of the region back.
void subject_restore(subject_t *subject);
void subject_drop(subject_t *subject);

// The index of a random live or free chunk; the count where there is none.
size_t subject_pick(const subject_t *subject, rng_t *rng, bool live);

// Goes on as a program would that has noticed nothing: allocates, frees, reallocates, looks. Fails when the core hands
// out what is not its own.
void subject_use(subject_t *subject, rng_t *rng);

#endif
