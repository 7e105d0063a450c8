// galloc_natmod.c: registration of `_galloc` as a native module: what a user C module has as constant data is filled in
// here at import, since a native module has no initialised data.

#include "glue.h"

// Nothing below is `static`: the linker of native modules places only global variables in .bss.
mp_obj_full_type_t galloc_heap_type;
mp_obj_full_type_t galloc_block_type;
mp_obj_full_type_t galloc_view_type;
const mp_obj_type_t *galloc_type_int;
mp_obj_t galloc_type_memoryview;
const mp_obj_type_t *galloc_type_bytearray;

// Keeps the names that this code uses at run time alive, even if someone takes the module out of sys.modules.
const void *galloc_context;

// What lock.h needs on this target.
#if defined(GALLOC_HAS_SPINLOCK)
volatile uint32_t *galloc_spinlock;
#elif !defined(__riscv) && !defined(__xtensa__)
volatile unsigned char galloc_spin;
#endif

#define COUNT(name, object) +1
#define HEAP_METHODS (0 GALLOC_HEAP_METHODS_FIXED(COUNT) GALLOC_HEAP_METHODS_VAR(COUNT))
#define BLOCK_METHODS (0 GALLOC_BLOCK_METHODS_FIXED(COUNT) GALLOC_BLOCK_METHODS_VAR(COUNT))

mp_map_elem_t galloc_heap_table[HEAP_METHODS];
mp_map_elem_t galloc_block_table[BLOCK_METHODS];
static MP_DEFINE_CONST_DICT(heap_locals, galloc_heap_table);
static MP_DEFINE_CONST_DICT(block_locals, galloc_block_table);

// The compiler and the core call these by name; MicroPython has memset and memmove in its function table.
void *memcpy(void *to, const void *from, size_t size) {
    return mp_fun_table.memmove_(to, from, size);
}

void *memmove(void *to, const void *from, size_t size) {
    return mp_fun_table.memmove_(to, from, size);
}

void *memset(void *to, int value, size_t size) {
    return mp_fun_table.memset_(to, value, size);
}

static void set_type(mp_obj_full_type_t *type, qstr name, const void *locals) {
    type->base.type = mp_fun_table.type_type;
    type->flags = MP_TYPE_FLAG_NONE;
    type->name = name;
    if (locals != NULL) {
        MP_OBJ_TYPE_SET_SLOT(type, locals_dict, (void *)locals, 0);
    }
}

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY

        (void)
    n_args;
    (void)n_kw;
    (void)args;
    galloc_context = self->context;
    #if defined(GALLOC_HAS_SPINLOCK)
    galloc_find_spinlock();
    #endif
    galloc_type_int = MP_OBJ_TO_PTR(mp_load_global(MP_QSTR_int));
    galloc_type_memoryview = mp_load_global(MP_QSTR_memoryview);
    galloc_type_bytearray = MP_OBJ_TO_PTR(mp_load_global(MP_QSTR_bytearray));

    #define FILL_HEAP(name, object) \
    galloc_heap_table[i++] = (mp_map_elem_t){MP_OBJ_NEW_QSTR(name), MP_OBJ_FROM_PTR(&object)};
    #define FILL_BLOCK(name, object) \
    galloc_block_table[i++] = (mp_map_elem_t){MP_OBJ_NEW_QSTR(name), MP_OBJ_FROM_PTR(&object)};
    size_t i = 0;
    GALLOC_HEAP_METHODS_FIXED(FILL_HEAP)
    GALLOC_HEAP_METHODS_VAR(FILL_HEAP)
    i = 0;
    GALLOC_BLOCK_METHODS_FIXED(FILL_BLOCK)
    GALLOC_BLOCK_METHODS_VAR(FILL_BLOCK)

    set_type(&galloc_heap_type, MP_QSTR_Heap, &heap_locals);
    MP_OBJ_TYPE_SET_SLOT(&galloc_heap_type, make_new, galloc_heap_make_new, 1);

    set_type(&galloc_block_type, MP_QSTR_Block, &block_locals);
    MP_OBJ_TYPE_SET_SLOT(&galloc_block_type, print, galloc_block_print, 1);
    MP_OBJ_TYPE_SET_SLOT(&galloc_block_type, unary_op, galloc_block_unary_op, 2);
    MP_OBJ_TYPE_SET_SLOT(&galloc_block_type, attr, galloc_block_attr, 3);
    MP_OBJ_TYPE_SET_SLOT(&galloc_block_type, buffer, galloc_block_get_buffer, 4);
    MP_OBJ_TYPE_SET_SLOT(&galloc_block_type, subscr, galloc_block_subscr, 5);
    MP_OBJ_TYPE_SET_SLOT(&galloc_block_type, iter, galloc_block_iter, 6);

    set_type(&galloc_view_type, MP_QSTR_View, NULL);
    MP_OBJ_TYPE_SET_SLOT(&galloc_view_type, buffer, galloc_view_get_buffer, 0);

    mp_store_global(MP_QSTR_Heap, MP_OBJ_FROM_PTR(&galloc_heap_type));
    mp_store_global(MP_QSTR_Block, MP_OBJ_FROM_PTR(&galloc_block_type));
    mp_store_global(MP_QSTR___version__, mp_obj_new_str(GALLOC_VERSION, sizeof(GALLOC_VERSION) - 1));
    #define STORE(name, object) mp_store_global(name, MP_OBJ_FROM_PTR(&object));
    GALLOC_FUNCTIONS(STORE)
    GALLOC_RECORD_FUNCTIONS(STORE)

    MP_DYNRUNTIME_INIT_EXIT
}
