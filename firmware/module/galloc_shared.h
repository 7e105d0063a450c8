// galloc_shared.h: the shared heap, galloc.heap() in Python, for other C modules of the same firmware.
//
// It lies on the region that the board reserves; the first who asks for it, C or Python, makes it. All of these may be
// called from both cores of an RP2 and from interrupt handlers. What C has allocated lives until C frees it, over soft
// resets too: while C holds a block, Python joins the heap as it is instead of starting it afresh, and blocks that Python
// left there at a soft reset stay, for walk() to find.
//
// A shared heap that Python sets up on a buffer of its own, galloc.init(bytearray(n)), is not for C, whose pointers
// would outlive it.

#ifndef GALLOC_SHARED_H
#define GALLOC_SHARED_H

#include "galloc.h"

#ifdef __cplusplus
extern "C" {
#endif

// The heap itself, for galloc_locked_stats and the like. NULL where the firmware reserves no region.
galloc_heap_t *galloc_shared_heap(void);

// As galloc_alloc: `size` bytes at a multiple of `align` (0: 8), or NULL.
void *galloc_shared_alloc(size_t size, size_t align);

// As galloc_free, for blocks of galloc_shared_alloc and galloc_shared_realloc.
galloc_fault_t galloc_shared_free(void *block);

// As galloc_realloc. The bytes are moved outside of the lock.
void *galloc_shared_realloc(void *block, size_t size, size_t align);

// C's share: live blocks, and their usable bytes. Python has the rest.
void galloc_shared_use(size_t *blocks, size_t *bytes);

#ifdef __cplusplus
}
#endif

#endif
