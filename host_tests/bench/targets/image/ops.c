// ops.c: the driver's operations on a board, each one counted. The allocator's adapter is compiled in here, so a count is
// that of the call itself: arguments, call, function.

#include "ops.h"

#include <stdlib.h>

#include "count.h"
#include "machine.h"
#include "random.h"
#include "slots.h"

#include BENCH_ADAPTER

tally_t tally;
count_t counts[KINDS];
uint32_t bench_fill;
static uint32_t copied;   // ticks that copying took since the last count began
static uint32_t overhead; // ticks of a count of nothing

#define COUNTED(kind, statement)                               \
    do {                                                       \
        copied = 0;                                            \
        uint32_t from_ = machine_now();                        \
        statement;                                             \
        count_add(kind, machine_passed(from_, machine_now())); \
    } while (0)

static uint32_t latest;

static void count_add(int kind, uint32_t ticks) {
    uint32_t cost = machine_instructions(ticks - overhead - copied);
    latest = cost;
    count_t *c = &counts[kind];
    c->calls++;
    c->sum += cost;
    c->most = cost > c->most ? cost : c->most;
}

void counts_start(void) {
    machine_start();
    overhead = UINT32_MAX;
    for (int i = 0; i < 8; i++) {
        uint32_t from = machine_now();
        __asm__ volatile("" : : : "memory");
        uint32_t ticks = machine_passed(from, machine_now());
        overhead = ticks < overhead ? ticks : overhead;
    }
}

void counts_clear(void) {
    for (int i = ALLOC; i <= REALLOC; i++) {
        counts[i] = (count_t){0};
    }
}

// Copying and clearing of payload is no work of the allocator's; a call of the C library's would also cost on each board
// what its C library is.
void *__wrap_memcpy(void *to, const void *from, size_t size) {
    uint32_t begin = machine_now();
    uint8_t *t = to;
    const uint8_t *f = from;
    if ((((uintptr_t)t | (uintptr_t)f) & 3) == 0) {
        for (; size >= 4; size -= 4, t += 4, f += 4) {
            *(volatile uint32_t *)t = *(const uint32_t *)f;
        }
    }
    while (size--) {
        *(volatile uint8_t *)t++ = *f++;
    }
    copied += machine_passed(begin, machine_now());
    return to;
}

void *__wrap_memmove(void *to, const void *from, size_t size) {
    if ((uintptr_t)to - (uintptr_t)from >= size) {
        return __wrap_memcpy(to, from, size);
    }
    uint32_t begin = machine_now();
    while (size--) {
        ((volatile uint8_t *)to)[size] = ((const uint8_t *)from)[size];
    }
    copied += machine_passed(begin, machine_now());
    return to;
}

void *__wrap_memset(void *at, int value, size_t size) {
    uint32_t begin = machine_now();
    for (size_t i = 0; i < size; i++) {
        ((volatile uint8_t *)at)[i] = (uint8_t)value;
    }
    copied += machine_passed(begin, machine_now());
    return at;
}

__attribute__((noreturn)) void image_fail(const char *why) {
    machine_write("fault ");
    machine_write(why);
    machine_write("\n");
    machine_end();
    for (;;) {
    }
}

// Fills the region until a request fails, and frees blocks at random until those that stay take their share: so the room
// that is left lies in holes all over it.
static void fill(size_t size) {
    static block_t kept[512];
    uint32_t count = 0;
    size_t taken = 0;
    random_t r = {7};
    for (;;) {
        size_t want = random_range(&r, 8, 512);
        uint8_t *at = adapter_alloc(want, 1);
        if (at == NULL) {
            break;
        }
        if (count == sizeof(kept) / sizeof(kept[0])) {
            image_fail("more blocks than there is room for fill the region");
        }
        kept[count++] = (block_t){at, want, 1};
        taken += want;
    }
    if (taken < size / 100 * bench_fill) {
        image_fail("the region is full too early");
    }
    while (taken > size / 100 * bench_fill) {
        block_t *block = &kept[random_range(&r, 0, count - 1)];
        taken -= block->size;
        adapter_free(block->at, block->size, 1);
        *block = kept[--count];
    }
}

void ops_start(void *region, size_t size) {
    tally = (tally_t){0};
    if (!adapter_init(region, size)) {
        image_fail("the allocator refuses the region");
    }
    if (bench_fill != 0) {
        fill(size);
    }
    counts_clear();
}

// Each block holds its address and size, so an overlap is seen when one of both is freed.
static void mark(const block_t *block) {
    if ((uintptr_t)block->at % block->align != 0) {
        image_fail("misaligned block");
    }
    if (block->size >= 8) {
        ((uint32_t *)block->at)[0] = (uint32_t)(uintptr_t)block->at;
        ((uint32_t *)(block->at + (block->size & ~(size_t)3)))[-1] ^= 0x5A5A5A5A;
    }
}

static void verify(const block_t *block) {
    if (block->size >= 12 && ((uint32_t *)block->at)[0] != (uint32_t)(uintptr_t)block->at) {
        image_fail("payload overwritten");
    }
}

bool ops_alloc(block_t *block, size_t size, size_t align) {
    uint8_t *at;
    COUNTED(ALLOC, at = adapter_alloc(size, align));
    tally.allocs++;
    *block = (block_t){at, size, align};
    if (at == NULL) {
        tally.failures++;
        return false;
    }
    mark(block);
    return true;
}

void ops_free(block_t *block) {
    verify(block);
    tally.frees++;
    COUNTED(FREE, adapter_free(block->at, block->size, block->align));
    block->at = NULL;
}

bool ops_realloc(block_t *block, size_t new_size) {
    uint8_t *at;
    verify(block);
    COUNTED(REALLOC, at = adapter_realloc(block->at, block->size, block->align, new_size));
    tally.reallocs++;
    if (at == NULL) {
        tally.failures++;
        return false;
    }
    *block = (block_t){at, new_size, block->align};
    mark(block);
    return true;
}

// --- Single calls, for the worst case

size_t slots_used;

void slots_start(void) {
    slots_used = 0;
}

void *slots_call(slot_kind_t kind, void *block, size_t size, size_t align, size_t new_size) {
    void *made = NULL;
    int resized = 0;
    slots_used = 0; // no room to keep them apart, and no need: the most of each kind is all that is asked for
    if (kind == SLOT_ALLOC) {
        COUNTED(align > 8 ? WORST_ALIGNED : WORST_ALLOC, made = adapter_alloc(size, align));
        // A small request that is met is what an interrupt handler makes.
        if (made != NULL && align <= 8 && size <= 256) {
            count_t *c = &counts[WORST_SMALL];
            c->calls++;
            c->most = latest > c->most ? latest : c->most;
        }
        return made;
    }
    if (kind == SLOT_FREE) {
        COUNTED(WORST_FREE, adapter_free(block, size, align));
        return NULL;
    }
    COUNTED(WORST_RESIZE, resized = adapter_resize(block, size, align, new_size));
    return resized == 1 ? block : NULL;
}

void slots_dump(const char *name) {
    (void)name;
}
