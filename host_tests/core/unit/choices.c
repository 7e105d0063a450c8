// Choices: random requests, each compared with a model that looks at all free chunks. The model knows the rules of
// bins.h and galloc.c, and of the heap only what can be seen: where the chunks are, and the order of each bin.

#include "unit.h"

#define MAX_CHUNKS 4096u
#define UNIT 8u // all sizes of chunks, header included, are multiples of this
#define MIN_UNITS 2u

typedef struct {
    uintptr_t at; // payload
    size_t units;
    bool live;
} piece_t;

typedef struct {
    size_t bin;
    uintptr_t at; // 0: none
    size_t units;
} hole_t;

typedef struct {
    region_t region;
    galloc_heap_t *heap;
    rng_t rng;
    bool bounded;
    size_t smallbins, sub_bins, places;
    piece_t pieces[MAX_CHUNKS];
    size_t count, live;
    // All free chunks by bin, in the order of the bins, and those before the last call.
    hole_t holes[MAX_CHUNKS], holes_before[MAX_CHUNKS];
    size_t holes_count, holes_before_count;
    size_t used, peak, allocs, frees, failures;
} run_t;

static size_t payload_of(size_t units) {
    return units * UNIT - HEADER;
}

static size_t units_of(size_t size) {
    return (payload_for(size) + HEADER) / UNIT;
}

// ---- What can be seen --------------------------------------------------------------------------------------------

static bool note(void *context, void *block, size_t size, bool allocated) {
    run_t *run = context;
    EXPECT(run->count < MAX_CHUNKS);
    run->pieces[run->count++] = (piece_t){(uintptr_t)block, (size + HEADER) / UNIT, allocated};
    run->live += allocated;
    return true;
}

static size_t sub_bin(const run_t *run, uintptr_t at) {
    size_t sub = 0;
    while (sub < run->sub_bins - 1 && at % (16u << sub) == 0) {
        sub++;
    }
    return sub;
}

// Octaves and their halves, of the words that a chunk has beyond the least.
static size_t class_of(size_t units) {
    size_t words = (units - MIN_UNITS) * 2, octave = 0;
    while (words >> (octave + 1) != 0) {
        octave++;
    }
    return octave * 2 + (words >> (octave - 1) & 1);
}

static bool is_small(const run_t *run, size_t units) {
    return units - MIN_UNITS < run->smallbins;
}

static size_t bin_number(const run_t *run, size_t units, size_t sub) {
    return is_small(run, units) ? (units - MIN_UNITS) * run->places + sub
                                : run->smallbins * run->places + class_of(units) - class_of(MIN_UNITS + run->smallbins);
}

static void look(run_t *run) {
    run->count = run->live = 0;
    galloc_walk(run->heap, note, run);
    run->holes_before_count = run->holes_count;
    memcpy(run->holes_before, run->holes, run->holes_count * sizeof run->holes[0]);
    run->holes_count = 0;
    for (size_t bin = 0; bin < GALLOC_BINS; bin++) {
        bool listed = run->heap->map[bin / 32] >> bin % 32 & 1u;
        uint32_t index = listed ? run->heap->bins[bin] : 0;
        for (; index != 0; index = chunk_at(run->heap, index)->next) {
            uintptr_t at = (uintptr_t)payload_at(run->heap, index);
            size_t units = free_size(chunk_at(run->heap, index)->header) / 2 + MIN_UNITS;
            run->holes[run->holes_count++] = (hole_t){bin, at, units};
            EXPECT(bin == bin_number(run, units, sub_bin(run, at)) && run->holes_count <= run->count);
        }
    }
    EXPECT(run->holes_count == run->count - run->live);
}

static bool same(const hole_t *a, const hole_t *b) {
    return a->at == b->at && a->units == b->units;
}

// Whether a call left the order of each bin alone: what is new there is in front, all others follow as before.
static void expect_order(const run_t *run) {
    size_t old = 0;
    bool front = true;
    for (size_t i = 0; i < run->holes_count; i++) {
        const hole_t *hole = &run->holes[i];
        front = i == 0 || run->holes[i - 1].bin != hole->bin ? true : front;
        size_t place = 0;
        while (place < run->holes_before_count && !same(hole, &run->holes_before[place])) {
            place++;
        }
        if (place == run->holes_before_count) {
            EXPECT(front);
        } else {
            front = false;
            EXPECT(place >= old);
            old = place;
        }
    }
}

// ---- Which free chunk --------------------------------------------------------------------------------------------

static const hole_t nothing;

static const hole_t *first_from(const run_t *run, size_t bin) {
    size_t i = 0;
    while (i < run->holes_count && run->holes[i].bin < bin) {
        i++;
    }
    return i < run->holes_count ? &run->holes[i] : &nothing;
}

// The chunk for so many units by the map, or nothing: small ones by size and sub-bin; of the own large bin one of the first
// two, else the first of the next bin.
static const hole_t *by_map(const run_t *run, size_t units, bool *first_of_bin) {
    size_t bin = bin_number(run, units, 0);
    const hole_t *hole = first_from(run, bin);
    *first_of_bin = true;
    if (is_small(run, units) || hole->at == 0 || hole->bin != bin) {
        return hole;
    }
    const hole_t *end = &run->holes[run->holes_count];
    for (size_t looks = 0; looks < GALLOC_LOOKS && hole < end && hole->bin == bin; looks++, hole++) {
        if (hole->units >= units) {
            *first_of_bin = looks == 0;
            return hole;
        }
    }
    return first_from(run, bin + 1);
}

// Of the ends of a chunk with the padding that `align` asks for, the one with less; 0: the block does not fit.
static uintptr_t place_in(const hole_t *hole, size_t units, size_t align) {
    if (hole->units < units) {
        return 0;
    }
    uintptr_t last = hole->at + (hole->units - units) * UNIT, low = 0, high = 0;
    if (align <= 8) {
        return payload_of(units) >= GALLOC_LARGE_BLOCK || last - hole->at < MIN_CHUNK ? hole->at : last;
    }
    for (uintptr_t at = (hole->at + align - 1) / align * align; at <= last; at += align) {
        if (at - hole->at != UNIT) {
            low = low == 0 ? at : low;
            high = at;
        }
    }
    return low != 0 && last - high < low - hole->at ? high : low;
}

// A search of a request that is about to fail: from the highest bin down to its own, each chunk in turn. With
// bounded_search a look at a chunk, and at the map for the next bin, is one of a few.
static const hole_t *by_search(const run_t *run, size_t units, size_t align) {
    size_t looks = !run->bounded ? SIZE_MAX : align <= 8 ? GALLOC_STEP_LOOKS : GALLOC_STEP_LOOKS / 4u;
    size_t least = bin_number(run, units, 0);
    for (size_t end = run->holes_count; end > 0 && run->holes[end - 1].bin >= least;) {
        size_t start = end;
        while (start > 0 && run->holes[start - 1].bin == run->holes[end - 1].bin) {
            start--;
        }
        if (looks-- == 0) {
            return &nothing;
        }
        for (size_t i = start; i < end; i++) {
            if (looks-- == 0) {
                return &nothing;
            }
            if (place_in(&run->holes[i], units, align) != 0) {
                return &run->holes[i];
            }
        }
        end = start;
    }
    return &nothing;
}

// Where a block goes; 0: nowhere.
static uintptr_t choose(const run_t *run, size_t size, size_t align, const hole_t **from) {
    size_t units = units_of(size);
    bool first;
    if (align <= 8) {
        *from = by_map(run, units, &first);
    } else {
        // A small chunk that is aligned: the lowest bin of a sub-bin that serves.
        for (size_t i = 0; i < run->holes_count && is_small(run, units); i++) {
            const hole_t *hole = &run->holes[i];
            if (is_small(run, hole->units) && hole->units >= units && hole->at % align == 0 &&
                align / 8 <= (size_t)1 << (run->sub_bins - 1)) {
                *from = hole;
                return place_in(hole, units, align);
            }
        }
        // One with room for the worst padding.
        *from = by_map(run, units + align / UNIT + MIN_UNITS - 1, &first);
        if ((*from)->at != 0 && first && !GALLOC_SMALL_CODE) {
            return ((*from)->at + ((*from)->units - units) * UNIT) / align * align;
        }
    }
    if ((*from)->at == 0 && (align > 8 || !is_small(run, units))) {
        *from = by_search(run, units, align);
    }
    return (*from)->at != 0 ? place_in(*from, units, align) : 0;
}

// Whether a new block, or the refusal, is what the state before it asks for.
static void expect_new(const run_t *run, const uint8_t *block, size_t size, size_t align) {
    const hole_t *from;
    uintptr_t expected = choose(run, size, align, &from);
    if ((uintptr_t)block != expected) {
        fail("%zu bytes at %zu: at %p, not at %p", size, align, (const void *)block, (void *)expected);
    }
    if (block != NULL) {
        size_t units = units_of(size), left = (from->at + from->units * UNIT - expected) / UNIT - units;
        EXPECT(galloc_usable_size(run->heap, block) == payload_of(units + (left == 1)));
    }
}

// ---- Calls -------------------------------------------------------------------------------------------------------

static void add_used(run_t *run, size_t bytes) {
    run->used += bytes;
    run->peak = run->used > run->peak ? run->used : run->peak;
}

static void act_alloc(run_t *run, size_t size, size_t align) {
    uint8_t *block;
    if (rng_below(&run->rng, 4) == 0) {
        galloc_search_t search = {0};
        do {
            block = galloc_alloc_step(run->heap, size, align, &search);
        } while (search.more);
    } else {
        block = galloc_alloc(run->heap, size, align);
    }
    expect_new(run, block, size, align);
    run->allocs += block != NULL;
    run->failures += block == NULL;
    if (block != NULL) {
        size_t usable = galloc_usable_size(run->heap, block);
        memset(block, (int)(size & 255), usable);
        add_used(run, usable);
    }
}

static void act_free(run_t *run, const piece_t *piece) {
    EXPECT(galloc_free(run->heap, (void *)piece->at) == GALLOC_OK);
    run->used -= payload_of(piece->units);
    run->frees++;
}

static size_t free_units(const run_t *run, size_t index) {
    return index < run->count && !run->pieces[index].live ? run->pieces[index].units : 0;
}

// The units that a block has after it was grown or shrunk where it is; 0: it cannot be.
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
    EXPECT(galloc_resize(run->heap, (void *)piece->at, size) == (units != 0));
    if (units != 0) {
        EXPECT(galloc_usable_size(run->heap, (void *)piece->at) == payload_of(units));
        run->used -= payload_of(piece->units);
        add_used(run, payload_of(units));
        memset((void *)piece->at, *(uint8_t *)piece->at, payload_of(units));
    }
}

// Where a block goes when it takes the chunk before it, too: as early as it can, but as late as it can where that chunk
// alone is enough and it asks for no alignment; 0: it does not go there. *held: the units that it has until its payload is
// moved.
static uintptr_t place_merged(const run_t *run, size_t index, size_t need, size_t align, size_t *units, size_t *held) {
    size_t before = index > 0 ? free_units(run, index - 1) : 0;
    if (before == 0) {
        return 0;
    }
    uintptr_t start = run->pieces[index - 1].at, at = start;
    size_t total = before + run->pieces[index].units + free_units(run, index + 1);
    while (at % align != 0 || at - start == UNIT) {
        at += UNIT;
    }
    if (align <= 8 && need <= before) {
        at = start + UNIT * (total - need);
    }
    size_t front = (at - start) / UNIT;
    if (front > before || total - front < need) {
        return 0;
    }
    *held = total - front;
    *units = need + (*held - need == 1);
    return at;
}

// A chunk that is taken and made again counts as a new one.
static void forget_hole(run_t *run, size_t index) {
    for (size_t i = 0; index < run->count && i < run->holes_count; i++) {
        run->holes[i].units = run->holes[i].at == run->pieces[index].at ? 0 : run->holes[i].units;
    }
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
        expect_new(run, block, size, align);
        run->allocs += block != NULL;
        run->frees += block != NULL;
        run->failures += block == NULL;
        if (block == NULL) {
            return;
        }
        units = (galloc_usable_size(run->heap, block) + HEADER) / UNIT;
        copied = payload_of(piece->units); // for a moment there are both
    } else if ((uintptr_t)block != expected || galloc_usable_size(run->heap, block) != payload_of(units)) {
        fail("realloc of %zu units to %zu bytes at %zu: another place or size", piece->units, size, align);
    }
    for (size_t i = 0; i < size && i < payload_of(piece->units); i++) {
        EXPECT(block[i] == byte);
    }
    memset(block, byte, payload_of(units));
    run->used -= payload_of(piece->units) - copied;
    if (held != 0) {
        add_used(run, payload_of(held));
        run->used -= payload_of(held);
        forget_hole(run, index + 1);
    }
    add_used(run, payload_of(units));
    run->used -= copied;
}

static void audit(run_t *run) {
    galloc_stats_t stats;
    size_t offset, used = 0, free_total = 0, most = 0;
    galloc_fault_t fault = galloc_check(run->heap, &offset);
    if (fault != GALLOC_OK || offset != 0) {
        fail("check: %s at %zu", galloc_fault_name(fault), offset);
    }
    look(run);
    expect_order(run);
    for (size_t i = 0; i < run->count; i++) {
        size_t bytes = payload_of(run->pieces[i].units);
        used += run->pieces[i].live ? bytes : 0;
        free_total += run->pieces[i].live ? 0 : bytes;
        most = !run->pieces[i].live && bytes > most ? bytes : most;
    }
    galloc_stats(run->heap, &stats);
    EXPECT(stats.used == used && used == run->used && stats.free == free_total && stats.largest == most);
    EXPECT(stats.blocks == run->live && stats.free_chunks == run->holes_count && stats.peak_used == run->peak);
    EXPECT(stats.allocs == run->allocs && stats.frees == run->frees && stats.failures == run->failures);
    EXPECT(stats.used + stats.free + stats.overhead == stats.total);
}

// ---- Runs --------------------------------------------------------------------------------------------------------

static size_t random_size(run_t *run) {
    switch (rng_below(&run->rng, 16)) {
        case 0:
            return rng_below(&run->rng, 8000);
        case 1:
            return GALLOC_LARGE_BLOCK - 20 + rng_below(&run->rng, 30);
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

static void one_run(uint32_t number, const galloc_config_t *config, uint32_t actions) {
    static run_t run;
    run = (run_t){.rng = {((uint64_t)unit_seed << 32) + number}, .bounded = config->bounded_search};
    region_map(&run.region, 6000 + rng_below(&run.rng, 60000), rng_below(&run.rng, 4096));
    region_scramble(&run.region, number);
    run.heap = galloc_init(run.region.base, run.region.size, config->smallbins ? config : NULL);
    EXPECT(run.heap != NULL);
    run.sub_bins = config->alignment_sub_bins ? config->alignment_sub_bins : GALLOC_ALIGNMENT_SUB_BINS;
    run.smallbins = config->smallbins ? config->smallbins : GALLOC_SMALLBINS;
    for (run.places = 2; run.places < run.sub_bins;) {
        run.places *= 2;
    }
    look(&run);
    uint32_t pressure = 50;
    for (uint32_t action = 0; action < actions; action++) {
        fail_context("choices %u x %u, seed %u, run %u, action %u", (unsigned)run.smallbins, (unsigned)run.sub_bins,
                     (unsigned)unit_seed, (unsigned)number, (unsigned)action);
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

static void runs(galloc_config_t config) {
    for (uint32_t number = 0; number < 3; number++) {
        one_run(number, &config, 1500);
    }
}

TEST(choices_default) {
    runs((galloc_config_t){0, 0, false});
}

TEST(choices_2_by_2) {
    runs((galloc_config_t){2, 2, false});
}

TEST(choices_22_by_2) {
    runs((galloc_config_t){22, 2, false});
}

TEST(choices_8_by_4) {
    runs((galloc_config_t){8, 4, false});
}

TEST(choices_10_by_3) {
    runs((galloc_config_t){10, 3, false});
}

TEST(choices_5_by_8) {
    runs((galloc_config_t){5, 8, false});
}

TEST(choices_16_by_2_bounded) {
    runs((galloc_config_t){16, 2, true});
}

TEST(choices_3_by_5_bounded) {
    runs((galloc_config_t){3, 5, true});
}
