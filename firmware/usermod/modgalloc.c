// modgalloc.c: registration of `_galloc` as a user C module.

#include "glue.h"

#include "py/objstr.h"

#define ROM_ENTRY(name, object) {MP_ROM_QSTR(name), MP_ROM_PTR(&object)},

static const mp_rom_map_elem_t heap_locals_table[] = {GALLOC_HEAP_METHODS_FIXED(ROM_ENTRY)
                                                          GALLOC_HEAP_METHODS_VAR(ROM_ENTRY)};
static MP_DEFINE_CONST_DICT(heap_locals, heap_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(galloc_heap_type, MP_QSTR_Heap, MP_TYPE_FLAG_NONE, make_new, galloc_heap_make_new, locals_dict,
                         &heap_locals);

static const mp_rom_map_elem_t block_locals_table[] = {GALLOC_BLOCK_METHODS_FIXED(ROM_ENTRY)
                                                           GALLOC_BLOCK_METHODS_VAR(ROM_ENTRY)};
static MP_DEFINE_CONST_DICT(block_locals, block_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(galloc_block_type, MP_QSTR_Block, MP_TYPE_FLAG_NONE, print, galloc_block_print, unary_op,
                         galloc_block_unary_op, iter, galloc_block_iter, subscr, galloc_block_subscr, attr,
                         galloc_block_attr, buffer, galloc_block_get_buffer, locals_dict, &block_locals);

MP_DEFINE_CONST_OBJ_TYPE(galloc_view_type, MP_QSTR_View, MP_TYPE_FLAG_NONE, buffer, galloc_view_get_buffer);

static MP_DEFINE_STR_OBJ(version_str, GALLOC_VERSION);

static const mp_rom_map_elem_t module_table[] = {{MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__galloc)},
                                                 {MP_ROM_QSTR(MP_QSTR_Heap), MP_ROM_PTR(&galloc_heap_type)},
                                                 {MP_ROM_QSTR(MP_QSTR_Block), MP_ROM_PTR(&galloc_block_type)},
                                                 {MP_ROM_QSTR(MP_QSTR___version__), MP_ROM_PTR(&version_str)},
                                                 GALLOC_FUNCTIONS(ROM_ENTRY) GALLOC_RECORD_FUNCTIONS(ROM_ENTRY)
                                                     GALLOC_FIRMWARE_FUNCTIONS(ROM_ENTRY)};
static MP_DEFINE_CONST_DICT(module_globals, module_table);

const mp_obj_module_t galloc_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&module_globals,
};

MP_REGISTER_MODULE(MP_QSTR__galloc, galloc_module);
