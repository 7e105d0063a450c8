// names.c: names in constant tables.
//
// The user C module knows the number of each name while it is compiled. A native module gets the numbers of most when it is
// loaded, in a table. So its own tables have the place there, and less code is needed than for one name after the other.

#include "glue.h"

#if GALLOC_NATMOD

// With this instead of MicroPython's table, a name of it is an address that the compiler knows. The others are numbers.
#pragma push_macro("mp_native_qstr_table")
#undef mp_native_qstr_table
#define mp_native_qstr_table ((char (*)[1])GALLOC_NAME_OF_MODULE)
#define NAME(name) ((galloc_name_t)(uintptr_t)(name))

#else
#define NAME(name) (name)
#endif

#define NAME_OF(name, ...) NAME(name),

const galloc_name_t galloc_state_names[] = {GALLOC_STATE_FUNCTIONS(NAME_OF)};

// --- Arguments by name, up to GALLOC_ARGS_MAX for each function

const galloc_arg_t galloc_args_heap[] = {
    {NAME(MP_QSTR_region), MP_ARG_OBJ},
    {NAME(MP_QSTR_size), MP_ARG_OBJ},
    {NAME(MP_QSTR_smallbins), MP_ARG_OBJ | MP_ARG_KW_ONLY},
    {NAME(MP_QSTR_sub_bins), MP_ARG_OBJ | MP_ARG_KW_ONLY},
    {NAME(MP_QSTR_bounded_search), MP_ARG_BOOL | MP_ARG_KW_ONLY},
};
const galloc_arg_t galloc_args_alloc[] = {
    {NAME(MP_QSTR_size), MP_ARG_OBJ | MP_ARG_REQUIRED},
    {NAME(MP_QSTR_align), MP_ARG_OBJ | MP_ARG_KW_ONLY},
    {NAME(MP_QSTR_zero), MP_ARG_BOOL | MP_ARG_KW_ONLY},
    {NAME(MP_QSTR_pad), MP_ARG_BOOL | MP_ARG_KW_ONLY},
};
const galloc_arg_t galloc_args_align[] = {{NAME(MP_QSTR_align), MP_ARG_OBJ}};
const galloc_arg_t galloc_args_view[] = {{NAME(MP_QSTR_typecode), MP_ARG_OBJ}, {NAME(MP_QSTR_into), MP_ARG_OBJ}};
const galloc_arg_t galloc_args_wants[] = {{NAME(MP_QSTR_wants), MP_ARG_OBJ}};

#if GALLOC_NATMOD

// What import fills in, in its order: see galloc_natmod.c.
#define IMPORT_NAMES(X)      \
    X(MP_QSTR_Heap)          \
    GALLOC_HEAP_METHODS(X)   \
    GALLOC_HEAP_INTERNALS(X) \
    X(MP_QSTR_Block)         \
    GALLOC_BLOCK_METHODS(X)  \
    X(MP_QSTR_Arena)         \
    GALLOC_ARENA_METHODS(X)  \
    X(MP_QSTR_Roots)         \
    GALLOC_ROOTS_METHODS(X)  \
    X(MP_QSTR_method)        \
    X(MP_QSTR_Heap)          \
    X(MP_QSTR_Block)         \
    X(MP_QSTR_Arena)         \
    GALLOC_FUNCTIONS(X)      \
    GALLOC_RECORD_FUNCTIONS(X)
const galloc_name_t galloc_import_names[] = {IMPORT_NAMES(NAME_OF)};

#pragma pop_macro("mp_native_qstr_table")

#endif

qstr galloc_name(galloc_name_t name) {
    #if GALLOC_NATMOD
    return name >= GALLOC_NAME_OF_MODULE ? mp_native_qstr_table[name - GALLOC_NAME_OF_MODULE] : name;
    #else
    return name;
    #endif
}

mp_obj_t galloc_name_object(galloc_name_t name) {
    return MP_OBJ_NEW_QSTR(galloc_name(name));
}

void galloc_args_parse(const galloc_arg_t *known, size_t count, mp_arg_val_t *values, size_t n_args, size_t n_kw,
                       const mp_obj_t *args) {
    mp_arg_t allowed[GALLOC_ARGS_MAX];
    for (size_t i = 0; i < count; ++i) {
        allowed[i].qst = (uint16_t)galloc_name(known[i].name);
        allowed[i].flags = known[i].flags;
        allowed[i].defval.u_obj = MP_OBJ_NULL;
    }
    mp_arg_parse_all_kw_array(n_args, n_kw, args, count, allowed, values);
}
