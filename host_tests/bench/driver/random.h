// splitmix64: the same numbers on every machine for a seed.

#ifndef BENCH_RANDOM_H
#define BENCH_RANDOM_H

#include <stdint.h>

typedef struct {
    uint64_t state;
} random_t;

static inline uint64_t random_next(random_t *r) {
    uint64_t z = r->state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

// Uniform in low..high, both ends included.
static inline uint32_t random_range(random_t *r, uint32_t low, uint32_t high) {
    return low + (uint32_t)((random_next(r) >> 32) * (uint64_t)(high - low + 1) >> 32);
}

#endif
