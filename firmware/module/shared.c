// shared.c: the shared heap, as C modules and galloc.py have it in common.

#include "glue.h"

#if !GALLOC_NATMOD

#include "galloc_shared.h"

// Outlive a soft reset, as the pointers of the modules do that use them.
static galloc_heap_t *shared_heap;
static size_t shared_blocks;
static size_t shared_bytes;

galloc_heap_t *galloc_shared_heap(void) {
    GALLOC_LOCK(shared_heap);
    if (shared_heap == NULL) {
        size_t size;
        uint8_t *region = galloc_board_region(&size);
        if (region != NULL) {
            shared_heap = galloc_init(region, size, NULL);
        }
    }
    galloc_heap_t *heap = shared_heap;
    GALLOC_UNLOCK(shared_heap);
    return heap;
}

// Counts a block in or out. Inside the lock.
static void count(size_t blocks, size_t bytes) {
    shared_blocks += blocks;
    shared_bytes += bytes;
}

void *galloc_shared_alloc(size_t size, size_t align) {
    galloc_heap_t *heap = galloc_shared_heap();
    GALLOC_LOCK(heap);
    void *block = galloc_alloc(heap, size, align);
    if (block != NULL) {
        count(1, galloc_usable_size(heap, block));
    }
    GALLOC_ON_ALLOC(heap, block, size, align);
    GALLOC_UNLOCK(heap);
    return block;
}

galloc_fault_t galloc_shared_free(void *block) {
    galloc_heap_t *heap = galloc_shared_heap();
    GALLOC_LOCK(heap);
    size_t size = galloc_usable_size(heap, block);
    galloc_fault_t fault = galloc_free(heap, block);
    if (fault == GALLOC_OK) {
        count((size_t)-1, 0 - size);
        GALLOC_ON_FREE(heap, block);
    }
    GALLOC_UNLOCK(heap);
    return fault;
}

void *galloc_shared_realloc(void *block, size_t size, size_t align) {
    if (block == NULL) {
        return galloc_shared_alloc(size, align);
    }
    galloc_heap_t *heap = galloc_shared_heap();
    size_t before = galloc_locked_usable_size(heap, block);
    void *moved = galloc_locked_realloc(heap, block, size, align);
    if (moved != NULL) {
        GALLOC_LOCK(heap);
        count(0, galloc_usable_size(heap, moved) - before);
        GALLOC_UNLOCK(heap);
    }
    return moved;
}

void galloc_shared_use(size_t *blocks, size_t *bytes) {
    GALLOC_LOCK(shared_heap);
    *blocks = shared_blocks;
    *bytes = shared_bytes;
    GALLOC_UNLOCK(shared_heap);
}

bool galloc_shared_holds(const uint8_t *region, size_t size) {
    if (shared_blocks == 0) {
        return false;
    }
    galloc_stats_t stats;
    galloc_locked_stats(shared_heap, &stats);
    uintptr_t from = (uintptr_t)region, theirs = (uintptr_t)shared_heap;
    return theirs - from < size || from - theirs < stats.total;
}

// _shared() -> (blocks, bytes) that C holds on the shared heap
static mp_obj_t shared(void) {
    size_t blocks, bytes;
    galloc_shared_use(&blocks, &bytes);
    mp_obj_t item[] = {mp_obj_new_int_from_uint(blocks), mp_obj_new_int_from_uint(bytes)};
    return mp_obj_new_tuple(2, item);
}
MP_DEFINE_CONST_FUN_OBJ_0(galloc_shared_obj, shared);

// _share(heap): C modules use this heap from now on, where it is on memory that lasts
static mp_obj_t share(mp_obj_t heap_in) {
    const galloc_heap_obj_t *heap = galloc_get_heap(heap_in);
    if (heap->owner == mp_const_none && shared_blocks == 0) {
        shared_heap = heap->heap;
    }
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(galloc_share_obj, share);

#if defined(GALLOC_C_HEAP) && GALLOC_C_HEAP

// The C heap of the firmware, for modules whose sources call malloc, and for C++.

#if defined(__linux__) || defined(__APPLE__)
#error "GALLOC_C_HEAP is for firmware: a process has a C heap already"
#endif

void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *block, size_t size);
void free(void *block);
void *memalign(size_t align, size_t size);
void *aligned_alloc(size_t align, size_t size);

void *malloc(size_t size) {
    return galloc_shared_alloc(size, 0);
}

void *calloc(size_t items, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(items, size, &bytes)) {
        return NULL;
    }
    void *block = galloc_shared_alloc(bytes, 0);
    if (block != NULL) {
        // By way of a volatile pointer: the compiler would make malloc and memset a call of calloc.
        void *(*volatile clear)(void *, int, size_t) = memset;
        clear(block, 0, bytes);
    }
    return block;
}

void *realloc(void *block, size_t size) {
    if (block != NULL && size == 0) {
        galloc_shared_free(block);
        return NULL;
    }
    return galloc_shared_realloc(block, size, 0);
}

void free(void *block) {
    galloc_shared_free(block);
}

void *memalign(size_t align, size_t size) {
    return galloc_shared_alloc(size, align);
}

void *aligned_alloc(size_t align, size_t size) {
    return galloc_shared_alloc(size, align);
}

// C++ by the names that its compiler gives them: operator new and new[], delete and delete[], these with a size too.
// No memory is Python's MemoryError, since these must not return NULL.
// Weak: some SDKs bring their own, which call malloc.
#define OPERATOR(name) __asm__(name) __attribute__((weak))

void *galloc_new(size_t size) OPERATOR("_Znwj");
void *galloc_new_array(size_t size) OPERATOR("_Znaj");
void galloc_delete(void *block) OPERATOR("_ZdlPv");
void galloc_delete_array(void *block) OPERATOR("_ZdaPv");
void galloc_delete_sized(void *block, size_t size) OPERATOR("_ZdlPvj");
void galloc_delete_array_sized(void *block, size_t size) OPERATOR("_ZdaPvj");
void galloc_throw_length_error(const char *what) OPERATOR("_ZSt20__throw_length_errorPKc");
void galloc_throw_bad_alloc(void) OPERATOR("_ZSt17__throw_bad_allocv");

void *galloc_new(size_t size) {
    void *block = galloc_shared_alloc(size, 0);
    if (block == NULL) {
        m_malloc_fail(size);
    }
    return block;
}

void *galloc_new_array(size_t size) {
    return galloc_new(size);
}

void galloc_delete(void *block) {
    galloc_shared_free(block);
}

void galloc_delete_array(void *block) {
    galloc_shared_free(block);
}

void galloc_delete_sized(void *block, size_t size) {
    (void)size;
    galloc_shared_free(block);
}

void galloc_delete_array_sized(void *block, size_t size) {
    (void)size;
    galloc_shared_free(block);
}

// What the containers call when a request makes no sense, where the toolchain's own are not linked.
void galloc_throw_length_error(const char *what) {
    (void)what;
    mp_raise_ValueError(MP_ERROR_TEXT("length"));
}

void galloc_throw_bad_alloc(void) {
    m_malloc_fail(0);
}

#endif

#endif
