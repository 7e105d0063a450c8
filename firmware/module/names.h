// names.h: what Python finds in `_galloc`, once for both registrations.
//
// Methods: name, function, the least and the most arguments by position, whether it takes some by name. What is called
// most is first: MicroPython looks from there. The native module's linker looks for the names of qstrs in the text of
// this file, so they are here in full.

#ifndef GALLOC_MODULE_NAMES_H
#define GALLOC_MODULE_NAMES_H

// Those of Heap are functions of the shared heap, too. The first three are bound to each heap (GALLOC_BOUND_COUNT in glue.h)
// and count their arguments themselves.
#define GALLOC_HEAP_METHODS(X)                               \
    X(MP_QSTR_free, galloc_heap_free, 1, 1, 0)               \
    X(MP_QSTR_malloc, galloc_heap_malloc, 1, 2, 1)           \
    X(MP_QSTR_alloc, galloc_heap_alloc, 0, 1, 1)             \
    X(MP_QSTR_get32, galloc_heap_get32, 2, 2, 0)             \
    X(MP_QSTR_put32, galloc_heap_put32, 3, 3, 0)             \
    X(MP_QSTR_get8, galloc_heap_get8, 2, 2, 0)               \
    X(MP_QSTR_put8, galloc_heap_put8, 3, 3, 0)               \
    X(MP_QSTR_get16, galloc_heap_get16, 2, 2, 0)             \
    X(MP_QSTR_put16, galloc_heap_put16, 3, 3, 0)             \
    X(MP_QSTR_view, galloc_heap_view, 1, 3, 1)               \
    X(MP_QSTR_realloc, galloc_heap_realloc, 2, 3, 1)         \
    X(MP_QSTR_calloc, galloc_heap_calloc, 1, 2, 1)           \
    X(MP_QSTR_usable_size, galloc_heap_usable_size, 1, 1, 0) \
    X(MP_QSTR_address, galloc_heap_address, 1, 1, 0)         \
    X(MP_QSTR_block, galloc_heap_block, 1, 1, 0)             \
    X(MP_QSTR_arena, galloc_heap_arena, 0, 0, 0)             \
    X(MP_QSTR_stats, galloc_heap_stats, 0, 0, 0)             \
    X(MP_QSTR_check, galloc_heap_check, 0, 0, 0)             \
    X(MP_QSTR_walk, galloc_heap_walk, 0, 0, 0)               \
    X(MP_QSTR_info, galloc_heap_info, 0, 1, 1)               \
    X(MP_QSTR_dump, galloc_heap_dump, 1, 1, 0)

// For galloc.py.
#define GALLOC_HEAP_INTERNALS(X)                        \
    X(MP_QSTR__stats, galloc_heap_stats_tuple, 0, 0, 0) \
    X(MP_QSTR__walk, galloc_heap_walk_tuple, 1, 1, 0)   \
    X(MP_QSTR__place, galloc_heap_place, 0, 0, 0)

#define GALLOC_BLOCK_METHODS(X)                       \
    X(MP_QSTR_free, galloc_block_exit, 0, 0, 0)       \
    X(MP_QSTR_view, galloc_block_view, 0, 2, 1)       \
    X(MP_QSTR_resize, galloc_block_resize, 1, 1, 0)   \
    X(MP_QSTR_realloc, galloc_block_realloc, 1, 1, 0) \
    X(MP_QSTR___enter__, galloc_block_enter, 0, 0, 0) \
    X(MP_QSTR___exit__, galloc_block_exit, 0, 3, 0)

#define GALLOC_ARENA_METHODS(X)                       \
    X(MP_QSTR_alloc, galloc_arena_alloc, 0, 1, 1)     \
    X(MP_QSTR_free, galloc_arena_exit, 0, 0, 0)       \
    X(MP_QSTR___enter__, galloc_arena_enter, 0, 0, 0) \
    X(MP_QSTR___exit__, galloc_arena_exit, 0, 3, 0)

#define GALLOC_ROOTS_METHODS(X)                       \
    X(MP_QSTR___getitem__, galloc_roots_get, 1, 1, 0) \
    X(MP_QSTR___setitem__, galloc_roots_set, 2, 2, 0)

// Functions of the shared heap beside those of Heap.
#define GALLOC_STATE_FUNCTIONS(X)               \
    X(MP_QSTR_heap, galloc_state_heap, 0, 1, 1) \
    X(MP_QSTR_init, galloc_state_init, 0, 2, 1) \
    X(MP_QSTR_initialized, galloc_state_initialized, 0, 1, 1)

// Functions of the module itself, without arguments.
#define GALLOC_FUNCTIONS(X)                              \
    X(MP_QSTR_regions, galloc_regions)                   \
    X(MP_QSTR_c_share, galloc_c_share)                   \
    X(MP_QSTR_shared_functions, galloc_shared_functions) \
    X(MP_QSTR_stats_fields, galloc_stats_fields)

// What stats() returns, in this order: fields of galloc_stats_t. galloc_more.py makes its namedtuple from this list and
// adds `fragmentation`; host_tests/device/test_stub.py compares the stub and the host's tools with it. They are text, so
// that a program that never asks has none of these names in memory.
#define GALLOC_STATS(X) \
    X(total)            \
    X(used)             \
    X(free)             \
    X(largest)          \
    X(overhead)         \
    X(peak_used)        \
    X(blocks)           \
    X(free_chunks)      \
    X(allocs)           \
    X(frees)            \
    X(failures)

// Functions of the module itself with one argument.
#if GALLOC_RECORD
#define GALLOC_RECORD_FUNCTIONS(X)   \
    X(MP_QSTR_record, galloc_record) \
    X(MP_QSTR_take_records, galloc_take_records)
#else
#define GALLOC_RECORD_FUNCTIONS(X)
#endif

#endif
