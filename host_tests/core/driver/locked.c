// The locked form under threads, and what happens while the lock is held.
//
//   locked hammer SEED THREADS ACTIONS    threads that all use one heap; ends with the heap checked and counted
//   locked copies                         one thread; no call may move or clear payload while it holds the lock
//
// GALLOC_TEST_LOCK chooses the lock: 0 none, 1 the header's own for hosted programs, 2 one that watches itself.

#include "threads.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef GALLOC_TEST_LOCK
#define GALLOC_TEST_LOCK 2
#endif

// Bytes that one call may change under the lock: headers, links, tags and counters, never payload.
#define MAX_CHANGED 400u
#define MAX_THREADS 16u
#define MAX_LIVE 24u

static region_t region;
static bool watching; // of one thread: what changes under the lock
static size_t most_changed;

#if GALLOC_TEST_LOCK == 0
#define GALLOC_LOCK(heap) ((void)(heap))
#define GALLOC_UNLOCK(heap) ((void)(heap))
#elif GALLOC_TEST_LOCK == 2
static atomic_flag flag = ATOMIC_FLAG_INIT;
static snapshot_t on_lock; // of the region when the lock was taken

static void lock_enter(void) {
    if (lock_held) {
        fail("the lock is taken twice");
    }
    while (atomic_flag_test_and_set_explicit(&flag, memory_order_acquire)) {
        sched_yield();
    }
    if (watching) {
        snapshot_take(&on_lock, region.base, region.size);
    }
    lock_held = true;
}

static void lock_leave(void) {
    if (!lock_held) {
        fail("the lock is left without being held");
    }
    lock_held = false;
    if (watching) {
        size_t count = snapshot_changes(&on_lock);
        most_changed = count > most_changed ? count : most_changed;
        if (count > MAX_CHANGED) {
            fail("%zu bytes changed under the lock", count);
        }
    }
    atomic_flag_clear_explicit(&flag, memory_order_release);
}

#define GALLOC_LOCK(heap) lock_enter()
#define GALLOC_UNLOCK(heap) lock_leave()
#endif

#include "galloc_locked.h"

// ---- threads ----

typedef struct {
    pthread_t thread;
    galloc_heap_t *heap;
    uint32_t number, actions;
    rng_t rng;
    size_t allocs, refused, moves;
} worker_t;

static bool count_chunk(void *context, void *block, size_t size, bool allocated) {
    (void)block, (void)size, (void)allocated;
    ++*(size_t *)context;
    return true;
}

static void look(worker_t *w) {
    galloc_stats_t stats;
    size_t offset, chunks = 0;
    galloc_fault_t fault = galloc_locked_check(w->heap, &offset);
    if (fault != GALLOC_OK) {
        fail("check: %s at %zu", galloc_fault_name(fault), offset);
    }
    galloc_locked_stats(w->heap, &stats);
    if (stats.used + stats.free + stats.overhead != stats.total || stats.allocs - stats.frees != stats.blocks) {
        fail("the stats do not add up");
    }
    galloc_locked_walk(w->heap, count_chunk, &chunks);
    if (chunks == 0) {
        fail("walk saw no chunk");
    }
}

static void *work(void *argument) {
    worker_t *w = argument;
    live_t live[MAX_LIVE];
    size_t count = 0;
    for (uint32_t action = 0; action < w->actions; action++) {
        size_t size = rng_below(&w->rng, 700), align = (size_t)8 << rng_below(&w->rng, 5);
        live_t *entry = count == 0 ? NULL : &live[rng_below(&w->rng, (uint32_t)count)];
        uint32_t choice = rng_below(&w->rng, 8), token = w->number << 24 | action;
        if (count < MAX_LIVE && (count == 0 || choice < 3)) {
            uint8_t *block = choice == 0 ? galloc_locked_alloc_zeroed(w->heap, size, align)
                                         : galloc_locked_alloc(w->heap, size, align);
            if (block == NULL) {
                w->refused++;
                continue;
            }
            for (size_t i = 0; choice == 0 && i < size; i++) {
                if (block[i] != 0) {
                    fail("a zeroed block is not zero");
                }
            }
            live[count++] = (live_t){block, size, token};
            w->allocs++;
            pattern_fill(block, size, token);
        } else if (entry == NULL) {
            continue;
        } else if (choice < 5) {
            must_hold(entry, entry->usable);
            if (!galloc_locked_owns(w->heap, entry->block) ||
                galloc_locked_usable_size(w->heap, entry->block) < entry->usable) {
                fail("a live block is not known");
            }
            galloc_fault_t fault = galloc_locked_free(w->heap, entry->block);
            if (fault != GALLOC_OK) {
                fail("free: %s", galloc_fault_name(fault));
            }
            *entry = live[--count];
        } else if (choice < 7) {
            must_hold(entry, entry->usable);
            uint8_t *block = galloc_locked_realloc(w->heap, entry->block, size, align);
            size_t kept = block == NULL ? entry->usable : size < entry->usable ? size : entry->usable;
            if (block == NULL) {
                w->refused++;
                must_hold(entry, kept);
                continue;
            }
            w->moves += block != entry->block;
            entry->block = block;
            must_hold(entry, kept);
            *entry = (live_t){block, size, token};
            pattern_fill(block, size, token);
        } else if (galloc_locked_resize(w->heap, entry->block, size)) {
            must_hold(entry, size < entry->usable ? size : entry->usable);
            *entry = (live_t){entry->block, size, token};
            pattern_fill(entry->block, size, token);
        } else {
            must_hold(entry, entry->usable);
        }
        if (action % 500 == 0) {
            look(w);
        }
    }
    while (count > 0) {
        count--;
        must_hold(&live[count], live[count].usable);
        if (galloc_locked_free(w->heap, live[count].block) != GALLOC_OK) {
            fail("a block cannot be freed at the end");
        }
    }
    return NULL;
}

static galloc_heap_t *make_heap(size_t size) {
    region_map(&region, size, 0);
    threads_watch(&region);
    galloc_heap_t *heap = galloc_init(region.base, region.size, NULL);
    if (heap == NULL) {
        fail("init failed");
    }
    return heap;
}

static int hammer(uint32_t seed, uint32_t threads, uint32_t actions) {
    static worker_t workers[MAX_THREADS];
    fail_context("locked seed %u", seed);
    galloc_heap_t *heap = make_heap(24 * 1024);
    for (uint32_t i = 0; i < threads; i++) {
        workers[i] = (worker_t){.heap = heap, .number = i, .actions = actions, .rng = {seed + ((uint64_t)i << 32)}};
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
            fail("cannot start a thread");
        }
    }
    size_t allocs = 0, refused = 0, moves = 0;
    for (uint32_t i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
        allocs += workers[i].allocs;
        refused += workers[i].refused;
        moves += workers[i].moves;
    }
    galloc_stats_t stats;
    galloc_stats(heap, &stats);
    if (galloc_check(heap, NULL) != GALLOC_OK || stats.blocks != 0 || stats.used != 0 || stats.free_chunks != 1 ||
        stats.allocs != stats.frees || stats.allocs < allocs || stats.failures != refused ||
        region_canary(&region) != NULL) {
        fail("blocks %zu, allocs %zu of %zu, frees %zu, failures %zu of %zu, free chunks %zu", stats.blocks,
             stats.allocs, allocs, stats.frees, stats.failures, refused, stats.free_chunks);
    }
    printf("locked seed %u: %u threads, %zu allocs, %zu moves, %zu refused\n", seed, threads, allocs, moves, refused);
    return 0;
}

// ---- what is done under the lock ----

static uint8_t *must(void *block) {
    if (block == NULL) {
        fail("no block");
    }
    return block;
}

static int copies(void) {
    galloc_heap_t *heap = make_heap(256 * 1024);
    watching = true;
    size_t size = 20000;
    uint8_t *before = must(galloc_locked_alloc(heap, size, 8));
    uint8_t *block = must(galloc_locked_alloc_zeroed(heap, size, 8));
    uint8_t *behind = must(galloc_locked_alloc(heap, size, 8)), *guard = must(galloc_locked_alloc(heap, 100, 8));
    if (before > behind) { // large blocks may be handed out from the top
        uint8_t *other = before;
        before = behind;
        behind = other;
    }
    pattern_fill(block, size, 1);
    galloc_locked_free(heap, behind);
    block = must(galloc_locked_realloc(heap, block, size + 5000, 8)); // forward
    galloc_locked_free(heap, before);
    block = must(galloc_locked_realloc(heap, block, size + 15000, 8));  // backward
    block = must(galloc_locked_realloc(heap, block, size + 90000, 64)); // moved or both
    block = must(galloc_locked_realloc(heap, block, size, 4096));       // another alignment
    if (!pattern_holds(block, size, 1)) {
        fail("payload lost");
    }
    galloc_locked_resize(heap, block, size / 2);
    block = must(galloc_locked_realloc(heap, block, size, 8));
    block = must(galloc_locked_realloc(heap, block, 0, 8));
    if (galloc_locked_realloc(heap, block, region.size, 8) != NULL || !galloc_locked_owns(heap, block)) {
        fail("a refused realloc");
    }
    if (galloc_locked_free(heap, block) != GALLOC_OK || galloc_locked_free(heap, guard) != GALLOC_OK ||
        galloc_locked_free(heap, block) == GALLOC_OK || galloc_locked_check(heap, NULL) != GALLOC_OK) {
        fail("free");
    }
    printf("copies: at most %zu bytes changed under the lock\n", most_changed);
    return 0;
}

int main(int argc, char **argv) {
    if (argc > 4 && strcmp(argv[1], "hammer") == 0) {
        uint32_t threads = (uint32_t)strtoul(argv[3], NULL, 10);
        return hammer((uint32_t)strtoul(argv[2], NULL, 10), threads > MAX_THREADS ? MAX_THREADS : threads,
                      (uint32_t)strtoul(argv[4], NULL, 10));
    }
    if (argc > 1 && strcmp(argv[1], "copies") == 0) {
        return copies();
    }
    fprintf(stderr, "usage: locked hammer SEED THREADS ACTIONS | locked copies\n");
    return 2;
}
