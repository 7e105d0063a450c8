// Prints what steps.c takes from the command line, for a heap whose chunks share so many units.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"

int main(int count, char **arguments) {
    static _Alignas(4096) uint32_t region[256];
    const galloc_config_t config = {.smallbins = 2, .alignment_sub_bins = 2};
    size_t units = count > 1 ? (size_t)atoi(arguments[1]) : 0;
    const galloc_heap_t *heap = NULL;
    for (size_t size = sizeof(galloc_heap_t); heap == NULL || heap->units - heap->first != units; size += 8u) {
        if (size > sizeof region) {
            return 1;
        }
        memset(region, 0, sizeof region); // the key counts the heaps that were here before
        heap = galloc_init(region, size, &config);
    }
    printf("-DUNITS=%uu\n-DFIRST=%uu\n-DBINS=%uu\n-DSMALL_LIMIT=%uu\n-DMADE=", heap->units - heap->first, heap->first,
           heap->bins, heap->small_limit);
    for (uint32_t i = 0; i < 2u * heap->units + 2u; i++) {
        printf("%s0x%xu", i ? "," : "", region[i]);
    }
    puts("");
    return 0;
}
