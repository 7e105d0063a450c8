// modgalloc.c: registration of `_galloc` as a user C module.

#include "glue.h"

#include "py/objstr.h"

#define ROM_OF_HEAP(name, function, least, most, named) \
    {MP_ROM_QSTR(name), MP_ROM_PTR(&galloc_heap_methods[GALLOC_HEAP_##name])},
static MP_DEFINE_CONST_CLASSMETHOD_OBJ(attach_obj, MP_ROM_PTR(galloc_attach_methods));
static const mp_rom_map_elem_t heap_locals_table[] = {
    GALLOC_HEAP_METHODS(ROM_OF_HEAP)
        GALLOC_HEAP_INTERNALS(ROM_OF_HEAP){MP_ROM_QSTR(MP_QSTR_attach), MP_ROM_PTR(&attach_obj)},
};
static MP_DEFINE_CONST_DICT(heap_locals, heap_locals_table);
MP_DEFINE_CONST_OBJ_TYPE(galloc_heap_type, MP_QSTR_Heap, MP_TYPE_FLAG_NONE, make_new, galloc_heap_make_new, print,
                         galloc_heap_print, attr, galloc_heap_attr, locals_dict, &heap_locals);

#define ROM_OF_BLOCK(name, function, least, most, named) \
    {MP_ROM_QSTR(name), MP_ROM_PTR(&galloc_block_methods[GALLOC_BLOCK_##name])},
static const mp_rom_map_elem_t block_locals_table[] = {GALLOC_BLOCK_METHODS(ROM_OF_BLOCK)};
static MP_DEFINE_CONST_DICT(block_locals, block_locals_table);
MP_DEFINE_CONST_OBJ_TYPE(galloc_block_type, MP_QSTR_Block, MP_TYPE_FLAG_NONE, print, galloc_block_print, unary_op,
                         galloc_block_unary_op, iter, galloc_block_iter, subscr, galloc_block_subscr, attr,
                         galloc_block_attr, buffer, galloc_block_get_buffer, locals_dict, &block_locals);

#define ROM_OF_ARENA(name, function, least, most, named) \
    {MP_ROM_QSTR(name), MP_ROM_PTR(&galloc_arena_methods[GALLOC_ARENA_##name])},
static const mp_rom_map_elem_t arena_locals_table[] = {GALLOC_ARENA_METHODS(ROM_OF_ARENA)};
static MP_DEFINE_CONST_DICT(arena_locals, arena_locals_table);
MP_DEFINE_CONST_OBJ_TYPE(galloc_arena_type, MP_QSTR_Arena, MP_TYPE_FLAG_NONE, locals_dict, &arena_locals);

#define ROM_OF_ROOTS(name, function, least, most, named) \
    {MP_ROM_QSTR(name), MP_ROM_PTR(&galloc_roots_methods[GALLOC_ROOTS_##name])},
static const mp_rom_map_elem_t roots_locals_table[] = {GALLOC_ROOTS_METHODS(ROM_OF_ROOTS)};
static MP_DEFINE_CONST_DICT(roots_locals, roots_locals_table);
MP_DEFINE_CONST_OBJ_TYPE(galloc_roots_type, MP_QSTR_Roots, MP_TYPE_FLAG_NONE, unary_op, galloc_roots_unary_op, subscr,
                         galloc_roots_subscr, locals_dict, &roots_locals);

MP_DEFINE_CONST_OBJ_TYPE(galloc_method_type, MP_QSTR_method, MP_TYPE_FLAG_BINDS_SELF | MP_TYPE_FLAG_BUILTIN_FUN, call,
                         galloc_method_call);
MP_DEFINE_CONST_OBJ_TYPE(galloc_free_type, MP_QSTR_method, MP_TYPE_FLAG_BINDS_SELF | MP_TYPE_FLAG_BUILTIN_FUN, call,
                         galloc_call_free);
MP_DEFINE_CONST_OBJ_TYPE(galloc_malloc_type, MP_QSTR_method, MP_TYPE_FLAG_BINDS_SELF | MP_TYPE_FLAG_BUILTIN_FUN, call,
                         galloc_call_malloc);
MP_DEFINE_CONST_OBJ_TYPE(galloc_alloc_type, MP_QSTR_method, MP_TYPE_FLAG_BINDS_SELF | MP_TYPE_FLAG_BUILTIN_FUN, call,
                         galloc_call_alloc);

#define FUNCTION_OBJ(name, function) static MP_DEFINE_CONST_FUN_OBJ_0(function##_obj, function);
GALLOC_FUNCTIONS(FUNCTION_OBJ)

static MP_DEFINE_STR_OBJ(version_str, GALLOC_VERSION);

#define ROM_FUNCTION(name, function) {MP_ROM_QSTR(name), MP_ROM_PTR(&function##_obj)},
static const mp_rom_map_elem_t module_table[] = {{MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__galloc)},
                                                 {MP_ROM_QSTR(MP_QSTR_Heap), MP_ROM_PTR(&galloc_heap_type)},
                                                 {MP_ROM_QSTR(MP_QSTR_Block), MP_ROM_PTR(&galloc_block_type)},
                                                 {MP_ROM_QSTR(MP_QSTR_Arena), MP_ROM_PTR(&galloc_arena_type)},
                                                 {MP_ROM_QSTR(MP_QSTR___version__), MP_ROM_PTR(&version_str)},
                                                 GALLOC_FUNCTIONS(ROM_FUNCTION) GALLOC_RECORD_FUNCTIONS(ROM_FUNCTION)};
static MP_DEFINE_CONST_DICT(module_globals, module_table);

const mp_obj_module_t galloc_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&module_globals,
};

MP_REGISTER_MODULE(MP_QSTR__galloc, galloc_module);
