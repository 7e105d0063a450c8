// What CBMC proves of one operation on a small heap: from every sound state, for every request and every pointer.
//
// A sound heap is defined below, down to the last link. The proofs go through all heaps of so many bytes by their chunks
// and the order of their lists. All else is any value: what is in payloads and in free chunks, the history that the
// counters tell, roots, requests, pointers. They show that what one operation leaves is a sound heap again. So they hold
// for programs of any length. Each function prove_* is one proof; its parameters are any values.
//
// From the command line, as geometry.c prints it: UNITS, of 8 bytes, that the chunks share; FIRST, the index of the first
// one; USED_BINS, those that chunks of such a heap can be in; MADE, all words of the heap as galloc_init leaves them;
// MOST_FREE, chunks; HEAPS, all of them.

#include <stddef.h>

// All accesses to chunks are to those of the region.
#include "chunk.h"
static galloc_chunk_t *chunk_inside(const galloc_heap_t *heap, size_t index) {
    __CPROVER_assert(index <= FIRST + 2u * UNITS, "an access inside of the region");
    return chunk_at(heap, index);
}
#define chunk_at chunk_inside

#include "galloc.c" // the core's own files, for their static functions
#include "galloc_check.c"

_Static_assert(USED_BINS <= 32, "the first word of the map is enough");

#define BASE (GALLOC_ORIGIN / 4u) // word of the region that has index 0
#define USED_WORDS (BASE + FIRST + 2u * UNITS + 2u)
#define WORDS (sizeof(galloc_heap_t) / 4u > USED_WORDS ? sizeof(galloc_heap_t) / 4u : USED_WORDS) // C wants that many
#define END UNITS

static _Alignas(8) uint32_t region[WORDS];
#define HEAP ((galloc_heap_t *)(void *)region)
static const uint32_t made[WORDS] = {MADE};

#pragma CPROVER check push
#pragma CPROVER check disable "pointer"
#pragma CPROVER check disable "bounds"

// One heap. chunks: by the place where each starts, its units, negative where it is free; 0 where none does. listed: the
// places of the free chunks, in the order in which they came into their lists; UNITS: no more.
typedef struct {
    signed char chunks[UNITS];
    unsigned char listed[MOST_FREE];
} heap_t;
static const heap_t heaps[] = {HEAPS};
#define COUNT (sizeof heaps / sizeof heaps[0])
#ifndef FROM
#define FROM 0u
#define TO COUNT
#endif
#define FOR_ALL_HEAPS(h) for (uint32_t h = FROM; h < TO; h++)

// Words of the region by name. The number is a constant wherever it can be: that is what keeps the formulas small.
#define INDEX(u) (FIRST + 2u * (u))
#define SIZE(units) (2u * (units) - GALLOC_MIN_WORDS)
#define FOOT(u) region[BASE + INDEX(u)]
#define HEADER(u) region[BASE + INDEX(u) + 1u]
#define PREV(u) region[BASE + INDEX(u) + 2u]
#define NEXT(u) region[BASE + INDEX(u) + 3u]
#define BIN(b) region[BASE + 3u + (b)]
#define WORD_OF(name) ((uint32_t)offsetof(galloc_heap_t, name) / 4u)
#define CONTROL(name) region[WORD_OF(name)]
#define OFFSET(u) (4u * (BASE + INDEX(u) + 2u)) // from the start of the region, which is well aligned
#define PAYLOAD(u) ((void *)((uintptr_t)region + OFFSET(u)))
#define BYTES(units) (8u * (units) - 4u)

uint32_t nondet_word(void);
uintptr_t nondet_pointer(void);

// The chunks of a heap: units of the live, and of the free one, that starts at each place; 0 where none does.
typedef struct {
    uint32_t live[UNITS], free[UNITS];
} picture_t;
static picture_t before, after;

// Words that are the same in all heaps of this geometry, the foot of the first chunk among them, which may be the last bin: from the first number of each pair up to the second.
static const uint32_t fixed[][2] = {
    {WORD_OF(limit), WORD_OF(limit_twin) + 1u},     {WORD_OF(small_limit), WORD_OF(sub_repeat) + 1u},
    {WORD_OF(first), WORD_OF(first) + 1u},          {WORD_OF(no_header), WORD_OF(no_header) + 1u},
    {WORD_OF(bins) + USED_BINS, BASE + FIRST + 1u}, {USED_WORDS, WORDS},
};
#define FOR_ALL_FIXED(i)                                                     \
    for (uint32_t pair = 0; pair < sizeof(fixed) / sizeof(fixed[0]); pair++) \
        for (uint32_t i = fixed[pair][0]; i < fixed[pair][1]; i++)

// The header of a live chunk behind one in use. All that is multiplied here are constants.
static uint32_t live_header_at(uint32_t u, uint32_t units) {
    uint32_t header = 0;
    for (uint32_t n = 2; n <= END - u; n++) {
        if (n == units) {
            header = live_header(HEAP, SIZE(n), INDEX(u) + SIZE(n), 0);
        }
    }
    return header;
}

// Headers, boundary tags and counters, from the first chunk to the end.
static bool sound_chunks(void) {
    bool sound = true, after_free = false;
    uint32_t start = 0, before = 0, used = 0, blocks = 0, free_count = 0;
    for (uint32_t u = 0; u <= END; u++) {
        uint32_t units = 0, header = HEADER(u);
        bool here = u == start, live = header & GALLOC_IN_USE;
        if (here && after_free) {
            sound = sound && FOOT(u) == before;
        }
        if (u == END) {
            sound = sound && here && header == (GALLOC_IN_USE ^ (after_free ? GALLOC_PREV_FREE_STORED : 0u));
            break;
        }
        after.live[u] = 0;
        after.free[u] = 0;
        if (here) {
            uint32_t size = unpack_header(header);
            if (live) {
                size &= CONTROL(size_mask);
            }
            units = (size + GALLOC_MIN_WORDS) / 2u;
            sound = sound && size < 2u * UNITS && size % 2u == 0 && units <= END - u;
            if (live) {
                sound = sound && header == (live_header_at(u, units) ^ (after_free ? GALLOC_PREV_FREE_STORED : 0u));
                after.live[u] = units;
                used += BYTES(units);
                blocks++;
            } else {
                sound = sound && header == free_header(size) && !after_free;
                after.free[u] = units;
                free_count++;
            }
            before = INDEX(u);
            after_free = !live;
            start = u + units;
        }
    }
    uint32_t check = CONTROL(control_check) ^ CONTROL(failures);
    for (uint32_t i = 0; i < GALLOC_ROOTS; i++) {
        check ^= region[WORD_OF(roots) + i];
    }
    return sound && check == made[WORD_OF(control_check)] && CONTROL(peak) - CONTROL(slack) == used &&
           CONTROL(slack) <= CONTROL(peak) && CONTROL(peak) <= 8u * UNITS &&
           CONTROL(allocs) - CONTROL(frees) == blocks &&
           CONTROL(splits) + CONTROL(frees) + CONTROL(resizes) == free_count;
}

// Lists: each free chunk is in that of its bin, once, and nothing else is.
static bool sound_links(void) {
    uint32_t bin[UNITS];
    bool sound = true, reached[UNITS];
    for (uint32_t u = 0; u < UNITS; u++) {
        reached[u] = false;
        if (after.free[u] != 0) {
            bin[u] = (uint32_t)bin_of(HEAP, INDEX(u), SIZE(after.free[u]));
        }
    }
    uint32_t map = 0;
    for (uint32_t b = 0; b < USED_BINS; b++) {
        bool found = false;
        for (uint32_t u = 0; u < UNITS; u++) {
            if (after.free[u] != 0 && bin[u] == b && BIN(b) == INDEX(u) && PREV(u) == b) {
                found = true;
                reached[u] = true;
            }
        }
        map |= (uint32_t)found << b;
        sound = sound && (found || BIN(b) == 0);
    }
    for (uint32_t i = 0; i < GALLOC_MAP_WORDS; i++) {
        sound = sound && region[WORD_OF(map) + i] == (i == 0 ? map : 0);
    }
    // From those that are reached to those behind, as often as there can be free chunks in one list.
    for (uint32_t round = 1; round < MOST_FREE; round++) {
        for (uint32_t v = 0; v < UNITS; v++) {
            for (uint32_t u = 0; reached[v] && u < UNITS; u++) {
                if (u != v && after.free[u] != 0 && bin[u] == bin[v] && NEXT(v) == INDEX(u) && PREV(u) == INDEX(v)) {
                    reached[u] = true;
                }
            }
        }
    }
    for (uint32_t v = 0; v < UNITS; v++) {
        if (after.free[v] == 0) {
            continue;
        }
        // What it links to links back.
        bool next_ok = NEXT(v) == 0;
        for (uint32_t u = 0; u < UNITS; u++) {
            next_ok = next_ok ||
                      (u != v && after.free[u] != 0 && bin[u] == bin[v] && NEXT(v) == INDEX(u) && PREV(u) == INDEX(v));
        }
        sound = sound && reached[v] && next_ok;
    }
    return sound;
}

// The same for the whole heap; `after` becomes its picture.
static bool sound(void) {
    bool chunks = sound_chunks(), links = sound_links();
    return chunks && links;
}

static uint32_t old[WORDS];

// Writes the heap with this number, and any values where its form leaves them open.
static void any_heap(uint32_t number) {
    const heap_t *heap = &heaps[number];
    if (number == FROM) {
        FOR_ALL_FIXED(i) {
            region[i] = made[i];
        }
    }
    for (uint32_t i = 0; i < GALLOC_MAP_WORDS; i++) {
        region[WORD_OF(map) + i] = 0;
    }
    for (uint32_t b = 0; b < USED_BINS; b++) {
        BIN(b) = 0;
    }
    for (uint32_t i = BASE + FIRST + 1u; i < USED_WORDS; i++) {
        region[i] = nondet_word();
    }
    uint32_t used = 0, blocks = 0, free_count = 0, before_it = END;
    for (uint32_t u = 0; u <= END; u++) {
        int n = u < END ? heap->chunks[u] : 1;
        if (u < END) {
            before.live[u] = n > 0 ? (uint32_t)n : 0;
            before.free[u] = n < 0 ? (uint32_t)-n : 0;
        }
        if (n == 0) {
            continue;
        }
        if (before_it != END) {
            FOOT(u) = INDEX(before_it);
        }
        uint32_t flag = before_it != END ? GALLOC_PREV_FREE_STORED : 0;
        if (u == END) {
            HEADER(u) = GALLOC_IN_USE ^ flag;
        } else if (n > 0) {
            HEADER(u) = live_header(HEAP, SIZE((uint32_t)n), INDEX(u) + SIZE((uint32_t)n), 0) ^ flag;
            used += BYTES((uint32_t)n);
            blocks++;
            before_it = END;
        } else {
            HEADER(u) = free_header(SIZE((uint32_t)-n));
            free_count++;
            before_it = u;
        }
    }
    for (uint32_t i = 0; i < MOST_FREE && heap->listed[i] < UNITS; i++) {
        uint32_t u = heap->listed[i], bin = (uint32_t)bin_of(HEAP, INDEX(u), SIZE(before.free[u]));
        for (uint32_t v = 0; v < UNITS; v++) {
            if (BIN(bin) == INDEX(v)) {
                PREV(v) = INDEX(u);
            }
        }
        NEXT(u) = BIN(bin);
        PREV(u) = bin;
        BIN(bin) = INDEX(u);
        region[WORD_OF(map) + bin / 32u] |= 1u << bin % 32u;
    }
    CONTROL(slack) = nondet_word();
    CONTROL(peak) = CONTROL(slack) + used;
    __CPROVER_assume(CONTROL(slack) <= 8u * UNITS - used);
    CONTROL(frees) = nondet_word();
    CONTROL(allocs) = CONTROL(frees) + blocks;
    CONTROL(resizes) = nondet_word();
    CONTROL(splits) = free_count - CONTROL(frees) - CONTROL(resizes);
    CONTROL(failures) = nondet_word();
    CONTROL(control_check) = made[WORD_OF(control_check)] ^ CONTROL(failures);
    for (uint32_t i = 0; i < GALLOC_ROOTS; i++) {
        region[WORD_OF(roots) + i] = nondet_word();
        CONTROL(control_check) ^= region[WORD_OF(roots) + i];
    }
    for (uint32_t i = 0; i < USED_WORDS; i++) {
        old[i] = region[i];
    }
}

static void still_sound(void) {
    FOR_ALL_FIXED(i) {
        __CPROVER_assert(region[i] == made[i], "what never changes has not");
    }
    __CPROVER_assert(sound(), "the heap is sound");
}

static void unchanged(void) {
    bool same = true;
    for (uint32_t i = 0; i < USED_WORDS; i++) {
        same = same && region[i] == old[i];
    }
    __CPROVER_assert(same, "not one word has changed");
}

// All live blocks but those at the two places are as they were, to the last word of payload.
static void others_unchanged(uint32_t except, uint32_t and_except) {
    for (uint32_t u = 0; u < UNITS; u++) {
        if (u != except && u != and_except) {
            __CPROVER_assert(after.live[u] == before.live[u], "the other blocks are where they were");
            for (uint32_t i = BASE + INDEX(u) + 2u; i < BASE + INDEX(u + before.live[u]) + 1u; i++) {
                __CPROVER_assert(region[i] == old[i], "and hold what they held");
            }
        }
    }
}

// The place in units of a payload; END or more for what is none.
static uint32_t place_of(const void *block) {
    uintptr_t offset = (uintptr_t)block - OFFSET(0) - (uintptr_t)region;
    return offset % 8u == 0 && offset / 8u < UNITS ? (uint32_t)offset / 8u : END;
}

static uint32_t live_at(const picture_t *chunks, uint32_t place) {
    uint32_t units = 0;
    for (uint32_t u = 0; u < UNITS; u++) {
        units = u == place ? chunks->live[u] : units;
    }
    return units;
}

// What a request that succeeded has to give.
static void served(const void *block, size_t size) {
    uint32_t units = live_at(&after, place_of(block));
    __CPROVER_assert(units != 0 && BYTES(units) >= size, "a live block of the heap, large enough");
}

// Whether a free chunk could have held the request.
static bool had_room(size_t size) {
    if (size > 8u * UNITS) {
        return false;
    }
    uint32_t need = ((uint32_t)size + 11u) / 8u;
    need = need < 2u ? 2u : need;
    for (uint32_t u = 0; u < UNITS; u++) {
        for (uint32_t at = u; before.free[u] != 0 && at < UNITS; at++) {
            if (at != u + 1u && at + need <= u + before.free[u]) {
                return true;
            }
        }
    }
    return false;
}

// The payload that was at `at` is at `to` now, so far as both blocks reach.
static void kept(uint32_t at, uint32_t to, uint32_t units) {
    uint32_t shared = units < before.live[at] ? units : before.live[at];
    for (uint32_t i = 2; i <= 2u * shared; i++) {
        __CPROVER_assert(region[BASE + INDEX(to) + i] == old[BASE + INDEX(at) + i], "the block holds what it held");
    }
}

// Requests: one for each number of units, from less than the least to more than there are, and the largest. The core sees
// a size only by size_for and by `size < 5`, and arithmetic.c proves these for all sizes.
#define SIZES (UNITS + 2u)
static size_t size_number(uint32_t number) {
    return number <= UNITS ? BYTES(number + 1u) : SIZE_MAX;
}

#define FOR_ALL_BLOCKS(h, at)               \
    for (uint32_t at = 0; at < UNITS; at++) \
        if (heaps[h].chunks[at] > 0)
#define FOR_ALL_SIZES(s) for (uint32_t s = 0; s < SIZES; s++)

static void alloc(uint32_t number, size_t size) {
    any_heap(number);
    void *block = galloc_alloc(HEAP, size, 0);
    still_sound();
    uint32_t at = block != NULL ? place_of(block) : END;
    others_unchanged(at, at);
    if (block != NULL) {
        served(block, size);
        __CPROVER_assert(live_at(&before, at) == 0, "where none was");
    } else {
        __CPROVER_assert(!had_room(size), "no hole would have served");
    }
}

void prove_alloc(void) {
    FOR_ALL_HEAPS(h) {
        FOR_ALL_SIZES(s) {
            alloc(h, size_number(s));
        }
    }
}

void prove_free(void) {
    FOR_ALL_HEAPS(h) {
        FOR_ALL_BLOCKS(h, at) {
            any_heap(h);
            __CPROVER_assert(galloc_free(HEAP, PAYLOAD(at)) == GALLOC_OK, "a live block is freed");
            still_sound();
            others_unchanged(at, at);
            __CPROVER_assert(after.live[at] == 0, "and is live no more");
        }
    }
}

static void resize(uint32_t number, uint32_t at, size_t size) {
    any_heap(number);
    if (!galloc_resize(HEAP, PAYLOAD(at), size)) {
        unchanged();
        return;
    }
    still_sound();
    served(PAYLOAD(at), size);
    others_unchanged(at, at);
    kept(at, at, after.live[at]);
}

void prove_resize(void) {
    FOR_ALL_HEAPS(h) {
        FOR_ALL_BLOCKS(h, at) {
            FOR_ALL_SIZES(s) {
                resize(h, at, size_number(s));
            }
        }
    }
}

static void realloc_begin(uint32_t number, uint32_t at, size_t size) {
    galloc_move_t move = {0};
    any_heap(number);
    __CPROVER_assert(galloc_realloc_begin(HEAP, PAYLOAD(at), size, 0, &move), "a live block is accepted");
    bool grows = move.more;
    if (grows) {
        __CPROVER_assert(galloc_realloc_begin(HEAP, PAYLOAD(at), size, 0, &move), "it still is");
    }
    __CPROVER_assert(move.from == PAYLOAD(at) && move.size == size && !move.more, "it is to be moved");
    __CPROVER_assert(move.merged == (move.to != NULL) && move.merged == grows, "where it can grow, it does");
    __CPROVER_assert(move.bytes <= BYTES(before.live[at]) && move.old_size == BYTES(before.live[at]),
                     "as far as it goes");
    if (move.to == NULL) {
        unchanged();
        return;
    }
    uint32_t to = place_of(move.to);
    still_sound();
    served(move.to, size);
    others_unchanged(at, to);
    __CPROVER_assert(to + after.live[to] >= at + before.live[at] && to <= at, "the old block is a part of the new one");
    for (uint32_t i = 0; 4u * i < move.bytes; i++) {
        uint32_t payload = BASE + INDEX(at) + 2u;
        __CPROVER_assert(region[payload + i] == old[payload + i], "its payload is whole until it is moved");
    }
}

void prove_realloc_begin(void) {
    FOR_ALL_HEAPS(h) {
        FOR_ALL_BLOCKS(h, at) {
            FOR_ALL_SIZES(s) {
                realloc_begin(h, at, size_number(s));
            }
        }
    }
}

// The test by which all operations on a block start. What is in the word before the pointer is any value wherever it is
// not a header.
void prove_pointers(void) {
    FOR_ALL_HEAPS(h) {
        any_heap(h);
        for (uint32_t u = 0; u < UNITS; u++) {
            live_t live;
            bool taken = block_in_use(HEAP, PAYLOAD(u), &live);
            if (heaps[h].chunks[u] > 0) {
                __CPROVER_assert(taken && live.index == INDEX(u) && live.size == SIZE(before.live[u]),
                                 "a block is one");
                continue;
            }
            bool imitated = false;
            for (uint32_t n = 2; n <= END - u; n++) {
                uint32_t header = live_header_at(u, n);
                imitated = imitated || HEADER(u) == header || HEADER(u) == (header ^ GALLOC_PREV_FREE_STORED);
            }
            __CPROVER_assert(taken == imitated, "what has no header of its place is refused");
            __CPROVER_assert(taken || fault_at(HEAP, live.index) != GALLOC_OK, "with a fault");
        }
        uintptr_t stray = nondet_pointer(), offset = stray - 4u * (BASE + 2u) - (uintptr_t)region;
        live_t live;
        __CPROVER_assume(offset % 4u != 0 || offset / 4u >= CONTROL(limit));
        __CPROVER_assert(!block_in_use(HEAP, (void *)stray, &live), "what is no place of a block is refused");
    }
}

void prove_check(void) {
    FOR_ALL_HEAPS(h) {
        any_heap(h);
        __CPROVER_assert(galloc_check(HEAP, NULL) == GALLOC_OK, "a sound heap passes");
        unchanged();
    }
}

// Where a program starts: the words of the region that galloc_init has made.
void prove_init(void) {
    for (uint32_t i = 0; i < WORDS; i++) {
        region[i] = made[i];
    }
    __CPROVER_assert(sound() && after.free[0] == UNITS, "a sound heap with one free chunk");
}

// All heaps that the proofs start from are sound.
void prove_sound(void) {
    FOR_ALL_HEAPS(h) {
        any_heap(h);
        still_sound();
    }
}

// Refuted: two holes and a block between are among them.
void refute_no_such_heap(void) {
    bool found = false;
    FOR_ALL_HEAPS(h) {
        any_heap(h);
        found =
            found || (CONTROL(allocs) != CONTROL(frees) && CONTROL(splits) + CONTROL(frees) + CONTROL(resizes) >= 2u);
    }
    __CPROVER_assert(!found, "there is none");
}
