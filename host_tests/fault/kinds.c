#include "kinds.h"

#include "chunk.h" // the core's own: which words of a heap carry something

#include <stdio.h>
#include <string.h>

char kinds_story[160];

#define TELL(...) snprintf(kinds_story, sizeof kinds_story, __VA_ARGS__)

static size_t offset_of(const subject_t *subject, const void *at) {
    return (size_t)((uintptr_t)at - (uintptr_t)subject->heap);
}

static uint32_t read_word(const uint8_t *at) {
    uint32_t word;
    memcpy(&word, at, 4);
    return word;
}

// ---- what is written over a word ----

static uint32_t flipped(uint32_t word, uint32_t bits, rng_t *rng) {
    uint32_t mask = 0;
    while (bits > 0) {
        uint32_t bit = 1u << rng_below(rng, 32);
        bits -= !(mask & bit);
        mask |= bit;
    }
    return word ^ mask;
}

// The index of some chunk of the heap, or close to it.
static uint32_t some_index(const subject_t *subject, rng_t *rng) {
    const piece_t *piece = &subject->pieces[rng_below(rng, (uint32_t)subject->count)];
    uint32_t index = ((uint32_t)offset_of(subject, piece->payload) - 8u - GALLOC_ORIGIN) / 4u;
    return index + (rng_below(rng, 4) == 0 ? rng_below(rng, 3) - 1u : 0u);
}

static uint32_t some_word(const subject_t *subject, uint32_t word, rng_t *rng) {
    switch (rng_below(rng, 6)) {
        case 0:
            return flipped(word, 1 + rng_below(rng, 3), rng);
        case 1:
            return word + rng_below(rng, 33) - 16u;
        case 2:
            return rng_below(rng, 2) ? 0u : 0xFFFFFFFFu;
        case 3:
            return some_index(subject, rng);
        case 4:
            return rng_below(rng, (uint32_t)subject->region.size);
        default:
            return rng_next(rng);
    }
}

static void overwrite(const subject_t *subject, uint8_t *at, const char *what, rng_t *rng) {
    uint32_t before = read_word(at), after = before;
    while (after == before) {
        after = some_word(subject, before, rng);
    }
    memcpy(at, &after, 4);
    TELL("%s at %zu: %#x becomes %#x", what, offset_of(subject, at), (unsigned)before, (unsigned)after);
}

// ---- headers of live blocks ----

static void *header_bits(subject_t *subject, rng_t *rng, uint32_t bits) {
    uint8_t *block = subject->pieces[subject_pick(subject, rng, true)].payload;
    uint32_t before = read_word(block - 4), after = flipped(before, bits, rng);
    memcpy(block - 4, &after, 4);
    TELL("header of the block at %zu: %#x becomes %#x", offset_of(subject, block), (unsigned)before, (unsigned)after);
    return block;
}

static void *header_1(subject_t *subject, rng_t *rng) {
    return header_bits(subject, rng, 1);
}

static void *header_2(subject_t *subject, rng_t *rng) {
    return header_bits(subject, rng, 2);
}

static void *header_3(subject_t *subject, rng_t *rng) {
    return header_bits(subject, rng, 3);
}

// Text that runs over the end of the block before: 1 to 4 bytes, the last one may be the 0 behind it.
static void *header_text(subject_t *subject, rng_t *rng) {
    uint8_t *block = subject->pieces[subject_pick(subject, rng, true)].payload, text[4];
    uint32_t before = read_word(block - 4), bytes = 1 + rng_below(rng, 4);
    for (uint32_t i = 0; i < bytes; i++) {
        text[i] = (uint8_t)(rng_below(rng, 8) == 0 ? '\n' : 0x20 + rng_below(rng, 0x5f));
    }
    text[bytes - 1] = rng_below(rng, 2) ? text[bytes - 1] : 0;
    memcpy(block - 4, text, bytes);
    TELL("header of the block at %zu: %#x becomes %#x by %u bytes of text", offset_of(subject, block), (unsigned)before,
         (unsigned)read_word(block - 4), (unsigned)bytes);
    return block;
}

static void *header_word(subject_t *subject, rng_t *rng) {
    uint8_t *block = subject->pieces[subject_pick(subject, rng, true)].payload;
    overwrite(subject, block - 4, "header", rng);
    return block;
}

// ---- free chunks ----

// A live block next to the free chunk, which a program would free some day; any other where there is none.
static void *neighbour(const subject_t *subject, size_t index, rng_t *rng) {
    bool behind = index + 1 < subject->count && (index == 0 || rng_below(rng, 2));
    if (behind || index > 0) {
        return subject->pieces[behind ? index + 1 : index - 1].payload;
    }
    return subject->pieces[subject_pick(subject, rng, true)].payload;
}

static void *links(subject_t *subject, rng_t *rng) {
    size_t index = subject_pick(subject, rng, false);
    if (index == subject->count) {
        return NULL;
    }
    uint8_t *payload = subject->pieces[index].payload;
    static const char *const names[] = {"prev", "next"};
    uint32_t word = rng_below(rng, 2);
    overwrite(subject, payload + 4u * word, names[word], rng);
    return neighbour(subject, index, rng);
}

static void *header_of_free(subject_t *subject, rng_t *rng) {
    size_t index = subject_pick(subject, rng, false);
    if (index == subject->count) {
        return NULL;
    }
    overwrite(subject, subject->pieces[index].payload - 4, "header of a free chunk", rng);
    return neighbour(subject, index, rng);
}

static void *boundary_tag(subject_t *subject, rng_t *rng) {
    size_t index = subject_pick(subject, rng, false);
    if (index == subject->count) {
        return NULL;
    }
    const piece_t *piece = &subject->pieces[index];
    overwrite(subject, piece->payload + piece->size - 4, "boundary tag", rng);
    return neighbour(subject, index, rng);
}

// ---- the control block, and the end chunk, which belongs to it ----

static void *control_block(subject_t *subject, rng_t *rng) {
    uint32_t words = (uint32_t)offsetof(struct galloc_heap, bins) / 4u + subject->heap->first - 2u;
    uint32_t word = rng_below(rng, 2) ? rng_below(rng, words + 1u) : rng_below(rng, 25); // its front more often
    uint8_t *at = (uint8_t *)subject->heap + 4u * word;
    if (word == words) {
        at = (uint8_t *)&chunk_at(subject->heap, subject->heap->limit + 3u)->header;
    }
    overwrite(subject, at, "control word", rng);
    return subject->pieces[subject_pick(subject, rng, true)].payload;
}

// ---- pointers that are no live block; the heap stays sound ----

static void *double_free(subject_t *subject, rng_t *rng) {
    uint8_t *block = subject->pieces[subject_pick(subject, rng, true)].payload;
    uint32_t between = rng_below(rng, 4);
    TELL("free of %zu, %u other blocks, and the same again", offset_of(subject, block), (unsigned)between);
    galloc_free(subject->heap, block);
    while (between-- > 0) {
        uint8_t *other = subject->pieces[subject_pick(subject, rng, true)].payload;
        if (other != block) {
            galloc_free(subject->heap, other);
        }
    }
    return block;
}

static void *interior(subject_t *subject, rng_t *rng) {
    const piece_t *piece = &subject->pieces[rng_below(rng, (uint32_t)subject->count)];
    size_t inside = 8u * rng_below(rng, (uint32_t)piece->size / 8u + 1u);
    if (inside == 0 && piece->live) {
        inside = 8;
    }
    TELL("%zu bytes into the %s of %zu bytes at %zu", inside, piece->live ? "block" : "free chunk", piece->size,
         offset_of(subject, piece->payload));
    return piece->payload + inside;
}

static void *misaligned(subject_t *subject, rng_t *rng) {
    const piece_t *piece = &subject->pieces[rng_below(rng, (uint32_t)subject->count)];
    size_t inside = 8u * rng_below(rng, (uint32_t)piece->size / 8u + 1u) + 1u + rng_below(rng, 7);
    TELL("%zu bytes into the chunk of %zu bytes at %zu", inside, piece->size, offset_of(subject, piece->payload));
    return piece->payload + inside;
}

static void *foreign(subject_t *subject, rng_t *rng) {
    static _Alignas(16) uint8_t elsewhere[4096];
    uint8_t *base = subject->region.base, *end = base + subject->region.size;
    uint8_t *first = subject->pieces[0].payload;
    uint8_t *at = NULL;
    switch (rng_below(rng, 6)) {
        case 0: { // a live block of another heap
            galloc_heap_t *other = galloc_init(elsewhere, sizeof elsewhere, NULL);
            at = galloc_alloc(other, rng_below(rng, 200), 8);
            break;
        }
        case 1: // the control block
            at = (uint8_t *)subject->heap + rng_below(rng, (uint32_t)offset_of(subject, first));
            break;
        case 2: // shortly before
            at = base - 1 - rng_below(rng, 70000);
            break;
        case 3: // at the end and shortly behind it
            at = end - rng_below(rng, 4) + rng_below(rng, 70000);
            break;
        case 4: { // the same offset as a live block, a power of two away
            uintptr_t block = (uintptr_t)subject->pieces[subject_pick(subject, rng, true)].payload;
            at = (uint8_t *)(block + ((uintptr_t)1 << (16 + rng_below(rng, 47))));
            break;
        }
        default: { // anywhere
            uint64_t address = ((uint64_t)rng_next(rng) << 32 | rng_next(rng)) & ~(uint64_t)7;
            at = (uint8_t *)(uintptr_t)address;
            if (at >= base && at < end) {
                at = end;
            }
            break;
        }
    }
    TELL("a pointer %td bytes from the region's start", at - base);
    return at;
}

// A block that was freed and merged with the free chunk before it; half of the time its place has been handed out again
// as part of another block.
static void *stale(subject_t *subject, rng_t *rng) {
    size_t index = subject_pick(subject, rng, true);
    if (index == 0) {
        return NULL;
    }
    uint8_t *block = subject->pieces[index].payload;
    const piece_t *before = &subject->pieces[index - 1];
    if (before->live) {
        galloc_free(subject->heap, before->payload);
    }
    galloc_free(subject->heap, block);
    bool covered = rng_below(rng, 2);
    if (covered) {
        uint8_t *taken = galloc_alloc(subject->heap, before->size + 4u + subject->pieces[index].size, 8);
        if (taken == block) {
            return NULL; // it lives again
        }
    }
    TELL("free of %zu after it was merged%s", offset_of(subject, block), covered ? " and handed out in part" : "");
    return block;
}

const kind_t kinds[] = {
    {"header, 1 bit", header_1, BY_FREE_ALWAYS},           {"header, 2 bits", header_2, BY_FREE_ALWAYS},
    {"header, 3 bits", header_3, BY_FREE_ALWAYS},          {"header, text", header_text, BY_FREE_ALWAYS},
    {"header, whole word", header_word, BY_EITHER},        {"links", links, BY_EITHER},
    {"header of a free chunk", header_of_free, BY_EITHER}, {"boundary tag", boundary_tag, BY_EITHER},
    {"control block", control_block, BY_EITHER},           {"double free", double_free, BY_FREE_ALONE},
    {"interior pointer", interior, BY_FREE_ALONE},         {"misaligned pointer", misaligned, BY_FREE_ALONE},
    {"foreign pointer", foreign, BY_FREE_ALONE},           {"stale after coalescing", stale, BY_FREE_ALONE},
};
const size_t kinds_count = sizeof kinds / sizeof kinds[0];
