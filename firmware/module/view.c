// view.c: memoryviews of region bytes.
//
// A native module has no call that makes a memoryview, so both builds ask Python's own constructor, which takes
// address, length and typecode from any object with the buffer protocol: the view object here, dropped right after.

#include "glue.h"

typedef struct {
    mp_obj_base_t base;
    void *bytes;
    size_t length;
    char typecode;
} galloc_view_obj_t;

mp_int_t galloc_view_get_buffer(mp_obj_t self_in, mp_buffer_info_t *info, mp_uint_t flags) {
    (void)flags;
    const galloc_view_obj_t *self = MP_OBJ_TO_PTR(self_in);
    info->buf = self->bytes;
    info->len = self->length;
    info->typecode = self->typecode;
    return 0;
}

mp_obj_t galloc_view_new(void *bytes, size_t length, char typecode) {
    galloc_view_obj_t *view = mp_obj_malloc(galloc_view_obj_t, (const mp_obj_type_t *)&galloc_view_type);
    view->bytes = bytes;
    view->length = length;
    view->typecode = typecode;
    mp_obj_t arg = MP_OBJ_FROM_PTR(view);
    return mp_call_function_n_kw(galloc_type_memoryview, 1, 0, &arg);
}
