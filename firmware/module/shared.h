// shared.h: what Python's side of the shared heap needs to know about C's. A native module has no C side: other modules
// cannot call it.

#ifndef GALLOC_MODULE_SHARED_H
#define GALLOC_MODULE_SHARED_H

#include "glue.h"

#if GALLOC_NATMOD

#define galloc_c_holds(region, size) (false)
#define galloc_c_has_blocks(bank) ((void)(bank), false)
#define galloc_c_shares(bank, heap) ((void)(heap))
#define galloc_c_region(bank, size) (*(size) = 0, (uint8_t *)NULL)
#define galloc_c_begin(bank, made) ((void)(made), (galloc_heap_t *)NULL)
#define galloc_on_board(heap) ((void)(heap), false)

#else

#include "galloc_shared.h"

// Whether C modules hold blocks of a heap in these bytes. Inside the lock.
bool galloc_c_holds(const uint8_t *region, size_t size);

// Whether they hold blocks of a bank's heap.
bool galloc_c_has_blocks(size_t bank);

// C modules use this heap as that of a bank from now on, if it is on memory that lasts and they hold no blocks of the one
// before. Inside the lock.
void galloc_c_shares(size_t bank, const galloc_heap_obj_t *heap);

// The region of a bank's heap: the one where C modules hold blocks, else the board's. NULL where there is none.
uint8_t *galloc_c_region(size_t bank, size_t *size);

// The heap of a bank at the start of a program: made afresh; where C modules hold blocks, what others held is given back.
// Places `made` on its region. NULL when that is too small.
galloc_heap_t *galloc_c_begin(size_t bank, galloc_heap_obj_t *made);

bool galloc_on_board(const galloc_heap_obj_t *heap);

// Pointers that `free` and `realloc` of the C heap have refused.
extern size_t galloc_c_faults;

#endif

#endif
