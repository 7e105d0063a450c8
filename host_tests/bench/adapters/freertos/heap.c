// heap_4.c of FreeRTOS, which is HEAP_4, with a start on any region in place of its own on one array.

#include HEAP_4

#include <stdbool.h>

bool freertos_start(void *region, size_t size);

bool freertos_start(void *region, size_t size) {
    size_t first = ((size_t)region + portBYTE_ALIGNMENT_MASK) & ~(size_t)portBYTE_ALIGNMENT_MASK;
    size_t end = ((size_t)region + size - xHeapStructSize) & ~(size_t)portBYTE_ALIGNMENT_MASK;
    if (size < 4 * xHeapStructSize) {
        return false;
    }
    BlockLink_t *block = (BlockLink_t *)first;
    pxEnd = (BlockLink_t *)end;
    *pxEnd = (BlockLink_t){NULL, 0};
    *block = (BlockLink_t){pxEnd, end - first};
    xStart = (BlockLink_t){block, 0};
    xFreeBytesRemaining = xMinimumEverFreeBytesRemaining = end - first;
    xBlockAllocatedBit = (size_t)1 << (sizeof(size_t) * heapBITS_PER_BYTE - 1);
    return true;
}
