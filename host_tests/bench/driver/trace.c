#include "trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void complain(const char *path, const char *what, size_t line) {
    fprintf(stderr, "bench: %s: %s (line %zu)\n", path, what, line);
    exit(2);
}

static void measure(trace_t *t) {
    size_t live = 0;
    uint32_t *size = calloc(t->ids, sizeof(*size));
    for (size_t i = 0; i < t->count; i++) {
        const trace_op_t *op = &t->ops[i];
        live = live + op->size - size[op->id]; // IDs are never used twice, so a new one has size 0; a free asks for 0
        size[op->id] = op->size;
        t->peak = live > t->peak ? live : t->peak;
    }
    free(size);
}

trace_t trace_load(const char *path) {
    trace_t t = {0};
    FILE *f = fopen(path, "r");
    if (f == NULL) {
        complain(path, "cannot be opened", 0);
    }
    size_t capacity = 0;
    char line[80];
    while (fgets(line, sizeof(line), f)) {
        if (t.count == capacity) {
            capacity = capacity ? 2 * capacity : 65536;
            t.ops = realloc(t.ops, capacity * sizeof(*t.ops));
        }
        trace_op_t *op = &t.ops[t.count++];
        *op = (trace_op_t){.align = 1};
        int fields = sscanf(line, "%c %u %u %u", &op->kind, &op->id, &op->size, &op->align);
        if (!((op->kind == 'a' && fields == 4) || (op->kind == 'r' && fields == 3) ||
              (op->kind == 'f' && fields == 2))) {
            complain(path, "is no trace: expected `a ID SIZE ALIGN`, `r ID SIZE` or `f ID`", t.count);
        }
        t.ids = op->id >= t.ids ? op->id + 1 : t.ids;
    }
    fclose(f);
    t.blocks = calloc(t.ids + 1, sizeof(*t.blocks));
    measure(&t);
    return t;
}

bool trace_run(trace_t *t, void *region, size_t size) {
    if (!adapter_init(region, size)) {
        return false;
    }
    memset(&tally, 0, sizeof(tally));
    for (size_t i = 0; i < t->count; i++) {
        const trace_op_t *op = &t->ops[i];
        block_t *block = &t->blocks[op->id];
        if (op->kind == 'f') {
            ops_free(block);
        } else if (!(op->kind == 'a' ? ops_alloc(block, op->size, op->align) : ops_realloc(block, op->size))) {
            return false;
        }
    }
    return true;
}

enum { STEP = 8, COARSE = 64 };

// Tries regions from `first` to `last` steps and keeps the smallest that serves and the largest that does not.
static void fit_range(trace_t *t, void *region, size_t first, size_t last, size_t by, size_t *serves, size_t *fails) {
    for (size_t k = first; k <= last; k += by) {
        if (!trace_run(t, region, k * STEP)) {
            *fails = k > *fails ? k : *fails;
        } else if (k < *serves) {
            *serves = k;
        }
    }
}

trace_fit_t trace_fit(trace_t *t) {
    size_t low = (t->peak + STEP - 1) / STEP, high = 4 * low, by = low / COARSE;
    size_t serves = high + 1, fails = low - 1;
    void *region = ops_region(high * STEP + STEP);
    fit_range(t, region, low, high, by, &serves, &fails);
    if (serves > high) {
        return (trace_fit_t){0};
    }
    size_t around = serves, edge = fails;
    fit_range(t, region, around - by > low ? around - by : low, around, 1, &serves, &fails);
    if (edge + by > around) {
        fit_range(t, region, around > edge ? around : edge, edge + by, 1, &serves, &fails);
    }
    return (trace_fit_t){.smallest = serves * STEP, .sure = (fails + 1) * STEP};
}
