// libc.c: sources that know nothing of galloc, on the shared heap by GALLOC_C_HEAP=1: malloc, and what the C library does
// with it.
//
//     import galloc_libc
//     galloc_libc.copy("text")   by way of strdup; on RP2, other ports do not link a C library
//     galloc_libc.get(200000)    whether malloc has so many bytes
//     galloc_libc.shrink()       whether realloc(block, 0) has freed the block
//     galloc_libc.misuse(0)      0: frees twice; 1: frees what is no block; 2: reallocates that. What the hook was called with

#include <stdlib.h>
#include <string.h>

#include "py/objstr.h"
#include "py/runtime.h"

#include "galloc_shared.h"

// Volatile, since the compiler knows that C's free changes no variables.
static volatile galloc_fault_t last_fault;
static void *volatile last_pointer;

// In place of the one that does nothing.
void galloc_c_heap_fault(galloc_fault_t fault, void *pointer) {
    last_fault = fault;
    last_pointer = pointer;
}

#if defined(PICO_ON_DEVICE) && PICO_ON_DEVICE

char *strdup(const char *text); // POSIX, not of every header

static mp_obj_t copy(mp_obj_t text_in) {
    char *text = strdup(mp_obj_str_get_str(text_in));
    if (text == NULL) {
        return mp_const_none;
    }
    mp_obj_t copied = mp_obj_new_str(text, strlen(text));
    free(text);
    return copied;
}
static MP_DEFINE_CONST_FUN_OBJ_1(copy_obj, copy);

#endif

static mp_obj_t get(mp_obj_t size) {
    void *volatile block = malloc((size_t)mp_obj_get_int(size));
    bool got = block != NULL;
    free(block);
    return mp_obj_new_bool(got);
}
static MP_DEFINE_CONST_FUN_OBJ_1(get_obj, get);

static mp_obj_t shrink(void) {
    size_t before, after, bytes;
    galloc_shared_use(&before, &bytes);
    void *volatile block = realloc(calloc(3, 20), 0);
    galloc_shared_use(&after, &bytes);
    return mp_obj_new_bool(block == NULL && before == after);
}
static MP_DEFINE_CONST_FUN_OBJ_0(shrink_obj, shrink);

static mp_obj_t misuse(mp_obj_t what_in) {
    mp_int_t what = mp_obj_get_int(what_in);
    static char text[16];
    void *volatile block = what == 0 ? malloc(10) : text;
    last_fault = GALLOC_OK;
    if (what == 2) {
        void *volatile moved = realloc(block, 20);
        (void)moved;
    } else {
        free(block);
    }
    if (what == 0) {
        void *volatile again = block;
        free(again);
    }
    const char *name = galloc_fault_name(last_pointer == block ? last_fault : GALLOC_OK);
    return mp_obj_new_str(name, strlen(name));
}
static MP_DEFINE_CONST_FUN_OBJ_1(misuse_obj, misuse);

static const mp_rom_map_elem_t libc_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_galloc_libc)},
    #if defined(PICO_ON_DEVICE) && PICO_ON_DEVICE
    {MP_ROM_QSTR(MP_QSTR_copy), MP_ROM_PTR(&copy_obj)},
    #endif
    {MP_ROM_QSTR(MP_QSTR_get), MP_ROM_PTR(&get_obj)},
    {MP_ROM_QSTR(MP_QSTR_shrink), MP_ROM_PTR(&shrink_obj)},
    {MP_ROM_QSTR(MP_QSTR_misuse), MP_ROM_PTR(&misuse_obj)},
};
static MP_DEFINE_CONST_DICT(libc_globals, libc_table);

const mp_obj_module_t galloc_libc_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&libc_globals,
};

MP_REGISTER_MODULE(MP_QSTR_galloc_libc, galloc_libc_module);
