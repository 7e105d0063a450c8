// Which of several right answers the core gives: choices SEED RUNS ACTIONS. galloc.h leaves it open which hole a block is
// cut from and at which end; what config.h, bins.h and alloc.c say about it is compared here, call by call, with a model
// that looks at all holes. So are the counters, the highest use among them. Ends with 1 when an answer differs.

#include "harness.h"
#include "heap.h" // the core's own: defaults, and a way to forge headers

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_CHUNKS 4096u
#define LARGE_BLOCK 1024u
#define NONE SIZE_MAX

typedef struct {
    uintptr_t at; // payload
    size_t units; // of the chunk: header and payload
    bool live;
} piece_t;

typedef struct {
    region_t region;
    galloc_heap_t *heap;
    rng_t rng;
    bool bounded;
    size_t limit, sub_bins; // units from which on a chunk is large; sub-bins of a smallbin
    piece_t pieces[MAX_CHUNKS];
    size_t count, live;
    size_t used, peak, allocs, frees, failures;
} run_t;

static bool note(void *context, void *block, size_t size, bool allocated) {
    run_t *run = context;
    if (run->count == MAX_CHUNKS) {
        fail("more than %u chunks", MAX_CHUNKS);
    }
    run->pieces[run->count++] = (piece_t){(uintptr_t)block, (size + HEADER) / 8, allocated};
    run->live += allocated;
    return true;
}

static void look(run_t *run) {
    run->count = run->live = 0;
    galloc_walk(run->heap, note, run);
}

static size_t payload_of(size_t units) {
    return units * 8 - HEADER;
}

static size_t units_of(size_t size) {
    return (payload_for(size) + HEADER) / 8;
}

// ---- the model ----

static size_t low_bit(uintptr_t x) {
    size_t n = 0;
    while ((x >> n & 1) == 0) {
        n++;
    }
    return n;
}

// Octaves and their halves.
static size_t size_class(size_t units) {
    size_t octave = 0;
    while (units >> (octave + 1) != 0) {
        octave++;
    }
    return octave * 2 + (units >> (octave - 1) & 1);
}

static size_t sub_bin(const run_t *run, uintptr_t at) {
    size_t sub = low_bit(at / 8);
    return sub < run->sub_bins ? sub : run->sub_bins - 1;
}

// How well a hole suits a request at the default alignment: the least suits best, NONE not at all. Small ones are told
// apart by size and sub-bin; large ones by class, in the class of the request the exact size from the others.
static size_t rank(const run_t *run, const piece_t *hole, size_t need) {
    if (hole->live || hole->units < need) {
        return NONE;
    }
    if (hole->units < run->limit) {
        return hole->units * 64 + sub_bin(run, hole->at);
    }
    size_t class = size_class(hole->units), high = (size_t)1 << (sizeof(size_t) * 8 - 3);
    if (need >= run->limit && size_class(need) == class) {
        return high / 2 + (hole->units != need);
    }
    return high + class;
}

static size_t best_rank(const run_t *run, size_t need) {
    size_t best = NONE;
    for (size_t i = 0; i < run->count; i++) {
        size_t here = rank(run, &run->pieces[i], need);
        best = here < best ? here : best;
    }
    return best;
}

// The same for one that asks for payloads at `align`, of the small holes that need no padding.
static size_t aligned_rank(const run_t *run, const piece_t *hole, size_t need, size_t align) {
    bool suits = !hole->live && hole->units >= need && hole->units < run->limit && hole->at % align == 0;
    return suits ? hole->units * 64 + sub_bin(run, hole->at) : NONE;
}

static size_t best_aligned_rank(const run_t *run, size_t need, size_t align) {
    size_t best = NONE;
    if (need >= run->limit || low_bit(align / 8) >= run->sub_bins) {
        return NONE;
    }
    for (size_t i = 0; i < run->count; i++) {
        size_t here = aligned_rank(run, &run->pieces[i], need, align);
        best = here < best ? here : best;
    }
    return best;
}

static uintptr_t worse_by(uintptr_t a, uintptr_t b) {
    return a > b ? a - b : 0;
}

// Where in a hole a block goes; 0: nowhere. Of the ends with the padding that `align` asks for, the one with less.
static uintptr_t place_in(const piece_t *hole, size_t need, size_t align) {
    if (hole->units < need) {
        return 0;
    }
    uintptr_t last = hole->at + (hole->units - need) * 8, low = 0, high = 0;
    if (align <= 8) {
        return need * 8 >= LARGE_BLOCK || last - hole->at < MIN_CHUNK ? hole->at : last;
    }
    for (uintptr_t at = hole->at; at <= last; at += 8) {
        if (at % align == 0 && (at == hole->at || at - hole->at >= MIN_CHUNK)) {
            low = low == 0 ? at : low;
            high = at;
        }
    }
    return worse_by(last, high) < worse_by(low, hole->at) ? high : low;
}

static size_t hole_around(const run_t *run, uintptr_t at) {
    size_t index = 0;
    while (index < run->count && run->pieces[index].at + payload_of(run->pieces[index].units) <= at) {
        index++;
    }
    return index;
}

// Whether a new block, or the refusal, is what the state before it asks for.
static void judge_new(const run_t *run, const uint8_t *block, size_t size, size_t align) {
    size_t need = units_of(size), most = need + align / 8 + 1, aligned = NONE, best, any = NONE;
    if (align <= 8) {
        best = best_rank(run, need);
    } else {
        aligned = best_aligned_rank(run, need, align);
        best = best_rank(run, most);
        for (size_t i = 0; i < run->count && !run->bounded; i++) {
            any = !run->pieces[i].live && place_in(&run->pieces[i], need, align) != 0 ? i : any;
        }
    }
    if (block == NULL) {
        if (aligned != NONE || best != NONE || any != NONE) {
            fail("%zu bytes at %zu refused", size, align);
        }
        return;
    }
    const piece_t *hole = &run->pieces[hole_around(run, (uintptr_t)block)];
    if (hole == &run->pieces[run->count] || hole->live || place_in(hole, need, align) != (uintptr_t)block) {
        fail("%zu bytes at %zu: at the wrong place of a hole", size, align);
    }
    if (aligned != NONE ? aligned_rank(run, hole, need, align) != aligned
        : best != NONE  ? rank(run, hole, align <= 8 ? need : most) != best
                        : any == NONE) {
        fail("%zu bytes at %zu: from a hole of %zu units, not the one that fits best", size, align, hole->units);
    }
    size_t left = hole->at / 8 + hole->units - (uintptr_t)block / 8 - need;
    if (galloc_usable_size(run->heap, block) != payload_of(need + (left == 1))) {
        fail("%zu bytes at %zu: %zu usable bytes", size, align, galloc_usable_size(run->heap, block));
    }
}

// ---- calls ----

static void add_used(run_t *run, size_t bytes) {
    run->used += bytes;
    run->peak = run->used > run->peak ? run->used : run->peak;
}

static void act_alloc(run_t *run, size_t size, size_t align) {
    uint8_t *block = galloc_alloc(run->heap, size, align);
    judge_new(run, block, size, align);
    run->allocs += block != NULL;
    run->failures += block == NULL;
    if (block != NULL) {
        size_t usable = galloc_usable_size(run->heap, block);
        memset(block, (int)(size & 255), usable);
        add_used(run, usable);
    }
}

static void act_free(run_t *run, const piece_t *piece) {
    if (galloc_free(run->heap, (void *)piece->at) != GALLOC_OK) {
        fail("free of a live block");
    }
    run->used -= payload_of(piece->units);
    run->frees++;
}

// Units that are free right behind a block, and before it.
static size_t free_units(const run_t *run, size_t index) {
    return index < run->count && !run->pieces[index].live ? run->pieces[index].units : 0;
}

// The units that a block has after it was grown or shrunk where it stands; 0: it cannot be.
static size_t units_in_place(const run_t *run, size_t index, size_t need) {
    size_t old = run->pieces[index].units, behind = free_units(run, index + 1);
    if (need > old + behind) {
        return 0;
    }
    size_t left = need == old ? behind : old + behind - need;
    return need + (left == 1);
}

static void act_resize(run_t *run, size_t index, size_t size) {
    const piece_t *piece = &run->pieces[index];
    size_t units = units_in_place(run, index, units_of(size));
    if (galloc_resize(run->heap, (void *)piece->at, size) != (units != 0)) {
        fail("resize of %zu units to %zu bytes", piece->units, size);
    }
    if (units != 0) {
        if (galloc_usable_size(run->heap, (void *)piece->at) != payload_of(units)) {
            fail("resize to %zu bytes leaves another size", size);
        }
        run->used -= payload_of(piece->units);
        add_used(run, payload_of(units));
        memset((void *)piece->at, *(uint8_t *)piece->at, payload_of(units));
    }
}

// Where a block goes when it takes the hole before it, too: as early as it can, but as late as it can where the hole alone
// would do and it asks for no alignment; 0: it does not go there. *held: the units that it has until its payload is moved.
static uintptr_t place_merged(const run_t *run, size_t index, size_t need, size_t align, size_t *units, size_t *held) {
    size_t before = index > 0 ? free_units(run, index - 1) : 0;
    if (before == 0) {
        return 0;
    }
    uintptr_t start = run->pieces[index - 1].at, at = start;
    size_t total = before + run->pieces[index].units + free_units(run, index + 1);
    while (at % align != 0 || at - start == 8) {
        at += 8;
    }
    if (align <= 8 && need <= before) {
        at = start + 8 * (total - need);
    }
    size_t front = (at - start) / 8;
    if (front > before || total - front < need) {
        return 0;
    }
    *held = total - front;
    *units = need + (*held - need == 1);
    return at;
}

static void act_realloc(run_t *run, size_t index, size_t size, size_t align) {
    const piece_t *piece = &run->pieces[index];
    size_t need = units_of(size), units = piece->at % align == 0 ? units_in_place(run, index, need) : 0, copied = 0,
           held = 0;
    uintptr_t expected = piece->at;
    if (units == 0) {
        expected = place_merged(run, index, need, align, &units, &held);
    }
    uint8_t byte = *(uint8_t *)piece->at;
    uint8_t *block = galloc_realloc(run->heap, (void *)piece->at, size, align);
    if (units == 0) {
        judge_new(run, block, size, align);
        run->allocs += block != NULL;
        run->frees += block != NULL;
        run->failures += block == NULL;
        if (block == NULL) {
            return;
        }
        units = (galloc_usable_size(run->heap, block) + HEADER) / 8;
        copied = payload_of(piece->units); // for a moment there are both
    } else if ((uintptr_t)block != expected || galloc_usable_size(run->heap, block) != payload_of(units)) {
        fail("realloc of %zu units to %zu bytes at %zu: another place or size", piece->units, size, align);
    }
    for (size_t i = 0; i < size && i < payload_of(piece->units); i++) {
        if (block[i] != byte) {
            fail("realloc to %zu bytes at %zu lost payload", size, align);
        }
    }
    memset(block, byte, payload_of(units));
    run->used -= payload_of(piece->units) - copied;
    if (held != 0) {
        add_used(run, payload_of(held));
        run->used -= payload_of(held);
    }
    add_used(run, payload_of(units));
    run->used -= copied;
}

static void audit(run_t *run) {
    galloc_stats_t stats;
    size_t offset, used = 0, free_bytes = 0, largest = 0;
    galloc_fault_t fault = galloc_check(run->heap, &offset);
    if (fault != GALLOC_OK || offset != 0) {
        fail("check: %s at %zu", galloc_fault_name(fault), offset);
    }
    look(run);
    for (size_t i = 0; i < run->count; i++) {
        size_t bytes = payload_of(run->pieces[i].units);
        used += run->pieces[i].live ? bytes : 0;
        free_bytes += run->pieces[i].live ? 0 : bytes;
        largest = !run->pieces[i].live && bytes > largest ? bytes : largest;
    }
    galloc_stats(run->heap, &stats);
    if (stats.used != used || used != run->used || stats.free != free_bytes || stats.largest != largest ||
        stats.blocks != run->live || stats.free_chunks != run->count - run->live || stats.peak_used != run->peak ||
        stats.allocs != run->allocs || stats.frees != run->frees || stats.failures != run->failures ||
        stats.used + stats.free + stats.overhead != stats.total) {
        fail("stats: used %zu of %zu, peak %zu of %zu, largest %zu of %zu, allocs %zu of %zu, frees %zu of %zu",
             stats.used, run->used, stats.peak_used, run->peak, stats.largest, largest, stats.allocs, run->allocs,
             stats.frees, run->frees);
    }
}

static size_t random_size(run_t *run) {
    switch (rng_below(&run->rng, 16)) {
        case 0:
            return rng_below(&run->rng, 8000);
        case 1:
            return LARGE_BLOCK - 20 + rng_below(&run->rng, 30);
        case 2:
        case 3:
        case 4:
            return rng_below(&run->rng, 900);
        default:
            return rng_below(&run->rng, 260);
    }
}

static size_t random_align(run_t *run) {
    return rng_below(&run->rng, 3) != 0 ? 8 : (size_t)8 << rng_below(&run->rng, 8);
}

static void one_run(uint32_t seed, uint32_t number, uint32_t actions) {
    static const galloc_config_t configs[] = {
        {0, 0, false}, {2, 2, false}, {22, 8, false}, {40, 2, false}, {20, 4, true}, {4, 16, false}, {10, 3, false},
    };
    static run_t run;
    const galloc_config_t *config = &configs[number % (sizeof configs / sizeof configs[0])];
    run = (run_t){.rng = {((uint64_t)seed << 32) + number}, .bounded = config->bounded_search};
    run.sub_bins = config->alignment_sub_bins ? config->alignment_sub_bins : GALLOC_ALIGNMENT_SUB_BINS;
    size_t smallbins = config->smallbins ? config->smallbins : GALLOC_SMALLBINS, most = GALLOC_SMALL_BINS_MAX;
    for (size_t places = 1; places < run.sub_bins; places *= 2) {
        most /= 2;
    }
    run.limit = 2u + (smallbins < most ? smallbins : most);
    region_map(&run.region, 6000 + rng_below(&run.rng, 60000), rng_below(&run.rng, 4096));
    region_scramble(&run.region, number);
    run.heap = galloc_init(run.region.base, run.region.size, config->smallbins ? config : NULL);
    if (run.heap == NULL) {
        fail("init failed");
    }
    look(&run);
    uint32_t pressure = 50;
    for (uint32_t action = 0; action < actions; action++) {
        fail_context("choices seed %u run %u action %u", (unsigned)seed, (unsigned)number, (unsigned)action);
        if (action % 256 == 0) { // phases in which the heap fills and empties
            pressure = 35 + rng_below(&run.rng, 35);
        }
        uint32_t choice = rng_below(&run.rng, 100);
        size_t index = rng_below(&run.rng, (uint32_t)run.count);
        while (run.live > 0 && !run.pieces[index].live) {
            index = (index + 1) % run.count;
        }
        if (run.live == 0 || choice < pressure) {
            act_alloc(&run, random_size(&run), random_align(&run));
        } else if (choice < 80) {
            act_free(&run, &run.pieces[index]);
        } else if (choice < 90) {
            act_realloc(&run, index, random_size(&run), random_align(&run));
        } else {
            act_resize(&run, index, random_size(&run));
        }
        audit(&run);
    }
    const char *wrong = region_canary(&run.region);
    if (wrong != NULL) {
        fail("%s", wrong);
    }
    region_unmap(&run.region);
}

static run_t scratch;

// The smallest regions, at whose end memory ends: requests too large for them look at nothing behind it.
static void smallest_regions(void) {
    static const galloc_config_t configs[] = {{0, 0, false}, {2, 2, false}, {40, 2, true}, {4, 16, false}};
    for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
        region_t region;
        galloc_heap_t *heap = NULL;
        for (size_t size = 0; heap == NULL; size += 8) {
            region_map(&region, size, 0);
            heap = galloc_init(region.base, size, &configs[i]);
            if (heap == NULL) {
                region_unmap(&region);
            }
        }
        fail_context("choices: %zu bytes, configuration %zu", region.size, i);
        for (size_t size = 32; size != 0; size *= 2) {
            for (size_t align = 8; align <= 4096; align *= 2) {
                if (galloc_alloc(heap, size, align) != NULL || galloc_alloc(heap, size - 8, align) != NULL) {
                    fail("%zu bytes at %zu came from nowhere", size, align);
                }
            }
        }
        run_t *run = &scratch;
        run->heap = heap;
        look(run);
        if (run->count != 1 || run->pieces[0].units != MIN_CHUNK / 8) {
            fail("the smallest region holds more than one block");
        }
        uint8_t *header = (uint8_t *)run->pieces[0].at - HEADER, sound = *header;
        for (uint8_t more = 8; more < 128; more += 8) { // the only chunk, said to reach behind the end
            *header = (uint8_t)(sound + more);
            if (galloc_check(heap, NULL) == GALLOC_OK || galloc_alloc(heap, 0, 8) != NULL) {
                fail("a chunk that is too large passes");
            }
        }
        *header = sound;
        void *block = galloc_alloc(heap, 12, 8);
        if (block == NULL || galloc_alloc(heap, 0, 8) != NULL || galloc_check(heap, NULL) != GALLOC_OK ||
            galloc_attach(region.base, region.size) != heap || galloc_free(heap, block) != GALLOC_OK) {
            fail("one block must fit");
        }
        block = galloc_alloc(heap, 12, 8);
        uint32_t link = galloc_link_of(heap, block);
        for (uint32_t units = 3; units < 9; units++) { // its header, said to reach behind the end
            galloc_chunk_at(heap, link)->header = galloc_live_header(heap, link, units) | GALLOC_PREV_IN_USE;
            if (galloc_free(heap, block) == GALLOC_OK || galloc_resize(heap, block, 8 * units) ||
                galloc_check(heap, NULL) == GALLOC_OK) {
                fail("a block that is too large passes");
            }
        }
        region_unmap(&region);
    }
}

int main(int argc, char **argv) {
    uint32_t seed = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1;
    uint32_t runs = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 14;
    uint32_t actions = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 1500;
    smallest_regions();
    for (uint32_t number = 0; number < runs; number++) {
        one_run(seed, number, actions);
    }
    printf("choices seed %u: %u runs of %u actions\n", (unsigned)seed, (unsigned)runs, (unsigned)actions);
    return 0;
}
