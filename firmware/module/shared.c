// shared.c: the shared heap for C modules.
//
// What C holds survives a soft reset, what Python held does not. So that the two can be told apart then, the last word of
// each of C's blocks is a mark, made of the block's place and the heap's generation:
//
//   | header | payload of C ........ | mark |
//
// The mark is written when C gets a block and cleared when it gives it back, so no block of Python's can have one that
// was left behind. It is trusted only where it must agree with what is counted here: when as many blocks have their mark
// as C holds, the others are Python's. Else (an overflow may have hit a mark) all of them stay.

#include "glue.h"

#if !GALLOC_NATMOD

#include "shared.h"

#define MARK_BYTES (4)

// Outlive a soft reset, as the pointers of the modules do that use them. Read and written inside the lock.
static galloc_heap_t *shared_heap;
static uint8_t *shared_region;
static size_t shared_size;
static size_t shared_blocks;
static size_t shared_bytes;
static size_t shared_pending; // calls that have a block without its mark

size_t galloc_c_faults;

// --- The heap

galloc_heap_t *galloc_shared_heap(void) {
    GALLOC_LOCK(shared_heap);
    if (shared_heap == NULL) {
        shared_region = galloc_board_region(&shared_size);
        shared_heap = galloc_init(shared_region, shared_size, NULL);
    }
    galloc_heap_t *heap = shared_heap;
    GALLOC_UNLOCK(shared_heap);
    return heap;
}

bool galloc_on_board(const galloc_heap_obj_t *heap) {
    size_t size;
    return heap->region == galloc_board_region(&size);
}

uint8_t *galloc_c_region(size_t *size) {
    GALLOC_LOCK(shared_heap);
    uint8_t *region = shared_blocks != 0 ? shared_region : galloc_board_region(size);
    if (shared_blocks != 0) {
        *size = shared_size;
    }
    GALLOC_UNLOCK(shared_heap);
    return region;
}

bool galloc_c_holds(const uint8_t *region, size_t size) {
    if (shared_blocks + shared_pending == 0 || region == NULL) {
        return shared_blocks != 0;
    }
    uintptr_t from = (uintptr_t)region, theirs = (uintptr_t)shared_region;
    return theirs - from < size || from - theirs < shared_size;
}

void galloc_c_shares(const galloc_heap_obj_t *heap) {
    if (heap->owner == mp_const_none && shared_blocks + shared_pending == 0) {
        shared_heap = heap->heap;
        shared_region = heap->region;
        shared_size = heap->size;
    }
}

// --- Marks

static uint32_t *mark_place(const void *block, size_t usable) {
    return (uint32_t *)((uintptr_t)block + usable - MARK_BYTES);
}

static uint32_t mark_of(const galloc_heap_t *heap, const void *block) {
    uint32_t place = (uint32_t)((uintptr_t)block - (uintptr_t)heap);
    return ((place ^ galloc_generation(heap)) * 0x9e3779b1u) ^ 0x43434343u;
}

static bool is_marked(const galloc_heap_t *heap, const void *block, size_t usable) {
    return *mark_place(block, usable) == mark_of(heap, block);
}

// Why a pointer is none that C may free. A block without its mark is Python's, or has been overflowed. Inside the lock.
static galloc_fault_t shared_fault(const galloc_heap_t *heap, const void *block, size_t *usable) {
    *usable = galloc_usable_size(heap, block);
    if (*usable == 0) {
        return galloc_fault_of(heap, block);
    }
    return is_marked(heap, block, *usable) ? GALLOC_OK : GALLOC_FAULT_CORRUPT;
}

// --- Blocks of C

// A block of C's has its mark from now on, and counts. Inside the lock.
static void take_in(galloc_heap_t *heap, void *block) {
    size_t usable = galloc_usable_size(heap, block);
    *mark_place(block, usable) = mark_of(heap, block);
    shared_blocks++;
    shared_bytes += usable;
}

// It is no longer C's. Inside the lock.
static void take_out(void *block, size_t usable) {
    *mark_place(block, usable) = 0;
    shared_blocks--;
    shared_bytes -= usable;
}

static size_t with_mark(size_t size) {
    return size > SIZE_MAX - MARK_BYTES ? SIZE_MAX : size + MARK_BYTES;
}

void *galloc_shared_alloc(size_t size, size_t align) {
    galloc_heap_t *heap = galloc_shared_heap();
    {
        GALLOC_LOCK(heap);
        shared_pending++;
        GALLOC_UNLOCK(heap);
    }
    void *block = galloc_locked_alloc(heap, with_mark(size), align);
    GALLOC_LOCK(heap);
    shared_pending--;
    if (block != NULL) {
        take_in(heap, block);
    }
    GALLOC_UNLOCK(heap);
    return block;
}

galloc_fault_t galloc_shared_free(void *block) {
    galloc_heap_t *heap = galloc_shared_heap();
    size_t usable;
    GALLOC_LOCK(heap);
    galloc_fault_t fault = shared_fault(heap, block, &usable);
    if (fault == GALLOC_OK) {
        take_out(block, usable);
        fault = galloc_free(heap, block);
        if (fault != GALLOC_OK) {
            take_in(heap, block);
        } else {
            GALLOC_ON_FREE(heap, block);
        }
    }
    GALLOC_UNLOCK(heap);
    return fault;
}

void *galloc_shared_realloc(void *block, size_t size, size_t align) {
    if (block == NULL) {
        return galloc_shared_alloc(size, align);
    }
    galloc_heap_t *heap = galloc_shared_heap();
    size_t usable;
    {
        GALLOC_LOCK(heap);
        bool sound = shared_fault(heap, block, &usable) == GALLOC_OK;
        if (sound) {
            take_out(block, usable);
            shared_pending++;
        }
        GALLOC_UNLOCK(heap);
        if (!sound) {
            return NULL;
        }
    }
    void *moved = galloc_locked_realloc(heap, block, with_mark(size), align);
    GALLOC_LOCK(heap);
    shared_pending--;
    take_in(heap, moved != NULL ? moved : block);
    GALLOC_UNLOCK(heap);
    return moved;
}

size_t galloc_shared_usable_size(const void *block) {
    galloc_heap_t *heap = galloc_shared_heap();
    size_t usable;
    GALLOC_LOCK(heap);
    bool sound = shared_fault(heap, block, &usable) == GALLOC_OK;
    GALLOC_UNLOCK(heap);
    return sound ? usable - MARK_BYTES : 0;
}

galloc_fault_t galloc_shared_fault(const void *block) {
    galloc_heap_t *heap = galloc_shared_heap();
    size_t usable;
    GALLOC_LOCK(heap);
    galloc_fault_t fault = shared_fault(heap, block, &usable);
    GALLOC_UNLOCK(heap);
    return fault;
}

void galloc_shared_use(size_t *blocks, size_t *bytes) {
    GALLOC_LOCK(shared_heap);
    *blocks = shared_blocks;
    *bytes = shared_bytes;
    GALLOC_UNLOCK(shared_heap);
}

// --- The start of a program

typedef struct {
    const galloc_heap_t *heap;
    size_t marked;
    uint32_t *others; // blocks without a mark, each with the address of the next in its first words
    bool collect;
} sweep_t;

static bool sweep_visit(void *context, void *block, size_t size, bool allocated) {
    sweep_t *sweep = context;
    if (allocated && is_marked(sweep->heap, block, size)) {
        sweep->marked++;
    } else if (allocated && sweep->collect) {
        memcpy(block, &sweep->others, sizeof(sweep->others));
        sweep->others = block;
    }
    return true;
}

galloc_heap_t *galloc_c_begin(galloc_heap_obj_t *made) {
    sweep_t sweep = {0};
    GALLOC_LOCK(shared_heap);
    if (shared_blocks + shared_pending == 0) {
        shared_region = galloc_board_region(&shared_size);
        galloc_heap_move(made, shared_region, shared_size);
        shared_heap = galloc_heap_init(made, NULL);
    } else if (shared_pending == 0) {
        sweep.heap = shared_heap;
        galloc_walk(shared_heap, sweep_visit, &sweep);
        if (sweep.marked == shared_blocks) {
            sweep.collect = true;
            galloc_walk(shared_heap, sweep_visit, &sweep);
            for (size_t i = 0; i < GALLOC_ROOTS; ++i) {
                galloc_set_root(shared_heap, i, 0);
            }
        }
    }
    galloc_heap_t *heap = shared_heap;
    galloc_heap_move(made, shared_region, shared_size);
    GALLOC_UNLOCK(shared_heap);
    while (sweep.others != NULL) {
        void *block = sweep.others;
        memcpy(&sweep.others, block, sizeof(sweep.others));
        galloc_locked_free(heap, block);
    }
    return heap;
}

#endif
