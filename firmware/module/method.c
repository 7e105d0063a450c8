// method.c: the callable type of all methods and functions of the module.
//
// MicroPython's own function types would do, but a bound one of those is called by way of two more calls and a copy of
// the arguments, and each of these checks the number of arguments again: more instructions than malloc and free take.

#include "glue.h"

// Self of a method that is not bound: its first argument.
static void *method_self(const galloc_method_t *method, size_t n_args, const mp_obj_t *args) {
    if (n_args != 0 && method->kind == GALLOC_KIND_CLASS) {
        return MP_OBJ_TO_PTR(args[0]);
    }
    if (method->of == galloc_heap_type_at()) {
        return galloc_get_heap(n_args != 0 ? args[0] : mp_const_none);
    }
    if (n_args == 0 || !galloc_is_type(args[0], method->of)) {
        galloc_raise_type("a method of another type");
    }
    return MP_OBJ_TO_PTR(args[0]);
}

void galloc_method_count(const galloc_method_t *method, size_t n_args, size_t n_kw) {
    mp_arg_check_num(n_args, n_kw, method->least, method->least + method->more, method->named);
}

// All calls that galloc_method_call does not know to make.
static GLUE_NOINLINE mp_obj_t method_call_checked(mp_obj_t self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    const galloc_method_t *method = MP_OBJ_TO_PTR(self_in);
    void *self = method->of;
    if (method->kind <= GALLOC_KIND_CLASS) {
        self = method_self(method, n_args, args);
        args++;
        n_args--;
    } else if (method->kind == GALLOC_KIND_SHARED) {
        #if !GALLOC_NATMOD
        bool large = n_args != 0 && mp_obj_is_small_int(args[0]) &&
                     MP_OBJ_SMALL_INT_VALUE(args[0]) > (mp_int_t)GALLOC_HANDLE_MASK;
        if (GLUE_UNLIKELY(n_kw != 0 || large)) {
            return galloc_shared_call(method, n_args, n_kw, args);
        }
        #endif
        self = galloc_shared_get(self);
    }
    galloc_method_count(method, n_args, n_kw);
    return method->fun(self, n_args, n_kw, args);
}

mp_obj_t galloc_call_free(mp_obj_t self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    return galloc_heap_free(((const galloc_method_t *)MP_OBJ_TO_PTR(self_in))->of, n_args, n_kw, args);
}

mp_obj_t galloc_call_malloc(mp_obj_t self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    return galloc_heap_malloc(((const galloc_method_t *)MP_OBJ_TO_PTR(self_in))->of, n_args, n_kw, args);
}

mp_obj_t galloc_call_alloc(mp_obj_t self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    return galloc_heap_alloc(((const galloc_method_t *)MP_OBJ_TO_PTR(self_in))->of, n_args, n_kw, args);
}

// The usual call, of a method by its name, in the fewest instructions: with no call here but a last one.
mp_obj_t galloc_method_call(mp_obj_t self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    const galloc_method_t *method = MP_OBJ_TO_PTR(self_in);
    if (GLUE_LIKELY(n_kw == 0 && method->kind == GALLOC_KIND_UNBOUND && n_args != 0) &&
        galloc_is_type(args[0], method->of) && GLUE_LIKELY(n_args - 1 - method->least <= method->more)) {
        return method->fun(MP_OBJ_TO_PTR(args[0]), n_args - 1, 0, args + 1);
    }
    return method_call_checked(self_in, n_args, n_kw, args);
}

galloc_method_t *galloc_method_bind(const galloc_method_t *method, galloc_kind_t kind, void *of) {
    galloc_method_t *bound = GLUE_NEW(galloc_method_t, galloc_method_type);
    *bound = *method;
    bound->kind = (uint8_t)kind;
    bound->of = of;
    return bound;
}

#define METHOD_OBJ(function, kind, of, least, most, named) \
    {{(const mp_obj_type_t *)&galloc_method_type}, function, (void *)(of), kind, least, (most) - (least), named},
#define METHOD_OF_HEAP(name, function, least, most, named) \
    METHOD_OBJ(function, GALLOC_KIND_UNBOUND, &galloc_heap_type, least, most, named)
#define METHOD_OF_BLOCK(name, function, least, most, named) \
    METHOD_OBJ(function, GALLOC_KIND_UNBOUND, &galloc_block_type, least, most, named)
#define METHOD_OF_ARENA(name, function, least, most, named) \
    METHOD_OBJ(function, GALLOC_KIND_UNBOUND, &galloc_arena_type, least, most, named)
#define METHOD_OF_ROOTS(name, function, least, most, named) \
    METHOD_OBJ(function, GALLOC_KIND_UNBOUND, &galloc_roots_type, least, most, named)
#define METHOD_OF_STATE(name, function, least, most, named) \
    METHOD_OBJ(function, GALLOC_KIND_BOUND, NULL, least, most, named)

const galloc_method_t galloc_heap_methods[] = {GALLOC_HEAP_METHODS(METHOD_OF_HEAP)
                                                   GALLOC_HEAP_INTERNALS(METHOD_OF_HEAP)};
const galloc_method_t galloc_block_methods[] = {GALLOC_BLOCK_METHODS(METHOD_OF_BLOCK)};
const galloc_method_t galloc_arena_methods[] = {GALLOC_ARENA_METHODS(METHOD_OF_ARENA)};
const galloc_method_t galloc_roots_methods[] = {GALLOC_ROOTS_METHODS(METHOD_OF_ROOTS)};
const galloc_method_t galloc_state_methods[] = {GALLOC_STATE_FUNCTIONS(METHOD_OF_STATE)};
const galloc_method_t galloc_attach_methods[] = {METHOD_OBJ(galloc_heap_attach, GALLOC_KIND_CLASS, NULL, 0, 2, 1)};
