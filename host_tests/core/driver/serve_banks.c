// The commands of the driver that work on one set of banks, made of the heaps in the slots. A block is written as SLOT
// BLOCK, with the offset in that slot's region. CHANGED counts bytes of all slots.
//
//   bclear                                an empty set
//   badd SLOT ATTRIBUTES | bremove SLOT   -> FAULT
//   balloc SIZE ALIGN WANTS ZEROED        -> SLOT BLOCK USABLE, or `-`
//   bfree SLOT BLOCK                      -> FAULT CHANGED
//   brealloc SLOT BLOCK SIZE ALIGN WANTS  -> SLOT BLOCK USABLE, or `-`
//   bresize SLOT BLOCK SIZE               -> 0|1 CHANGED
//   blook SLOT BLOCK                      -> USABLE OWNED BANK, the last two as numbers
//   bstats | bcheck                       -> fields | FAULT BANK OFFSET

#include "serve.h"

#include "galloc_banks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static galloc_banks_t set;
static snapshot_t before[SLOTS]; // of each region, before the call

static void note_all(void) {
    for (size_t i = 0; i < SLOTS; i++) {
        snapshot_take(&before[i], slots[i].region.base, slots[i].region.size);
    }
}

static size_t all_changed(void) {
    size_t count = 0;
    for (size_t i = 0; i < SLOTS; i++) {
        count += snapshot_changes(&before[i]);
    }
    return count;
}

static slot_t *to_slot(const char *word) {
    return &slots[to_size(word) % SLOTS];
}

static uint8_t *to_address(const slot_t *slot, const char *word) {
    return (uint8_t *)((uintptr_t)slot->region.base + (uintptr_t)strtoll(word, NULL, 10));
}

// Registers a block that the set has handed out, and answers where it is.
static void answer_block(uint8_t *block, size_t size, size_t align) {
    if (block == NULL) {
        printf("ok -\n");
        return;
    }
    size_t number = 0;
    while (number < SLOTS && (uintptr_t)block - (uintptr_t)slots[number].region.base >= slots[number].region.size) {
        number++;
    }
    if (number == SLOTS) {
        printf("error a block outside of all regions\n");
        return;
    }
    slot_t *slot = &slots[number];
    size_t usable = galloc_usable_size(slot->heap, block);
    const char *wrong = (uintptr_t)block % (align < 8 ? 8 : align) != 0 ? "a block is not aligned"
                        : usable < size                                 ? "a block is smaller than what was asked for"
                                                                        : shadow_add(&slot->shadow, block, usable);
    if (wrong != NULL) {
        printf("error %s\n", wrong);
    } else {
        printf("ok %zu %td %zu\n", number, block - slot->region.base, usable);
    }
}

static void do_alloc(size_t size, size_t align, uint32_t wants, bool zeroed) {
    uint8_t *block =
        zeroed ? galloc_banks_alloc_zeroed(&set, size, align, wants) : galloc_banks_alloc(&set, size, align, wants);
    for (size_t i = 0; zeroed && block != NULL && i < size; i++) {
        if (block[i] != 0) {
            printf("error byte %zu of a zeroed block is not 0\n", i);
            return;
        }
    }
    answer_block(block, size, align);
}

static void do_free(slot_t *slot, uint8_t *block) {
    size_t index = shadow_find(&slot->shadow, block);
    if (index < slot->shadow.count &&
        !pattern_holds(block, slot->shadow.live[index].usable, slot->shadow.live[index].token)) {
        printf("error the payload was overwritten before free\n");
        return;
    }
    note_all();
    galloc_fault_t fault = galloc_banks_free(&set, block);
    if (fault == GALLOC_OK && index < slot->shadow.count) {
        shadow_remove(&slot->shadow, index);
    }
    printf("ok %d %zu\n", (int)fault, all_changed());
}

static void do_realloc(slot_t *slot, uint8_t *block, size_t size, size_t align, uint32_t wants) {
    size_t index = shadow_find(&slot->shadow, block);
    bool known = index < slot->shadow.count;
    live_t entry = known ? slot->shadow.live[index] : (live_t){0};
    uint8_t *moved = galloc_banks_realloc(&set, block, size, align, wants);
    if (moved != NULL && known) {
        if (!pattern_holds(moved, entry.usable < size ? entry.usable : size, entry.token)) {
            printf("error realloc lost payload\n");
            return;
        }
        shadow_remove(&slot->shadow, index);
    }
    answer_block(moved, size, align);
}

static void do_resize(slot_t *slot, uint8_t *block, size_t size) {
    size_t index = shadow_find(&slot->shadow, block);
    note_all();
    bool done = galloc_banks_resize(&set, block, size);
    size_t changes = all_changed();
    if (done && index < slot->shadow.count) {
        live_t entry = slot->shadow.live[index];
        size_t usable = galloc_banks_usable_size(&set, block);
        if (usable < size || !pattern_holds(block, entry.usable < size ? entry.usable : size, entry.token)) {
            printf("error resize lost payload\n");
            return;
        }
        shadow_remove(&slot->shadow, index);
        const char *wrong = shadow_add(&slot->shadow, block, usable);
        if (wrong != NULL) {
            printf("error %s\n", wrong);
            return;
        }
    }
    printf("ok %d %zu\n", done, changes);
}

bool serve_banks(int count, char **word) {
    const char *verb = word[0];
    slot_t *slot = count > 1 ? to_slot(word[1]) : NULL;
    uint8_t *block = count > 2 ? to_address(slot, word[2]) : NULL;
    if (strcmp(verb, "bclear") == 0) {
        galloc_banks_init(&set);
        printf("ok\n");
    } else if (strcmp(verb, "badd") == 0 && count == 3) {
        printf("ok %d\n", (int)galloc_banks_add(&set, slot->heap, (uint32_t)to_size(word[2])));
    } else if (strcmp(verb, "bremove") == 0 && count == 2) {
        printf("ok %d\n", (int)galloc_banks_remove(&set, slot->heap));
    } else if (strcmp(verb, "balloc") == 0 && count == 5) {
        do_alloc(to_size(word[1]), to_size(word[2]), (uint32_t)to_size(word[3]), to_size(word[4]) != 0);
    } else if (strcmp(verb, "bfree") == 0 && count == 3) {
        do_free(slot, block);
    } else if (strcmp(verb, "brealloc") == 0 && count == 6) {
        do_realloc(slot, block, to_size(word[3]), to_size(word[4]), (uint32_t)to_size(word[5]));
    } else if (strcmp(verb, "bresize") == 0 && count == 4) {
        do_resize(slot, block, to_size(word[3]));
    } else if (strcmp(verb, "blook") == 0 && count == 3) {
        printf("ok %zu %d %zu\n", galloc_banks_usable_size(&set, block), galloc_banks_owns(&set, block),
               galloc_banks_find(&set, block));
    } else if (strcmp(verb, "bstats") == 0) {
        galloc_stats_t s;
        memset(&s, 0xFF, sizeof s);
        galloc_banks_stats(&set, &s);
        printf("ok %zu %zu %zu %zu %zu %zu %zu %zu %zu %zu %zu\n", s.total, s.used, s.free, s.largest, s.overhead,
               s.peak_used, s.blocks, s.free_chunks, s.allocs, s.frees, s.failures);
    } else if (strcmp(verb, "bcheck") == 0) {
        size_t bank = 99, offset = 99;
        galloc_fault_t fault = galloc_banks_check(&set, &bank, &offset);
        printf("ok %d %zu %zu\n", (int)fault, bank, offset);
    } else {
        return false;
    }
    return true;
}
