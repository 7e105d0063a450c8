// Every state that a small heap can reach: closure UNITS [REALLOC]. UNITS of 8 bytes are chunks. In each state, every
// request of every operation is tried; each result is checked in full, and each new state is looked at in turn.
// REALLOC 1: galloc_realloc, too.
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
#define WORKERS 2u

typedef struct {
    uint8_t *region;
    size_t size;
    galloc_heap_t *heap;  // the one that operations are tried on
    galloc_heap_t *blank; // bytes of a fresh heap, with a pattern in the payload
    galloc_heap_t *from;  // bytes of the state that they start from
    chunk_t chunks[STATE_MAX_CHUNKS];
    uint32_t count;
    unsigned long number; // of the state
    unsigned long states, allocs, refused, frees, resizes, reallocs, probes;
    struct {
        const char *what;
        uint32_t unit, units, align;
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

#define BROKEN(c, ...)                                                                                                \
    do {                                                                                                              \
        fail_context("state %lu, %s: unit %u, %u units at %u", (c)->number, (c)->step.what, (unsigned)(c)->step.unit, \
                     (unsigned)(c)->step.units, (unsigned)(c)->step.align);                                           \
        fail(__VA_ARGS__);                                                                                            \
    } while (0)

static void begin(closure_t *c, const char *what, uint32_t unit, uint32_t units, uint32_t align) {
    c->step.what = what;
    c->step.unit = unit;
    c->step.units = units;
    c->step.align = align;
}

static void restore(closure_t *c) {
    memcpy(c->heap, c->from, c->size);
}

static void *payload_of(const closure_t *c, const chunk_t *chunk) {
    return galloc_payload_at(c->heap, chunk->link);
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
        while (at < count && after[at].link < chunk->link) {
            at++;
        }
        if (at == count || !after[at].live || after[at].link != chunk->link || after[at].size != chunk->size) {
            BROKEN(c, "the block at unit %u is not what it was", (unsigned)chunk->link);
        }
        size_t start = (size_t)chunk->link * 8u + 8u;
        if (memcmp((uint8_t *)c->heap + start, (uint8_t *)c->from + start, galloc_payload_size(chunk->size)) != 0) {
            BROKEN(c, "the payload of the block at unit %u was touched", (unsigned)chunk->link);
        }
    }
    found(&state);
}

// A refused request leaves all but the count of failures, and with it the guard, as it was.
static void judge_refusal(closure_t *c) {
    galloc_heap_t *heap = c->heap, *from = c->from;
    uint32_t counted = heap->failures ^ heap->guard ^ from->failures ^ from->guard;
    heap->failures = from->failures;
    heap->guard = from->guard;
    if (counted != 0 || memcmp(heap, from, c->size) != 0) {
        BROKEN(c, "a refusal changed the heap");
    }
}

static bool could_hold(const closure_t *c, uint32_t units, uint32_t align) {
    for (uint32_t i = 0; i < c->count; i++) {
        const chunk_t *chunk = &c->chunks[i];
        if (!chunk->live && hole_holds((uintptr_t)payload_of(c, chunk), galloc_payload_size(chunk->size),
                                       galloc_payload_size(units), align)) {
            return true;
        }
    }
    return false;
}

static void try_alloc(closure_t *c, uint32_t units, uint32_t align) {
    begin(c, "alloc", 0, units, align);
    uint8_t *block = galloc_alloc(c->heap, galloc_payload_size(units), align);
    if ((block != NULL) != could_hold(c, units, align)) {
        BROKEN(c, "%s", block ? "came from nowhere" : "refused although a hole can hold it");
    }
    if (block == NULL) {
        c->refused++;
        judge_refusal(c);
        return;
    }
    size_t usable = galloc_usable_size(c->heap, block);
    if ((uintptr_t)block % align != 0 || usable < galloc_payload_size(units) ||
        usable > galloc_payload_size(units) + 8u) {
        BROKEN(c, "%zu usable bytes at %p", usable, (void *)block);
    }
    c->allocs++;
    memset(block, 0xEE, usable);
    judge(c, NULL);
    restore(c);
}

static void try_free(closure_t *c, const chunk_t *chunk) {
    begin(c, "free", chunk->link, 0, 0);
    if (galloc_free(c->heap, payload_of(c, chunk)) != GALLOC_OK) {
        BROKEN(c, "refused");
    }
    c->frees++;
    judge(c, chunk);
    c->probes++;
    if (galloc_free(c->heap, payload_of(c, chunk)) == GALLOC_OK) {
        BROKEN(c, "and once more: not told");
    }
    restore(c);
}

// Free of each address that is no block, all of the state's double frees among them.
static void probe(closure_t *c) {
    uint32_t at = 0;
    for (uint32_t link = c->heap->first; link < c->heap->units; link++) {
        while (c->chunks[at].link + c->chunks[at].size <= link) {
            at++;
        }
        if (c->chunks[at].live && c->chunks[at].link == link) {
            continue;
        }
        c->probes++;
        if (galloc_free(c->heap, galloc_payload_at(c->heap, link)) == GALLOC_OK) {
            begin(c, "free of no block", link, 0, 0);
            BROKEN(c, "not told");
        }
    }
    if (memcmp(c->heap, c->from, c->size) != 0) {
        BROKEN(c, "a refused free changed the heap");
    }
}

// Units that a live chunk has at its end to grow into.
static uint32_t room_of(const closure_t *c, uint32_t index) {
    bool free_next = index + 1 < c->count && !c->chunks[index + 1].live;
    return c->chunks[index].size + (free_next ? c->chunks[index + 1].size : 0);
}

static void try_resize(closure_t *c, uint32_t index, uint32_t units) {
    const chunk_t *chunk = &c->chunks[index];
    begin(c, "resize", chunk->link, units, 0);
    uint8_t *block = payload_of(c, chunk);
    bool done = galloc_resize(c->heap, block, galloc_payload_size(units));
    if (done != (units <= room_of(c, index))) {
        BROKEN(c, "%s", done ? "came from nowhere" : "refused although there is room");
    }
    c->resizes++;
    if (!done) {
        judge_refusal(c);
        return;
    }
    size_t usable = galloc_usable_size(c->heap, block), offset = (size_t)(block - (uint8_t *)c->heap);
    size_t kept = galloc_payload_size(units < chunk->size ? units : chunk->size);
    if (usable < galloc_payload_size(units) || memcmp(block, (uint8_t *)c->from + offset, kept) != 0) {
        BROKEN(c, "payload lost");
    }
    memset(block, 0xEE, usable);
    judge(c, chunk);
    restore(c);
}

static void try_realloc(closure_t *c, uint32_t index, uint32_t units, uint32_t align) {
    const chunk_t *chunk = &c->chunks[index];
    begin(c, "realloc", chunk->link, units, align);
    uint8_t *old = payload_of(c, chunk);
    uint8_t *block = galloc_realloc(c->heap, old, galloc_payload_size(units), align);
    c->reallocs++;
    if (block == NULL) {
        if (could_hold(c, units, align)) {
            BROKEN(c, "refused although a hole can hold it");
        }
        judge_refusal(c);
        return;
    }
    size_t offset = (size_t)(old - (uint8_t *)c->heap), usable = galloc_usable_size(c->heap, block);
    size_t kept = galloc_payload_size(units < chunk->size ? units : chunk->size);
    if ((uintptr_t)block % align != 0 || usable < galloc_payload_size(units) ||
        memcmp(block, (uint8_t *)c->from + offset, kept) != 0) {
        BROKEN(c, "payload lost");
    }
    memset(block, 0xEE, usable);
    judge(c, chunk);
    restore(c);
}

static void visit(closure_t *c, const state_t *state, bool with_realloc) {
    state_t again;
    state_build(state, c->blank, c->size, c->heap);
    memcpy(c->from, c->heap, c->size);
    begin(c, "rebuilding", 0, 0, 0);
    c->count = state_of(c->heap, &again, c->chunks);
    if (memcmp(&again, state, sizeof again) != 0 || galloc_check(c->heap, NULL) != GALLOC_OK) {
        BROKEN(c, "the state was not rebuilt");
    }
    uint32_t all = c->heap->units - c->heap->first;
    for (uint32_t units = GALLOC_MIN_UNITS; units <= all; units++) {
        for (uint32_t align = 8; align <= MAX_ALIGN; align *= 2) {
            try_alloc(c, units, align);
        }
    }
    for (uint32_t i = 0; i < c->count; i++) {
        if (!c->chunks[i].live) {
            continue;
        }
        try_free(c, &c->chunks[i]);
        for (uint32_t units = GALLOC_MIN_UNITS; units <= all; units++) {
            try_resize(c, i, units);
            if (with_realloc) {
                try_realloc(c, i, units, 8);
                try_realloc(c, i, units, 32);
            }
        }
    }
    probe(c);
    c->states++;
}

static void make(closure_t *c, uint32_t units, state_t *first) {
    const galloc_config_t smallest = {2, 2, false};
    region_t region;
    region_map(&region, 4096, 0);
    size_t size = galloc_overhead(4096, &smallest);
    do { // the control block depends on the size a little
        size += 8;
        c->heap = galloc_init(region.base, size, &smallest);
    } while (c->heap == NULL || c->heap->units - c->heap->first < units);
    region_unmap(&region);
    region_map(&region, size, 0); // its end lies at an inaccessible page
    memset(region.base, 0x5A, size);
    c->heap = galloc_init(region.base, size, &smallest);
    if (c->heap == NULL || c->heap->units - c->heap->first != units) {
        fail("no heap of %u units", (unsigned)units);
    }
    c->size = (size_t)c->heap->units * 8u + 8u;
    c->blank = malloc(c->size);
    c->from = malloc(c->size);
    memcpy(c->blank, c->heap, c->size);
    state_of(c->heap, first, c->chunks);
    memset(c->blank->heads, 0, 4u * c->blank->bins);
    memset(c->blank->map, 0, sizeof c->blank->map);
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
    static worker_t workers[WORKERS];
    pthread_t threads[WORKERS];
    state_t first;
    for (unsigned i = 0; i < WORKERS; i++) { // heaps of one size at addresses that are the same modulo a page
        workers[i].with_realloc = with_realloc;
        make(&workers[i].closure, units, &first);
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
        sum.frees += c->frees;
        sum.resizes += c->resizes;
        sum.reallocs += c->reallocs;
        sum.probes += c->probes;
    }
    if (sum.states != store.count) {
        fail("%lu of %zu states visited", sum.states, store.count);
    }
    printf("bytes %zu\nstates %lu\nallocs %lu\nrefused %lu\nfrees %lu\nresizes %lu\nreallocs %lu\nprobes %lu\n",
           (size_t)units * 8u, sum.states, sum.allocs, sum.refused, sum.frees, sum.resizes, sum.reallocs, sum.probes);
    return 0;
}
