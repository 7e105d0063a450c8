// The locked form of a set of banks under threads, with a lock for each bank.
//
//   banks_locked SEED THREADS ACTIONS
//
// No call may take a second lock while it holds one, lock another heap than the one it works on, or move or clear payload
// under a lock. Ends with each bank checked and counted.

#include "threads.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BANKS 4u
#define MAX_THREADS 16u
#define MAX_LIVE 24u

static region_t regions[BANKS];
static galloc_heap_t *heaps[BANKS];
static atomic_flag locks[BANKS] = {ATOMIC_FLAG_INIT, ATOMIC_FLAG_INIT, ATOMIC_FLAG_INIT, ATOMIC_FLAG_INIT};

static size_t number_of(const galloc_heap_t *heap) {
    size_t number = 0;
    while (number < BANKS && heaps[number] != heap) {
        number++;
    }
    if (number == BANKS) {
        fail("a lock for no bank");
    }
    return number;
}

static void lock_enter(const galloc_heap_t *heap) {
    if (lock_held) {
        fail("a lock is taken while another is held");
    }
    while (atomic_flag_test_and_set_explicit(&locks[number_of(heap)], memory_order_acquire)) {
        sched_yield();
    }
    lock_held = true;
}

static void lock_leave(const galloc_heap_t *heap) {
    lock_held = false;
    atomic_flag_clear_explicit(&locks[number_of(heap)], memory_order_release);
}

#define GALLOC_LOCK(heap) lock_enter(heap)
#define GALLOC_UNLOCK(heap) lock_leave(heap)

#include "galloc_banks_locked.h"

// ---- threads ----

static galloc_banks_t set;
static const uint32_t attributes[BANKS] = {GALLOC_FAST, GALLOC_DMA, GALLOC_DMA | GALLOC_FAST, GALLOC_EXTERNAL};
static const uint32_t wishes[] = {0, GALLOC_FAST, GALLOC_DMA, GALLOC_DMA | GALLOC_FAST, GALLOC_PERSIST, 16};

typedef struct {
    pthread_t thread;
    uint32_t number, actions;
    rng_t rng;
    size_t moves; // from bank to bank
} worker_t;

// A new block in a bank that has what it wants.
static live_t placed(uint8_t *block, size_t size, uint32_t wants, uint32_t token) {
    size_t bank = galloc_banks_find(&set, block);
    if (bank == set.count || (wants & ~set.bank[bank].attributes) != 0 || !galloc_banks_locked_owns(&set, block) ||
        galloc_banks_locked_usable_size(&set, block) < size) {
        fail("a block in the wrong bank, or none");
    }
    pattern_fill(block, size, token);
    return (live_t){block, size, token};
}

static void look(void) {
    galloc_stats_t stats;
    size_t bank, offset;
    galloc_fault_t fault = galloc_banks_locked_check(&set, &bank, &offset);
    if (fault != GALLOC_OK || bank != BANKS || offset != 0) {
        fail("check: %s in bank %zu at %zu", galloc_fault_name(fault), bank, offset);
    }
    galloc_banks_locked_stats(&set, &stats);
    if (stats.used + stats.free + stats.overhead != stats.total || stats.allocs - stats.frees != stats.blocks) {
        fail("the stats do not add up");
    }
}

static void *work(void *argument) {
    worker_t *w = argument;
    live_t live[MAX_LIVE];
    size_t count = 0;
    for (uint32_t action = 0; action < w->actions; action++) {
        size_t size = rng_below(&w->rng, 500), align = (size_t)8 << rng_below(&w->rng, 5);
        live_t *entry = count == 0 ? NULL : &live[rng_below(&w->rng, (uint32_t)count)];
        uint32_t choice = rng_below(&w->rng, 8), token = w->number << 24 | action;
        uint32_t wants = wishes[rng_below(&w->rng, sizeof wishes / sizeof wishes[0])];
        if (count < MAX_LIVE && (count == 0 || choice < 3)) {
            uint8_t *block = choice == 0 ? galloc_banks_locked_alloc_zeroed(&set, size, align, wants)
                                         : galloc_banks_locked_alloc(&set, size, align, wants);
            for (size_t i = 0; choice == 0 && block != NULL && i < size; i++) {
                if (block[i] != 0) {
                    fail("a zeroed block is not zero");
                }
            }
            if (block != NULL) {
                live[count++] = placed(block, size, wants, token);
            }
        } else if (entry == NULL) {
            continue;
        } else if (choice < 5) {
            must_hold(entry, entry->usable);
            galloc_fault_t fault = galloc_banks_locked_free(&set, entry->block);
            if (fault != GALLOC_OK) {
                fail("free: %s", galloc_fault_name(fault));
            }
            *entry = live[--count];
        } else if (choice < 7) {
            size_t from = galloc_banks_find(&set, entry->block);
            uint8_t *block = galloc_banks_locked_realloc(&set, entry->block, size, align, wants);
            live_t now = {block == NULL ? entry->block : block, entry->usable, entry->token};
            must_hold(&now, block == NULL || entry->usable < size ? entry->usable : size);
            if (block != NULL) {
                w->moves += galloc_banks_find(&set, block) != from;
                *entry = placed(block, size, wants, token);
            }
        } else if (galloc_banks_locked_resize(&set, entry->block, size)) {
            must_hold(entry, size < entry->usable ? size : entry->usable);
            *entry = placed(entry->block, size, 0, token);
        } else {
            must_hold(entry, entry->usable);
        }
        if (action % 500 == 0) {
            look();
        }
    }
    while (count > 0) {
        count--;
        must_hold(&live[count], live[count].usable);
        if (galloc_banks_locked_free(&set, live[count].block) != GALLOC_OK) {
            fail("a block cannot be freed at the end");
        }
    }
    return NULL;
}

// One thread: what the threads do not.
static void bad_calls(void) {
    uint64_t word = 0;
    void *block = galloc_banks_locked_realloc(&set, NULL, 100, 8, GALLOC_DMA);
    if (galloc_banks_find(&set, block) != 1 || galloc_banks_locked_realloc(&set, &word, 8, 8, 0) != NULL ||
        galloc_banks_locked_free(&set, &word) != GALLOC_FAULT_FOREIGN || galloc_banks_locked_resize(&set, &word, 8) ||
        galloc_banks_locked_realloc(&set, block, 8, 8, 16) != NULL ||
        galloc_banks_locked_alloc(&set, 8, 8, 16) != NULL ||
        galloc_banks_locked_free(&set, NULL) != GALLOC_FAULT_NULL ||
        galloc_banks_locked_free(&set, block) != GALLOC_OK || galloc_banks_locked_free(&set, block) == GALLOC_OK ||
        galloc_banks_locked_realloc(&set, block, 8, 8, 0) != NULL) {
        fail("a bad call");
    }
}

int main(int argc, char **argv) {
    static worker_t workers[MAX_THREADS];
    if (argc != 4) {
        fprintf(stderr, "usage: banks_locked SEED THREADS ACTIONS\n");
        return 2;
    }
    uint32_t seed = (uint32_t)strtoul(argv[1], NULL, 10), threads = (uint32_t)strtoul(argv[2], NULL, 10) % MAX_THREADS;
    fail_context("banks_locked seed %u", seed);
    for (size_t i = 0; i < BANKS; i++) {
        region_map(&regions[i], 3000 + 2000 * i, 0);
        threads_watch(&regions[i]);
        heaps[i] = galloc_init(regions[i].base, regions[i].size, NULL);
        if (galloc_banks_add(&set, heaps[i], attributes[i]) != GALLOC_OK) {
            fail("add");
        }
    }
    bad_calls();
    for (uint32_t i = 0; i < threads; i++) {
        workers[i].number = i;
        workers[i].actions = (uint32_t)strtoul(argv[3], NULL, 10);
        workers[i].rng.state = seed + ((uint64_t)i << 32);
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
            fail("cannot start a thread");
        }
    }
    size_t moves = 0;
    for (uint32_t i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
        moves += workers[i].moves;
    }
    galloc_stats_t stats;
    look();
    galloc_banks_stats(&set, &stats);
    if (stats.blocks != 0 || stats.used != 0 || stats.free_chunks != BANKS || stats.failures == 0) {
        fail("%zu blocks are left, %zu free chunks", stats.blocks, stats.free_chunks);
    }
    for (size_t i = 0; i < BANKS; i++) {
        if (region_canary(&regions[i]) != NULL) {
            fail("%s", region_canary(&regions[i]));
        }
    }
    printf("banks_locked seed %u: %u threads, %zu allocs, %zu moves\n", seed, threads, stats.allocs, moves);
    return 0;
}
