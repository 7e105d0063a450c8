// shared.c: the shared heap for C modules.
//
// What C holds survives a soft reset, what Python held does not. So that the two can be kept apart then, the last word of
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

// C's share of a bank. They outlive a soft reset, as the pointers of the modules do that use them. Read and written inside
// the lock.
typedef struct {
    galloc_heap_t *heap; // NULL before its first use
    uint8_t *region;
    size_t size;
    size_t blocks, bytes; // what C holds
    size_t pending;       // calls that have a block without its mark
} share_t;

static share_t shares[GALLOC_REGIONS_MAX];

size_t galloc_c_faults;

// --- The heap

// The heap of a bank, NULL where the board has no such region.
static galloc_heap_t *share_heap(share_t *share) {
    GALLOC_LOCK(share->heap);
    if (share->heap == NULL) {
        share->region = galloc_bank_region((size_t)(share - shares), &share->size);
        share->heap = galloc_init(share->region, share->size, NULL);
    }
    galloc_heap_t *heap = share->heap;
    GALLOC_UNLOCK(share->heap);
    return heap;
}

galloc_heap_t *galloc_shared_heap(void) {
    return share_heap(&shares[0]);
}

// The share that a block can be of.
static share_t *share_of(const void *block) {
    for (size_t bank = 1; bank < GALLOC_REGIONS_MAX; ++bank) {
        if ((uintptr_t)block - (uintptr_t)shares[bank].region < shares[bank].size) {
            return &shares[bank];
        }
    }
    return &shares[0];
}

bool galloc_on_board(const galloc_heap_obj_t *heap) {
    size_t size;
    return heap->region == galloc_board_region(&size);
}

uint8_t *galloc_c_region(size_t bank, size_t *size) {
    share_t *share = &shares[bank];
    GALLOC_LOCK(share->heap);
    uint8_t *region = share->blocks != 0 ? share->region : galloc_bank_region(bank, size);
    if (share->blocks != 0) {
        *size = share->size;
    }
    GALLOC_UNLOCK(share->heap);
    return region;
}

bool galloc_c_holds(const uint8_t *region, size_t size) {
    bool holds = false;
    for (size_t bank = 0; bank < GALLOC_REGIONS_MAX; ++bank) {
        const share_t *share = &shares[bank];
        uintptr_t from = (uintptr_t)region, theirs = (uintptr_t)share->region;
        holds = holds || (share->blocks + share->pending != 0 && (theirs - from < size || from - theirs < share->size));
    }
    return holds;
}

bool galloc_c_has_blocks(size_t bank) {
    return shares[bank].blocks != 0;
}

void galloc_c_shares(size_t bank, const galloc_heap_obj_t *heap) {
    share_t *share = &shares[bank];
    if (heap->owner == mp_const_none && share->blocks + share->pending == 0) {
        share->heap = heap->heap;
        share->region = heap->region;
        share->size = heap->size;
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
static void take_in(share_t *share, void *block) {
    size_t usable = galloc_usable_size(share->heap, block);
    *mark_place(block, usable) = mark_of(share->heap, block);
    share->blocks++;
    share->bytes += usable;
}

// It is no longer C's. Inside the lock.
static void take_out(share_t *share, void *block, size_t usable) {
    *mark_place(block, usable) = 0;
    share->blocks--;
    share->bytes -= usable;
}

static size_t with_mark(size_t size) {
    return size > SIZE_MAX - MARK_BYTES ? SIZE_MAX : size + MARK_BYTES;
}

static void *share_alloc(share_t *share, size_t size, size_t align) {
    galloc_heap_t *heap = share_heap(share);
    {
        GALLOC_LOCK(heap);
        share->pending++;
        GALLOC_UNLOCK(heap);
    }
    void *block = galloc_locked_alloc(heap, with_mark(size), align);
    GALLOC_LOCK(heap);
    share->pending--;
    if (block != NULL) {
        take_in(share, block);
    }
    GALLOC_UNLOCK(heap);
    return block;
}

void *galloc_shared_alloc(size_t size, size_t align) {
    return share_alloc(&shares[0], size, align);
}

void *galloc_shared_alloc_wants(size_t size, size_t align, uint32_t wants) {
    void *block = NULL;
    for (size_t bank = 0; block == NULL && (bank = galloc_bank_next(wants, bank)) < GALLOC_REGIONS_MAX; ++bank) {
        block = share_alloc(&shares[bank], size, align);
    }
    return block;
}

galloc_fault_t galloc_shared_free(void *block) {
    share_t *share = share_of(block);
    galloc_heap_t *heap = share_heap(share);
    size_t usable;
    GALLOC_LOCK(heap);
    galloc_fault_t fault = shared_fault(heap, block, &usable);
    if (fault == GALLOC_OK) {
        take_out(share, block, usable);
        fault = galloc_free(heap, block);
        if (fault != GALLOC_OK) {
            take_in(share, block);
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
    share_t *share = share_of(block);
    galloc_heap_t *heap = share_heap(share);
    size_t usable;
    {
        GALLOC_LOCK(heap);
        bool sound = shared_fault(heap, block, &usable) == GALLOC_OK;
        if (sound) {
            take_out(share, block, usable);
            share->pending++;
        }
        GALLOC_UNLOCK(heap);
        if (!sound) {
            return NULL;
        }
    }
    void *moved = galloc_locked_realloc(heap, block, with_mark(size), align);
    GALLOC_LOCK(heap);
    share->pending--;
    take_in(share, moved != NULL ? moved : block);
    GALLOC_UNLOCK(heap);
    return moved;
}

size_t galloc_shared_usable_size(const void *block) {
    galloc_heap_t *heap = share_heap(share_of(block));
    size_t usable;
    GALLOC_LOCK(heap);
    bool sound = shared_fault(heap, block, &usable) == GALLOC_OK;
    GALLOC_UNLOCK(heap);
    return sound ? usable - MARK_BYTES : 0;
}

galloc_fault_t galloc_shared_fault(const void *block) {
    galloc_heap_t *heap = share_heap(share_of(block));
    size_t usable;
    GALLOC_LOCK(heap);
    galloc_fault_t fault = shared_fault(heap, block, &usable);
    GALLOC_UNLOCK(heap);
    return fault;
}

void galloc_shared_use(size_t *blocks, size_t *bytes) {
    *blocks = *bytes = 0;
    GALLOC_LOCK(shares[0].heap);
    for (size_t bank = 0; bank < GALLOC_REGIONS_MAX; ++bank) {
        *blocks += shares[bank].blocks;
        *bytes += shares[bank].bytes;
    }
    GALLOC_UNLOCK(shares[0].heap);
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

galloc_heap_t *galloc_c_begin(size_t bank, galloc_heap_obj_t *made) {
    share_t *share = &shares[bank];
    sweep_t sweep = {0};
    GALLOC_LOCK(share->heap);
    if (share->blocks + share->pending == 0) {
        share->region = galloc_bank_region(bank, &share->size);
        galloc_heap_move(made, share->region, share->size);
        share->heap = galloc_heap_init(made, NULL);
    } else if (share->pending == 0) {
        sweep.heap = share->heap;
        galloc_walk(share->heap, sweep_visit, &sweep);
        if (sweep.marked == share->blocks) {
            sweep.collect = true;
            galloc_walk(share->heap, sweep_visit, &sweep);
            for (size_t i = 0; i < GALLOC_ROOTS; ++i) {
                galloc_set_root(share->heap, i, 0);
            }
        }
    }
    galloc_heap_t *heap = share->heap;
    galloc_heap_move(made, share->region, share->size);
    GALLOC_UNLOCK(share->heap);
    while (sweep.others != NULL) {
        void *block = sweep.others;
        memcpy(&sweep.others, block, sizeof(sweep.others));
        galloc_locked_free(heap, block);
    }
    return heap;
}

#endif
