// galloc_natmod.c: registration of `_galloc` as a native module: what a user C module has as constant data is filled in
// here at import, since a native module has no initialised data.

#include "glue.h"

// Nothing below is `static`: the linker of native modules places only global variables in .bss.
GALLOC_KEPT mp_obj_full_type_t galloc_heap_type;
GALLOC_KEPT mp_obj_full_type_t galloc_block_type;
GALLOC_KEPT mp_obj_full_type_t galloc_arena_type;
GALLOC_KEPT mp_obj_full_type_t galloc_roots_type;
GALLOC_KEPT mp_obj_full_type_t galloc_method_type;
GALLOC_KEPT mp_obj_full_type_t galloc_free_type;
GALLOC_KEPT mp_obj_full_type_t galloc_malloc_type;
GALLOC_KEPT mp_obj_full_type_t galloc_alloc_type;
GALLOC_KEPT const mp_obj_type_t *galloc_type_int;
GALLOC_KEPT const mp_obj_type_t *galloc_type_bytearray;
GALLOC_KEPT const mp_obj_type_t *galloc_type_memoryview;

// Keeps the names that this code uses at run time alive, even if someone takes the module out of sys.modules.
GALLOC_KEPT const void *galloc_context;

// What lock.h needs on this target.
#if defined(GALLOC_HAS_SPINLOCK)
GALLOC_KEPT volatile uint32_t *galloc_spinlock;
#elif !defined(__xtensa__)
GALLOC_KEPT volatile unsigned char galloc_spin;
#endif
#if defined(GALLOC_ASKS_PROCESSOR)
GALLOC_KEPT volatile bool galloc_is_process;
GALLOC_KEPT volatile bool galloc_has_atomics;

// Linux runs on processors with atomic instructions only, and lets no process ask.
static void ask_processor(void) {
    mp_obj_t sys = mp_import_name(MP_QSTR_sys, mp_const_none, MP_OBJ_NEW_SMALL_INT(0));
    const char *platform = mp_obj_str_get_str(mp_load_attr(sys, MP_QSTR_platform));
    galloc_is_process = platform[0] == 'l' && platform[1] == 'i' && platform[2] == 'n';
    galloc_has_atomics = galloc_is_process || galloc_finds_atomics();
}
#endif

// One more of Heap: attach, a class method.
GALLOC_KEPT mp_map_elem_t galloc_heap_table[GALLOC_HEAP_COUNT + 1];
GALLOC_KEPT mp_map_elem_t galloc_block_table[GALLOC_BLOCK_COUNT];
GALLOC_KEPT mp_map_elem_t galloc_arena_table[GALLOC_ARENA_COUNT];
GALLOC_KEPT mp_map_elem_t galloc_roots_table[GALLOC_ROOTS_COUNT];
static MP_DEFINE_CONST_DICT(heap_locals, galloc_heap_table);
static MP_DEFINE_CONST_DICT(block_locals, galloc_block_table);
static MP_DEFINE_CONST_DICT(arena_locals, galloc_arena_table);
static MP_DEFINE_CONST_DICT(roots_locals, galloc_roots_table);
GALLOC_KEPT mp_obj_static_class_method_t galloc_attach_obj;

// The compiler and the core call these by name; MicroPython has memset and memmove in its function table.
GALLOC_KEPT void *memcpy(void *to, const void *from, size_t size) {
    return mp_fun_table.memmove_(to, from, size);
}

GALLOC_KEPT void *memmove(void *to, const void *from, size_t size) {
    return mp_fun_table.memmove_(to, from, size);
}

GALLOC_KEPT void *memset(void *to, int value, size_t size) {
    return mp_fun_table.memset_(to, value, size);
}

static void set_type(mp_obj_full_type_t *type, qstr name, uint16_t flags) {
    type->base.type = mp_fun_table.type_type;
    type->flags = flags;
    type->name = name;
}

static void set_callable(mp_obj_full_type_t *type, mp_call_fun_t call) {
    set_type(type, MP_QSTR_method, MP_TYPE_FLAG_BINDS_SELF | MP_TYPE_FLAG_BUILTIN_FUN);
    MP_OBJ_TYPE_SET_SLOT(type, call, call, 0);
}

// Fills the names of a class with its methods.
static void set_methods(mp_obj_full_type_t *type, const void *locals, mp_map_elem_t *table, const qstr *names,
                        const galloc_method_t *methods, size_t count) {
    MP_OBJ_TYPE_SET_SLOT(type, locals_dict, (void *)locals, 0);
    for (size_t i = 0; i < count; ++i) {
        table[i] = (mp_map_elem_t){MP_OBJ_NEW_QSTR(names[i]), MP_OBJ_FROM_PTR(&methods[i])};
    }
}

#define METHOD_NAME(name, function, least, most, named) name,
#define SET_METHODS(CLASS, type, methods, locals, table)                          \
    do {                                                                          \
        const qstr names[] = {CLASS(METHOD_NAME)};                                \
        set_methods(&type, &locals, table, names, methods, MP_ARRAY_SIZE(names)); \
    } while (0)
#define HEAP_NAMES(X) GALLOC_HEAP_METHODS(X) GALLOC_HEAP_INTERNALS(X)

#define FUNCTION_OBJ(name, function) static MP_DEFINE_CONST_FUN_OBJ_0(function##_obj, function);
GALLOC_FUNCTIONS(FUNCTION_OBJ)

GALLOC_KEPT mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY

        (void)
    n_args;
    (void)n_kw;
    (void)args;
    galloc_context = self->context;
    #if defined(GALLOC_HAS_SPINLOCK)
    galloc_find_spinlock();
    #endif
    #if defined(GALLOC_ASKS_PROCESSOR)
    ask_processor();
    #endif
    galloc_type_int = MP_OBJ_TO_PTR(mp_load_global(MP_QSTR_int));
    galloc_type_bytearray = MP_OBJ_TO_PTR(mp_load_global(MP_QSTR_bytearray));
    galloc_type_memoryview = MP_OBJ_TO_PTR(mp_load_global(MP_QSTR_memoryview));

    set_callable(&galloc_method_type, galloc_method_call);
    set_callable(&galloc_free_type, galloc_call_free);
    set_callable(&galloc_malloc_type, galloc_call_malloc);
    set_callable(&galloc_alloc_type, galloc_call_alloc);

    set_type(&galloc_heap_type, MP_QSTR_Heap, MP_TYPE_FLAG_NONE);
    SET_METHODS(HEAP_NAMES, galloc_heap_type, galloc_heap_methods, heap_locals, galloc_heap_table);
    galloc_attach_obj.base.type = MP_OBJ_TO_PTR(mp_load_global(MP_QSTR_classmethod));
    galloc_attach_obj.fun = MP_OBJ_FROM_PTR(galloc_attach_methods);
    galloc_heap_table[GALLOC_HEAP_COUNT] =
        (mp_map_elem_t){MP_OBJ_NEW_QSTR(MP_QSTR_attach), MP_OBJ_FROM_PTR(&galloc_attach_obj)};
    MP_OBJ_TYPE_SET_SLOT(&galloc_heap_type, make_new, galloc_heap_make_new, 1);
    MP_OBJ_TYPE_SET_SLOT(&galloc_heap_type, print, galloc_heap_print, 2);
    MP_OBJ_TYPE_SET_SLOT(&galloc_heap_type, attr, galloc_heap_attr, 3);

    set_type(&galloc_block_type, MP_QSTR_Block, MP_TYPE_FLAG_NONE);
    SET_METHODS(GALLOC_BLOCK_METHODS, galloc_block_type, galloc_block_methods, block_locals, galloc_block_table);
    MP_OBJ_TYPE_SET_SLOT(&galloc_block_type, print, galloc_block_print, 1);
    MP_OBJ_TYPE_SET_SLOT(&galloc_block_type, unary_op, galloc_block_unary_op, 2);
    MP_OBJ_TYPE_SET_SLOT(&galloc_block_type, attr, galloc_block_attr, 3);
    MP_OBJ_TYPE_SET_SLOT(&galloc_block_type, buffer, galloc_block_get_buffer, 4);
    MP_OBJ_TYPE_SET_SLOT(&galloc_block_type, subscr, galloc_block_subscr, 5);
    MP_OBJ_TYPE_SET_SLOT(&galloc_block_type, iter, galloc_block_iter, 6);

    set_type(&galloc_arena_type, MP_QSTR_Arena, MP_TYPE_FLAG_NONE);
    SET_METHODS(GALLOC_ARENA_METHODS, galloc_arena_type, galloc_arena_methods, arena_locals, galloc_arena_table);

    set_type(&galloc_roots_type, MP_QSTR_Roots, MP_TYPE_FLAG_NONE);
    SET_METHODS(GALLOC_ROOTS_METHODS, galloc_roots_type, galloc_roots_methods, roots_locals, galloc_roots_table);
    MP_OBJ_TYPE_SET_SLOT(&galloc_roots_type, unary_op, galloc_roots_unary_op, 1);
    MP_OBJ_TYPE_SET_SLOT(&galloc_roots_type, subscr, galloc_roots_subscr, 2);

    mp_store_global(MP_QSTR_Heap, MP_OBJ_FROM_PTR(&galloc_heap_type));
    mp_store_global(MP_QSTR_Block, MP_OBJ_FROM_PTR(&galloc_block_type));
    mp_store_global(MP_QSTR_Arena, MP_OBJ_FROM_PTR(&galloc_arena_type));
    mp_store_global(MP_QSTR___version__, mp_obj_new_str(GALLOC_VERSION, sizeof(GALLOC_VERSION) - 1));
    #define STORE(name, function) mp_store_global(name, MP_OBJ_FROM_PTR(&function##_obj));
    GALLOC_FUNCTIONS(STORE)
    GALLOC_RECORD_FUNCTIONS(STORE)

    MP_DYNRUNTIME_INIT_EXIT
}
