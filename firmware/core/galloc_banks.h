// galloc_banks.h: several heaps as one, for chips that have their memory in pieces.
//
//     static galloc_banks_t banks; // all zero: an empty set
//     galloc_banks_add(&banks, galloc_init(ccm, sizeof(ccm), NULL), GALLOC_FAST);
//     galloc_banks_add(&banks, galloc_init(sram, sizeof(sram), NULL), GALLOC_DMA);
//     galloc_banks_add(&banks, galloc_attach(psram, size), GALLOC_DMA | GALLOC_EXTERNAL | GALLOC_PERSIST);
//
//     void *table = galloc_banks_alloc(&banks, 512, 8, GALLOC_FAST);
//     void *frame = galloc_banks_alloc(&banks, 32768, 32, GALLOC_DMA); // in sram, or in psram once that is full
//     galloc_banks_free(&banks, frame);
//
// A bank is a heap of galloc.h with attributes. A request goes to the first bank, in the order in which they were added,
// that has all the attributes it wants and has room. So add the banks that shall be filled first, first.
//
// A set holds no blocks and counts nothing: once the banks are added it does not change. All that is known of a block is
// in its bank, and each bank is a heap of its own for galloc_stats, galloc_check, galloc_walk and galloc_attach. A bank
// that is damaged refuses what concerns it, as galloc.h has it; the others are not affected.
//
// The functions here do not lock; galloc_banks_locked.h has the locked form. `set` is never NULL.

#ifndef GALLOC_BANKS_H
#define GALLOC_BANKS_H

#include "galloc.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GALLOC_BANKS_MAX 8

// What a bank offers, and what a request wants. Any combination of them.
enum {
    GALLOC_FAST = 1,     // the processor's fastest: CCM, DTCM
    GALLOC_DMA = 2,      // reached by DMA and other bus masters
    GALLOC_EXTERNAL = 4, // outside of the chip: PSRAM, SDRAM
    GALLOC_PERSIST = 8,  // keeps its bytes over a reset
};
#define GALLOC_ATTRIBUTES 15u // all of them

typedef struct {
    galloc_heap_t *heap;
    size_t size;         // bytes of the heap, from its own address on
    uint32_t attributes; // GALLOC_FAST and others, or 0
} galloc_bank_t;

// A bank as the search for the owner of a block sees it.
typedef struct {
    galloc_heap_t *heap;
    uint32_t missing; // ~attributes
    uint32_t number;  // in galloc_banks_t.bank
} galloc_banks_place_t;

// `count` and `bank` may be read. The functions below change them, and derive the rest.
typedef struct {
    galloc_banks_place_t places[GALLOC_BANKS_MAX]; // in the order of addresses; unused ones are behind all addresses
    galloc_heap_t *first[GALLOC_ATTRIBUTES + 1u];  // the first bank with all these attributes, or NULL
    size_t count;
    galloc_bank_t bank[GALLOC_BANKS_MAX]; // in the order of the set
} galloc_banks_t;

// ---- The set -----------------------------------------------------------------------------------------------------

// Makes an empty set. One whose bytes are all zero is empty, too.
void galloc_banks_init(galloc_banks_t *set);

// Adds a heap, as made by galloc_init or galloc_attach, behind the banks that are in the set already.
// Returns GALLOC_OK, or, with the set unchanged:
//   GALLOC_FAULT_NULL       `heap` is NULL
//   GALLOC_FAULT_ATTRIBUTE  `attributes` has a bit that is no attribute
//   GALLOC_FAULT_FULL       the set has GALLOC_BANKS_MAX banks
//   GALLOC_FAULT_GEOMETRY   this is no heap, or its control block is damaged
//   GALLOC_FAULT_OVERLAP    it shares bytes with a bank of the set, or is one
// Time: O(GALLOC_BANKS_MAX), and that of galloc_stats.
galloc_fault_t galloc_banks_add(galloc_banks_t *set, galloc_heap_t *heap, uint32_t attributes);

// Takes a bank out, for example one that fails galloc_check, or whose memory loses its power. Its blocks are foreign to
// the set from then on; the banks behind it move up. Returns GALLOC_OK, or GALLOC_FAULT_FOREIGN if it is not in the set.
galloc_fault_t galloc_banks_remove(galloc_banks_t *set, galloc_heap_t *heap);

// The number in `bank` of the bank that has this address, or `count` if none has. Time: bounded.
size_t galloc_banks_find(const galloc_banks_t *set, const void *address);

// ---- Blocks ------------------------------------------------------------------------------------------------------
//
// As the functions of galloc.h that have the same names. To find the bank of a block takes a dozen instructions.

// Allocates in the first bank, in the order of the set, that has all attributes in `wants` and has room. wants: 0 takes
// any bank.
// Returns NULL as galloc_alloc does, or if no bank has all these attributes, or one of them does not exist. Each bank that
// was tried and had no room counts a failure.
// Time: that of galloc_alloc, once a bank at most.
void *galloc_banks_alloc(const galloc_banks_t *set, size_t size, size_t align, uint32_t wants);

// The same, with the `size` bytes set to 0.
void *galloc_banks_alloc_zeroed(const galloc_banks_t *set, size_t size, size_t align, uint32_t wants);

// Frees a block of any bank. A pointer that is in no bank gives GALLOC_FAULT_FOREIGN.
galloc_fault_t galloc_banks_free(const galloc_banks_t *set, void *block);

// Changes the size of a block in its own bank, if that has all attributes in `wants` and has room; else moves it to the
// first other bank that has both. So `wants` is what the block was allocated with, or what it needs from now on.
// Returns NULL, the old block unchanged, if there is no such bank, or as galloc_realloc does. block: NULL is
// galloc_banks_alloc.
// Time: that of galloc_banks_alloc and galloc_realloc.
void *galloc_banks_realloc(const galloc_banks_t *set, void *block, size_t size, size_t align, uint32_t wants);

bool galloc_banks_resize(const galloc_banks_t *set, void *block, size_t size);
size_t galloc_banks_usable_size(const galloc_banks_t *set, const void *block);
bool galloc_banks_owns(const galloc_banks_t *set, const void *block);

// ---- The set as a whole ------------------------------------------------------------------------------------------
//
// For one bank: galloc_stats, galloc_check and galloc_walk of set->bank[number].heap.

// The sums over all banks. `largest` is that of the bank that has the largest; `peak_used` is at least what was in use at
// any time, as the banks had their peaks at different times; `failures` counts each bank that a request has tried in vain.
void galloc_banks_stats(const galloc_banks_t *set, galloc_stats_t *out);

// Adds the figures of one heap to such a sum, which is all zero at first.
void galloc_banks_add_stats(galloc_stats_t *sum, const galloc_stats_t *one);

// Verifies the banks in the order of the set, up to the first that fails.
// bank, offset: NULL, or set to the number of that bank and the place in it, in bytes from the start of its heap; to
// `count` and 0 for GALLOC_OK.
// Time: O(chunks).
galloc_fault_t galloc_banks_check(const galloc_banks_t *set, size_t *bank, size_t *offset);

// The place of the bank that a block belongs to. For an address that is in none it is that of another bank, whose heap
// refuses the block; for an empty set `heap` is NULL. A block is behind the control block of its heap, never at the
// address of the heap itself.
static inline const galloc_banks_place_t *galloc_banks_place_of(const galloc_banks_t *set, const void *block) {
    const galloc_banks_place_t *place = set->places, *half = place + 4;
    place = (uintptr_t)block > (uintptr_t)half->heap ? half : place;
    half = place + 2;
    place = (uintptr_t)block > (uintptr_t)half->heap ? half : place;
    half = place + 1;
    return (uintptr_t)block > (uintptr_t)half->heap ? half : place;
}

#ifdef __cplusplus
}
#endif

#endif
