// galloc_banks.c: several heaps as one. Built on the functions of galloc.h only: what is in a heap is not looked at.

#include "galloc_banks.h"
#include "galloc_config.h"

// So that no register has to be saved for it.
#if defined(__GNUC__) && !defined(__wasm__)
#define BANKS_IN_MEMORY(x) __asm__("" : : "m"(x))
#else
#define BANKS_IN_MEMORY(x) (void)(x)
#endif

// ---- The set -----------------------------------------------------------------------------------------------------

// Derives `places` and `first` from the banks.
static void banks_update(galloc_banks_t *set) {
    for (size_t i = 0; i < GALLOC_BANKS_MAX; i++) {
        set->places[i].heap = (galloc_heap_t *)UINTPTR_MAX;
    }
    set->places[0].heap = NULL;
    for (size_t i = 0; i < set->count; i++) {
        const galloc_bank_t *bank = &set->bank[i];
        size_t place = i;
        for (; place > 0 && (uintptr_t)set->places[place - 1u].heap > (uintptr_t)bank->heap; place--) {
            set->places[place] = set->places[place - 1u];
        }
        set->places[place].heap = bank->heap;
        set->places[place].missing = ~bank->attributes;
        set->places[place].number = (uint32_t)i;
    }
    for (uint32_t wants = 0; wants <= GALLOC_ATTRIBUTES; wants++) {
        set->first[wants] = NULL;
        for (size_t i = set->count; i > 0; i--) {
            if ((wants & ~set->bank[i - 1u].attributes) == 0) {
                set->first[wants] = set->bank[i - 1u].heap;
            }
        }
    }
}

void galloc_banks_init(galloc_banks_t *set) {
    __builtin_memset(set, 0, sizeof(*set));
}

galloc_fault_t galloc_banks_add(galloc_banks_t *set, galloc_heap_t *heap, uint32_t attributes) {
    if (heap == NULL) {
        return GALLOC_FAULT_NULL;
    }
    if ((attributes & ~GALLOC_ATTRIBUTES) != 0) {
        return GALLOC_FAULT_ATTRIBUTE;
    }
    if (set->count == GALLOC_BANKS_MAX) {
        return GALLOC_FAULT_FULL;
    }
    galloc_stats_t stats;
    galloc_stats(heap, &stats);
    if (stats.total == 0) {
        return GALLOC_FAULT_GEOMETRY;
    }
    for (size_t i = 0; i < set->count; i++) {
        uintptr_t start = (uintptr_t)set->bank[i].heap;
        if ((uintptr_t)heap - start < set->bank[i].size || start - (uintptr_t)heap < stats.total) {
            return GALLOC_FAULT_OVERLAP;
        }
    }
    galloc_bank_t *bank = &set->bank[set->count++];
    bank->heap = heap;
    bank->size = stats.total;
    bank->attributes = attributes;
    banks_update(set);
    return GALLOC_OK;
}

galloc_fault_t galloc_banks_remove(galloc_banks_t *set, galloc_heap_t *heap) {
    size_t number = 0;
    while (number < set->count && set->bank[number].heap != heap) {
        number++;
    }
    if (number == set->count) {
        return GALLOC_FAULT_FOREIGN;
    }
    set->count--;
    for (; number < set->count; number++) {
        set->bank[number] = set->bank[number + 1u];
    }
    banks_update(set);
    return GALLOC_OK;
}

size_t galloc_banks_find(const galloc_banks_t *set, const void *address) {
    for (size_t i = 0; i < set->count; i++) {
        if ((uintptr_t)address - (uintptr_t)set->bank[i].heap < set->bank[i].size) {
            return i;
        }
    }
    return set->count;
}

// ---- Blocks ------------------------------------------------------------------------------------------------------
//
// The usual case is a call of the first heap, or of the owner. What only the others need is kept on the stack.

typedef struct {
    const galloc_banks_t *set;
    void *block;
    size_t size, align;
    uint32_t wants;
} banks_request_t;

// From the first bank that serves, but not from the heap that has been tried.
static GALLOC_NOINLINE void *banks_alloc_elsewhere(const banks_request_t *request, const galloc_heap_t *tried) {
    const galloc_banks_t *set = request->set;
    void *block = NULL;
    for (size_t i = 0; i < set->count && block == NULL; i++) {
        if ((request->wants & ~set->bank[i].attributes) == 0 && set->bank[i].heap != tried) {
            block = galloc_alloc(set->bank[i].heap, request->size, request->align);
        }
    }
    return block;
}

void *galloc_banks_alloc(const galloc_banks_t *set, size_t size, size_t align, uint32_t wants) {
    banks_request_t request;
    request.set = set;
    request.size = size;
    request.align = align;
    request.wants = wants;
    BANKS_IN_MEMORY(request);
    if (wants > GALLOC_ATTRIBUTES) {
        return NULL;
    }
    void *block = galloc_alloc(set->first[wants], size, align);
    return GALLOC_LIKELY(block != NULL) ? block : banks_alloc_elsewhere(&request, request.set->first[request.wants]);
}

void *galloc_banks_alloc_zeroed(const galloc_banks_t *set, size_t size, size_t align, uint32_t wants) {
    void *block = galloc_banks_alloc(set, size, align, wants);
    if (block != NULL) {
        __builtin_memset(block, 0, size);
    }
    return block;
}

galloc_fault_t galloc_banks_free(const galloc_banks_t *set, void *block) {
    return galloc_free(galloc_banks_place_of(set, block)->heap, block);
}

// What the block's own bank could not do.
static GALLOC_NOINLINE void *banks_realloc_elsewhere(const banks_request_t *request) {
    if (request->block == NULL) {
        return galloc_banks_alloc(request->set, request->size, request->align, request->wants);
    }
    const galloc_banks_place_t *own = galloc_banks_place_of(request->set, request->block);
    size_t usable = galloc_usable_size(own->heap, request->block);
    if (usable == 0) {
        return NULL;
    }
    void *to = banks_alloc_elsewhere(request, own->heap); // which was tried, or lacks an attribute
    if (to == NULL) {
        return NULL;
    }
    __builtin_memcpy(to, request->block, request->size < usable ? request->size : usable);
    if (galloc_free(own->heap, request->block) != GALLOC_OK) {
        galloc_banks_free(request->set, to);
        to = NULL;
    }
    return to;
}

void *galloc_banks_realloc(const galloc_banks_t *set, void *block, size_t size, size_t align, uint32_t wants) {
    banks_request_t request;
    request.set = set;
    request.block = block;
    request.size = size;
    request.align = align;
    request.wants = wants;
    BANKS_IN_MEMORY(request);
    const galloc_banks_place_t *own = galloc_banks_place_of(set, block);
    if (GALLOC_LIKELY((wants & own->missing) == 0) && GALLOC_LIKELY(block != NULL)) {
        void *to = galloc_realloc(own->heap, block, size, align);
        if (GALLOC_LIKELY(to != NULL)) {
            return to;
        }
    }
    return banks_realloc_elsewhere(&request);
}

bool galloc_banks_resize(const galloc_banks_t *set, void *block, size_t size) {
    return galloc_resize(galloc_banks_place_of(set, block)->heap, block, size);
}

size_t galloc_banks_usable_size(const galloc_banks_t *set, const void *block) {
    return galloc_usable_size(galloc_banks_place_of(set, block)->heap, block);
}

bool galloc_banks_owns(const galloc_banks_t *set, const void *block) {
    return galloc_owns(galloc_banks_place_of(set, block)->heap, block);
}

// ---- The set as a whole ------------------------------------------------------------------------------------------

void galloc_banks_add_stats(galloc_stats_t *sum, const galloc_stats_t *one) {
    sum->total += one->total;
    sum->used += one->used;
    sum->free += one->free;
    sum->largest = one->largest > sum->largest ? one->largest : sum->largest;
    sum->overhead += one->overhead;
    sum->peak_used += one->peak_used;
    sum->blocks += one->blocks;
    sum->free_chunks += one->free_chunks;
    sum->allocs += one->allocs;
    sum->frees += one->frees;
    sum->failures += one->failures;
}

void galloc_banks_stats(const galloc_banks_t *set, galloc_stats_t *out) {
    __builtin_memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < set->count; i++) {
        galloc_stats_t one;
        galloc_stats(set->bank[i].heap, &one);
        galloc_banks_add_stats(out, &one);
    }
}

galloc_fault_t galloc_banks_check(const galloc_banks_t *set, size_t *bank, size_t *offset) {
    galloc_fault_t fault = GALLOC_OK;
    size_t number = 0, place = 0;
    while (number < set->count && (fault = galloc_check(set->bank[number].heap, &place)) == GALLOC_OK) {
        number++;
    }
    if (bank != NULL) {
        *bank = number;
    }
    if (offset != NULL) {
        *offset = place;
    }
    return fault;
}
