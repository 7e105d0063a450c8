// vectormodule.c: galloc_vector.sum(n), which a C++ vector works out; early(), what one had worked out before main.

#include "py/runtime.h"

#include "vector.h"

static mp_obj_t sum(mp_obj_t count) {
    return mp_obj_new_int_from_uint(galloc_example_sum((uint32_t)mp_obj_get_int(count)));
}
static MP_DEFINE_CONST_FUN_OBJ_1(sum_obj, sum);

static mp_obj_t early(void) {
    return mp_obj_new_int_from_uint(galloc_example_early());
}
static MP_DEFINE_CONST_FUN_OBJ_0(early_obj, early);

static const mp_rom_map_elem_t vector_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_galloc_vector)},
    {MP_ROM_QSTR(MP_QSTR_sum), MP_ROM_PTR(&sum_obj)},
    {MP_ROM_QSTR(MP_QSTR_early), MP_ROM_PTR(&early_obj)},
};
static MP_DEFINE_CONST_DICT(vector_globals, vector_table);

const mp_obj_module_t galloc_vector_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&vector_globals,
};

MP_REGISTER_MODULE(MP_QSTR_galloc_vector, galloc_vector_module);
