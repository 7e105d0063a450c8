// Every state that a small heap can reach: closure UNITS [REALLOC [MOVED]]. UNITS of 8 bytes are chunks. In each state,
// every request of every operation is tried; each result is checked in full, and each new state is looked at in turn.
// REALLOC 1: galloc_realloc, too. MOVED 1: the heap was made 8 bytes before its place, so its sub-bins do not fit it.
//
// Prints the counts of what was done, a line each. Ends with 1 and the history's last step on stderr when a promise is
// broken.

#include "store.h"

#include "harness.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ALIGN 64u
#define MIN_UNITS 2u
#define WORKERS 2u

typedef struct {
    galloc_heap_t *heap; // the one that operations are tried on
    snapshot_t blank;    // of the fresh heap, with a pattern in the payload
    snapshot_t from;     // of the state that they start from
    chunk_t chunks[STATE_MAX_CHUNKS];
    uint32_t count;
    unsigned long number; // of the state
    unsigned long states, allocs, refused, steps, searched, frees, resizes, reallocs, probes;
    struct {
        const char *what;
        uint32_t index, units, align;
    } step; // the one being tried, put into words only when it fails
} closure_t;

// What the workers share.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static store_t store;
static unsigned long next;    // number of the next state to visit
static unsigned long working; // workers that are in a state

static void found(const state_t *state) {
    pthread_mutex_lock(&lock);
    store_add(&store, state);
    pthread_mutex_unlock(&lock);
}

// The next state; waits while none is there and others may still find one. Returns false when all have been visited.
static bool take(state_t *state, unsigned long *number) {
    for (;;) {
        pthread_mutex_lock(&lock);
        bool some = next < store.count, done = !some && working == 0;
        if (some) {
            *number = next;
            *state = store.states[next++];
            working++;
            if (next % 65536 == 0) {
                fprintf(stderr, "%lu states seen, %zu known\n", next, store.count);
            }
        }
        pthread_mutex_unlock(&lock);
        if (some || done) {
            return some;
        }
        sched_yield();
    }
}

static void leave(void) {
    pthread_mutex_lock(&lock);
    working--;
    pthread_mutex_unlock(&lock);
}

#define BROKEN(c, ...)                                                                                               \
    do {                                                                                                             \
        fail_context("state %lu, %s: at %u, %u units at %u", (c)->number, (c)->step.what, (unsigned)(c)->step.index, \
                     (unsigned)(c)->step.units, (unsigned)(c)->step.align);                                          \
        fail(__VA_ARGS__);                                                                                           \
    } while (0)

static void begin(closure_t *c, const char *what, uint32_t index, uint32_t units, uint32_t align) {
    c->step.what = what;
    c->step.index = index;
    c->step.units = units;
    c->step.align = align;
}

static void *payload_of(const closure_t *c, const chunk_t *chunk) {
    return payload_at(c->heap, chunk->index);
}

static uint32_t payload_of_units(uint32_t units) {
    return payload_bytes(SIZE_OF(units));
}

// What is asked for to get a block of so many units; one, which is less than any has: 0 bytes.
static size_t request_for(uint32_t units) {
    return units < MIN_UNITS ? 0 : payload_of_units(units);
}

static uint32_t greater(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

// The heap after an operation: sound, no payload but that of `object` touched, no block lost or gained beside it.
static void judge(closure_t *c, const chunk_t *object) {
    size_t offset;
    galloc_fault_t fault = galloc_check(c->heap, &offset);
    if (fault != GALLOC_OK) {
        BROKEN(c, "check: %s at %zu", galloc_fault_name(fault), offset);
    }
    state_t state;
    chunk_t after[STATE_MAX_CHUNKS];
    uint32_t count = state_of(c->heap, &state, after), at = 0;
    for (uint32_t i = 0; i < c->count; i++) {
        const chunk_t *chunk = &c->chunks[i];
        if (!chunk->live || chunk == object) {
            continue;
        }
        while (at < count && after[at].index < chunk->index) {
            at++;
        }
        if (at == count || !after[at].live || after[at].index != chunk->index || after[at].units != chunk->units) {
            BROKEN(c, "the block at %u is not what it was", (unsigned)chunk->index);
        }
        const void *payload = payload_of(c, chunk);
        if (memcmp(payload, snapshot_of(&c->from, payload), payload_of_units(chunk->units)) != 0) {
            BROKEN(c, "the payload of the block at %u was touched", (unsigned)chunk->index);
        }
    }
    found(&state);
}

static void judge_same(closure_t *c, const char *what) {
    if (snapshot_changes(&c->from) != 0) {
        BROKEN(c, "%s changed the heap", what);
    }
}

// A request that failed is counted once, and control_check with it. Nothing else changes.
static void judge_failure(closure_t *c) {
    galloc_heap_t *heap = c->heap;
    const galloc_heap_t *from = snapshot_of(&c->from, heap);
    if (heap->failures != from->failures + 1u ||
        (heap->control_check ^ heap->failures) != (from->control_check ^ from->failures)) {
        BROKEN(c, "a failure was not counted");
    }
    heap->failures = from->failures;
    heap->control_check = from->control_check;
    judge_same(c, "a failure");
}

static bool could_hold(const closure_t *c, uint32_t units, uint32_t align) {
    for (uint32_t i = 0; i < c->count; i++) {
        const chunk_t *chunk = &c->chunks[i];
        if (!chunk->live && hole_holds((uintptr_t)payload_of(c, chunk), payload_of_units(chunk->units),
                                       payload_of_units(greater(units, MIN_UNITS)), align)) {
            return true;
        }
    }
    return false;
}

// What galloc_alloc, or the same in steps, has returned.
static void judge_alloc(closure_t *c, uint8_t *block, uint32_t units, uint32_t align) {
    uint32_t wanted = payload_of_units(greater(units, MIN_UNITS));
    if ((block != NULL) != could_hold(c, units, align)) {
        BROKEN(c, "%s", block ? "came from nowhere" : "refused although a hole can hold it");
    }
    if (block == NULL) {
        c->refused++;
        judge_failure(c);
        return;
    }
    size_t usable = galloc_usable_size(c->heap, block);
    if ((uintptr_t)block % align != 0 || usable < wanted || usable > wanted + 8u) {
        BROKEN(c, "%zu usable bytes at %p", usable, (void *)block);
    }
    c->allocs++;
    memset(block, 0xEE, usable);
    judge(c, NULL);
    snapshot_restore(&c->from);
}

static void try_alloc(closure_t *c, uint32_t units, uint32_t align) {
    begin(c, "alloc", 0, units, align);
    judge_alloc(c, galloc_alloc(c->heap, request_for(units), align), units, align);
    begin(c, "alloc_step", 0, units, align);
    galloc_search_t search = {0};
    uint8_t *block = galloc_alloc_step(c->heap, request_for(units), align, &search);
    bool stepped = search.more;
    while (search.more) {
        c->steps++;
        judge_same(c, "a step of a search");
        block = galloc_alloc_step(c->heap, request_for(units), align, &search);
    }
    c->searched += block != NULL && stepped;
    judge_alloc(c, block, units, align);
}

// A request in steps, between which a block is freed: so it starts over.
static void try_alloc_around(closure_t *c, const chunk_t *chunk, uint32_t units, uint32_t align) {
    begin(c, "alloc_step around free", chunk->index, units, align);
    galloc_search_t search = {0};
    uint8_t *block = galloc_alloc_step(c->heap, request_for(units), align, &search);
    if (!search.more) {
        snapshot_restore(&c->from);
        return;
    }
    if (galloc_free(c->heap, payload_of(c, chunk)) != GALLOC_OK) {
        BROKEN(c, "the free was refused");
    }
    uint32_t failures = c->heap->failures;
    while (search.more) {
        c->steps++;
        block = galloc_alloc_step(c->heap, request_for(units), align, &search);
    }
    if (block == NULL && heap_could_hold(c->heap, request_for(units), align)) {
        BROKEN(c, "refused although a hole can hold it");
    }
    if (block != NULL && ((uintptr_t)block % align != 0 || galloc_usable_size(c->heap, block) < request_for(units))) {
        BROKEN(c, "too small, or not aligned");
    }
    if (c->heap->failures - failures != (block == NULL)) {
        BROKEN(c, "%u failures counted", (unsigned)(c->heap->failures - failures));
    }
    judge(c, chunk);
    snapshot_restore(&c->from);
}

static void try_free(closure_t *c, const chunk_t *chunk) {
    begin(c, "free", chunk->index, 0, 0);
    if (galloc_free(c->heap, payload_of(c, chunk)) != GALLOC_OK) {
        BROKEN(c, "refused");
    }
    c->frees++;
    judge(c, chunk);
    c->probes++;
    if (galloc_free(c->heap, payload_of(c, chunk)) == GALLOC_OK) {
        BROKEN(c, "and once more: not detected");
    }
    snapshot_restore(&c->from);
}

// Free of each word that is no block, all of the state's double frees among them.
static void probe(closure_t *c) {
    uint32_t at = 0;
    for (uint32_t index = c->heap->first; index < c->heap->limit; index++) {
        while (c->chunks[at].index + c->chunks[at].units * 2u <= index) {
            at++;
        }
        if (c->chunks[at].live && c->chunks[at].index == index) {
            continue;
        }
        c->probes++;
        if (galloc_free(c->heap, payload_at(c->heap, index)) == GALLOC_OK) {
            begin(c, "free of no block", index, 0, 0);
            BROKEN(c, "not detected");
        }
    }
    judge_same(c, "a refused free");
}

// Units that a chunk in use has at its end to grow into.
static uint32_t room_of(const closure_t *c, uint32_t number) {
    bool free_next = number + 1 < c->count && !c->chunks[number + 1].live;
    return c->chunks[number].units + (free_next ? c->chunks[number + 1].units : 0);
}

// The block that one has become: aligned, large enough, and it holds what it held, as far as was asked for.
static void judge_moved(closure_t *c, const chunk_t *chunk, uint8_t *block, uint32_t units, uint32_t align) {
    size_t wanted = request_for(units), held = payload_of_units(chunk->units);
    size_t usable = galloc_usable_size(c->heap, block);
    if ((uintptr_t)block % align != 0 || usable < payload_of_units(greater(units, MIN_UNITS)) ||
        memcmp(block, snapshot_of(&c->from, payload_of(c, chunk)), wanted < held ? wanted : held) != 0) {
        BROKEN(c, "payload lost");
    }
    memset(block, 0xEE, usable);
    judge(c, chunk);
    snapshot_restore(&c->from);
}

static void try_resize(closure_t *c, uint32_t number, uint32_t units) {
    const chunk_t *chunk = &c->chunks[number];
    begin(c, "resize", chunk->index, units, 0);
    bool done = galloc_resize(c->heap, payload_of(c, chunk), request_for(units));
    if (done != (units <= room_of(c, number))) {
        BROKEN(c, "%s", done ? "came from nowhere" : "refused although there is room");
    }
    c->resizes++;
    if (done) {
        judge_moved(c, chunk, payload_of(c, chunk), units, 8);
    } else {
        judge_same(c, "a refusal");
    }
}

// What galloc_realloc, or the same in steps, has returned.
static void judge_realloc(closure_t *c, const chunk_t *chunk, uint8_t *block, uint32_t units, uint32_t align) {
    c->reallocs++;
    if (block != NULL) {
        judge_moved(c, chunk, block, units, align);
        return;
    }
    if (could_hold(c, units, align)) {
        BROKEN(c, "refused although a hole can hold it");
    }
    judge_failure(c);
}

// As galloc.h shows it. The heap is sound between the steps.
static uint8_t *realloc_in_steps(closure_t *c, uint8_t *old, size_t size, uint32_t align) {
    galloc_move_t move = {0};
    do {
        if (!galloc_realloc_begin(c->heap, old, size, align, &move)) {
            BROKEN(c, "refused");
        }
        if (galloc_check(c->heap, NULL) != GALLOC_OK) {
            BROKEN(c, "not sound after galloc_realloc_begin");
        }
    } while (move.more);
    uint8_t *to = move.to != NULL ? move.to : galloc_alloc(c->heap, size, align);
    if (to == NULL) {
        galloc_resize(c->heap, old, move.old_size);
        return NULL;
    }
    memmove(to, move.from, move.bytes);
    move.to = to;
    galloc_realloc_end(c->heap, &move);
    return to;
}

static void try_realloc(closure_t *c, uint32_t number, uint32_t units, uint32_t align) {
    const chunk_t *chunk = &c->chunks[number];
    uint8_t *old = payload_of(c, chunk);
    begin(c, "realloc", chunk->index, units, align);
    judge_realloc(c, chunk, galloc_realloc(c->heap, old, request_for(units), align), units, align);
    begin(c, "realloc in steps", chunk->index, units, align);
    judge_realloc(c, chunk, realloc_in_steps(c, old, request_for(units), align), units, align);
}

static void visit(closure_t *c, const state_t *state, bool with_realloc) {
    state_t again;
    snapshot_restore(&c->blank);
    state_build(state, c->heap);
    snapshot_take(&c->from, c->heap, c->blank.size);
    begin(c, "rebuilding", 0, 0, 0);
    c->count = state_of(c->heap, &again, c->chunks);
    if (memcmp(&again, state, sizeof again) != 0 || galloc_check(c->heap, NULL) != GALLOC_OK) {
        BROKEN(c, "the state was not rebuilt");
    }
    uint32_t all = (c->heap->limit + 3u - c->heap->first) / 2u;
    for (uint32_t units = 1; units <= all; units++) {
        for (uint32_t align = 8; align <= MAX_ALIGN; align *= 2) {
            try_alloc(c, units, align);
        }
    }
    for (uint32_t i = 0; i < c->count; i++) {
        if (!c->chunks[i].live) {
            continue;
        }
        try_free(c, &c->chunks[i]);
        for (uint32_t units = 1; units <= all; units++) {
            try_resize(c, i, units);
            if (with_realloc) {
                try_realloc(c, i, units, 8);
                try_realloc(c, i, units, 32);
                try_alloc_around(c, &c->chunks[i], units, 8u << units % 3u);
            }
        }
    }
    probe(c);
    c->states++;
}

static void make(closure_t *c, uint32_t units, bool moved, state_t *first) {
    const galloc_config_t smallest = {2, 2, false};
    region_t region;
    size_t size = galloc_overhead(0, &smallest) + units * 8u; // all regions this small have as much control data
    region_map(&region, size + 8u, 0);                        // its end is at an inaccessible page
    memset(region.base, 0x5A, size + 8u);
    uint8_t *place = region.base + 8;
    galloc_heap_t *made = galloc_init(moved ? region.base : place, size, &smallest);
    if (made == NULL || (made->limit + 3u - made->first) / 2u != units) {
        fail("no heap of %u units", (unsigned)units);
    }
    memmove(place, made, size);
    c->heap = (galloc_heap_t *)(void *)place;
    state_of(c->heap, first, c->chunks);
    memset(c->heap->bins, 0, 4u * GALLOC_BINS);
    memset(c->heap->map, 0, sizeof c->heap->map);
    c->heap->splits = 0;
    snapshot_take(&c->blank, c->heap, size);
}

typedef struct {
    closure_t closure;
    bool with_realloc;
} worker_t;

static void *work(void *context) {
    worker_t *worker = context;
    state_t state;
    while (take(&state, &worker->closure.number)) {
        visit(&worker->closure, &state, worker->with_realloc);
        leave();
    }
    return NULL;
}

int main(int argc, char **argv) {
    uint32_t units = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 24;
    bool with_realloc = argc > 2 && strtoul(argv[2], NULL, 10) != 0;
    bool moved = argc > 3 && strtoul(argv[3], NULL, 10) != 0;
    static worker_t workers[WORKERS];
    pthread_t threads[WORKERS];
    state_t first;
    for (unsigned i = 0; i < WORKERS; i++) { // heaps of one size at addresses that are the same modulo a page
        workers[i].with_realloc = with_realloc;
        make(&workers[i].closure, units, moved, &first);
    }
    store_add(&store, &first);
    for (unsigned i = 0; i < WORKERS; i++) {
        if (pthread_create(&threads[i], NULL, work, &workers[i]) != 0) {
            fail("no thread");
        }
    }
    closure_t sum = {0};
    for (unsigned i = 0; i < WORKERS; i++) {
        const closure_t *c = &workers[i].closure;
        pthread_join(threads[i], NULL);
        sum.states += c->states;
        sum.allocs += c->allocs;
        sum.refused += c->refused;
        sum.steps += c->steps;
        sum.searched += c->searched;
        sum.frees += c->frees;
        sum.resizes += c->resizes;
        sum.reallocs += c->reallocs;
        sum.probes += c->probes;
    }
    if (sum.states != store.count) {
        fail("%lu of %zu states visited", sum.states, store.count);
    }
    printf("bytes %zu\nstates %lu\nallocs %lu\nrefused %lu\n", (size_t)units * 8u, sum.states, sum.allocs, sum.refused);
    printf("steps %lu\nsearched %lu\nfrees %lu\nresizes %lu\n", sum.steps, sum.searched, sum.frees, sum.resizes);
    printf("reallocs %lu\nprobes %lu\n", sum.reallocs, sum.probes);
    return 0;
}
