// What CBMC proves of one operation on a small heap: from every sound state, for every request and every pointer.
//
// A sound heap is said below, down to the last link. The proofs start from any bytes at all that are one, whatever the
// history and whatever lies in the payloads, and show that what the operation leaves is one again. So they hold for
// programs of any length. Each function prove_* is one proof; its parameters are any values.
//
// From the command line, as geometry.c prints it: UNITS, of 8 bytes, that the chunks share; FIRST, BINS and SMALL_LIMIT of
// such a heap; MADE, all of its words as galloc_init leaves them. AT: where the block stands that is freed or changed.

#include "heap.h"

#define WORDS (2u * (FIRST + UNITS) + 2u)
#define END UNITS
#define MOST_FREE ((UNITS + 2u) / 4u) // a free chunk, a live one, a free one, ...

static _Alignas(8) uint32_t region[WORDS];
#define HEAP ((galloc_heap_t *)(void *)region)
static const uint32_t made[WORDS] = {MADE};

// Words of the region by name. The index is a constant wherever it can be: that is what keeps the formulas small.
#define LINK(u) (FIRST + (u))
#define HEADER(u) region[2u * LINK(u) + 1u]
#define TAG_BEFORE(u) region[2u * LINK(u)]
#define NEXT(u) region[galloc_next_of(LINK(u))]
#define UP(u) region[galloc_next_of(LINK(u)) + 1u]
#define CHILD(u, side) region[galloc_child_of(LINK(u), side)]
#define HEAD(bin) region[GALLOC_HEADS + (bin)]
#define FIELD(name) region[offsetof(galloc_heap_t, name) / 4u]
#define PAYLOAD(u) ((void *)((uintptr_t)region + 8u * LINK(u) + 8u))

uint32_t nondet_word(void);
uintptr_t nondet_pointer(void);

// The chunks of a heap: units of the live, and of the free one, that starts at each place; 0 where none does.
typedef struct {
    uint32_t live[UNITS], free[UNITS];
} picture_t;

static bool is_large(uint32_t size) {
    return size >= SMALL_LIMIT;
}

// Headers, flags, tags and counters, from the first chunk to the end.
static bool sound_chunks(picture_t *chunks) {
    bool sound = true, before_free = false;
    uint32_t start = 0, before = 0, used = 0, blocks = 0, free_chunks = 0;
    for (uint32_t u = 0; u <= END; u++) {
        uint32_t size = 0, header = HEADER(u), prev = before_free ? 0u : (uint32_t)GALLOC_PREV_IN_USE;
        bool here = u == start, live = header & GALLOC_IN_USE;
        if (here && before_free) {
            sound = sound && TAG_BEFORE(u) == before;
        }
        if (u == END) {
            sound = sound && here && header == (galloc_live_header(HEAP, LINK(u), 0) | prev);
            break;
        }
        chunks->live[u] = 0;
        chunks->free[u] = 0;
        if (here) {
            size = live ? galloc_size_of(HEAP, header) : header / 8u;
            sound = sound && size >= GALLOC_MIN_UNITS && size <= END - u;
            if (live) {
                sound = sound && header == (galloc_live_header(HEAP, LINK(u), size) | prev);
                chunks->live[u] = size;
                used += 8u * size - 4u;
                blocks++;
            } else {
                sound = sound && header == (size * 8u | GALLOC_PREV_IN_USE) && !before_free;
                chunks->free[u] = size;
                free_chunks++;
            }
            before = LINK(u);
            before_free = !live;
            start = u + size;
        }
    }
    uint32_t guard = FIELD(guard) ^ FIELD(peak) ^ FIELD(failures);
    for (uint32_t i = 0; i < GALLOC_ROOTS; i++) {
        guard ^= region[offsetof(galloc_heap_t, roots) / 4u + i];
    }
    return sound && guard == 0 && FIELD(used) == used && FIELD(allocs) - FIELD(frees) == blocks &&
           FIELD(free_chunks) == free_chunks;
}

// Lists and trees: each free chunk hangs where its size says, on a way from a bin, and nothing else does.
static bool sound_links(const picture_t *chunks) {
    const uint32_t *size = chunks->free;
    uint32_t bin[UNITS], path[UNITS], depth[UNITS];
    bool sound = true, peer[UNITS], reached[UNITS];
    for (uint32_t u = 0; u < UNITS; u++) {
        reached[u] = false;
        peer[u] = false;
        depth[u] = 0;
        if (size[u] != 0) {
            bin[u] = galloc_bin(HEAP, size[u]) + (is_large(size[u]) ? 0u : galloc_sub_bin(HEAP, LINK(u)));
            path[u] = is_large(size[u]) ? galloc_tree_path(size[u]) : 0u;
        }
    }
    for (uint32_t b = 0; b < GALLOC_MAP_BITS; b++) {
        bool mapped = region[offsetof(galloc_heap_t, map) / 4u + b / 32u] >> b % 32u & 1u;
        bool found = false;
        for (uint32_t u = 0; b < BINS && u < UNITS; u++) {
            if (size[u] != 0 && bin[u] == b && HEAD(b) == LINK(u) && UP(u) == GALLOC_HEADS + b) {
                found = true;
                reached[u] = true;
            }
        }
        sound = sound && mapped == found && (b >= BINS || found || HEAD(b) == 0);
    }
    // From those that are reached to those behind, as often as there can be free chunks on one way.
    for (uint32_t round = 1; round < MOST_FREE; round++) {
        for (uint32_t v = 0; v < UNITS; v++) {
            if (!reached[v]) {
                continue;
            }
            for (uint32_t u = 0; u < UNITS; u++) {
                if (size[u] == 0 || u == v || bin[u] != bin[v]) {
                    continue;
                }
                if (size[u] == size[v] && NEXT(v) == LINK(u) && UP(u) == galloc_next_of(LINK(v))) {
                    reached[u] = true;
                    peer[u] = true;
                }
                for (uint32_t side = 0; v + 4u <= UNITS && side < 2; side++) {
                    if (is_large(size[v]) && !peer[v] && CHILD(v, side) == LINK(u) &&
                        UP(u) == galloc_child_of(LINK(v), side)) {
                        uint32_t differ = path[u] ^ path[v], d = depth[v];
                        sound = sound && (d == 0 || differ >> (32u - d) == 0) && (path[u] >> (31u - d) & 1u) == side;
                        depth[u] = d + 1u;
                        reached[u] = true;
                    }
                }
            }
        }
    }
    for (uint32_t v = 0; v < UNITS; v++) {
        if (size[v] == 0) {
            continue;
        }
        sound = sound && reached[v];
        // What it links to links back.
        bool next_ok = NEXT(v) == 0, low_ok = true, high_ok = true;
        if (v + 4u <= UNITS && is_large(size[v])) {
            low_ok = CHILD(v, 0) == 0;
            high_ok = CHILD(v, 1) == 0;
        }
        for (uint32_t u = 0; u < UNITS; u++) {
            if (size[u] == 0 || u == v) {
                continue;
            }
            next_ok = next_ok || (NEXT(v) == LINK(u) && UP(u) == galloc_next_of(LINK(v)) && size[u] == size[v] &&
                                  bin[u] == bin[v]);
            if (v + 4u <= UNITS && is_large(size[v]) && !peer[v] && bin[u] == bin[v]) {
                low_ok = low_ok || (CHILD(v, 0) == LINK(u) && UP(u) == galloc_child_of(LINK(v), 0));
                high_ok = high_ok || (CHILD(v, 1) == LINK(u) && UP(u) == galloc_child_of(LINK(v), 1));
            }
            // No two nodes of one size: the second would be a peer.
            sound = sound && !(is_large(size[v]) && size[u] == size[v] && !peer[u] && !peer[v]);
        }
        sound = sound && next_ok && low_ok && high_ok;
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
    for (uint32_t i = 0; i < GALLOC_STATIC_WORDS; i++) {
        region[i] = made[i];
    }
    for (uint32_t i = GALLOC_STATIC_WORDS; i < WORDS; i++) {
        region[i] = nondet_word();
    }
    __CPROVER_assume(sound(&before));
    for (uint32_t i = 0; i < WORDS; i++) {
        old[i] = region[i];
    }
}

// After the operation. What is asserted to be a constant is made one, for the solver's sake.
static void still_sound(void) {
    for (uint32_t i = 0; i < GALLOC_STATIC_WORDS; i++) {
        __CPROVER_assert(region[i] == made[i], "what never changes has not");
        region[i] = made[i];
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
            if (before.live[u] != 0 && word >= 2u * LINK(u) + 2u && word <= 2u * (LINK(u) + before.live[u])) {
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
    uint32_t size = 0;
    for (uint32_t u = 0; u < UNITS; u++) {
        size = u == place ? chunks->live[u] : size;
    }
    return size;
}

// What a request that succeeded has to give.
static void served(const void *block, size_t size, size_t align) {
    uint32_t units = live_at(&after, place_of(block));
    __CPROVER_assert(units != 0 && units * 8u - 4u >= size, "a live block of the heap, large enough");
    __CPROVER_assert((align & (align - 1u)) == 0 && (align == 0 || ((uintptr_t)block & (align - 1u)) == 0), "aligned");
}

// Whether a free chunk could have held the request.
static bool had_room(size_t size, size_t align) {
    if ((align & (align - 1u)) != 0 || size > 8u * UNITS) {
        return false;
    }
    uint32_t need = ((uint32_t)size + 11u) / 8u;
    need = need < GALLOC_MIN_UNITS ? GALLOC_MIN_UNITS : need;
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

// The block holds at `to` what it held, as far as it reaches.
static void kept(uint32_t to, uint32_t bytes) {
    uint32_t word = nondet_word();
    if (word < bytes / 4u) {
        __CPROVER_assert(region[2u * LINK(to) + 2u + word] == old[2u * LINK(AT) + 2u + word], "it holds what it held");
    }
}

static uint32_t lesser(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

void prove_resize(size_t size) {
    any_heap();
    void *block = block_at();
    if (!galloc_resize(HEAP, block, size)) {
        unchanged();
        return;
    }
    still_sound();
    served(block, size, 0);
    others_unchanged(AT, AT);
    kept(AT, 8u * lesser(before.live[AT], after.live[AT]) - 4u);
}

// galloc_realloc is made of this, galloc_alloc, a copy, and galloc_realloc_end, which is galloc_free or what follows.
void prove_realloc_begin(size_t size, size_t align) {
    any_heap();
    galloc_move_t move;
    __CPROVER_assert(galloc_realloc_begin(HEAP, block_at(), size, align, &move), "a live block is taken");
    if (move.to == NULL) {
        unchanged();
    } else {
        still_sound();
        uint32_t to = place_of(move.to);
        served(move.to, size, align);
        others_unchanged(AT, to);
        __CPROVER_assert(to == AT || after.live[AT] == 0, "the old block is gone");
        __CPROVER_assert(move.merged == (to != AT) && (move.bytes != 0) == move.merged, "it is moved, or stays");
        __CPROVER_assert(to == AT || AT + before.live[AT] <= to + live_at(&after, to), "the new one reaches over it");
    }
    uint32_t holds = 8u * before.live[AT] - 4u;
    __CPROVER_assert(move.bytes <= holds && move.bytes % 4u == 0, "no more is moved than there is");
    kept(AT, move.bytes != 0 ? move.bytes : lesser(holds, 8u * after.live[AT] - 4u));
}

void prove_realloc_end(size_t size) {
    any_heap();
    galloc_move_t move = {.to = block_at(), .size = size, .merged = true};
    galloc_realloc_end(HEAP, &move);
    still_sound();
    others_unchanged(AT, AT);
    __CPROVER_assert(after.live[AT] != 0, "the block is live");
    kept(AT, 8u * lesser(before.live[AT], after.live[AT]) - 4u);
}

// Any pointer at all. A payload may hold what imitates a header, the checksum included, and passes: that is left out.
void prove_refused(size_t size) {
    any_heap();
    void *block = (void *)nondet_pointer();
    uint32_t live = live_at(&before, place_of(block));
    bool owned = galloc_owns(HEAP, block);
    __CPROVER_assert(owned || live == 0, "a live block is owned");
    __CPROVER_assume(owned == (live != 0));
    __CPROVER_assert(galloc_usable_size(HEAP, block) == (live ? 8u * live - 4u : 0u), "a block's size is told");
    __CPROVER_assume(!owned);
    __CPROVER_assert(galloc_free(HEAP, block) != GALLOC_OK, "free refuses all else");
    __CPROVER_assert(!galloc_resize(HEAP, block, size), "so does resize");
    unchanged();
}

void prove_check(void) {
    any_heap();
    __CPROVER_assert(galloc_check(HEAP, NULL) == GALLOC_OK, "a sound heap passes");
    unchanged();
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
    __CPROVER_assert(FIELD(free_chunks) < 2u || FIELD(allocs) == FIELD(frees), "there is none");
}
