// args.c: arguments from Python, checked; exceptions to Python.

#include "glue.h"

// The native part of an instance of a Python subclass of Heap; MP_OBJ_NULL for anything else.
static mp_obj_t native_part(mp_obj_t self) {
    #if GALLOC_NATMOD
    // The function table's own form of this looks at the direct parent only.
    const mp_obj_type_t *type = mp_obj_get_type(self);
    while (type != NULL && (type->flags & MP_TYPE_FLAG_INSTANCE_TYPE) != 0) {
        type = MP_OBJ_TYPE_GET_SLOT_OR_NULL(type, parent);
        if (type == (const mp_obj_type_t *)&galloc_heap_type) {
            return ((mp_obj_instance_t *)MP_OBJ_TO_PTR(self))->subobj[0];
        }
        if (type != NULL && type->base.type != mp_fun_table.type_type) {
            break; // several parents
        }
    }
    return MP_OBJ_NULL;
    #else
    return mp_obj_cast_to_native_base(self, MP_OBJ_FROM_PTR(&galloc_heap_type));
    #endif
}

galloc_heap_obj_t *galloc_get_heap(mp_obj_t self) {
    if (!GALLOC_IS_TYPE(self, galloc_heap_type)) {
        // CircuitPython passes the instance itself, which may be one whose __init__ has not run yet.
        self = mp_obj_is_obj(self) ? native_part(self) : MP_OBJ_NULL;
        if (self == MP_OBJ_NULL || !GALLOC_IS_TYPE(self, galloc_heap_type)) {
            mp_raise_TypeError(MP_ERROR_TEXT("not a Heap"));
        }
    }
    return MP_OBJ_TO_PTR(self);
}

void galloc_verify_region(const galloc_heap_obj_t *self) {
    if (self->owner != mp_const_none) {
        mp_buffer_info_t info;
        if (!mp_get_buffer(self->owner, &info, MP_BUFFER_RW) || info.buf != self->region || info.len < self->size) {
            mp_raise_ValueError(MP_ERROR_TEXT("the heap's buffer was resized"));
        }
    }
    if (galloc_generation(self->heap) != self->generation) {
        mp_raise_ValueError(MP_ERROR_TEXT("the heap was made anew"));
    }
}

// An int cut to INTPTR_MIN and INTPTR_MAX, which no size and no offset in a region reaches. The native module's function
// table would cut a big int to its low word.
static mp_int_t get_int(mp_obj_t arg) {
    if (mp_obj_is_small_int(arg)) {
        return MP_OBJ_SMALL_INT_VALUE(arg);
    }
    if (mp_obj_get_type(arg) == galloc_type_int) {
        // Comparing a big int with a small one needs no memory, converting it would.
        bool negative = mp_binary_op(MP_BINARY_OP_LESS, arg, MP_OBJ_NEW_SMALL_INT(0)) == mp_const_true;
        return negative ? INTPTR_MIN : INTPTR_MAX;
    }
    return mp_obj_get_int(arg);
}

size_t galloc_get_size(mp_obj_t arg) {
    mp_int_t value = get_int(arg);
    if (value < 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("negative size"));
    }
    return value == INTPTR_MAX ? SIZE_MAX : (size_t)value;
}

size_t galloc_get_align(mp_obj_t arg) {
    mp_int_t align = get_int(arg);
    if (align == INTPTR_MAX) {
        // A big int. Nothing is aligned to the half of the address space, and a power of two can say so truthfully.
        return SIZE_MAX ^ (SIZE_MAX >> 1);
    }
    if (align < 0 || (align & (align - 1)) != 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("align must be a power of two"));
    }
    return (size_t)align;
}

size_t galloc_get_index(mp_obj_t arg, size_t count) {
    mp_int_t index = get_int(arg);
    if (index < 0 || (size_t)index >= count) {
        galloc_raise_text(&mp_type_IndexError, "index out of range");
    }
    return (size_t)index;
}

galloc_fault_t galloc_get_payload(const galloc_heap_obj_t *self, mp_obj_t handle, void **payload) {
    mp_int_t offset = get_int(handle);
    if (offset < 0 || (size_t)offset >= self->size) {
        return GALLOC_FAULT_FOREIGN;
    }
    *payload = offset == 0 ? NULL : self->region + offset;
    return GALLOC_OK;
}

uint8_t *galloc_get_live(const galloc_heap_obj_t *self, mp_obj_t handle, size_t *size) {
    galloc_verify_region(self);
    void *payload = NULL;
    galloc_fault_t fault = galloc_get_payload(self, handle, &payload);
    if (fault == GALLOC_OK) {
        *size = galloc_locked_usable_size(self->heap, payload);
        if (*size == 0) {
            fault = galloc_fault_of(self->heap, payload);
        }
    }
    if (fault != GALLOC_OK) {
        galloc_raise_fault(fault);
    }
    return payload;
}

void galloc_raise_text(const mp_obj_type_t *type, const char *text) {
    #if GALLOC_NATMOD
    mp_raise_msg(type, text);
    #elif defined(CIRCUITPY) && CIRCUITPY
    mp_raise_msg_str(type, text);
    #else
    mp_raise_msg_varg(type, MP_ERROR_TEXT("%s"), text);
    #endif
}

// `text` of `length` bytes, with a number in the place of its %d.
GALLOC_NORETURN static void raise_number(const mp_obj_type_t *type, const char *text, size_t length, mp_obj_t number) {
    mp_obj_t message = mp_binary_op(MP_BINARY_OP_MODULO, mp_obj_new_str(text, length), number);
    nlr_raise(mp_obj_new_exception_arg1(type, message));
}

void galloc_raise_memory(mp_obj_t size) {
    static const char text[] = "memory allocation failed, allocating %d bytes";
    raise_number(&mp_type_MemoryError, text, sizeof(text) - 1, size);
}

void galloc_raise_config(const galloc_config_t *config) {
    static const char text[] = "region too small, %d bytes will do";
    // The smallest block, and what a start and an end at any address cost; small regions have a bin or two less.
    size_t enough = galloc_overhead(1024, config) + 24;
    if (config->alignment_sub_bins != 1) {
        raise_number(&mp_type_ValueError, text, sizeof(text) - 1, MP_OBJ_NEW_SMALL_INT(enough));
    }
    mp_raise_ValueError(MP_ERROR_TEXT("sub_bins must be 2 or more"));
}

void galloc_raise_fault(galloc_fault_t fault) {
    galloc_raise_text(&mp_type_ValueError, galloc_fault_name(fault));
}
