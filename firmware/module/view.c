// view.c: memoryviews of region bytes.
//
// A native module has no call that makes a memoryview, so both builds fill in the object themselves; it is laid out as
// MicroPython's other arrays are.

#include "glue.h"

#include "py/binary.h"

void galloc_view_parse(galloc_view_args_t *view, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_val_t values[2];
    galloc_args_parse(galloc_args_view, 2, values, n_args, n_kw, args);
    view->typecode = values[0].u_obj;
    view->into = values[1].u_obj;
}

// The one character of a typecode. Not O, P or S: objects and pointers made of a block's bytes would crash the interpreter.
static char view_typecode(mp_obj_t arg) {
    if (arg == MP_OBJ_NULL) {
        return 'B';
    }
    if (mp_obj_get_type(arg) != &mp_type_str) {
        galloc_raise_type("typecode must be a string");
    }
    mp_buffer_info_t info;
    mp_get_buffer_raise(arg, &info, MP_BUFFER_READ);
    char typecode = info.len == 1 ? *(const char *)info.buf : 0;
    for (const char *known = "BbHhIiLlQqfd"; *known != typecode || typecode == 0; known++) {
        if (*known == 0 || typecode == 0) {
            galloc_raise_value("bad typecode");
        }
    }
    return typecode;
}

mp_obj_t galloc_view(const galloc_view_args_t *args, void *bytes, size_t length) {
    char typecode = view_typecode(args->typecode);
    mp_obj_array_t *view;
    if (args->into == MP_OBJ_NULL || args->into == mp_const_none) {
        view = mp_obj_malloc(mp_obj_array_t, galloc_type_memoryview);
    } else {
        view = MP_OBJ_TO_PTR(args->into);
        // One that is read-only may lie in flash.
        if (!galloc_is_type(args->into, galloc_type_memoryview) ||
            (view->typecode & MP_OBJ_ARRAY_TYPECODE_FLAG_RW) == 0) {
            galloc_raise_type("into must be a writable memoryview");
        }
    }
    view->typecode = (uint8_t)typecode | MP_OBJ_ARRAY_TYPECODE_FLAG_RW;
    view->free = 0; // the offset, in items
    view->len = length;
    for (size_t width = mp_binary_get_size('@', typecode, NULL); width > 1; width /= 2) {
        view->len /= 2; // some processors cannot divide
    }
    view->items = bytes;
    return MP_OBJ_FROM_PTR(view);
}

mp_obj_t galloc_view_new(void *bytes, size_t length) {
    const galloc_view_args_t args = {MP_OBJ_NULL, MP_OBJ_NULL};
    return galloc_view(&args, bytes, length);
}
