// What CBMC proves of one operation on a small heap: from every sound state, for every request and every pointer.
//
// A sound heap is defined below, down to the last link. The proofs start from any bytes at all that are one, whatever the
// history and whatever is in the payloads, and show that what the operation leaves is one again. So they hold for programs
// of any length. Each function prove_* is one proof; its parameters are any values.
//
// From the command line, as geometry.c prints it: UNITS, of 8 bytes, that the chunks share; FIRST, the index of the first
// one; USED_BINS, those that chunks of such a heap can be in; SMALL_LIMIT; MADE, all of its words as galloc_init leaves
// them. AT: where the block is that is freed or changed.

#include <stddef.h>

static void copy_payload(void *to, const void *from, size_t bytes);
#define __builtin_memmove copy_payload

// The same place, by an index that the prover sees.
#include "chunk.h"
static galloc_chunk_t *chunk_by_index(const galloc_heap_t *heap, size_t index) {
    return (galloc_chunk_t *)(void *)((uint32_t *)(uintptr_t)heap + index);
}
#ifndef NOCH
#define chunk_at chunk_by_index
#endif

#include "galloc.c" // the core's own files, for their static functions
#include "galloc_check.c"

#define BASE (GALLOC_ORIGIN / 4u) // word of the region that has index 0
#define WORDS (BASE + FIRST + 2u * UNITS + 2u)
#define END UNITS
#define MOST_FREE ((UNITS + 2u) / 4u) // a free chunk, a live one, a free one, ...

static _Alignas(8) uint32_t region[WORDS];
#define HEAP ((galloc_heap_t *)(void *)region)
static const uint32_t made[WORDS] = {MADE};

// Words of the region by name. The number is a constant wherever it can be: that is what keeps the formulas small.
#define INDEX(u) (FIRST + 2u * (u))
#define SIZE(units) (2u * (units)-GALLOC_MIN_WORDS)
#define FOOT(u) region[BASE + INDEX(u)]
#define HEADER(u) region[BASE + INDEX(u) + 1u]
#define PREV(u) region[BASE + INDEX(u) + 2u]
#define NEXT(u) region[BASE + INDEX(u) + 3u]
#define BIN(b) region[BASE + 3u + (b)]
#define WORD_OF(name) ((uint32_t)offsetof(galloc_heap_t, name) / 4u)
#define CONTROL(name) region[WORD_OF(name)]
#define PAYLOAD(u) ((void *)((uintptr_t)region + 4u * (BASE + INDEX(u) + 2u)))
#define BYTES(units) (8u * (units)-4u)

uint32_t nondet_word(void);
uintptr_t nondet_pointer(void);

// The chunks of a heap: units of the live, and of the free one, that starts at each place; 0 where none does.
typedef struct {
    uint32_t live[UNITS], free[UNITS];
} picture_t;

// Whether a word of the control block is the same in all heaps of this geometry.
static bool is_fixed(uint32_t word) {
    return word == WORD_OF(limit) || word == WORD_OF(limit_twin) || word == WORD_OF(first) || word == WORD_OF(stepping) ||
           (word >= WORD_OF(small_limit) && word <= WORD_OF(sub_repeat)) ||
           (word >= WORD_OF(bins) + USED_BINS && word < BASE + FIRST);
}

// The header of a live chunk behind one in use. All that is multiplied here are constants.
static uint32_t live_header_at(uint32_t u, uint32_t units) {
    uint32_t header = 0;
    for (uint32_t n = 2; n <= END - u; n++) {
        header = n == units ? live_header(HEAP, SIZE(n), INDEX(u) + SIZE(n), 0) : header;
    }
    return header;
}

// Headers, boundary tags and counters, from the first chunk to the end.
static bool sound_chunks(picture_t *chunks) {
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
        chunks->live[u] = 0;
        chunks->free[u] = 0;
        if (here) {
            uint32_t size = unpack_header(header);
            if (live) {
                size &= CONTROL(size_mask);
            }
            units = (size + GALLOC_MIN_WORDS) / 2u;
            sound = sound && size < 2u * UNITS && size % 2u == 0 && units <= END - u;
            if (live) {
                sound = sound && header == (live_header_at(u, units) ^ (after_free ? GALLOC_PREV_FREE_STORED : 0u));
                chunks->live[u] = units;
                used += BYTES(units);
                blocks++;
            } else {
                sound = sound && header == free_header(size) && !after_free;
                chunks->free[u] = units;
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
           CONTROL(slack) <= CONTROL(peak) && CONTROL(peak) <= 8u * UNITS && CONTROL(allocs) - CONTROL(frees) == blocks &&
           CONTROL(splits) + CONTROL(frees) + CONTROL(resizes) == free_count;
}

// Lists: each free chunk is in that of its bin, once, and nothing else is.
static bool sound_links(const picture_t *chunks) {
    const uint32_t *units = chunks->free;
    uint32_t bin[UNITS];
    bool sound = true, reached[UNITS];
    for (uint32_t u = 0; u < UNITS; u++) {
        reached[u] = false;
        if (units[u] != 0) {
            bin[u] = (uint32_t)bin_of(HEAP, INDEX(u), SIZE(units[u]));
        }
    }
    for (uint32_t b = 0; b < 32u * GALLOC_MAP_WORDS; b++) {
        bool mapped = region[WORD_OF(map) + b / 32u] >> b % 32u & 1u, found = false;
        for (uint32_t u = 0; b < USED_BINS && u < UNITS; u++) {
            if (units[u] != 0 && bin[u] == b && BIN(b) == INDEX(u) && PREV(u) == b) {
                found = true;
                reached[u] = true;
            }
        }
        sound = sound && mapped == found && (found || b >= USED_BINS || BIN(b) == 0);
    }
    // From those that are reached to those behind, as often as there can be free chunks in one list.
    for (uint32_t round = 1; round < MOST_FREE; round++) {
        for (uint32_t v = 0; v < UNITS; v++) {
            for (uint32_t u = 0; reached[v] && u < UNITS; u++) {
                if (u != v && units[u] != 0 && bin[u] == bin[v] && NEXT(v) == INDEX(u) && PREV(u) == INDEX(v)) {
                    reached[u] = true;
                }
            }
        }
    }
    for (uint32_t v = 0; v < UNITS; v++) {
        if (units[v] == 0) {
            continue;
        }
        // What it links to links back.
        bool next_ok = NEXT(v) == 0;
        for (uint32_t u = 0; u < UNITS; u++) {
            next_ok = next_ok || (u != v && units[u] != 0 && bin[u] == bin[v] && NEXT(v) == INDEX(u) && PREV(u) == INDEX(v));
        }
        sound = sound && reached[v] && next_ok;
    }
    return sound;
}

static bool sound(picture_t *chunks) {
    return sound_chunks(chunks) && sound_links(chunks);
}

static picture_t before, after;
static uint32_t old[WORDS];

// Any sound heap.
static void any_heap(void) {
    for (uint32_t i = 0; i < WORDS; i++) {
        region[i] = is_fixed(i) ? made[i] : nondet_word();
    }
    __CPROVER_assume(sound(&before));
    for (uint32_t i = 0; i < WORDS; i++) {
        old[i] = region[i];
    }
}

// After the operation. What is asserted to be a constant is made one, for the solver's sake.
static void still_sound(void) {
    for (uint32_t i = 0; i < WORDS; i++) {
        if (is_fixed(i)) {
            __CPROVER_assert(region[i] == made[i], "what never changes has not");
            region[i] = made[i];
        }
    }
    __CPROVER_assert(sound(&after), "the heap is sound");
}

static void unchanged(void) {
    bool same = true;
    for (uint32_t i = 0; i < WORDS; i++) {
        same = same && region[i] == old[i];
    }
    __CPROVER_assert(same, "not one word has changed");
}

// All live blocks but those at the two places are as they were, to the last word of payload.
static void others_unchanged(uint32_t except, uint32_t and_except) {
    uint32_t word = nondet_word();
    for (uint32_t u = 0; u < UNITS; u++) {
        if (u != except && u != and_except) {
            __CPROVER_assert(after.live[u] == before.live[u], "the other blocks are where they were");
            uint32_t payload = BASE + INDEX(u) + 2u;
            if (before.live[u] != 0 && word >= payload && word < payload + BYTES(before.live[u]) / 4u) {
                __CPROVER_assert(region[word] == old[word], "and hold what they held");
            }
        }
    }
}

// The place in units of a payload; END or more for what is none.
static uint32_t place_of(const void *block) {
    uintptr_t offset = (uintptr_t)block - (uintptr_t)PAYLOAD(0);
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
static void served(const void *block, size_t size, size_t align) {
    uint32_t units = live_at(&after, place_of(block));
    __CPROVER_assert(units != 0 && BYTES(units) >= size, "a live block of the heap, large enough");
    __CPROVER_assert((align & (align - 1u)) == 0 && (align == 0 || ((uintptr_t)block & (align - 1u)) == 0), "aligned");
}

// Whether a free chunk could have held the request.
static bool had_room(size_t size, size_t align) {
    if ((align & (align - 1u)) != 0 || size > 8u * UNITS) {
        return false;
    }
    uint32_t need = ((uint32_t)size + 11u) / 8u;
    need = need < 2u ? 2u : need;
    for (uint32_t u = 0; u < UNITS; u++) {
        for (uint32_t at = u; before.free[u] != 0 && at < UNITS; at++) {
            bool aligned = align == 0 || ((uintptr_t)PAYLOAD(at) & (align - 1u)) == 0;
            if (at != u + 1u && aligned && at + need <= u + before.free[u]) {
                return true;
            }
        }
    }
    return false;
}

static void copy_payload(void *to, const void *from, size_t bytes) {
    (void)to, (void)from, (void)bytes;
}

static void alloc(size_t size, size_t align) {
    any_heap();
    void *block = galloc_alloc(HEAP, size, align);
    still_sound();
    uint32_t at = block != NULL ? place_of(block) : END;
    others_unchanged(at, at);
    if (block != NULL) {
        served(block, size, align);
        __CPROVER_assert(live_at(&before, at) == 0, "where none was");
    } else {
        __CPROVER_assert(!had_room(size, align), "no hole would have served");
    }
}

void prove_alloc(size_t size) {
    alloc(size, 8u);
}

void prove_alloc_aligned(size_t size, size_t align) {
    alloc(size, align);
}

// A live block at AT, which is a constant: one proof a place is quicker than one for all.
static void *block_at(void) {
    __CPROVER_assume(before.live[AT] != 0);
    return PAYLOAD(AT);
}

void prove_free(void) {
    any_heap();
    __CPROVER_assert(galloc_free(HEAP, block_at()) == GALLOC_OK, "a live block is freed");
    still_sound();
    others_unchanged(AT, AT);
    __CPROVER_assert(after.live[AT] == 0, "and is live no more");
}

// Where a program starts: the words of the region that galloc_init has made.
void prove_init(void) {
    for (uint32_t i = 0; i < WORDS; i++) {
        region[i] = made[i];
    }
    __CPROVER_assert(sound(&after) && after.free[0] == UNITS, "a sound heap with one free chunk");
}

// Refuted: two holes and a block between are among the heaps that the proofs start from.
void refute_no_such_heap(void) {
    any_heap();
    __CPROVER_assert(CONTROL(allocs) == CONTROL(frees) || CONTROL(splits) + CONTROL(frees) + CONTROL(resizes) < 2u, "there is none");
}
void prove_x1(void) { any_heap(); __CPROVER_assert(region[5]!=77, ""); }
void prove_x2(void) { any_heap();  still_sound();}
void prove_x3(void) { any_heap();  galloc_free(HEAP, block_at()); __CPROVER_assert(region[BASE+INDEX(3)+1] == 77, ""); }
