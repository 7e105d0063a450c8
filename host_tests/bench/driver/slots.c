// Some thousand functions: not worth the compiler's full effort.
#pragma GCC optimize("O1")

#include "slots.h"

#include <stdio.h>
#include <stdlib.h>
#if defined(__has_include) && __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_ZERO_STATS slots_missing()
#define CALLGRIND_DUMP_STATS_AT(name) ((void)(name), slots_missing())
static void slots_missing(void) {
    fprintf(stderr, "bench: built without valgrind's headers; install the package valgrind and build again\n");
    exit(2);
}
#endif

#include "adapter.h"

size_t slots_used;

static char done;

#define SLOT(n)                                                                                               \
    __attribute__((noinline)) static void *slot_##n(slot_kind_t kind, void *block, size_t size, size_t align, \
                                                    size_t new_size) {                                        \
        if (kind == SLOT_ALLOC) {                                                                             \
            return adapter_alloc(size, align);                                                                \
        }                                                                                                     \
        if (kind == SLOT_FREE) {                                                                              \
            adapter_free(block, size, align);                                                                 \
            return NULL;                                                                                      \
        }                                                                                                     \
        return adapter_resize(block, size, align, new_size) == 1 ? &done : NULL;                              \
    }

// clang-format off
#define EACH16(X, p)                                                                                            \
    X(p##0) X(p##1) X(p##2) X(p##3) X(p##4) X(p##5) X(p##6) X(p##7) X(p##8) X(p##9) X(p##a) X(p##b) X(p##c)     \
    X(p##d) X(p##e) X(p##f)
#define EACH256(X, p)                                                                                           \
    EACH16(X, p##0) EACH16(X, p##1) EACH16(X, p##2) EACH16(X, p##3) EACH16(X, p##4) EACH16(X, p##5)             \
    EACH16(X, p##6) EACH16(X, p##7) EACH16(X, p##8) EACH16(X, p##9) EACH16(X, p##a) EACH16(X, p##b)             \
    EACH16(X, p##c) EACH16(X, p##d) EACH16(X, p##e) EACH16(X, p##f)
// clang-format on
#define EACH2048(X) \
    EACH256(X, 0) EACH256(X, 1) EACH256(X, 2) EACH256(X, 3) EACH256(X, 4) EACH256(X, 5) EACH256(X, 6) EACH256(X, 7)

EACH2048(SLOT)

#define NAME(n) slot_##n,

static void *(*const slots[SLOTS])(slot_kind_t, void *, size_t, size_t, size_t) = {EACH2048(NAME)};

void slots_start(void) {
    slots_used = 0;
    CALLGRIND_ZERO_STATS;
}

void *slots_call(slot_kind_t kind, void *block, size_t size, size_t align, size_t new_size) {
    if (slots_used == SLOTS) {
        fprintf(stderr, "bench: more than %d single calls in one state\n", SLOTS);
        exit(2);
    }
    return slots[slots_used++](kind, block, size, align, new_size);
}

void slots_dump(const char *name) {
    CALLGRIND_DUMP_STATS_AT(name);
}
