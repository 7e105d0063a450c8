// args.c: arguments from Python, checked; exceptions to Python.

#include "glue.h"

// --- Exceptions

void galloc_raise_text(const mp_obj_type_t *type, const char *text) {
    #if GALLOC_NATMOD
    mp_raise_msg(type, text);
    #elif defined(CIRCUITPY) && CIRCUITPY
    mp_raise_msg_str(type, text);
    #else
    mp_raise_msg_varg(type, MP_ERROR_TEXT("%s"), text);
    #endif
}

void galloc_raise_value(const char *text) {
    galloc_raise_text(&mp_type_ValueError, text);
}

void galloc_raise_type(const char *text) {
    galloc_raise_text(&mp_type_TypeError, text);
}

mp_obj_t galloc_new_str(const char *text) {
    size_t length = 0; // a native module has no strlen
    while (text[length] != 0) {
        length++;
    }
    return mp_obj_new_str(text, length);
}

// `text` with numbers or strings in the places of its %d and %s.
static GLUE_NORETURN void args_raise(const mp_obj_type_t *type, const char *text, size_t count, const mp_obj_t *items) {
    mp_obj_t message = mp_binary_op(MP_BINARY_OP_MODULO, galloc_new_str(text), mp_obj_new_tuple(count, items));
    nlr_raise(mp_obj_new_exception_arg1(type, message));
}

void galloc_raise_memory(mp_obj_t size) {
    args_raise(&mp_type_MemoryError, "memory allocation failed, allocating %d bytes", 1, &size);
}

void galloc_raise_config(const galloc_config_t *config) {
    if (config->alignment_sub_bins == 1) {
        galloc_raise_value("sub_bins must be 2 or more");
    }
    // The smallest block, and what a start and an end at any address cost; small regions have a bin or two less.
    mp_obj_t enough = galloc_new_uint(galloc_overhead(1024, config) + 24);
    args_raise(&mp_type_ValueError, "region too small, %d bytes will do", 1, &enough);
}

const char *galloc_fault_text(galloc_fault_t fault) {
    return fault == GALLOC_FAULT_GEOMETRY ? "geometry: the control block is damaged" : galloc_fault_name(fault);
}

void galloc_raise_fault(galloc_fault_t fault) {
    galloc_raise_value(galloc_fault_text(fault));
}

void galloc_raise_fault_at(galloc_fault_t fault, size_t offset) {
    const mp_obj_t items[] = {galloc_new_str(galloc_fault_name(fault)), galloc_new_uint(offset)};
    args_raise(&mp_type_ValueError, "%s at offset %d", 2, items);
}

mp_obj_t galloc_end_with(const char *trouble, size_t n_args, const mp_obj_t *args) {
    if (trouble != NULL && (n_args == 0 || args[0] == mp_const_none)) {
        galloc_raise_value(trouble);
    }
    return mp_const_none;
}

// --- Self

// The native part of an instance of a Python subclass of Heap; MP_OBJ_NULL for anything else.
static mp_obj_t args_native_part(mp_obj_t self) {
    #if GALLOC_NATMOD
    // The function table's own form of this looks at the direct parent only.
    const mp_obj_type_t *type = mp_obj_get_type(self);
    while (type != NULL && (type->flags & MP_TYPE_FLAG_INSTANCE_TYPE) != 0) {
        type = MP_OBJ_TYPE_GET_SLOT_OR_NULL(type, parent);
        if (type == galloc_heap_type_at()) {
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
    if (!galloc_is_type(self, galloc_heap_type_at())) {
        // CircuitPython passes the instance itself, which may be one whose __init__ has not run yet.
        self = mp_obj_is_obj(self) ? args_native_part(self) : MP_OBJ_NULL;
        if (self == MP_OBJ_NULL || !galloc_is_type(self, galloc_heap_type_at())) {
            galloc_raise_type("not a Heap");
        }
    }
    return MP_OBJ_TO_PTR(self);
}

// --- Numbers

// An int cut to INTPTR_MIN and INTPTR_MAX, which no size and no offset in a region reaches. The native module's function
// table would cut a big int to its low word.
static mp_int_t args_get_int(mp_obj_t arg) {
    if (mp_obj_is_small_int(arg)) {
        return MP_OBJ_SMALL_INT_VALUE(arg);
    }
    if (galloc_is_type(arg, galloc_type_int)) {
        // Comparing a big int with a small one needs no memory, converting it would.
        bool negative = mp_binary_op(MP_BINARY_OP_LESS, arg, MP_OBJ_NEW_SMALL_INT(0)) == mp_const_true;
        return negative ? INTPTR_MIN : INTPTR_MAX;
    }
    return mp_obj_get_int(arg);
}

size_t galloc_get_size(mp_obj_t arg) {
    mp_int_t value = args_get_int(arg);
    if (value < 0) {
        galloc_raise_value("negative size");
    }
    return value == INTPTR_MAX ? SIZE_MAX : (size_t)value;
}

size_t galloc_get_align(mp_obj_t arg) {
    mp_int_t align = args_get_int(arg);
    bool power;
    if (align == INTPTR_MAX) {
        // A big int: 2**30 and more, where no memory is aligned to. The arithmetic makes objects, as the number is one.
        mp_obj_t less = mp_binary_op(MP_BINARY_OP_SUBTRACT, arg, MP_OBJ_NEW_SMALL_INT(1));
        power = mp_binary_op(MP_BINARY_OP_AND, arg, less) == MP_OBJ_NEW_SMALL_INT(0);
        align = INTPTR_MIN;
    } else {
        power = align >= 0 && (align & (align - 1)) == 0;
    }
    if (!power) {
        galloc_raise_value("align must be a power of two");
    }
    return (size_t)align;
}

bool galloc_get_word(mp_obj_t arg, uintptr_t *word) {
    mp_int_t value = args_get_int(arg);
    if (value == INTPTR_MAX) {
        *word = (uintptr_t)mp_obj_get_int_truncated(arg);
        return mp_binary_op(MP_BINARY_OP_EQUAL, arg, galloc_new_uint(*word)) == mp_const_true;
    }
    *word = (uintptr_t)value;
    return value >= 0;
}

mp_obj_t galloc_new_uint(uintptr_t value) {
    return value <= (uintptr_t)MP_SMALL_INT_MAX ? MP_OBJ_NEW_SMALL_INT((mp_int_t)value)
                                                : mp_obj_new_int_from_uint(value);
}

size_t galloc_get_index(mp_obj_t arg, size_t count) {
    mp_int_t index = args_get_int(arg);
    if (index < 0 || (size_t)index >= count) {
        galloc_raise_text(&mp_type_IndexError, "index out of range");
    }
    return (size_t)index;
}
