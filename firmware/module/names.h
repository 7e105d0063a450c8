// names.h: what Python finds in `_galloc`, once for both registrations.
//
// Fixed: functions of a fixed number of arguments; Var: the others. The native module's linker looks for the names of
// qstrs in the text of this file, so they stand here in full.

#ifndef GALLOC_MODULE_NAMES_H
#define GALLOC_MODULE_NAMES_H

#define GALLOC_HEAP_METHODS_FIXED(X)                    \
    X(MP_QSTR_free, galloc_heap_free_obj)               \
    X(MP_QSTR_usable_size, galloc_heap_usable_size_obj) \
    X(MP_QSTR_address, galloc_heap_address_obj)         \
    X(MP_QSTR_get8, galloc_heap_get8_obj)               \
    X(MP_QSTR_get32, galloc_heap_get32_obj)             \
    X(MP_QSTR__stats, galloc_heap_stats_obj)            \
    X(MP_QSTR__check, galloc_heap_check_obj)            \
    X(MP_QSTR__walk, galloc_heap_walk_obj)              \
    X(MP_QSTR__bytes, galloc_heap_bytes_obj)            \
    X(MP_QSTR__place, galloc_heap_place_obj)            \
    X(MP_QSTR__root, galloc_heap_root_obj)              \
    X(MP_QSTR__set_root, galloc_heap_set_root_obj)

#define GALLOC_HEAP_METHODS_VAR(X)              \
    X(MP_QSTR_alloc, galloc_heap_alloc_obj)     \
    X(MP_QSTR_malloc, galloc_heap_malloc_obj)   \
    X(MP_QSTR_calloc, galloc_heap_calloc_obj)   \
    X(MP_QSTR_realloc, galloc_heap_realloc_obj) \
    X(MP_QSTR_put8, galloc_heap_put8_obj)       \
    X(MP_QSTR_put32, galloc_heap_put32_obj)

#define GALLOC_BLOCK_METHODS_FIXED(X)            \
    X(MP_QSTR_resize, galloc_block_resize_obj)   \
    X(MP_QSTR_realloc, galloc_block_realloc_obj) \
    X(MP_QSTR_free, galloc_block_free_obj)       \
    X(MP_QSTR___enter__, galloc_block_enter_obj)

#define GALLOC_BLOCK_METHODS_VAR(X)        \
    X(MP_QSTR_view, galloc_block_view_obj) \
    X(MP_QSTR___exit__, galloc_block_exit_obj)

#define GALLOC_FUNCTIONS(X) X(MP_QSTR_regions, galloc_regions_obj)

#if GALLOC_RECORD
#define GALLOC_RECORD_FUNCTIONS(X)       \
    X(MP_QSTR_record, galloc_record_obj) \
    X(MP_QSTR_take_records, galloc_take_records_obj)
#else
#define GALLOC_RECORD_FUNCTIONS(X)
#endif

// Of the firmware alone: other C modules cannot call a native one.
#define GALLOC_FIRMWARE_FUNCTIONS(X)      \
    X(MP_QSTR__shared, galloc_shared_obj) \
    X(MP_QSTR__share, galloc_share_obj)

#endif
