// Prints what steps.c takes from the command line, for a heap whose chunks share so many units.

#include <stdio.h>
#include <stdlib.h>

// Bins as in a large region, which has no more than it needs: less words to prove about.
#define GALLOC_TINY_LIMIT 0
#define galloc_heap_in heap_in_large_region
#include "galloc_check.c"
#undef galloc_heap_in
galloc_heap_t *galloc_heap_in(const void *region, size_t size, uint32_t *total) {
    *total = (uint32_t)size;
    return (galloc_heap_t *)(uintptr_t)region;
}
#include "galloc.c"

#define MOST_UNITS 16u

static galloc_heap_t *heap;
static uint32_t units, most_free;
static int chunks[MOST_UNITS];

static uint32_t bin_at(uint32_t place) {
    return (uint32_t)galloc_bin_of(heap, heap->first + 2u * place, 2u * (uint32_t)-chunks[place] - GALLOC_MIN_WORDS);
}

static void print_heap(const uint32_t *listed, uint32_t count) {
    printf("{{");
    for (uint32_t u = 0; u < units; u++) {
        printf("%s%d", u > 0 ? "," : "", chunks[u]);
    }
    printf("},{");
    for (uint32_t i = 0; i < most_free; i++) {
        printf("%s%u", i > 0 ? "," : "", i < count ? listed[i] : units);
    }
    printf("}},");
}

// All orders of the free chunks that make different lists: neighbours of different bins come by their places.
static void print_orders(uint32_t *listed, uint32_t count, uint32_t left) {
    if (left == 0) {
        print_heap(listed, count);
    }
    for (uint32_t u = 0; u < units; u++) {
        bool in_order = count == 0 || u > listed[count - 1u] || bin_at(listed[count - 1u]) == bin_at(u);
        for (uint32_t i = 0; i < count; i++) {
            in_order = in_order && u != listed[i];
        }
        if (chunks[u] < 0 && in_order) {
            listed[count] = u;
            print_orders(listed, count + 1u, left - 1u);
        }
    }
}

// All heaps whose chunks before `place` are these.
static void print_heaps(uint32_t place, bool after_free, uint32_t free_chunks) {
    uint32_t listed[MOST_UNITS];
    if (place == units) {
        print_orders(listed, 0, free_chunks);
        return;
    }
    for (uint32_t size = 2; size <= units - place; size++) {
        chunks[place] = (int)size;
        print_heaps(place + size, false, free_chunks);
        if (!after_free) {
            chunks[place] = -(int)size;
            print_heaps(place + size, true, free_chunks + 1u);
        }
        chunks[place] = 0;
    }
}

int main(int count, char **arguments) {
    static _Alignas(4096) uint32_t region[256];
    const galloc_config_t config = {.smallbins = 2, .alignment_sub_bins = 2};
    units = count > 1 ? (uint32_t)atoi(arguments[1]) : 0;
    most_free = (units + 2u) / 4u;
    uint32_t size = GALLOC_ORIGIN + 32u;
    do {
        size += 8u;
        heap = units <= MOST_UNITS ? galloc_init(region, size, &config) : NULL;
    } while (size < sizeof region && (heap == NULL || heap->limit + 3u - heap->first < units * 2u));
    if (heap == NULL || heap->limit + 3u - heap->first != units * 2u) {
        return 1;
    }
    heap->origin = (GALLOC_ORIGIN + 8u) / 4u; // the prover's addresses are at multiples of 16 MiB
    heap->control_check = galloc_control_check(heap);
    printf("-DUNITS=%uu\n-DMOST_FREE=%uu\n-DFIRST=%uu\n-DUSED_BINS=%uu\n-DMADE=", units, most_free, heap->first,
           (unsigned)galloc_bin_of(heap, heap->first, units * 2u - GALLOC_MIN_WORDS) + 1u);
    for (uint32_t i = 0; i < size / 4u; i++) {
        printf("%s0x%xu", i > 0 ? "," : "", region[i]);
    }
    printf("\n-DHEAPS=");
    print_heaps(0, false, 0);
    puts("");
    return 0;
}
