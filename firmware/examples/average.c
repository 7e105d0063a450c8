// average.c: a C module that keeps its memory on the heap that Python has as galloc.heap(): the mean of the last numbers.
//
//     import galloc_average
//     galloc_average.start(16)  room for 16 numbers, all 0; MemoryError where there is none
//     galloc_average.add(7)     the mean with one more number, in place of the oldest
//     galloc_average.stop()     frees the room

#include <string.h>

#include "py/runtime.h"

#include "galloc_shared.h"

// The block stays allocated over soft resets, as C's variables do.
static int32_t *numbers;
static size_t count, next;

static mp_obj_t stop(void) {
    galloc_shared_free(numbers); // NULL is refused, and nothing happens
    numbers = NULL;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(stop_obj, stop);

static mp_obj_t start(mp_obj_t count_in) {
    mp_int_t wanted = mp_obj_get_int(count_in);
    if (wanted < 1 || wanted > 10000) {
        mp_raise_ValueError(MP_ERROR_TEXT("1 to 10000 numbers"));
    }
    stop();
    count = (size_t)wanted;
    next = 0;
    numbers = galloc_shared_alloc(count * sizeof(numbers[0]), 8);
    if (numbers == NULL) {
        m_malloc_fail(count * sizeof(numbers[0]));
    }
    memset(numbers, 0, count * sizeof(numbers[0]));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(start_obj, start);

static mp_obj_t add(mp_obj_t number) {
    if (numbers == NULL) {
        mp_raise_ValueError(MP_ERROR_TEXT("start() first"));
    }
    numbers[next] = (int32_t)mp_obj_get_int(number);
    next = (next + 1) % count;
    mp_float_t sum = 0;
    for (size_t i = 0; i < count; ++i) {
        sum += (mp_float_t)numbers[i];
    }
    return mp_obj_new_float(sum / (mp_float_t)count);
}
static MP_DEFINE_CONST_FUN_OBJ_1(add_obj, add);

static const mp_rom_map_elem_t average_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_galloc_average)},
    {MP_ROM_QSTR(MP_QSTR_start), MP_ROM_PTR(&start_obj)},
    {MP_ROM_QSTR(MP_QSTR_add), MP_ROM_PTR(&add_obj)},
    {MP_ROM_QSTR(MP_QSTR_stop), MP_ROM_PTR(&stop_obj)},
};
static MP_DEFINE_CONST_DICT(average_globals, average_table);

const mp_obj_module_t galloc_average_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&average_globals,
};

MP_REGISTER_MODULE(MP_QSTR_galloc_average, galloc_average_module);
