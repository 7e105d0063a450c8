// main.c: runs what the host ordered, and prints a line for each kind of operation: its name, calls, sum of their
// instructions, the most that one of them took. First a line with the number of failed requests.

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "count.h"
#include "machine.h"
#include "ops.h"
#include "workloads.h"
#include "worst.h"

// Written by the host before the machine starts; where it lies, the linker script says.
extern volatile struct {
    uint32_t what;  // which of the below
    uint32_t limit; // operations at the most
    uint32_t fill;  // per cent of the region that live blocks between holes take before
} order;

enum { R64, R64N, LUA, TLS, SQLITE, WORST };

typedef struct {
    const uint16_t *ops;
    const uint16_t *end;
    size_t region;
} recorded_t;

extern const uint16_t lua_start[], lua_end[], tls_start[], tls_end[], sqlite_start[], sqlite_end[];
static const recorded_t recorded[] = {
    {lua_start, lua_end, BENCH_LUA_REGION},
    {tls_start, tls_end, BENCH_TLS_REGION},
    {sqlite_start, sqlite_end, BENCH_SQLITE_REGION},
};

static uint64_t pool[BENCH_POOL / 8];
enum { SCRATCH = 48 * 1024 / 8 };
static uint64_t scratch[SCRATCH];

// The workloads' room for live blocks.
void *bench_realloc(void *old, size_t size) {
    if (old != NULL || size > sizeof(scratch)) {
        image_fail("more live blocks than there is room for");
    }
    return scratch;
}

void bench_exit(int status) {
    (void)status;
    image_fail("the driver gave up");
}

// The adapter's settings.
char *bench_getenv(const char *name) {
    (void)name;
    return NULL;
}

#if defined(__riscv)
void *const stderr; // picolibc leaves it to the program
#endif

int bench_printf(const char *format, ...) {
    (void)format;
    return 0;
}

int bench_fprintf(void *stream, const char *format, ...) {
    (void)stream;
    (void)format;
    return 0;
}

int bench_snprintf(char *text, size_t size, const char *format, ...) {
    (void)text;
    (void)size;
    (void)format;
    return 0;
}

void *ops_region(size_t size) {
#if defined(BENCH_WORST_AT)
    (void)size;
    return (void *)BENCH_WORST_AT;
#else
    return size <= sizeof(pool) ? pool : NULL;
#endif
}

// Words as galloc_mp/replay/trace.py packs them; no request of these programs asks for an alignment.
static void replay(const recorded_t *program, uint32_t limit) {
    enum { PACKED_FREE, PACKED_ALLOC, PACKED_REALLOC };
    enum { BLOCKS = SCRATCH * 8 / sizeof(block_t) };
    block_t *blocks = (block_t *)scratch;
    if (program->region == 0) {
        image_fail("the machine has no room for this program");
    }
    ops_start(pool, program->region);
    for (const uint16_t *op = program->ops; op < program->end && limit-- > 0;) {
        uint32_t kind = *op >> 14, slot = *op & 0x3FFF;
        uint32_t size = 0;
        op++;
        if (slot >= BLOCKS) {
            image_fail("more live blocks than there is room for");
        }
        if (kind != PACKED_FREE) {
            size = *op++;
            if (size & 0x8000) {
                size = (size & 0x7FFF) | (uint32_t)*op++ << 15;
            }
        }
        block_t *block = &blocks[slot];
        if (kind == PACKED_ALLOC) {
            ops_alloc(block, size, 1);
        } else if (block->at == NULL) {
            // Its request failed.
        } else if (kind == PACKED_FREE) {
            ops_free(block);
        } else {
            ops_realloc(block, size);
        }
    }
}

static void print_number(uint32_t n) {
    char digits[12];
    char *at = digits + sizeof(digits) - 1;
    *at = 0;
    do {
        *--at = (char)('0' + n % 10);
        n /= 10;
    } while (n != 0);
    machine_write(" ");
    machine_write(at);
}

int main(void) {
    static const char *const names[KINDS] = {
        "alloc", "free", "realloc", "worst alloc", "worst small alloc", "worst aligned", "worst free", "worst resize"};
    counts_start();
    if (order.what <= R64N) {
        workload_t w = *workload_find(order.what == R64 ? "R64" : "R64n");
        w.rounds = order.limit < w.rounds ? order.limit : w.rounds;
        bench_fill = order.fill;
        workload_run(&w, pool, 1);
    } else if (order.what < WORST) {
        replay(&recorded[order.what - LUA], order.limit);
    } else {
        worst_run(1);
        counts_clear();
    }
    machine_write("failures");
    print_number((uint32_t)tally.failures);
    machine_write("\n");
    for (int i = 0; i < KINDS; i++) {
        if (counts[i].calls != 0) {
            machine_write(names[i]);
            print_number(counts[i].calls);
            print_number(counts[i].sum);
            print_number(counts[i].most);
            machine_write("\n");
        }
    }
    machine_end();
    return 0;
}
