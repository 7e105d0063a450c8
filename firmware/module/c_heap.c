// c_heap.c: the shared heap as the C heap of the firmware, for modules whose sources call malloc, and for C++.

#include "glue.h"

#if defined(GALLOC_C_HEAP) && GALLOC_C_HEAP

#include "shared.h"

#if GALLOC_NATMOD || defined(__linux__) || defined(__APPLE__)
#error "GALLOC_C_HEAP is for firmware: a process has a C heap already"
#endif

// --- Faults

__attribute__((weak)) void galloc_c_heap_fault(galloc_fault_t fault, void *pointer) {
    (void)fault;
    (void)pointer;
}

static void report(galloc_fault_t fault, void *pointer) {
    GALLOC_LOCK(NULL);
    galloc_c_faults++;
    GALLOC_UNLOCK(NULL);
    galloc_c_heap_fault(fault, pointer);
}

// --- C

void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *block, size_t size);
void free(void *block);
void *memalign(size_t align, size_t size);
void *aligned_alloc(size_t align, size_t size);
size_t malloc_usable_size(void *block);

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

void free(void *block) {
    galloc_fault_t fault = block != NULL ? galloc_shared_free(block) : GALLOC_OK;
    if (fault != GALLOC_OK) {
        report(fault, block);
    }
}

void *realloc(void *block, size_t size) {
    if (block != NULL && size == 0) {
        free(block);
        return NULL;
    }
    galloc_fault_t fault = block != NULL ? galloc_shared_fault(block) : GALLOC_OK;
    if (fault != GALLOC_OK) {
        report(fault, block);
        return NULL;
    }
    return galloc_shared_realloc(block, size, 0);
}

void *memalign(size_t align, size_t size) {
    return galloc_shared_alloc(size, align);
}

void *aligned_alloc(size_t align, size_t size) {
    return galloc_shared_alloc(size, align);
}

size_t malloc_usable_size(void *block) {
    return galloc_shared_usable_size(block);
}

// newlib's own functions (strdup, asprintf, stdio) call the reentrant family, whose own heap has no memory here.
#if defined(__NEWLIB__)

#include <reent.h>

// NULL sets errno, as these must.
static void *or_no_memory(struct _reent *reent, void *block) {
    if (block == NULL) {
        reent->_errno = MP_ENOMEM;
    }
    return block;
}

void *_malloc_r(struct _reent *reent, size_t size) {
    return or_no_memory(reent, malloc(size));
}

void *_calloc_r(struct _reent *reent, size_t items, size_t size) {
    return or_no_memory(reent, calloc(items, size));
}

void *_realloc_r(struct _reent *reent, void *block, size_t size) {
    void *moved = realloc(block, size);
    return size == 0 && block != NULL ? moved : or_no_memory(reent, moved);
}

void *_memalign_r(struct _reent *reent, size_t align, size_t size) {
    return or_no_memory(reent, memalign(align, size));
}

void _free_r(struct _reent *reent, void *block) {
    (void)reent;
    free(block);
}

size_t _malloc_usable_size_r(struct _reent *reent, void *block) {
    (void)reent;
    return malloc_usable_size(block);
}

#endif

// --- C++

// By the names that its compiler gives them: operator new and new[], delete and delete[], these with a size too. No memory
// is Python's MemoryError, since these must not return NULL.
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
    free(block);
}

void galloc_delete_array(void *block) {
    free(block);
}

void galloc_delete_sized(void *block, size_t size) {
    (void)size;
    free(block);
}

void galloc_delete_array_sized(void *block, size_t size) {
    (void)size;
    free(block);
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
