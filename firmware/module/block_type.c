// block_type.c: Block, a handle with an owner's manners: length, buffer protocol, use after free detected.

#include "glue.h"

static uint8_t *block_payload(const galloc_block_obj_t *self) {
    return (uint8_t *)self->heap->heap + (size_t)self->unit * 8;
}

static void block_set_payload(galloc_block_obj_t *self, const void *payload) {
    self->unit = (uint32_t)(((const uint8_t *)payload - (const uint8_t *)self->heap->heap) / 8) & 0x1fffffff;
}

// NULL, or why a Block is not live.
static const char *block_trouble(const galloc_block_obj_t *self) {
    const char *trouble = galloc_trouble(self->heap);
    if (trouble == NULL) {
        const galloc_heap_t *heap = self->heap->heap;
        const uint8_t *payload = block_payload(self);
        size_t usable = self->unit != 0 ? galloc_usable_size(heap, payload) : 0;
        if (usable == 0 || usable < self->length) {
            galloc_fault_t fault = self->unit != 0 ? galloc_fault_of(heap, payload) : GALLOC_FAULT_NOT_ALLOCATED;
            bool damaged = usable == 0 && fault != GALLOC_FAULT_NOT_ALLOCATED;
            trouble = damaged ? galloc_fault_text(fault) : "block is freed";
        }
    }
    return trouble;
}

const char *galloc_block_peek(const galloc_block_obj_t *self, mp_buffer_info_t *info) {
    info->buf = block_payload(self);
    info->len = self->length;
    info->typecode = 'B';
    return block_trouble(self);
}

static GLUE_NOINLINE GLUE_NORETURN void block_raise(const galloc_block_obj_t *self) {
    const char *trouble = block_trouble(self);
    galloc_raise_value(trouble != NULL ? trouble : "block is freed");
}

// The live payload of a Block; ValueError once it is freed, its heap is gone from under it, or its header overwritten.
static uint8_t *block_live(const galloc_block_obj_t *self, size_t *usable) {
    galloc_verify(self->heap);
    if (self->unit != 0) {
        uint8_t *payload = block_payload(self);
        *usable = galloc_usable_size(self->heap->heap, payload);
        if (*usable != 0 && *usable >= self->length) {
            return payload;
        }
    }
    block_raise(self);
}

// --- Making

#define DEFAULT_ALIGN_LOG2 (3)

GLUE_INLINE galloc_block_obj_t *block_new(galloc_heap_obj_t *heap, galloc_arena_obj_t *arena, size_t length,
                                          size_t align_log2) {
    size_t size = arena != NULL ? sizeof(galloc_arena_block_t) : sizeof(galloc_block_obj_t);
    galloc_block_obj_t *self = mp_obj_malloc_helper(size, (const mp_obj_type_t *)&galloc_block_type);
    if (arena != NULL) {
        galloc_arena_block_t *longer = (galloc_arena_block_t *)self;
        longer->arena = arena;
        longer->next = NULL;
        longer->slot = NULL;
    }
    self->heap = heap;
    self->unit = 0;
    self->padded = false;
    self->in_arena = arena != NULL;
    self->length = length;
    self->align_log2 = align_log2;
    return self;
}

// Bytes to ask the core for.
static size_t block_bytes(const galloc_block_obj_t *self, size_t length) {
    if (length > GALLOC_BLOCK_MAX) {
        return SIZE_MAX;
    }
    size_t rest = ((size_t)1 << self->align_log2) - 1;
    return !self->padded ? length : length + rest < length ? SIZE_MAX : (length + rest) & ~rest;
}

// MemoryError, or ValueError when the heap is damaged.
static GLUE_NORETURN void block_raise_memory(const galloc_block_obj_t *self, size_t bytes, mp_obj_t size) {
    galloc_explain_failure(self->heap, bytes, (size_t)1 << self->align_log2);
    galloc_raise_memory(size);
}

typedef struct {
    mp_obj_t size_in;
    size_t align;
    size_t align_log2;
    bool zero, pad;
} block_request_t;

// The arguments over the defaults that are there.
static GLUE_NOINLINE void block_parse(block_request_t *request, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    enum { ARG_size, ARG_align, ARG_zero, ARG_pad, ARGS };
    mp_arg_val_t values[ARGS];
    galloc_args_parse(galloc_args_alloc, ARGS, values, n_args, n_kw, args);
    request->size_in = values[ARG_size].u_obj;
    if (values[ARG_align].u_obj != MP_OBJ_NULL) {
        request->align = galloc_get_align(values[ARG_align].u_obj);
        request->align_log2 = 0;
        while (request->align >> request->align_log2 > 1) {
            request->align_log2++;
        }
    }
    request->zero = values[ARG_zero].u_bool;
    request->pad = values[ARG_pad].u_bool;
}

mp_obj_t galloc_block_alloc(galloc_heap_obj_t *heap, galloc_arena_obj_t *arena, galloc_choice_t *choice, size_t n_args,
                            size_t n_kw, const mp_obj_t *args) {
    block_request_t request = {MP_OBJ_NULL, (size_t)1 << DEFAULT_ALIGN_LOG2, DEFAULT_ALIGN_LOG2, false, false};
    if (GLUE_LIKELY(n_args == 1 && n_kw == 0)) {
        request.size_in = args[0];
    } else {
        block_parse(&request, n_args, n_kw, args);
    }
    size_t size = galloc_get_size(request.size_in);
    galloc_verify_fast(heap);
    // First the object, then the memory: when the GC heap is full, nothing of the region is lost.
    galloc_block_obj_t *self = block_new(heap, arena, size, request.align_log2);
    self->padded = request.pad;
    size_t bytes = block_bytes(self, size);
    bool closed = false;
    void *payload = bytes == SIZE_MAX ? NULL : galloc_locked_alloc(heap->heap, bytes, request.align);
    #if !GALLOC_NATMOD
    while (GLUE_UNLIKELY(payload == NULL) && choice != NULL && bytes != SIZE_MAX) {
        heap = galloc_choose(choice, choice->bank + 1);
        if (heap == NULL) {
            break;
        }
        self->heap = heap;
        payload = galloc_locked_alloc(heap->heap, bytes, request.align);
    }
    #else
    (void)choice;
    #endif
    if (payload != NULL) {
        block_set_payload(self, payload);
        if (arena != NULL && !galloc_arena_link(arena, (galloc_arena_block_t *)self)) {
            galloc_locked_free(heap->heap, payload);
            closed = true;
        }
    }
    if (GLUE_UNLIKELY(payload == NULL)) {
        block_raise_memory(self, bytes, request.size_in);
    }
    if (GLUE_UNLIKELY(closed)) {
        galloc_raise_value(galloc_arena_closed);
    }
    if (request.zero) {
        memset(payload, 0, size);
    }
    return MP_OBJ_FROM_PTR(self);
}

mp_obj_t galloc_heap_alloc(void *self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    if (GLUE_UNLIKELY(n_args != 1 || n_kw != 0)) {
        galloc_method_count(galloc_method_at(galloc_heap_methods, GALLOC_HEAP_MP_QSTR_alloc), n_args, n_kw);
    }
    return galloc_block_alloc(self_in, NULL, NULL, n_args, n_kw, args);
}

// block(handle) -> Block of a live raw handle, as long as its usable bytes
mp_obj_t galloc_heap_block(void *self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)n_args, (void)n_kw;
    size_t usable;
    uint8_t *payload = galloc_get_live(self_in, args[0], &usable);
    if (usable > GALLOC_BLOCK_MAX) {
        usable = GALLOC_BLOCK_MAX;
    }
    galloc_block_obj_t *self = block_new(self_in, NULL, usable, DEFAULT_ALIGN_LOG2);
    block_set_payload(self, payload);
    return MP_OBJ_FROM_PTR(self);
}

// --- As a buffer

mp_obj_t galloc_block_unary_op(mp_unary_op_t op, mp_obj_t self_in) {
    const galloc_block_obj_t *self = MP_OBJ_TO_PTR(self_in);
    size_t usable;
    if (op == MP_UNARY_OP_HASH) {
        return MP_OBJ_NEW_SMALL_INT((mp_uint_t)self); // as equality goes: by identity, freed or not
    }
    if (op != MP_UNARY_OP_BOOL && op != MP_UNARY_OP_LEN) {
        return MP_OBJ_NULL;
    }
    block_live(self, &usable);
    return op == MP_UNARY_OP_LEN ? MP_OBJ_NEW_SMALL_INT(self->length) : mp_const_true;
}

// A memoryview of a live Block.
static mp_obj_t block_whole(const galloc_block_obj_t *self) {
    size_t usable;
    uint8_t *payload = block_live(self, &usable);
    return galloc_view_new(payload, self->length);
}

mp_obj_t galloc_block_iter(mp_obj_t self_in, mp_obj_iter_buf_t *buffer) {
    (void)buffer; // what the native module's function table puts there is meant for compiled Python
    return mp_getiter(block_whole(MP_OBJ_TO_PTR(self_in)), NULL);
}

mp_int_t galloc_block_get_buffer(mp_obj_t self_in, mp_buffer_info_t *info, mp_uint_t flags) {
    (void)flags;
    const galloc_block_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (galloc_block_peek(self, info) != NULL) {
        block_raise(self);
    }
    return 0;
}

// One end of a slice, as Python counts: from the end where negative, cut to the length. False: it is no small int.
static bool block_bound(mp_obj_t bound, size_t length, size_t otherwise, size_t *at) {
    if (bound == mp_const_none) {
        *at = otherwise;
        return true;
    }
    if (!mp_obj_is_small_int(bound)) {
        return false;
    }
    mp_int_t value = MP_OBJ_SMALL_INT_VALUE(bound);
    if (value < 0) {
        value = (size_t)0 - (size_t)value > length ? 0 : value + (mp_int_t)length;
    }
    *at = (size_t)value > length ? length : (size_t)value;
    return true;
}

// The bytes from `start` to `stop` where `index` is a slice of them; false for anything else. A memoryview would do, but
// on 32-bit targets one cannot start beyond 16 MiB.
static bool block_slice(mp_obj_t index, size_t length, size_t *start, size_t *stop) {
    if (!mp_obj_is_obj(index)) {
        return false;
    }
    const mp_obj_type_t *type = mp_obj_get_type(index);
    if (type->name != MP_QSTR_slice || (type->flags & MP_TYPE_FLAG_INSTANCE_TYPE) != 0) {
        return false;
    }
    const mp_obj_slice_t *slice = MP_OBJ_TO_PTR(index);
    if ((slice->step != mp_const_none && slice->step != MP_OBJ_NEW_SMALL_INT(1)) ||
        !block_bound(slice->start, length, 0, start) || !block_bound(slice->stop, length, length, stop)) {
        return false;
    }
    *stop = *stop < *start ? *start : *stop;
    return true;
}

// By a slice, or by what a memoryview knows to deal with.
static GLUE_NOINLINE mp_obj_t block_subscr_other(const galloc_block_obj_t *self, mp_obj_t index, mp_obj_t value) {
    if (value == MP_OBJ_NULL) {
        return MP_OBJ_NULL; // no byte can be deleted
    }
    size_t start, stop, usable;
    if (mp_obj_is_small_int(index) && (size_t)MP_OBJ_SMALL_INT_VALUE(index) < self->length &&
        mp_obj_is_small_int(value)) {
        // Writing one byte makes no object either.
        block_live(self, &usable)[MP_OBJ_SMALL_INT_VALUE(index)] = (uint8_t)MP_OBJ_SMALL_INT_VALUE(value);
        return mp_const_none;
    }
    if (!block_slice(index, self->length, &start, &stop)) {
        return mp_obj_subscr(block_whole(self), index, value);
    }
    uint8_t *bytes = block_live(self, &usable) + start;
    if (value == MP_OBJ_SENTINEL) {
        return galloc_view_new(bytes, stop - start);
    }
    mp_buffer_info_t info;
    mp_get_buffer_raise(value, &info, MP_BUFFER_READ);
    if (info.len != stop - start) {
        galloc_raise_value("a Block keeps its length: both sides need the same");
    }
    memmove(bytes, info.buf, info.len);
    return mp_const_none;
}

// The common read of one byte is here: without an object, with no call but the core's, a last one and one that raises.
mp_obj_t galloc_block_subscr(mp_obj_t self_in, mp_obj_t index, mp_obj_t value) {
    const galloc_block_obj_t *self = MP_OBJ_TO_PTR(self_in);
    const galloc_heap_obj_t *heap = self->heap;
    size_t at = (size_t)MP_OBJ_SMALL_INT_VALUE(index), length = self->length;
    if (GLUE_LIKELY(value == MP_OBJ_SENTINEL && mp_obj_is_small_int(index) && at < length) &&
        galloc_region_stays(heap)) {
        // Of a Block that is freed this is the control block, which is no payload.
        const uint8_t *payload = block_payload(self);
        if (galloc_same_generation(heap) && GLUE_LIKELY(galloc_usable_size(heap->heap, payload) >= length)) {
            return MP_OBJ_NEW_SMALL_INT(payload[at]);
        }
        block_raise(self);
    }
    return block_subscr_other(self, index, value);
}

void galloc_block_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest) {
    if (dest[0] != MP_OBJ_NULL) {
        return; // a store or a delete: no attribute of a Block can be set
    }
    const galloc_block_obj_t *self = MP_OBJ_TO_PTR(self_in);
    size_t usable;
    if (attr == MP_QSTR_address) {
        dest[0] = galloc_new_uint((uintptr_t)block_live(self, &usable));
    } else if (attr == MP_QSTR_offset) {
        dest[0] = galloc_new_uint((uintptr_t)(block_live(self, &usable) - self->heap->region));
    } else if (attr == MP_QSTR_size) {
        block_live(self, &usable);
        dest[0] = galloc_new_uint(usable);
    } else if (attr == MP_QSTR_free) {
        // Found here it is found sooner.
        dest[0] = MP_OBJ_FROM_PTR(galloc_method_at(galloc_block_methods, GALLOC_BLOCK_MP_QSTR_free));
        dest[1] = self_in;
    } else {
        dest[1] = MP_OBJ_SENTINEL; // look on among the methods
    }
}

void galloc_block_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    (void)kind;
    const galloc_block_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (self->unit == 0) {
        mp_printf(print, "<Block freed>");
    } else {
        mp_printf(print, "<Block %u bytes at %u>", (unsigned int)self->length,
                  (unsigned int)(block_payload(self) - self->heap->region));
    }
}

// view(typecode="B", into=None) -> memoryview
mp_obj_t galloc_block_view(void *self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    const galloc_block_obj_t *self = self_in;
    galloc_view_args_t view;
    galloc_view_parse(&view, n_args, n_kw, args);
    size_t usable;
    uint8_t *payload = block_live(self, &usable);
    return galloc_view(&view, payload, self->length);
}

// --- Its end, and other sizes

mp_obj_t galloc_block_resize(void *self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)n_args, (void)n_kw;
    galloc_block_obj_t *self = self_in;
    size_t size = galloc_get_size(args[0]);
    size_t bytes = block_bytes(self, size);
    size_t usable;
    uint8_t *payload = block_live(self, &usable);
    if (bytes == SIZE_MAX || !galloc_locked_resize(self->heap->heap, payload, bytes)) {
        return mp_const_false;
    }
    self->length = size;
    return mp_const_true;
}

mp_obj_t galloc_block_realloc(void *self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)n_args, (void)n_kw;
    galloc_block_obj_t *self = self_in;
    size_t size = galloc_get_size(args[0]);
    size_t bytes = block_bytes(self, size);
    size_t usable;
    uint8_t *payload = block_live(self, &usable);
    uint8_t *moved = NULL;
    if (bytes != SIZE_MAX) {
        moved = galloc_locked_realloc(self->heap->heap, payload, bytes, (size_t)1 << self->align_log2);
        if (moved != NULL) {
            block_set_payload(self, moved);
            self->length = size;
        }
    }
    if (moved == NULL) {
        block_raise_memory(self, bytes, args[0]);
    }
    return MP_OBJ_FROM_PTR(self);
}

galloc_fault_t galloc_block_release(galloc_block_obj_t *self, bool drop) {
    galloc_fault_t fault = GALLOC_OK;
    if (self->unit != 0) {
        void *payload = block_payload(self);
        self->unit = 0; // whatever the heap says below, this Block is done with
        if (self->in_arena) {
            galloc_arena_unlink((galloc_arena_block_t *)self);
        }
        fault = drop ? GALLOC_OK : galloc_free(self->heap->heap, payload);
        if (!drop && fault == GALLOC_OK) {
            GALLOC_ON_FREE(self->heap->heap, payload);
        }
    }
    return fault;
}

// Frees the Block; NULL, or the text of a ValueError.
static const char *block_end(galloc_block_obj_t *self) {
    const char *trouble = self->unit == 0 || galloc_heap_stays(self->heap) ? NULL : galloc_trouble(self->heap);
    GALLOC_LOCK(self->heap->heap);
    // With a region that is gone there is nothing to give back.
    galloc_fault_t fault = galloc_block_release(self, trouble != NULL);
    GALLOC_UNLOCK(self->heap->heap);
    return fault != GALLOC_OK ? galloc_fault_text(fault) : trouble;
}

mp_obj_t galloc_block_enter(void *self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)n_args, (void)n_kw, (void)args;
    size_t usable;
    block_live(self_in, &usable);
    return MP_OBJ_FROM_PTR(self_in);
}

// free() and __exit__(kind, value, traceback)
mp_obj_t galloc_block_exit(void *self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)n_kw;
    return galloc_end_with(block_end(self_in), n_args, args);
}
