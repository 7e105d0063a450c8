#define _GNU_SOURCE
#include "original.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ops.h"
#include "random.h"

enum { TENTHS = 10, MiB = 1024 * 1024 };

// Ticks up to this are counted one by one; longer ones only as the maximum and in the average.
enum { TICKS = 1 << 20 };

typedef struct {
    block_t *at;
    size_t count, capacity;
} blocks_t;

static void push(blocks_t *b, block_t block) {
    if (b->count == b->capacity) {
        b->capacity = b->capacity ? 2 * b->capacity : 65536;
        b->at = realloc(b->at, b->capacity * sizeof(block_t));
    }
    b->at[b->count++] = block;
}

// A region whose pages are all there: the faults of a first touch are not the allocator's.
static void start_in(size_t size) {
    void *region = ops_region(size);
    memset(region, 1, size);
    ops_start(region, size);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t ticks(void) {
#if defined(__x86_64__)
    unsigned aux;
    return __builtin_ia32_rdtscp(&aux);
#else
    return (uint64_t)(now() * 1e9);
#endif
}

// Score at each tenth of the time.
typedef struct {
    double start, seconds;
    uint64_t score, at[TENTHS];
    int passed;
} course_t;

static bool running(course_t *c) {
    double elapsed = now() - c->start;
    while (c->passed < TENTHS && elapsed >= c->seconds * (c->passed + 1) / TENTHS) {
        c->at[c->passed++] = c->score;
    }
    return c->passed < TENTHS;
}

static void print_course(const char *name, const course_t *c) {
    printf("{\"what\": \"%s\", \"scores\": [", name);
    for (int i = 0; i < TENTHS; i++) {
        printf("%s%llu", i ? ", " : "", (unsigned long long)c->at[i]);
    }
    printf("]}\n");
}

static void random_actions(double seconds, random_t *r) {
    blocks_t live = {0};
    start_in(256 * MiB);
    course_t course = {.start = now(), .seconds = seconds};
    for (; running(&course); course.score++) {
        uint32_t action = random_range(r, 0, 2);
        if (action == 0) {
            block_t block;
            uint32_t size = random_range(r, 100, 1000);
            if (ops_alloc(&block, size, (size_t)1 << random_range(r, 0, 10))) {
                push(&live, block);
            }
        } else if (live.count > 0) {
            block_t *block = &live.at[random_range(r, 0, (uint32_t)live.count - 1)];
            if (action == 1) {
                ops_free(block);
                *block = live.at[--live.count];
            } else {
                ops_realloc(block, random_range(r, 100, 10000));
            }
        }
    }
    print_course("random_actions", &course);
}

static void heap_exhaustion(double seconds, random_t *r) {
    static const struct timespec penalty = {.tv_nsec = 30 * 1000 * 1000};
    blocks_t live = {0};
    start_in(256 * MiB);
    course_t course = {.start = now(), .seconds = seconds};
    while (running(&course)) {
        block_t block;
        uint32_t size = random_range(r, 10000, 300000);
        if (ops_alloc(&block, size, (size_t)1 << random_range(r, 0, 10))) {
            push(&live, block);
            course.score++;
            continue;
        }
        nanosleep(&penalty, NULL);
        for (size_t i = 0; i < live.count; i++) {
            ops_free(&live.at[i]);
        }
        live.count = 0;
    }
    print_course("heap_exhaustion", &course);
}

typedef struct {
    uint64_t attempts, frees, sum, min, max;
    uint32_t *histogram; // by ticks
} ticks_t;

static void print_ticks(const ticks_t *t, double seconds, size_t live) {
    uint64_t below = 0;
    unsigned median = 0;
    while (median < TICKS - 1 && (below += t->histogram[median]) <= t->attempts / 2) {
        median++;
    }
    printf("{\"what\": \"chunk\", \"seconds\": %g, \"attempts\": %llu, \"successful\": %zu, \"deallocations\": %llu, "
           "\"median\": %u, \"average\": %llu, \"min\": %llu, \"max\": %llu}\n",
           seconds, (unsigned long long)t->attempts, live, (unsigned long long)t->frees, median,
           (unsigned long long)(t->sum / t->attempts), (unsigned long long)t->min, (unsigned long long)t->max);
}

// `queue` holds every request that was not taken back, NULL ones too; the oldest is at `first`.
static void chunk(double seconds, random_t *r) {
    blocks_t queue = {0};
    size_t first = 0, live = 0;
    ticks_t t = {.min = UINT64_MAX, .histogram = calloc(TICKS, sizeof(uint32_t))};
    start_in(160 * MiB);
    double start = now(), marks[] = {seconds / 10, seconds};
    for (size_t mark = 0; mark < 2;) {
        block_t block = {.size = random_range(r, 64, 16383), .align = (size_t)1 << random_range(r, 0, 6)};
        uint64_t before = ticks();
        block.at = op_alloc(block.size, block.align);
        uint64_t took = ticks() - before;
        t.attempts++;
        t.sum += took;
        t.min = took < t.min ? took : t.min;
        t.max = took > t.max ? took : t.max;
        t.histogram[took < TICKS ? took : TICKS - 1]++;
        live += block.at != NULL;
        if (first > 65536 && 2 * first > queue.count) {
            queue.count -= first;
            memmove(queue.at, queue.at + first, queue.count * sizeof(block_t));
            first = 0;
        }
        push(&queue, block);
        if (queue.count - first > 10 && random_range(r, 0, 9) == 0) {
            for (int freed = 0; freed < 7 && first < queue.count; first++) {
                if (queue.at[first].at != NULL) {
                    op_free(&queue.at[first]);
                    freed++;
                    live--;
                    t.frees++;
                }
            }
        }
        if (now() - start >= marks[mark]) {
            print_ticks(&t, marks[mark++], live);
        }
    }
}

bool original_run(const char *name, double seconds, uint64_t seed) {
    random_t r = {seed};
    if (strcmp(name, "random_actions") == 0) {
        random_actions(seconds, &r);
    } else if (strcmp(name, "heap_exhaustion") == 0) {
        heap_exhaustion(seconds, &r);
    } else if (strcmp(name, "chunk") == 0) {
        chunk(seconds, &r);
    } else {
        return false;
    }
    return true;
}
