// block_type.c: Block, a handle with an owner's manners: length, buffer protocol, stale use told.

#include "glue.h"

// The live payload of a Block; ValueError once it is freed, its heap is gone from under it, or its header overwritten.
static uint8_t *block_payload(const galloc_block_obj_t *self, size_t *usable) {
    const galloc_heap_obj_t *heap = self->heap;
    galloc_verify_region(heap);
    if (self->offset != 0) {
        uint8_t *payload = heap->region + self->offset;
        *usable = galloc_locked_usable_size(heap->heap, payload);
        if (*usable != 0 && *usable >= self->length) {
            return payload;
        }
        if (*usable == 0 && galloc_fault_of(heap->heap, payload) == GALLOC_FAULT_CORRUPT) {
            galloc_raise_fault(GALLOC_FAULT_CORRUPT);
        }
    }
    mp_raise_ValueError(MP_ERROR_TEXT("block is freed"));
    return NULL;
}

mp_obj_t galloc_block_new(galloc_heap_obj_t *heap, void *payload, size_t length, size_t align) {
    galloc_block_obj_t *self = mp_obj_malloc(galloc_block_obj_t, (const mp_obj_type_t *)&galloc_block_type);
    self->heap = heap;
    self->offset = payload == NULL ? 0 : (uint32_t)((uint8_t *)payload - heap->region);
    self->length = length;
    size_t log2 = 0;
    while (align >> log2 > 1) {
        log2++;
    }
    self->align_log2 = log2;
    return MP_OBJ_FROM_PTR(self);
}

mp_obj_t galloc_block_unary_op(mp_unary_op_t op, mp_obj_t self_in) {
    const galloc_block_obj_t *self = MP_OBJ_TO_PTR(self_in);
    size_t usable;
    switch (op) {
        case MP_UNARY_OP_BOOL:
            block_payload(self, &usable);
            return mp_const_true;
        case MP_UNARY_OP_LEN:
            block_payload(self, &usable);
            return MP_OBJ_NEW_SMALL_INT(self->length);
        case MP_UNARY_OP_HASH:
            return MP_OBJ_NEW_SMALL_INT((mp_uint_t)self); // as equality goes: by identity, freed or not
        default:
            return MP_OBJ_NULL;
    }
}

// A memoryview of a live Block.
static mp_obj_t view_of(mp_obj_t self_in, char typecode) {
    const galloc_block_obj_t *self = MP_OBJ_TO_PTR(self_in);
    size_t usable;
    uint8_t *payload = block_payload(self, &usable);
    return galloc_view_new(payload, self->length, typecode);
}

mp_obj_t galloc_block_iter(mp_obj_t self_in, mp_obj_iter_buf_t *buffer) {
    (void)buffer; // what the native module's function table puts there is meant for compiled Python
    return mp_getiter(view_of(self_in, 'B'), NULL);
}

mp_int_t galloc_block_get_buffer(mp_obj_t self_in, mp_buffer_info_t *info, mp_uint_t flags) {
    (void)flags;
    const galloc_block_obj_t *self = MP_OBJ_TO_PTR(self_in);
    size_t usable;
    info->buf = block_payload(self, &usable);
    info->len = self->length;
    info->typecode = 'B';
    return 0;
}

void galloc_block_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest) {
    if (dest[0] != MP_OBJ_NULL) {
        return; // a store or a delete: no attribute of a Block can be set
    }
    const galloc_block_obj_t *self = MP_OBJ_TO_PTR(self_in);
    size_t usable;
    if (attr == MP_QSTR_address) {
        dest[0] = mp_obj_new_int_from_uint((uintptr_t)block_payload(self, &usable));
    } else if (attr == MP_QSTR_offset) {
        block_payload(self, &usable);
        dest[0] = mp_obj_new_int_from_uint(self->offset);
    } else if (attr == MP_QSTR_size) {
        block_payload(self, &usable);
        dest[0] = mp_obj_new_int_from_uint(usable);
    } else if (attr == MP_QSTR__freed) {
        dest[0] = mp_obj_new_bool(self->offset == 0);
    } else {
        dest[1] = MP_OBJ_SENTINEL; // look on among the methods
    }
}

mp_obj_t galloc_block_subscr(mp_obj_t self_in, mp_obj_t index, mp_obj_t value) {
    if (value == MP_OBJ_NULL) {
        return MP_OBJ_NULL; // no byte can be deleted
    }
    if (mp_obj_is_small_int(index) && (value == MP_OBJ_SENTINEL || mp_obj_is_small_int(value))) {
        // The common read and write, without an object.
        const galloc_block_obj_t *self = MP_OBJ_TO_PTR(self_in);
        mp_int_t at = MP_OBJ_SMALL_INT_VALUE(index);
        if (at >= 0 && (size_t)at < self->length) {
            size_t usable;
            uint8_t *payload = block_payload(self, &usable);
            if (value == MP_OBJ_SENTINEL) {
                return MP_OBJ_NEW_SMALL_INT(payload[at]);
            }
            payload[at] = (uint8_t)MP_OBJ_SMALL_INT_VALUE(value);
            return mp_const_none;
        }
    }
    if (value != MP_OBJ_SENTINEL && GALLOC_IS_TYPE(value, galloc_block_type)) {
        value = view_of(value, 'B'); // a memoryview takes only MicroPython's own types
    }
    return mp_obj_subscr(view_of(self_in, 'B'), index, value);
}

void galloc_block_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    (void)kind;
    const galloc_block_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (self->offset == 0) {
        mp_printf(print, "<Block freed>");
    } else {
        mp_printf(print, "<Block %u bytes at %u>", (unsigned int)self->length, (unsigned int)self->offset);
    }
}

// The one character of a typecode. Not O, P or S: objects and pointers made of a block's bytes would crash the interpreter.
static char get_typecode(mp_obj_t arg) {
    if (mp_obj_get_type(arg) != &mp_type_str) {
        mp_raise_TypeError(MP_ERROR_TEXT("typecode must be a string"));
    }
    mp_buffer_info_t info;
    mp_get_buffer_raise(arg, &info, MP_BUFFER_READ);
    char typecode = info.len == 1 ? *(const char *)info.buf : 0;
    const char *known = "BbHhIiLlQqfd";
    while (*known != 0 && *known != typecode) {
        known++;
    }
    if (*known == 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("bad typecode"));
    }
    return typecode;
}

// view(typecode="B") -> memoryview
static mp_obj_t block_view(size_t n_args, const mp_obj_t *args, mp_map_t *kwargs) {
    mp_arg_t allowed[] = {{MP_QSTR_typecode, MP_ARG_OBJ, {.u_obj = MP_OBJ_NULL}}};
    mp_arg_val_t values[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args - 1, args + 1, kwargs, MP_ARRAY_SIZE(allowed), allowed, values);
    char typecode = values[0].u_obj == MP_OBJ_NULL ? 'B' : get_typecode(values[0].u_obj);
    return view_of(args[0], typecode);
}
MP_DEFINE_CONST_FUN_OBJ_KW(galloc_block_view_obj, 1, block_view);

static mp_obj_t block_resize(mp_obj_t self_in, mp_obj_t size_in) {
    galloc_block_obj_t *self = MP_OBJ_TO_PTR(self_in);
    size_t size = galloc_get_size(size_in);
    size_t usable;
    uint8_t *payload = block_payload(self, &usable);
    if (size > GALLOC_BLOCK_MAX || !galloc_locked_resize(self->heap->heap, payload, size)) {
        return mp_const_false;
    }
    self->length = size;
    return mp_const_true;
}
MP_DEFINE_CONST_FUN_OBJ_2(galloc_block_resize_obj, block_resize);

static mp_obj_t block_realloc(mp_obj_t self_in, mp_obj_t size_in) {
    galloc_block_obj_t *self = MP_OBJ_TO_PTR(self_in);
    size_t size = galloc_get_size(size_in);
    size_t usable;
    uint8_t *payload = block_payload(self, &usable);
    uint8_t *moved = NULL;
    if (size <= GALLOC_BLOCK_MAX) {
        moved = galloc_locked_realloc(self->heap->heap, payload, size, (size_t)1 << self->align_log2);
    }
    if (moved == NULL) {
        galloc_raise_memory(size_in);
    }
    self->offset = (uint32_t)(moved - self->heap->region);
    self->length = size;
    return self_in;
}
MP_DEFINE_CONST_FUN_OBJ_2(galloc_block_realloc_obj, block_realloc);

static mp_obj_t block_free(mp_obj_t self_in) {
    galloc_block_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (self->offset != 0) {
        galloc_verify_region(self->heap);
        uint8_t *payload = self->heap->region + self->offset;
        self->offset = 0; // whatever the heap says below, this Block is done with
        galloc_fault_t fault = galloc_locked_free(self->heap->heap, payload);
        if (fault != GALLOC_OK) {
            galloc_raise_fault(fault);
        }
    }
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(galloc_block_free_obj, block_free);

static mp_obj_t block_enter(mp_obj_t self_in) {
    size_t usable;
    block_payload(MP_OBJ_TO_PTR(self_in), &usable);
    return self_in;
}
MP_DEFINE_CONST_FUN_OBJ_1(galloc_block_enter_obj, block_enter);

static mp_obj_t block_exit(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    return block_free(args[0]);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(galloc_block_exit_obj, 1, 4, block_exit);
