// galloc_natmod.c: registration of `_galloc` as a native module: what a user C module has as constant data is filled in
// here at import, since a native module has no initialised data.

#include "glue.h"

// Nothing below is `static`: the linker of native modules places only global variables in .bss.
GALLOC_KEPT __typeof__(galloc_heap_type) galloc_heap_type;
GALLOC_KEPT __typeof__(galloc_block_type) galloc_block_type;
GALLOC_KEPT __typeof__(galloc_arena_type) galloc_arena_type;
GALLOC_KEPT __typeof__(galloc_roots_type) galloc_roots_type;
GALLOC_KEPT __typeof__(galloc_method_type) galloc_method_type;
GALLOC_KEPT __typeof__(galloc_free_type) galloc_free_type;
GALLOC_KEPT __typeof__(galloc_malloc_type) galloc_malloc_type;
GALLOC_KEPT __typeof__(galloc_alloc_type) galloc_alloc_type;
GALLOC_KEPT galloc_kept_t galloc_kept;

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

// --- What import fills in, as tables: they take less memory than code that does the same

// A class, its methods, and the table of their names; how many slots it has, and methods.
typedef struct {
    void *type;
    const galloc_method_t *methods;
    mp_map_elem_t *table;
    uint8_t slots, count;
} class_t;

#define CLASS(name, count) {&name##_type, name##_methods, name##_table, MP_ARRAY_SIZE(name##_type.slots), count}
static const class_t classes[] = {
    CLASS(galloc_heap, GALLOC_HEAP_COUNT),
    CLASS(galloc_block, GALLOC_BLOCK_COUNT),
    CLASS(galloc_arena, GALLOC_ARENA_COUNT),
    CLASS(galloc_roots, GALLOC_ROOTS_COUNT),
};

// The types of callables.
typedef struct {
    void *type;
    mp_call_fun_t call;
} callable_t;

static const callable_t callables[] = {
    {&galloc_method_type, galloc_method_call},
    {&galloc_free_type, galloc_call_free},
    {&galloc_malloc_type, galloc_call_malloc},
    {&galloc_alloc_type, galloc_call_alloc},
};

// The slots of all classes, in the same order.
#define SLOTS(X)                       \
    X(locals_dict, &heap_locals)       \
    X(make_new, galloc_heap_make_new)  \
    X(print, galloc_heap_print)        \
    X(attr, galloc_heap_attr)          \
    X(locals_dict, &block_locals)      \
    X(print, galloc_block_print)       \
    X(unary_op, galloc_block_unary_op) \
    X(attr, galloc_block_attr)         \
    X(buffer, galloc_block_get_buffer) \
    X(subscr, galloc_block_subscr)     \
    X(iter, galloc_block_iter)         \
    X(locals_dict, &arena_locals)      \
    X(locals_dict, &roots_locals)      \
    X(unary_op, galloc_roots_unary_op) \
    X(subscr, galloc_roots_subscr)
#define SLOT_PLACE(slot, value) MP_OBJ_TYPE_OFFSETOF_SLOT(slot),
#define SLOT_VALUE(slot, value) (const void *)(value),
static const uint8_t places[] = {SLOTS(SLOT_PLACE)};
static const void *const values[] = {SLOTS(SLOT_VALUE)};

// What the module has.
#define FUNCTION_OBJ(name, function) static MP_DEFINE_CONST_FUN_OBJ_0(function##_obj, function);
GALLOC_FUNCTIONS(FUNCTION_OBJ)
#define FUNCTION(name, function) &function##_obj,
static const void *const objects[] = {&galloc_heap_type, &galloc_block_type, &galloc_arena_type,
                                      GALLOC_FUNCTIONS(FUNCTION) GALLOC_RECORD_FUNCTIONS(FUNCTION)};

// A type's own fields; it has none of its slots yet.
static mp_obj_type_t *fill_type(void *place, galloc_name_t name, uint16_t flags) {
    mp_obj_type_t *type = place;
    type->base.type = mp_fun_table.type_type;
    type->flags = flags;
    type->name = (uint16_t)galloc_name(name);
    return type;
}

static GLUE_NOINLINE void fill_in(void) {
    const galloc_name_t *name = galloc_import_names;
    const uint8_t *place = places;
    const void *const *value = values;
    const void *const *object = objects;
    const class_t *class = classes;
    GLUE_HIDE(class);
    for (size_t n = MP_ARRAY_SIZE(classes); n > 0; --n, ++class) {
        mp_obj_type_t *type = fill_type(class->type, *name++, MP_TYPE_FLAG_NONE);
        for (size_t i = 0; i < class->slots; ++i) {
            type->slots[i] = *value++;
            ((uint8_t *)type)[*place++] = (uint8_t)(i + 1);
        }
        mp_map_elem_t *elem = class->table;
        const galloc_method_t *method = class->methods;
        for (size_t i = class->count; i > 0; --i) {
            elem->key = galloc_name_object(*name++);
            elem++->value = MP_OBJ_FROM_PTR(method++);
        }
    }
    const callable_t *callable = callables;
    GLUE_HIDE(callable);
    for (size_t n = MP_ARRAY_SIZE(callables); n > 0; --n, ++callable) {
        mp_obj_type_t *type = fill_type(callable->type, *name, MP_TYPE_FLAG_BINDS_SELF | MP_TYPE_FLAG_BUILTIN_FUN);
        MP_OBJ_TYPE_SET_SLOT(type, call, callable->call, 0);
    }
    ++name;
    for (size_t n = MP_ARRAY_SIZE(objects); n > 0; --n) {
        mp_store_global(galloc_name(*name++), MP_OBJ_FROM_PTR(*object++));
    }
}

GALLOC_KEPT mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY

        (void)
    n_args;
    (void)n_kw;
    (void)args;
    galloc_kept_t *kept = galloc_kept_at();
    kept->context = self->context;
    #if defined(GALLOC_HAS_SPINLOCK)
    galloc_find_spinlock();
    #endif
    #if defined(GALLOC_ASKS_PROCESSOR)
    ask_processor();
    #endif
    kept->type_int = MP_OBJ_TO_PTR(mp_load_global(MP_QSTR_int));
    kept->type_bytearray = MP_OBJ_TO_PTR(mp_load_global(MP_QSTR_bytearray));
    kept->type_memoryview = MP_OBJ_TO_PTR(mp_load_global(MP_QSTR_memoryview));

    fill_in();
    galloc_attach_obj.base.type = MP_OBJ_TO_PTR(mp_load_global(MP_QSTR_classmethod));
    galloc_attach_obj.fun = MP_OBJ_FROM_PTR(galloc_attach_methods);
    galloc_heap_table[GALLOC_HEAP_COUNT] =
        (mp_map_elem_t){MP_OBJ_NEW_QSTR(MP_QSTR_attach), MP_OBJ_FROM_PTR(&galloc_attach_obj)};
    mp_store_global(MP_QSTR___version__, mp_obj_new_str(GALLOC_VERSION, sizeof(GALLOC_VERSION) - 1));

    MP_DYNRUNTIME_INIT_EXIT
}
