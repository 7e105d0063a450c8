// A heap to be harmed: made by random operations, used after the harm, and put back.

#ifndef SUBJECT_H
#define SUBJECT_H

#include "harness.h"

#define MAX_CHUNKS 2048u
#define MAX_HELD 256u

typedef struct {
    uint8_t *payload;
    size_t size; // usable bytes
    bool live;
} piece_t;

typedef struct {
    region_t region;
    galloc_heap_t *heap;
    snapshot_t sound; // of the region before the harm
    piece_t *pieces;  // all chunks of the sound heap in address order
    size_t count, live;
    uint8_t *held[MAX_HELD]; // the blocks of the program that uses the heap
    size_t held_count;
} subject_t;

// Makes the heap by so many allocations and frees; the random numbers decide its region, its history and its payload.
void subject_make(subject_t *subject, const galloc_config_t *config, uint32_t steps, rng_t *rng);
// Puts each byte of the region back; the live blocks are held again.
void subject_restore(subject_t *subject);
void subject_drop(subject_t *subject);

// The index of a random live or free chunk; the count where there is none.
size_t subject_pick(const subject_t *subject, rng_t *rng, bool live);

// Goes on for so many calls as a program would that has noticed nothing, and makes mistakes: it allocates, frees,
// reallocates, looks, also with a pointer that is no block. Fails when the core hands out what is not its own.
void subject_use(subject_t *subject, uint32_t steps, rng_t *rng);

#endif
