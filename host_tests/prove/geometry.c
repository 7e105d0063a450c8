// Prints what steps.c takes from the command line, for a heap whose chunks share so many units.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bins.h"

int main(int count, char **arguments) {
    static _Alignas(4096) uint32_t region[256];
    const galloc_config_t config = {.smallbins = 2, .alignment_sub_bins = 2};
    size_t units = count > 1 ? (size_t)atoi(arguments[1]) : 0, size = galloc_overhead(0, &config) + units * 8u;
    if (size > sizeof region) {
        return 1;
    }
    galloc_heap_t *heap = galloc_init(region, size, &config);
    if (heap == NULL || heap->limit + 3u - heap->first != units * 2u) {
        return 1;
    }
    heap->origin = (GALLOC_ORIGIN + 8u) / 4u; // the prover's addresses are at multiples of 16 MiB
    heap->control_check = galloc_control_check(heap);
    printf("-DUNITS=%uu\n-DFIRST=%uu\n-DUSED_BINS=%uu\n-DSMALL_LIMIT=%uu\n-DMADE=", (unsigned)units, heap->first,
           (unsigned)galloc_bin_of(heap, heap->first, units * 2u - GALLOC_MIN_WORDS) + 1u, heap->small_limit);
    for (size_t i = 0; i < size / 4u; i++) {
        printf("%s0x%xu", i ? "," : "", region[i]);
    }
    puts("");
    return 0;
}
