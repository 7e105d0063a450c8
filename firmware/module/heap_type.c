// heap_type.c: Heap: how one is made, its Blocks, its root table.

#include "glue.h"

// Heap(owner, address, size, smallbins, sub_bins, bounded_search, attach), all by position; galloc.py checks ranges.
// owner: the buffer that holds the region, whole for a size of None, or None for the `size` bytes at `address`.
mp_obj_t galloc_heap_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)type;
    mp_arg_check_num(n_args, n_kw, 7, 7, false);
    uint8_t *region;
    size_t size = SIZE_MAX;
    if (args[2] != mp_const_none) {
        size = galloc_get_size(args[2]);
    }
    if (args[0] == mp_const_none) {
        region = (uint8_t *)(uintptr_t)mp_obj_get_int_truncated(args[1]);
    } else {
        mp_buffer_info_t info;
        mp_get_buffer_raise(args[0], &info, MP_BUFFER_RW);
        region = info.buf;
        if (args[2] == mp_const_none) {
            size = info.len;
        } else if (size > info.len) {
            mp_raise_ValueError(MP_ERROR_TEXT("size is more than the buffer holds"));
        }
    }
    galloc_config_t config = {
        .smallbins = (uint16_t)mp_obj_get_int(args[3]),
        .alignment_sub_bins = (uint16_t)mp_obj_get_int(args[4]),
        .bounded_search = mp_obj_is_true(args[5]),
    };
    bool attach = mp_obj_is_true(args[6]);
    #if !GALLOC_NATMOD
    if (!attach && galloc_shared_holds(region, size)) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("C modules hold blocks there"));
    }
    #endif
    // First the object, then the heap: the first may fail, and then no byte of the region has changed.
    galloc_heap_obj_t *self = mp_obj_malloc(galloc_heap_obj_t, (const mp_obj_type_t *)&galloc_heap_type);
    self->owner = args[0];
    self->region = region;
    self->size = size;
    self->heap = attach ? galloc_attach(region, size) : galloc_init(region, size, &config);
    if (self->heap == NULL) {
        if (attach) {
            if (galloc_initialized(region, size)) {
                galloc_raise_fault(GALLOC_FAULT_CORRUPT);
            }
            mp_raise_ValueError(MP_ERROR_TEXT("geometry: no heap of this size here"));
        }
        galloc_raise_config(&config);
    }
    self->generation = galloc_generation(self->heap);
    return MP_OBJ_FROM_PTR(self);
}

// alloc(size, *, align=8, zero=False) -> Block
static mp_obj_t heap_alloc(size_t n_args, const mp_obj_t *args, mp_map_t *kwargs) {
    enum { ARG_size, ARG_align, ARG_zero };
    mp_arg_t allowed[] = {
        {MP_QSTR_size, MP_ARG_OBJ | MP_ARG_REQUIRED, {.u_obj = MP_OBJ_NULL}},
        {MP_QSTR_align, MP_ARG_OBJ | MP_ARG_KW_ONLY, {.u_obj = MP_OBJ_NEW_SMALL_INT(8)}},
        {MP_QSTR_zero, MP_ARG_BOOL | MP_ARG_KW_ONLY, {.u_bool = false}},
    };
    mp_arg_val_t values[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args - 1, args + 1, kwargs, MP_ARRAY_SIZE(allowed), allowed, values);
    galloc_heap_obj_t *self = galloc_get_heap(args[0]);
    size_t size = galloc_get_size(values[ARG_size].u_obj);
    size_t align = galloc_get_align(values[ARG_align].u_obj);
    galloc_verify_region(self);
    // First the object, then the memory: when the GC heap is full, nothing of the region is lost.
    mp_obj_t block = galloc_block_new(self, NULL, size, align);
    void *payload = NULL;
    if (size <= GALLOC_BLOCK_MAX) {
        payload = values[ARG_zero].u_bool ? galloc_locked_alloc_zeroed(self->heap, size, align)
                                          : galloc_locked_alloc(self->heap, size, align);
    }
    if (payload == NULL) {
        galloc_raise_memory(values[ARG_size].u_obj);
    }
    ((galloc_block_obj_t *)MP_OBJ_TO_PTR(block))->offset = (uint32_t)((uint8_t *)payload - self->region);
    return block;
}
MP_DEFINE_CONST_FUN_OBJ_KW(galloc_heap_alloc_obj, 1, heap_alloc);

// _root(number) -> word of the root table
static mp_obj_t heap_root(mp_obj_t self_in, mp_obj_t number) {
    const galloc_heap_obj_t *self = galloc_get_heap(self_in);
    galloc_verify_region(self);
    return mp_obj_new_int_from_uint(galloc_root(self->heap, galloc_get_index(number, GALLOC_ROOTS)));
}
MP_DEFINE_CONST_FUN_OBJ_2(galloc_heap_root_obj, heap_root);

// _set_root(number, value): the low 32 bits of value
static mp_obj_t heap_set_root(mp_obj_t self_in, mp_obj_t number, mp_obj_t value) {
    const galloc_heap_obj_t *self = galloc_get_heap(self_in);
    galloc_verify_region(self);
    galloc_locked_set_root(self->heap, galloc_get_index(number, GALLOC_ROOTS),
                           (uint32_t)mp_obj_get_int_truncated(value));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_3(galloc_heap_set_root_obj, heap_set_root);
