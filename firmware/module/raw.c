// raw.c: the raw tier of Heap: handles that are plain numbers, no object made, no byte of the GC heap touched.

#include "glue.h"

static mp_obj_t raw_handle(const galloc_heap_obj_t *self, const void *payload) {
    return MP_OBJ_NEW_SMALL_INT((const uint8_t *)payload - self->region);
}

// --- Handles

// Whether a handle can be one of this region's blocks.
GLUE_INLINE bool raw_in_region(const galloc_heap_obj_t *self, mp_obj_t handle) {
    return GLUE_LIKELY(mp_obj_is_small_int(handle) && (size_t)MP_OBJ_SMALL_INT_VALUE(handle) < self->size);
}

GLUE_INLINE uint8_t *raw_payload(const galloc_heap_obj_t *self, mp_obj_t handle) {
    return (uint8_t *)((uintptr_t)self->region + (uintptr_t)MP_OBJ_SMALL_INT_VALUE(handle));
}

// Why a handle is none of a live block. TypeError when it is no int.
static galloc_fault_t raw_fault(const galloc_heap_obj_t *self, mp_obj_t handle) {
    if (handle == MP_OBJ_NEW_SMALL_INT(0)) {
        return GALLOC_FAULT_NULL;
    }
    if (raw_in_region(self, handle)) {
        return galloc_fault_of(self->heap, raw_payload(self, handle));
    }
    if (!mp_obj_is_small_int(handle) && !galloc_is_type(handle, galloc_type_int)) {
        (void)mp_obj_get_int(handle);
    }
    return GALLOC_FAULT_FOREIGN;
}

static GLUE_NOINLINE GLUE_NORETURN void raw_raise(const galloc_heap_obj_t *self, mp_obj_t handle) {
    galloc_verify(self);
    galloc_raise_fault(raw_fault(self, handle));
}

uint8_t *galloc_get_live(const galloc_heap_obj_t *self, mp_obj_t handle, size_t *size) {
    galloc_verify_fast(self);
    if (raw_in_region(self, handle)) {
        uint8_t *payload = raw_payload(self, handle);
        *size = galloc_usable_size(self->heap, payload);
        if (GLUE_LIKELY(*size != 0)) {
            return payload;
        }
    }
    raw_raise(self, handle);
}

// --- malloc and its kin

// What a request returns that found nothing, where that is not for damage.
static GLUE_NOINLINE mp_obj_t raw_none(const galloc_heap_obj_t *self, size_t size, size_t align) {
    galloc_explain_failure(self, size, align);
    return MP_OBJ_NEW_SMALL_INT(0);
}

// The `align` that may follow `before` other arguments, by position or by name. Parsing makes no object.
static size_t raw_align(size_t before, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_val_t align = {.u_obj = MP_OBJ_NULL};
    if (n_kw != 0) {
        galloc_args_parse(galloc_args_align, 1, &align, n_args - before, n_kw, args + before);
    } else if (n_args > before) {
        align.u_obj = args[before];
    }
    return align.u_obj == MP_OBJ_NULL ? 0 : galloc_get_align(align.u_obj);
}

static GLUE_NOINLINE mp_obj_t raw_malloc(const galloc_heap_obj_t *self, size_t n_args, size_t n_kw,
                                         const mp_obj_t *args) {
    galloc_method_count(galloc_method_at(galloc_heap_methods, GALLOC_HEAP_MP_QSTR_malloc), n_args, n_kw);
    size_t align = raw_align(1, n_args, n_kw, args);
    size_t size = galloc_get_size(args[0]);
    galloc_verify(self);
    void *payload = galloc_locked_alloc(self->heap, size, align);
    return payload != NULL ? raw_handle(self, payload) : raw_none(self, size, align);
}

// malloc(size, align=8) -> handle, 0 on failure. All but the usual call is left to raw_malloc.
mp_obj_t galloc_heap_malloc(void *self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    const galloc_heap_obj_t *self = self_in;
    if (GLUE_UNLIKELY(n_args != 1 || n_kw != 0 || !mp_obj_is_small_int(args[0]))) {
        return raw_malloc(self, n_args, n_kw, args);
    }
    size_t size = (size_t)MP_OBJ_SMALL_INT_VALUE(args[0]);
    galloc_verify_fast(self);
    if (GLUE_UNLIKELY(!galloc_locked_is_small(self->heap, size, 0) && (mp_int_t)size < 0)) {
        // A negative number is never small.
        (void)galloc_get_size(MP_OBJ_NEW_SMALL_INT((mp_int_t)size));
        return mp_const_none; // that has raised
    }
    void *payload = galloc_locked_alloc(self->heap, size, 0);
    return GLUE_LIKELY(payload != NULL) ? raw_handle(self, payload) : raw_none(self, size, 0);
}

// calloc(size, align=8) -> handle of zeroed bytes, 0 on failure
mp_obj_t galloc_heap_calloc(void *self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    const galloc_heap_obj_t *self = self_in;
    if (n_args == 2 && mp_obj_is_small_int(args[1])) {
        mp_int_t align = MP_OBJ_SMALL_INT_VALUE(args[1]);
        if ((align > 0 && align < 8) || (align & (align - 1)) != 0) {
            // C's calloc(count, size), most likely; as an alignment it would mean nothing.
            galloc_raise_value("calloc takes (size, align): use calloc(count * size)");
        }
    }
    mp_obj_t handle = raw_malloc(self, n_args, n_kw, args);
    if (handle != MP_OBJ_NEW_SMALL_INT(0)) {
        memset(self->region + MP_OBJ_SMALL_INT_VALUE(handle), 0, galloc_get_size(args[0]));
    }
    return handle;
}

// realloc(handle, size, align=8) -> handle, 0 on failure (the old block stays); ValueError for a bad handle
mp_obj_t galloc_heap_realloc(void *self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    const galloc_heap_obj_t *self = self_in;
    size_t align = n_args + n_kw == 2 ? 0 : raw_align(2, n_args, n_kw, args);
    size_t size = galloc_get_size(args[1]);
    uint8_t *payload = NULL;
    size_t usable;
    if (args[0] != MP_OBJ_NEW_SMALL_INT(0)) {
        payload = galloc_get_live(self, args[0], &usable);
    } else {
        galloc_verify(self);
    }
    void *moved = galloc_locked_realloc(self->heap, payload, size, align);
    return moved != NULL ? raw_handle(self, moved) : raw_none(self, size, align);
}

// free(handle); ValueError naming the fault for anything but a live handle. The core knows the ends of its region.
mp_obj_t galloc_heap_free(void *self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    const galloc_heap_obj_t *self = self_in;
    if (GLUE_UNLIKELY(n_args != 1 || n_kw != 0)) {
        galloc_method_count(galloc_method_at(galloc_heap_methods, GALLOC_HEAP_MP_QSTR_free), n_args, n_kw);
        return mp_const_none; // it has raised: so `args` takes no register up to here
    }
    mp_obj_t handle = args[0];
    galloc_verify_fast(self);
    if (!mp_obj_is_small_int(handle) || galloc_locked_free(self->heap, raw_payload(self, handle)) != GALLOC_OK) {
        raw_raise(self, handle);
    }
    return mp_const_none;
}

// usable_size(handle) -> bytes, 0 for anything but a live handle
mp_obj_t galloc_heap_usable_size(void *self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)n_args, (void)n_kw;
    const galloc_heap_obj_t *self = self_in;
    galloc_verify(self);
    size_t usable = raw_in_region(self, args[0]) ? galloc_usable_size(self->heap, raw_payload(self, args[0])) : 0;
    if (usable == 0) {
        (void)raw_fault(self, args[0]);
        galloc_fault_t fault = galloc_control_fault(self->heap);
        if (fault != GALLOC_OK) {
            galloc_raise_fault(fault);
        }
    }
    return galloc_new_uint(usable);
}

// address(handle) -> int
mp_obj_t galloc_heap_address(void *self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)n_args, (void)n_kw;
    size_t usable;
    return galloc_new_uint((uintptr_t)galloc_get_live(self_in, args[0], &usable));
}

// view(handle, typecode="B", into=None) -> memoryview
mp_obj_t galloc_heap_view(void *self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    galloc_view_args_t view;
    galloc_view_parse(&view, n_args - 1, n_kw, args + 1);
    size_t usable;
    uint8_t *payload = galloc_get_live(self_in, args[0], &usable);
    return galloc_view(&view, payload, usable);
}

// --- Reading and writing

// Item `index` of a block, seen as items of 1 << `shift` bytes; IndexError beyond the usable bytes. args: handle, index.
// (Some processors cannot divide.)
static void *raw_item(const galloc_heap_obj_t *self, const mp_obj_t *args, unsigned int shift) {
    size_t usable;
    uint8_t *payload = galloc_get_live(self, args[0], &usable);
    return payload + (galloc_get_index(args[1], usable >> shift) << shift);
}

// The same of 32 bits, for get32 and put32, which most programs use.
GLUE_FAST void *raw_word(const galloc_heap_obj_t *self, const mp_obj_t *args) {
    if (galloc_heap_stays(self) && raw_in_region(self, args[0]) && GLUE_LIKELY(mp_obj_is_small_int(args[1]))) {
        uint8_t *payload = raw_payload(self, args[0]);
        size_t index = (size_t)MP_OBJ_SMALL_INT_VALUE(args[1]);
        if (GLUE_LIKELY(index < galloc_usable_size(self->heap, payload) / 4)) {
            return payload + 4 * index;
        }
    }
    return raw_item(self, args, 2);
}

// The low bits of an int.
static uint32_t raw_value(mp_obj_t arg) {
    return mp_obj_is_small_int(arg) ? (uint32_t)MP_OBJ_SMALL_INT_VALUE(arg) : (uint32_t)mp_obj_get_int_truncated(arg);
}

// Payloads are multiples of 8, so items are aligned.

mp_obj_t galloc_heap_get8(void *self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)n_args, (void)n_kw;
    return MP_OBJ_NEW_SMALL_INT(*(uint8_t *)raw_item(self_in, args, 0));
}

mp_obj_t galloc_heap_get16(void *self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)n_args, (void)n_kw;
    return MP_OBJ_NEW_SMALL_INT(*(uint16_t GLUE_ALIAS *)raw_item(self_in, args, 1));
}

// On 32-bit targets this makes an object of a value from 2**30 on.
mp_obj_t galloc_heap_get32(void *self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)n_args, (void)n_kw;
    uint32_t value = *(uint32_t GLUE_ALIAS *)raw_word(self_in, args);
    return GLUE_LIKELY(value <= (uint32_t)MP_SMALL_INT_MAX) ? MP_OBJ_NEW_SMALL_INT(value) : galloc_new_uint(value);
}

mp_obj_t galloc_heap_put8(void *self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)n_args, (void)n_kw;
    uint32_t value = raw_value(args[2]);
    *(uint8_t *)raw_item(self_in, args, 0) = (uint8_t)value;
    return mp_const_none;
}

mp_obj_t galloc_heap_put16(void *self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)n_args, (void)n_kw;
    uint32_t value = raw_value(args[2]);
    *(uint16_t GLUE_ALIAS *)raw_item(self_in, args, 1) = (uint16_t)value;
    return mp_const_none;
}

mp_obj_t galloc_heap_put32(void *self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)n_args, (void)n_kw;
    uint32_t value = raw_value(args[2]);
    *(uint32_t GLUE_ALIAS *)raw_word(self_in, args) = value;
    return mp_const_none;
}
