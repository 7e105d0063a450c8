// raw.c: the raw tier of Heap: handles that are plain numbers, no object made, no byte of the GC heap touched.

#include "glue.h"

#include <string.h>

static mp_obj_t new_handle(const galloc_heap_obj_t *self, const void *payload) {
    return MP_OBJ_NEW_SMALL_INT(payload == NULL ? 0 : (const uint8_t *)payload - self->region);
}

// The `align` of a raw call, which may come by position or by name. Parsing makes no object.
static size_t raw_align(size_t n_args, const mp_obj_t *args, mp_map_t *kwargs) {
    if (n_args == 1 && kwargs->used == 0) {
        return 8;
    }
    mp_arg_t allowed[] = {
        {MP_QSTR_size, MP_ARG_OBJ | MP_ARG_REQUIRED, {.u_obj = MP_OBJ_NULL}},
        {MP_QSTR_align, MP_ARG_OBJ, {.u_obj = MP_OBJ_NEW_SMALL_INT(8)}},
    };
    mp_arg_val_t values[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args, args, kwargs, MP_ARRAY_SIZE(allowed), allowed, values);
    return galloc_get_align(values[1].u_obj);
}

// malloc(size, align=8) -> handle, 0 on failure
static mp_obj_t heap_malloc(size_t n_args, const mp_obj_t *args, mp_map_t *kwargs) {
    const galloc_heap_obj_t *self = galloc_get_heap(args[0]);
    size_t align = raw_align(n_args - 1, args + 1, kwargs);
    size_t size = galloc_get_size(args[1]);
    galloc_verify_region(self);
    return new_handle(self, galloc_locked_alloc(self->heap, size, align));
}
MP_DEFINE_CONST_FUN_OBJ_KW(galloc_heap_malloc_obj, 2, heap_malloc);

// calloc(size, align=8) -> handle of zeroed bytes, 0 on failure
static mp_obj_t heap_calloc(size_t n_args, const mp_obj_t *args, mp_map_t *kwargs) {
    const galloc_heap_obj_t *self = galloc_get_heap(args[0]);
    size_t align = raw_align(n_args - 1, args + 1, kwargs);
    size_t size = galloc_get_size(args[1]);
    galloc_verify_region(self);
    return new_handle(self, galloc_locked_alloc_zeroed(self->heap, size, align));
}
MP_DEFINE_CONST_FUN_OBJ_KW(galloc_heap_calloc_obj, 2, heap_calloc);

// realloc(handle, size, align=8) -> handle, 0 on failure (the old block stays); ValueError for a bad handle
static mp_obj_t heap_realloc(size_t n_args, const mp_obj_t *args, mp_map_t *kwargs) {
    const galloc_heap_obj_t *self = galloc_get_heap(args[0]);
    size_t align = raw_align(n_args - 2, args + 2, kwargs);
    size_t size = galloc_get_size(args[2]);
    void *payload = NULL;
    size_t usable;
    if (args[1] != MP_OBJ_NEW_SMALL_INT(0)) {
        payload = galloc_get_live(self, args[1], &usable);
    } else {
        galloc_verify_region(self);
    }
    return new_handle(self, galloc_locked_realloc(self->heap, payload, size, align));
}
MP_DEFINE_CONST_FUN_OBJ_KW(galloc_heap_realloc_obj, 3, heap_realloc);

// free(handle); ValueError naming the fault for anything but a live handle
static mp_obj_t heap_free(mp_obj_t self_in, mp_obj_t handle) {
    const galloc_heap_obj_t *self = galloc_get_heap(self_in);
    galloc_verify_region(self);
    void *payload = NULL;
    galloc_fault_t fault = galloc_get_payload(self, handle, &payload);
    if (fault == GALLOC_OK) {
        fault = galloc_locked_free(self->heap, payload);
    }
    if (fault != GALLOC_OK) {
        galloc_raise_fault(fault);
    }
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_2(galloc_heap_free_obj, heap_free);

// usable_size(handle) -> bytes, 0 for anything but a live handle
static mp_obj_t heap_usable_size(mp_obj_t self_in, mp_obj_t handle) {
    const galloc_heap_obj_t *self = galloc_get_heap(self_in);
    galloc_verify_region(self);
    void *payload = NULL;
    galloc_fault_t fault = galloc_get_payload(self, handle, &payload);
    return MP_OBJ_NEW_SMALL_INT(fault == GALLOC_OK ? galloc_locked_usable_size(self->heap, payload) : 0);
}
MP_DEFINE_CONST_FUN_OBJ_2(galloc_heap_usable_size_obj, heap_usable_size);

// address(handle) -> int
static mp_obj_t heap_address(mp_obj_t self_in, mp_obj_t handle) {
    size_t usable;
    return mp_obj_new_int_from_uint((uintptr_t)galloc_get_live(galloc_get_heap(self_in), handle, &usable));
}
MP_DEFINE_CONST_FUN_OBJ_2(galloc_heap_address_obj, heap_address);

// Item `index` of a block, seen as items of `width` bytes; IndexError beyond the usable bytes.
static uint8_t *raw_item(const mp_obj_t *args, size_t width) {
    size_t usable;
    uint8_t *payload = galloc_get_live(galloc_get_heap(args[0]), args[1], &usable);
    return payload + galloc_get_index(args[2], usable / width) * width;
}

static mp_obj_t heap_get8(mp_obj_t self_in, mp_obj_t handle, mp_obj_t index) {
    const mp_obj_t args[] = {self_in, handle, index};
    return MP_OBJ_NEW_SMALL_INT(*raw_item(args, 1));
}
MP_DEFINE_CONST_FUN_OBJ_3(galloc_heap_get8_obj, heap_get8);

// The only raw read that may make an object: values above a small int do, on 32-bit targets.
static mp_obj_t heap_get32(mp_obj_t self_in, mp_obj_t handle, mp_obj_t index) {
    const mp_obj_t args[] = {self_in, handle, index};
    uint32_t value;
    memcpy(&value, raw_item(args, 4), 4);
    return mp_obj_new_int_from_uint(value);
}
MP_DEFINE_CONST_FUN_OBJ_3(galloc_heap_get32_obj, heap_get32);

// put8(handle, index, value): the low 8 bits of value.
static mp_obj_t heap_put8(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    uint8_t value = (uint8_t)mp_obj_get_int_truncated(args[3]);
    *raw_item(args, 1) = value;
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(galloc_heap_put8_obj, 4, 4, heap_put8);

// put32(handle, index, value): the low 32 bits of value.
static mp_obj_t heap_put32(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    uint32_t value = (uint32_t)mp_obj_get_int_truncated(args[3]);
    memcpy(raw_item(args, 4), &value, 4);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(galloc_heap_put32_obj, 4, 4, heap_put32);
