// median.c: a C module with a table too large for a small stack, in a block of the heap that Python has as galloc.heap().
//
//     import galloc_median
//     galloc_median.median(b"\x05\x01\x09")  5, the sample in the middle; each is a byte

#include <string.h>

#include "py/runtime.h"

#include "galloc_shared.h"

static mp_obj_t median(mp_obj_t samples_in) {
    mp_buffer_info_t samples;
    mp_get_buffer_raise(samples_in, &samples, MP_BUFFER_READ); // nothing raises while the block is taken
    size_t size = 256 * sizeof(size_t), value = 0;
    size_t *counts = galloc_shared_alloc(size, 0);
    if (counts == NULL) {
        m_malloc_fail(size);
    }
    memset(counts, 0, size);
    for (size_t i = 0; i < samples.len; ++i) {
        counts[((const uint8_t *)samples.buf)[i]]++;
    }
    for (size_t seen = counts[0]; seen < (samples.len + 1) / 2; seen += counts[value]) {
        value++;
    }
    galloc_shared_free(counts);
    return MP_OBJ_NEW_SMALL_INT(value);
}
static MP_DEFINE_CONST_FUN_OBJ_1(median_obj, median);

static const mp_rom_map_elem_t median_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_galloc_median)},
    {MP_ROM_QSTR(MP_QSTR_median), MP_ROM_PTR(&median_obj)},
};
static MP_DEFINE_CONST_DICT(median_globals, median_table);

const mp_obj_module_t galloc_median_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&median_globals,
};

MP_REGISTER_MODULE(MP_QSTR_galloc_median, galloc_median_module);
