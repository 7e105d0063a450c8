// The fuzzer's target for sets of banks: an input is the banks' geometry and a list of operations on the set. The answers
// are compared with a model that knows the live blocks of each bank and its free chunks.
//
//   byte 0      number of banks - 1, in the low 3 bits
//   then        2 bytes a bank: its size in units of 32 bytes, and attributes (low nibble), bounded_search (bit 4), its
//               place among all by address (bits 5 to 7)
//   then        operations of 5 bytes each: kind and block, size (2 bytes), alignment, wanted attributes
//
// Built as target.c is.

#include "harness.h"

#include "galloc_banks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void fuzz_exit(int status);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Operations done since the program started.
unsigned long fuzz_operations;

__attribute__((destructor)) static void tell_operations(void) {
    fprintf(stderr, "operations: %lu\n", fuzz_operations);
}

// What the harness calls in place of _exit: the fuzzer keeps the input of a program that aborts.
void fuzz_exit(int status) {
    (void)status;
    abort();
}

#define ROOM (255u * 32u)

typedef struct {
    region_t *region; // a bank is the end of it
    shadow_t shadow;
    galloc_heap_t *heap;
    uint32_t attributes;
    bool bounded;
} bank_t;

static region_t rooms[GALLOC_BANKS_MAX];
static galloc_banks_t set;
static bank_t banks[GALLOC_BANKS_MAX]; // in the order of the set
static size_t count;

static bool serves(size_t bank, uint32_t wants) {
    return (wants & ~banks[bank].attributes) == 0;
}

// A block of the bank that must have served; `count` where none had to.
static void take(uint8_t *block, size_t size, size_t align, uint32_t wants, size_t owed) {
    if (block == NULL) {
        if (owed < count) {
            fail("%zu bytes at %zu refused although bank %zu can hold them", size, align, owed);
        }
        return;
    }
    size_t bank = galloc_banks_find(&set, block), usable = galloc_banks_usable_size(&set, block);
    if (bank >= count || !serves(bank, wants) || bank > owed || (uintptr_t)block % (align < 8 ? 8 : align) != 0 ||
        usable < size || usable > payload_for(size) + 8 || !galloc_owns(banks[bank].heap, block)) {
        fail("%zu bytes at %zu with %u gave %zu usable bytes in bank %zu", size, align, wants, usable, bank);
    }
    const char *wrong = shadow_add(&banks[bank].shadow, block, usable);
    if (wrong != NULL) {
        fail("%s", wrong);
    }
}

// The first bank that must serve a request, or `count`. Those that may give up early owe nothing.
static size_t owing(size_t size, size_t align, uint32_t wants) {
    size_t bank = 0;
    bool valid = (align & (align - 1)) == 0 && wants <= GALLOC_ATTRIBUTES;
    while (bank < count &&
           !(valid && serves(bank, wants) && !banks[bank].bounded && heap_could_hold(banks[bank].heap, size, align))) {
        bank++;
    }
    return bank;
}

static live_t *pick(size_t number, size_t *bank) {
    for (*bank = 0; *bank < count; ++*bank) {
        if (number < banks[*bank].shadow.count) {
            return &banks[*bank].shadow.live[number];
        }
        number -= banks[*bank].shadow.count;
    }
    return NULL;
}

static void must_hold(const uint8_t *block, size_t bytes, live_t entry, const char *what) {
    if (!pattern_holds(block, bytes, entry.token)) {
        fail("payload of %zu bytes: %s", entry.usable, what);
    }
}

static void do_free(live_t *live, size_t bank) {
    live_t entry = *live;
    must_hold(entry.block, entry.usable, entry, "overwritten before free");
    shadow_remove(&banks[bank].shadow, (size_t)(live - banks[bank].shadow.live));
    if (galloc_banks_free(&set, entry.block) != GALLOC_OK || galloc_banks_free(&set, entry.block) == GALLOC_OK) {
        fail("free of a live block, and again");
    }
}

static void do_realloc(live_t *live, size_t bank, size_t size, size_t align, uint32_t wants) {
    live_t entry = *live;
    size_t owed = owing(size, align, wants);
    bool own = serves(bank, wants);
    uint8_t *block = galloc_banks_realloc(&set, entry.block, size, align, wants);
    size_t kept = block == NULL || entry.usable < size ? entry.usable : size;
    must_hold(block == NULL ? entry.block : block, kept, entry, "lost by realloc");
    if (block != NULL) {
        size_t to = galloc_banks_find(&set, block);
        if (to != bank && own && !banks[bank].bounded && owed == bank) {
            fail("a block left a bank that has room for it");
        }
        shadow_remove(&banks[bank].shadow, (size_t)(live - banks[bank].shadow.live));
        owed = to == bank ? count : owed;
    }
    take(block, size, align, wants, owed);
}

static void do_resize(live_t *live, size_t bank, size_t size) {
    live_t entry = *live;
    bool done = galloc_banks_resize(&set, entry.block, size);
    must_hold(entry.block, !done || entry.usable < size ? entry.usable : size, entry, "lost by resize");
    if (done) {
        shadow_remove(&banks[bank].shadow, (size_t)(live - banks[bank].shadow.live));
        take(entry.block, size, 8, 0, count);
    } else if (size <= entry.usable) {
        fail("resize refused to shrink");
    }
}

static void do_stray_free(uint8_t *at) {
    size_t bank = galloc_banks_find(&set, at);
    if (bank < count && shadow_find(&banks[bank].shadow, at) < banks[bank].shadow.count) {
        do_free(&banks[bank].shadow.live[shadow_find(&banks[bank].shadow, at)], bank);
    } else if (galloc_banks_owns(&set, at) || galloc_banks_free(&set, at) == GALLOC_OK) {
        fail("free of no block, not refused");
    }
}

static void survey(void) {
    size_t bank, offset, used = 0, blocks = 0;
    galloc_stats_t stats;
    galloc_fault_t fault = galloc_banks_check(&set, &bank, &offset);
    if (fault != GALLOC_OK || bank != count) {
        fail("check: %s in bank %zu at %zu", galloc_fault_name(fault), bank, offset);
    }
    for (size_t i = 0; i < count; i++) {
        blocks += banks[i].shadow.count;
        for (size_t k = 0; k < banks[i].shadow.count; k++) {
            used += banks[i].shadow.live[k].usable;
        }
    }
    galloc_banks_stats(&set, &stats);
    if (stats.used != used || stats.blocks != blocks || stats.used + stats.free + stats.overhead != stats.total) {
        fail("stats: used %zu of %zu, blocks %zu of %zu", stats.used, used, stats.blocks, blocks);
    }
}

static void audit(void) {
    for (size_t i = 0; i < count; i++) {
        const char *wrong = shadow_audit(&banks[i].shadow);
        if (wrong != NULL) {
            fail("bank %zu: %s", i, wrong);
        }
    }
}

static void operate(const uint8_t *op) {
    size_t size = op[1] | (size_t)op[2] << 8, align = op[3] < 13 ? (size_t)1 << op[3] : op[3] % 2 ? 8u : op[3];
    uint32_t wants = op[4] < 240u ? op[4] % 16u : op[4];
    size_t kind = op[0] % 8, bank, live = 0;
    for (size_t i = 0; i < count; i++) {
        live += banks[i].shadow.count;
    }
    live_t *entry = live > 0 ? pick(op[0] / 8u % live, &bank) : NULL;
    size = size < 0xFF00u ? size % (ROOM + 64u) : SIZE_MAX - (0xFFFFu - size);
    fuzz_operations++;
    if (kind == 6) {
        do_stray_free((uint8_t *)((uintptr_t)rooms[op[0] / 8u % GALLOC_BANKS_MAX].base + size % ROOM));
    } else if (kind == 7) {
        audit();
    } else if (entry == NULL || kind < 2) {
        size_t owed = owing(size, align, wants);
        uint8_t *block = kind == 1 ? galloc_banks_alloc_zeroed(&set, size, align, wants)
                                   : galloc_banks_alloc(&set, size, align, wants);
        for (size_t i = 0; kind == 1 && block != NULL && i < size; i++) {
            if (block[i] != 0) {
                fail("byte %zu of a zeroed block is not 0", i);
            }
        }
        take(block, size, align, wants, owed);
    } else if (kind < 4) {
        do_free(entry, bank);
    } else if (kind == 4) {
        do_realloc(entry, bank, size, align, wants);
    } else {
        do_resize(entry, bank, size);
    }
    survey();
}

// Adds the banks that are large enough. False where none is.
static bool make(const uint8_t *data, size_t wanted) {
    bool taken[GALLOC_BANKS_MAX] = {false};
    count = 0;
    galloc_banks_init(&set);
    for (size_t i = 0; i < wanted; i++) {
        size_t bytes = data[2 * i] * 32u, room = data[2 * i + 1] >> 5u;
        while (taken[room]) {
            room = (room + 1u) % GALLOC_BANKS_MAX;
        }
        taken[room] = true;
        if (rooms[room].map == NULL) {
            region_map(&rooms[room], ROOM, 0);
        }
        bank_t *bank = &banks[count];
        *bank = (bank_t){.region = &rooms[room], .attributes = data[2 * i + 1] % 16u, .bounded = data[2 * i + 1] & 16u};
        galloc_config_t config = {.bounded_search = bank->bounded};
        memset(rooms[room].base, 0x5A, ROOM);
        bank->heap = galloc_init(rooms[room].base + (ROOM - bytes), bytes, &config);
        if (bank->heap != NULL) {
            shadow_init(&bank->shadow, bank->region);
            count++;
            if (galloc_banks_add(&set, bank->heap, bank->attributes) != GALLOC_OK) {
                fail("add");
            }
        }
    }
    return count > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    size_t wanted = size > 0 ? 1u + data[0] % GALLOC_BANKS_MAX : 0;
    fail_context("fuzz: %zu banks", wanted);
    if (wanted == 0 || size < 1u + 2u * wanted || !make(data + 1, wanted)) {
        return 0;
    }
    for (size_t at = 1u + 2u * wanted; at + 5u <= size; at += 5u) {
        operate(data + at);
    }
    audit();
    for (size_t i = 0; i < count; i++) {
        while (banks[i].shadow.count > 0) {
            do_free(&banks[i].shadow.live[0], i);
        }
        for (const uint8_t *byte = banks[i].region->base; byte < (uint8_t *)banks[i].heap; byte++) {
            if (*byte != 0x5A) {
                fail("a byte in front of a bank was written");
            }
        }
    }
    survey();
    for (size_t i = 0; i < count; i++) {
        shadow_release(&banks[i].shadow);
    }
    return 0;
}
