// galloc_shared.h: the shared heap, galloc.heap() in Python, for other C modules of the same firmware.
//
// It is on the region that the board reserves; the first who asks for it, C or Python, makes it. All of these may be
// called from both cores of an RP2, from interrupt handlers, and before main. What C has allocated lives until C frees it,
// over soft resets too: while C holds a block, Python joins the heap instead of starting it afresh, and gives back what
// Python held before the reset. That costs 4 bytes behind each of C's blocks, a mark, so bytes beyond
// galloc_shared_usable_size are not C's: galloc_usable_size would count them.
//
// A shared heap that Python sets up on a buffer of its own, galloc.init(bytearray(n)), is not for C, whose pointers
// would outlive it.

#ifndef GALLOC_SHARED_H
#define GALLOC_SHARED_H

#include "galloc_banks.h"

#ifdef __cplusplus
extern "C" {
#endif

// The heap itself, for galloc_locked_stats and the like. NULL where the firmware reserves no region.
galloc_heap_t *galloc_shared_heap(void);

// As galloc_alloc: `size` bytes at a multiple of `align` (0: 8), or NULL.
void *galloc_shared_alloc(size_t size, size_t align);

// The same in the first bank of the board, in the order of galloc.regions(), that has all these attributes (GALLOC_DMA and
// others of galloc_banks.h) and room. NULL, too, where no bank has them. The functions below find the bank by themselves; a
// block that is reallocated stays in its bank.
void *galloc_shared_alloc_wants(size_t size, size_t align, uint32_t wants);

// As galloc_free, for blocks of galloc_shared_alloc and galloc_shared_realloc. Anything else is a fault, and stays:
// GALLOC_FAULT_CORRUPT for a block of Python's and for one of C's whose mark was overwritten.
galloc_fault_t galloc_shared_free(void *block);

// What galloc_shared_free would return.
galloc_fault_t galloc_shared_fault(const void *block);

// Bytes that C may write; 0 for anything but a live block of C's.
size_t galloc_shared_usable_size(const void *block);

// As galloc_realloc. The bytes are moved outside of the lock.
void *galloc_shared_realloc(void *block, size_t size, size_t align);

// C's share: live blocks, and their bytes with the marks. Python has the rest.
void galloc_shared_use(size_t *blocks, size_t *bytes);

// With GALLOC_C_HEAP: called for each pointer that free or realloc refuses. It does nothing but count, which c_share()
// shows; define one of your own to stop there, for example. May be called from an interrupt handler. Variables that it sets
// have to be volatile: the compiler knows that C's free changes none.
void galloc_c_heap_fault(galloc_fault_t fault, void *pointer);

#ifdef __cplusplus
}
#endif

#endif
