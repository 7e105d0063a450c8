// The driver's command mode. One command a line, one answer a line. Blocks are signed decimal offsets from the start of
// the region in use, `-` is NULL; bytes are in hexadecimal. An answer starts with `ok`, or with `error` and a reason
// when the driver itself found a fault in the core's conduct. CHANGED is the number of bytes of the region that differ
// from before the call.
//
//   map SLOT SIZE TAIL SEED          new region of random bytes in slot 0..7, used from now on  -> ADDRESS
//   use SLOT                         another region; its heap and shadow come back with it
//   init [SMALLBINS SUB_BINS BOUNDED] no numbers: NULL for the configuration                   -> 0|1
//   cast                             takes the region as a heap without making one             -> 1
//   attach | initialized             -> 0|1 CHANGED
//   alloc SIZE ALIGN | zalloc SIZE ALIGN                                             -> BLOCK USABLE CHANGED
//   free BLOCK                                                                       -> FAULT CHANGED
//   realloc BLOCK SIZE ALIGN                                                         -> BLOCK USABLE CHANGED
//   regrow BLOCK OLD SIZE            clears OLD bytes, reallocates, clears what was added      -> BLOCK USABLE CHANGED
//   resize BLOCK SIZE                                                                -> 0|1 USABLE CHANGED
//   usable BLOCK | owns BLOCK                                                        -> NUMBER
//   stats | check | walk | dump      -> fields | FAULT OFFSET | BLOCK:SIZE:LIVE ... | BYTES
//   load BYTES | poke OFFSET BYTES   overwrites the region
//   forget                           the driver no longer expects any block to be live or whole
//   audit                            verifies every live block's payload and the bytes around the region
//   overhead SIZE [SMALLBINS SUB_BINS BOUNDED]                                                 -> BYTES
//   name FAULT                       -> TEXT
//   null                             each function with a NULL heap or a NULL region
//   b...                             those of serve_banks.c, on several slots at once

#include "serve.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORDS 6

slot_t slots[SLOTS];
static slot_t *slot = &slots[0];
static snapshot_t before; // of the region, before the call

static void note_before(void) {
    snapshot_take(&before, slot->region.base, slot->region.size);
}

static size_t changed(void) {
    return snapshot_changes(&before);
}

static uint8_t *to_block(const char *word) {
    if (word[0] == '-' && word[1] == 0) {
        return NULL;
    }
    return (uint8_t *)((uintptr_t)slot->region.base + (uintptr_t)strtoll(word, NULL, 10));
}

size_t to_size(const char *word) {
    unsigned long long value = strtoull(word, NULL, 10);
    return value > SIZE_MAX ? SIZE_MAX : (size_t)value; // the largest size of either word
}

static void print_block(const void *block, size_t usable) {
    if (block == NULL) {
        printf("ok - 0 %zu\n", changed());
    } else {
        printf("ok %td %zu %zu\n", (const uint8_t *)block - slot->region.base, usable, changed());
    }
}

// NULL, or what is wrong with a block that the core has handed out.
static const char *accept_block(uint8_t *block, size_t size, size_t align, size_t *usable) {
    *usable = galloc_usable_size(slot->heap, block);
    if (align < 8) {
        align = 8;
    }
    if ((uintptr_t)block % align != 0) {
        return "a block is not aligned";
    }
    if (*usable < size) {
        return "a block is smaller than what was asked for";
    }
    return shadow_add(&slot->shadow, block, *usable);
}

static void do_alloc(size_t size, size_t align, bool zeroed) {
    note_before();
    uint8_t *block = zeroed ? galloc_alloc_zeroed(slot->heap, size, align) : galloc_alloc(slot->heap, size, align);
    if (block == NULL) {
        print_block(NULL, 0);
        return;
    }
    for (size_t i = 0; zeroed && i < size; i++) {
        if (block[i] != 0) {
            printf("error byte %zu of a zeroed block is not 0\n", i);
            return;
        }
    }
    size_t changes = changed(), usable;
    const char *wrong = accept_block(block, size, align, &usable);
    if (wrong != NULL) {
        printf("error %s\n", wrong);
    } else {
        printf("ok %td %zu %zu\n", block - slot->region.base, usable, changes);
    }
}

static void do_free(uint8_t *block) {
    size_t index = shadow_find(&slot->shadow, block);
    if (index < slot->shadow.count) {
        live_t entry = slot->shadow.live[index];
        if (!pattern_holds(entry.block, entry.usable, entry.token)) {
            printf("error the payload was overwritten before free\n");
            return;
        }
    }
    note_before();
    galloc_fault_t fault = galloc_free(slot->heap, block);
    if (fault == GALLOC_OK && index < slot->shadow.count) {
        shadow_remove(&slot->shadow, index);
    }
    printf("ok %d %zu\n", (int)fault, changed());
}

static void do_realloc(uint8_t *block, size_t size, size_t align) {
    size_t index = shadow_find(&slot->shadow, block);
    bool known = index < slot->shadow.count;
    live_t entry = {0};
    if (known) {
        entry = slot->shadow.live[index];
        if (!pattern_holds(entry.block, entry.usable, entry.token)) {
            printf("error the payload was overwritten before realloc\n");
            return;
        }
    }
    note_before();
    uint8_t *moved = galloc_realloc(slot->heap, block, size, align);
    if (moved == NULL) {
        print_block(NULL, 0);
        return;
    }
    size_t changes = changed(), usable = 0;
    if (known) {
        if (!pattern_holds(moved, entry.usable < size ? entry.usable : size, entry.token)) {
            printf("error realloc lost payload\n");
            return;
        }
        shadow_remove(&slot->shadow, index);
    }
    const char *wrong = accept_block(moved, size, align, &usable);
    if (wrong != NULL) {
        printf("error %s\n", wrong);
    } else {
        printf("ok %td %zu %zu\n", moved - slot->region.base, usable, changes);
    }
}

static bool all_zero(const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

// A zeroed block that grows and stays zeroed: the caller clears what was added.
static void do_regrow(uint8_t *block, size_t old, size_t size) {
    size_t index = shadow_find(&slot->shadow, block), usable;
    if (index == slot->shadow.count || slot->shadow.live[index].usable < old || size < old) {
        printf("error no such block\n");
        return;
    }
    memset(block, 0, old);
    note_before();
    uint8_t *grown = galloc_realloc(slot->heap, block, size, 8);
    if (grown == NULL || !all_zero(grown, old)) {
        printf("error a zeroed block did not grow or lost its bytes\n");
        return;
    }
    memset(grown + old, 0, size - old);
    shadow_remove(&slot->shadow, index);
    size_t changes = changed();
    const char *wrong = accept_block(grown, size, 8, &usable);
    if (wrong != NULL) {
        printf("error %s\n", wrong);
    } else {
        printf("ok %td %zu %zu\n", grown - slot->region.base, usable, changes);
    }
}

static void do_resize(uint8_t *block, size_t size) {
    size_t index = shadow_find(&slot->shadow, block);
    note_before();
    bool done = galloc_resize(slot->heap, block, size);
    size_t changes = changed(), usable = galloc_usable_size(slot->heap, block);
    if (done && index < slot->shadow.count) {
        live_t entry = slot->shadow.live[index];
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
    printf("ok %d %zu %zu\n", done, usable, changes);
}

static bool print_chunk(void *context, void *block, size_t size, bool allocated) {
    (void)context;
    printf(" %td:%zu:%d", (uint8_t *)block - slot->region.base, size, allocated);
    return true;
}

static void do_stats(void) {
    galloc_stats_t s;
    memset(&s, 0xFF, sizeof s);
    galloc_stats(slot->heap, &s);
    printf("ok %zu %zu %zu %zu %zu %zu %zu %zu %zu %zu %zu\n", s.total, s.used, s.free, s.largest, s.overhead,
           s.peak_used, s.blocks, s.free_chunks, s.allocs, s.frees, s.failures);
}

static void do_map(char **word) {
    slot = &slots[to_size(word[1]) % SLOTS];
    if (slot->region.map != NULL) {
        shadow_release(&slot->shadow);
        region_unmap(&slot->region);
    }
    slot->heap = NULL;
    region_map(&slot->region, to_size(word[2]), to_size(word[3]));
    region_scramble(&slot->region, (uint32_t)to_size(word[4]));
    shadow_init(&slot->shadow, &slot->region);
    printf("ok %" PRIuPTR "\n", (uintptr_t)slot->region.base);
}

static const galloc_config_t *to_config(int count, char **word, galloc_config_t *config) {
    if (count < 3) {
        return NULL;
    }
    *config = (galloc_config_t){.smallbins = (uint16_t)to_size(word[0]),
                                .alignment_sub_bins = (uint16_t)to_size(word[1]),
                                .bounded_search = to_size(word[2]) != 0};
    return config;
}

static void do_bytes(const char *hex, size_t offset) {
    size_t count = strlen(hex) / 2;
    if (offset > slot->region.size || count > slot->region.size - offset) {
        printf("error more bytes than the region holds\n");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        char digits[3] = {hex[2 * i], hex[2 * i + 1], 0};
        slot->region.base[offset + i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    printf("ok\n");
}

static void do_dump(void) {
    static const char digits[] = "0123456789abcdef";
    fputs("ok ", stdout);
    for (size_t i = 0; i < slot->region.size; i++) {
        putchar(digits[slot->region.base[i] >> 4]);
        putchar(digits[slot->region.base[i] & 15]);
    }
    putchar('\n');
}

static bool must_not_visit(void *context, void *block, size_t size, bool allocated) {
    (void)block, (void)size, (void)allocated;
    *(bool *)context = true;
    return true;
}

static void do_null(void) {
    uint64_t word = 0;
    bool visited = false;
    size_t offset = 77;
    galloc_stats_t stats, zero;
    memset(&stats, 0xFF, sizeof stats);
    memset(&zero, 0, sizeof zero);
    galloc_stats(NULL, &stats);
    galloc_walk(NULL, must_not_visit, &visited);
    const char *wrong = NULL;
    if (galloc_init(NULL, 4096, NULL) != NULL || galloc_attach(NULL, 4096) != NULL || galloc_initialized(NULL, 4096)) {
        wrong = "a NULL region was taken";
    } else if (galloc_alloc(NULL, 8, 8) != NULL || galloc_alloc_zeroed(NULL, 8, 8) != NULL ||
               galloc_realloc(NULL, &word, 8, 8) != NULL || galloc_realloc(NULL, NULL, 8, 8) != NULL ||
               galloc_resize(NULL, &word, 8) || galloc_usable_size(NULL, &word) != 0 || galloc_owns(NULL, &word)) {
        wrong = "a NULL heap was taken";
    } else if (galloc_free(NULL, &word) != GALLOC_FAULT_NULL || galloc_check(NULL, &offset) != GALLOC_FAULT_NULL ||
               galloc_check(NULL, NULL) != GALLOC_FAULT_NULL) {
        wrong = "a NULL heap is not reported as such";
    } else if (visited || memcmp(&stats, &zero, sizeof zero) != 0) {
        wrong = "a NULL heap has chunks or stats";
    } else if (galloc_init((void *)(UINTPTR_MAX - 4095), 8192, NULL) != NULL ||
               galloc_initialized((void *)(UINTPTR_MAX - 4095), 8192) ||
               galloc_attach((void *)(UINTPTR_MAX - 4095), 8192) != NULL) {
        wrong = "a region that wraps the address space was taken";
    }
    printf(wrong == NULL ? "ok\n" : "error %s\n", wrong);
}

static void obey(int count, char **word) {
    galloc_config_t config;
    size_t offset = 0;
    const char *verb = word[0];
    if (strcmp(verb, "map") == 0 && count == 5) {
        do_map(word);
    } else if (strcmp(verb, "use") == 0 && count == 2) {
        slot = &slots[to_size(word[1]) % SLOTS];
        printf("ok\n");
    } else if (strcmp(verb, "init") == 0) {
        note_before();
        galloc_heap_t *heap =
            galloc_init(slot->region.base, slot->region.size, to_config(count - 1, word + 1, &config));
        shadow_clear(&slot->shadow);
        slot->heap = heap;
        printf("ok %d %zu\n", heap != NULL, changed());
    } else if (strcmp(verb, "cast") == 0) {
        slot->heap = (galloc_heap_t *)(((uintptr_t)slot->region.base + 7) & ~(uintptr_t)7);
        printf("ok 1\n");
    } else if (strcmp(verb, "attach") == 0) {
        note_before();
        galloc_heap_t *heap = galloc_attach(slot->region.base, slot->region.size);
        slot->heap = heap;
        printf("ok %d %zu\n", heap != NULL, changed());
    } else if (strcmp(verb, "initialized") == 0) {
        note_before();
        bool is = galloc_initialized(slot->region.base, slot->region.size);
        printf("ok %d %zu\n", is, changed());
    } else if (strcmp(verb, "alloc") == 0 && count == 3) {
        do_alloc(to_size(word[1]), to_size(word[2]), false);
    } else if (strcmp(verb, "zalloc") == 0 && count == 3) {
        do_alloc(to_size(word[1]), to_size(word[2]), true);
    } else if (strcmp(verb, "free") == 0 && count == 2) {
        do_free(to_block(word[1]));
    } else if (strcmp(verb, "realloc") == 0 && count == 4) {
        do_realloc(to_block(word[1]), to_size(word[2]), to_size(word[3]));
    } else if (strcmp(verb, "regrow") == 0 && count == 4) {
        do_regrow(to_block(word[1]), to_size(word[2]), to_size(word[3]));
    } else if (strcmp(verb, "resize") == 0 && count == 3) {
        do_resize(to_block(word[1]), to_size(word[2]));
    } else if (strcmp(verb, "usable") == 0 && count == 2) {
        printf("ok %zu\n", galloc_usable_size(slot->heap, to_block(word[1])));
    } else if (strcmp(verb, "owns") == 0 && count == 2) {
        printf("ok %d\n", galloc_owns(slot->heap, to_block(word[1])));
    } else if (strcmp(verb, "stats") == 0) {
        do_stats();
    } else if (strcmp(verb, "check") == 0) {
        galloc_fault_t fault = galloc_check(slot->heap, &offset);
        printf("ok %d %zu\n", (int)fault, offset);
    } else if (strcmp(verb, "walk") == 0) {
        fputs("ok", stdout);
        galloc_walk(slot->heap, print_chunk, NULL);
        putchar('\n');
    } else if (strcmp(verb, "dump") == 0) {
        do_dump();
    } else if (strcmp(verb, "load") == 0 && count == 2) {
        do_bytes(word[1], 0);
    } else if (strcmp(verb, "poke") == 0 && count == 3) {
        do_bytes(word[2], to_size(word[1]));
    } else if (strcmp(verb, "forget") == 0) {
        shadow_clear(&slot->shadow);
        printf("ok\n");
    } else if (strcmp(verb, "audit") == 0) {
        const char *wrong = shadow_audit(&slot->shadow);
        printf(wrong == NULL ? "ok\n" : "error %s\n", wrong);
    } else if (strcmp(verb, "overhead") == 0 && count >= 2) {
        printf("ok %zu\n", galloc_overhead(to_size(word[1]), to_config(count - 2, word + 2, &config)));
    } else if (strcmp(verb, "name") == 0 && count == 2) {
        printf("ok %s\n", galloc_fault_name((galloc_fault_t)atoi(word[1])));
    } else if (strcmp(verb, "null") == 0) {
        do_null();
    } else if (!serve_banks(count, word)) {
        printf("error unknown command %s with %d words\n", verb, count);
    }
}

int mode_serve(int argc, char **argv) {
    (void)argc, (void)argv;
    char *line = NULL;
    size_t capacity = 0;
    region_map(&slots[0].region, 0, 0);
    shadow_init(&slots[0].shadow, &slots[0].region);
    while (getline(&line, &capacity, stdin) > 0) {
        char *word[WORDS + 1];
        int count = 0;
        for (char *at = strtok(line, " \n"); at != NULL && count < WORDS; at = strtok(NULL, " \n")) {
            word[count++] = at;
        }
        if (count > 0) {
            alarm(60); // a command that does not end must not hold up the tests
            obey(count, word);
            fflush(stdout);
        }
    }
    free(line);
    snapshot_release(&before);
    for (size_t i = 0; i < SLOTS; i++) {
        shadow_release(&slots[i].shadow);
    }
    return 0;
}
