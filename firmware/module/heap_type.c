// heap_type.c: Heap: how one is made, what it is on, its attributes, its root table.

#include "glue.h"

// --- The region under a heap

const galloc_extent_t galloc_must_ask;

const char *galloc_region_trouble(const galloc_heap_obj_t *self) {
    if (galloc_region_stays(self)) {
        return NULL;
    }
    bool found = false;
    mp_buffer_info_t info = {0};
    if (GALLOC_IS_TYPE(self->owner, galloc_block_type)) {
        // By the buffer protocol a Block that is freed raises, which not all who ask this can do with.
        const char *trouble = galloc_block_peek(MP_OBJ_TO_PTR(self->owner), &info);
        if (trouble != NULL) {
            return trouble;
        }
        found = true;
    } else if (self->now == &galloc_must_ask) {
        found = mp_get_buffer(self->owner, &info, MP_BUFFER_RW);
    }
    return found && info.buf == self->then.items && info.len >= self->then.len ? NULL : "the heap's buffer was resized";
}

const char *galloc_trouble(const galloc_heap_obj_t *self) {
    const char *trouble = galloc_region_trouble(self);
    if (trouble != NULL || galloc_generation(self->heap) == self->generation) {
        return trouble;
    }
    galloc_fault_t fault = galloc_control_fault(self->heap);
    return fault != GALLOC_OK ? galloc_fault_text(fault) : "the heap was made again";
}

void galloc_verify(const galloc_heap_obj_t *self) {
    const char *trouble = galloc_trouble(self);
    if (trouble != NULL) {
        galloc_raise_value(trouble);
    }
}

void galloc_explain_failure(const galloc_heap_obj_t *self, size_t size, size_t align) {
    galloc_stats_t stats;
    galloc_locked_stats(self->heap, &stats);
    // All is well where nothing is large enough. Else something in between has freed memory, or a stray write has made
    // the heap lose sight of it.
    if (stats.total == 0 || (size <= stats.largest && align <= 8)) {
        size_t offset;
        galloc_fault_t fault = galloc_locked_check(self->heap, &offset);
        if (fault != GALLOC_OK) {
            galloc_raise_fault(fault);
        }
    }
}

// --- Making and opening

void galloc_heap_move(galloc_heap_obj_t *self, uint8_t *region, size_t size) {
    self->region = region;
    self->size = size;
    self->then.items = region;
    self->then.len = size;
}

galloc_heap_obj_t *galloc_heap_new(uint8_t *region, size_t size) {
    galloc_heap_obj_t *self = mp_obj_malloc(galloc_heap_obj_t, galloc_heap_type_at());
    memset((uint8_t *)self + sizeof(self->base), 0, sizeof(*self) - sizeof(self->base)); // the collector may run
    self->owner = mp_const_none;
    galloc_heap_move(self, region, size);
    for (size_t i = 0; i < GALLOC_BOUND_COUNT; ++i) {
        self->bound[i] = galloc_method_bind(galloc_method_at(galloc_heap_methods, i), GALLOC_KIND_BOUND, self);
    }
    self->bound[GALLOC_HEAP_MP_QSTR_free]->base.type = (const mp_obj_type_t *)&galloc_free_type;
    self->bound[GALLOC_HEAP_MP_QSTR_malloc]->base.type = (const mp_obj_type_t *)&galloc_malloc_type;
    self->bound[GALLOC_HEAP_MP_QSTR_alloc]->base.type = (const mp_obj_type_t *)&galloc_alloc_type;
    return self;
}

void galloc_heap_set(galloc_heap_obj_t *self, galloc_heap_t *heap) {
    self->heap = heap;
    self->generation = galloc_generation(heap); // 0 for NULL
}

// The Heap of a buffer, whole for a size of SIZE_MAX.
static galloc_heap_obj_t *heap_on_buffer(mp_obj_t owner, size_t size) {
    mp_buffer_info_t info;
    mp_get_buffer_raise(owner, &info, MP_BUFFER_RW);
    if (size == SIZE_MAX) {
        size = info.len;
    } else if (size > info.len) {
        galloc_raise_value("size is more than the buffer holds");
    }
    galloc_heap_obj_t *self = galloc_heap_new(info.buf, size);
    self->owner = owner;
    if (galloc_is_type(owner, galloc_type_bytearray) || galloc_is_type(owner, galloc_type_memoryview)) {
        const mp_obj_array_t *array = MP_OBJ_TO_PTR(owner);
        self->now = (const galloc_extent_t *)(const void *)&array->len;
        self->then = *self->now;
    } else {
        self->now = &galloc_must_ask;
    }
    return self;
}

// A number of bins; 0 for one that is not given.
static uint16_t heap_parse_bins(mp_obj_t arg) {
    uintptr_t bins = 0;
    if (arg != MP_OBJ_NULL && (!galloc_get_word(arg, &bins) || bins > 0xffff)) {
        galloc_raise_value("smallbins and sub_bins must be 0 to 65535");
    }
    return (uint16_t)bins;
}

void galloc_heap_parse(galloc_opening_t *opening, bool attach, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    enum { ARG_region, ARG_size, ARG_smallbins, ARG_sub_bins, ARG_bounded_search, ARGS };
    mp_arg_val_t values[ARGS];
    memset(&opening->config, 0, sizeof(opening->config));
    // What is left of the arguments belongs to the configuration, which a heap that is there already has.
    galloc_args_parse(galloc_args_heap, attach ? ARG_smallbins : ARGS, values, n_args, n_kw, args);
    if (!attach) {
        opening->config.smallbins = heap_parse_bins(values[ARG_smallbins].u_obj);
        opening->config.alignment_sub_bins = heap_parse_bins(values[ARG_sub_bins].u_obj);
        opening->config.bounded_search = values[ARG_bounded_search].u_bool;
    }
    mp_obj_t region = values[ARG_region].u_obj, size_in = values[ARG_size].u_obj;
    bool whole = size_in == MP_OBJ_NULL || size_in == mp_const_none;
    size_t size = whole ? SIZE_MAX : galloc_get_size(size_in);
    opening->on_board = region == MP_OBJ_NULL || region == mp_const_none;
    opening->bank = 0;
    #if !GALLOC_NATMOD
    uint32_t wants;
    if (!opening->on_board && mp_obj_is_str(region) && galloc_banks_parse(region, &wants)) {
        opening->bank = galloc_bank_with(wants);
        opening->on_board = opening->bank == 0;
    }
    #endif
    if (opening->on_board || opening->bank != 0) {
        uint8_t *start = NULL;
        #if !GALLOC_NATMOD
        size_t all;
        start = galloc_bank_region(opening->bank, &all);
        if (whole) {
            size = all;
        } else if (start != NULL && size > all) {
            galloc_raise_value("size is more than the region holds");
        }
        #endif
        if (start == NULL) {
            mp_raise_OSError(MP_ENODEV);
        }
        opening->self = galloc_heap_new(start, size);
    } else if (mp_obj_is_small_int(region) || galloc_is_type(region, galloc_type_int)) {
        uintptr_t address;
        if (whole) {
            galloc_raise_value("an address needs a size");
        }
        if (!galloc_get_word(region, &address) || address == 0 || size > UINTPTR_MAX - address) {
            galloc_raise_value("no such memory");
        }
        #if !GALLOC_NATMOD
        size_t all;
        for (size_t bank = 1; bank < GALLOC_REGIONS_MAX; ++bank) {
            if ((uintptr_t)galloc_bank_region(bank, &all) == address && all == size) {
                opening->bank = bank;
            }
        }
        #endif
        opening->self = galloc_heap_new((uint8_t *)address, size);
    } else {
        opening->self = heap_on_buffer(region, size);
    }
}

galloc_heap_obj_t *galloc_heap_open(galloc_opening_t *opening, bool attach, galloc_shared_state_t *state) {
    const char *refused = galloc_shared_open(opening, attach, state);
    if (refused != NULL) {
        galloc_raise_text(&mp_type_RuntimeError, refused);
    }
    galloc_heap_obj_t *self = opening->self;
    if (self->heap == NULL) {
        if (!attach) {
            galloc_raise_config(&opening->config);
        }
        if (galloc_initialized(self->region, self->size)) {
            galloc_raise_fault(GALLOC_FAULT_CORRUPT);
        }
        galloc_raise_value("geometry: no heap of this size here");
    }
    return self;
}

static galloc_heap_obj_t *heap_open(bool attach, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    galloc_opening_t opening;
    galloc_heap_parse(&opening, attach, n_args, n_kw, args);
    return galloc_heap_open(&opening, attach, NULL);
}

mp_obj_t galloc_heap_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)type;
    return MP_OBJ_FROM_PTR(heap_open(false, n_args, n_kw, args));
}

// attach(region=None, size=None), of the class: an instance of it, whose __init__ is not called, since that would make a
// heap.
mp_obj_t galloc_heap_attach(void *class, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_obj_t heap = MP_OBJ_FROM_PTR(heap_open(true, n_args, n_kw, args));
    if (class == galloc_heap_type_at()) {
        return heap;
    }
    mp_obj_instance_t *self = mp_obj_malloc_var(mp_obj_instance_t, subobj, mp_obj_t, 1, class);
    memset(&self->members, 0, sizeof(self->members));
    self->members.all_keys_are_qstrs = 1;
    self->subobj[0] = heap;
    return MP_OBJ_FROM_PTR(self);
}

// --- The root table

typedef struct {
    mp_obj_base_t base;
    galloc_heap_obj_t *heap;
} roots_obj_t;

// The heap of a root table, whose control block is sound.
static galloc_heap_t *roots_heap(const roots_obj_t *self) {
    galloc_verify(self->heap);
    galloc_heap_t *heap = self->heap->heap;
    galloc_fault_t fault = galloc_control_fault(heap);
    if (fault != GALLOC_OK) {
        galloc_raise_fault(fault);
    }
    return heap;
}

mp_obj_t galloc_roots_get(void *self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)n_args, (void)n_kw;
    size_t number = galloc_get_index(args[0], GALLOC_ROOTS);
    return galloc_new_uint(galloc_root(roots_heap(self_in), number));
}

mp_obj_t galloc_roots_set(void *self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)n_args, (void)n_kw;
    size_t number = galloc_get_index(args[0], GALLOC_ROOTS);
    uintptr_t value;
    if (!galloc_get_word(args[1], &value) || value > UINT32_MAX) {
        galloc_raise_value("a root holds 0 to 2**32 - 1");
    }
    galloc_locked_set_root(roots_heap(self_in), number, (uint32_t)value);
    return mp_const_none;
}

mp_obj_t galloc_roots_subscr(mp_obj_t self_in, mp_obj_t index, mp_obj_t value) {
    if (value == MP_OBJ_NULL) {
        return MP_OBJ_NULL; // no word can be deleted
    }
    const mp_obj_t args[] = {index, value};
    return value == MP_OBJ_SENTINEL ? galloc_roots_get(MP_OBJ_TO_PTR(self_in), 1, 0, args)
                                    : galloc_roots_set(MP_OBJ_TO_PTR(self_in), 2, 0, args);
}

mp_obj_t galloc_roots_unary_op(mp_unary_op_t op, mp_obj_t self_in) {
    (void)self_in;
    return op == MP_UNARY_OP_LEN ? MP_OBJ_NEW_SMALL_INT(GALLOC_ROOTS) : MP_OBJ_NULL;
}

// --- Attributes

void galloc_heap_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest) {
    if (dest[0] != MP_OBJ_NULL) {
        return; // a store or a delete: no attribute of a Heap can be set
    }
    galloc_heap_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (attr == MP_QSTR_free) {
        dest[0] = MP_OBJ_FROM_PTR(self->bound[GALLOC_HEAP_MP_QSTR_free]);
    } else if (attr == MP_QSTR_malloc) {
        dest[0] = MP_OBJ_FROM_PTR(self->bound[GALLOC_HEAP_MP_QSTR_malloc]);
    } else if (attr == MP_QSTR_alloc) {
        dest[0] = MP_OBJ_FROM_PTR(self->bound[GALLOC_HEAP_MP_QSTR_alloc]);
    } else if (attr == MP_QSTR_get32) {
        dest[0] = MP_OBJ_FROM_PTR(galloc_method_at(galloc_heap_methods, GALLOC_HEAP_MP_QSTR_get32));
        dest[1] = self_in;
    } else if (attr == MP_QSTR_put32) {
        dest[0] = MP_OBJ_FROM_PTR(galloc_method_at(galloc_heap_methods, GALLOC_HEAP_MP_QSTR_put32));
        dest[1] = self_in;
    } else if (attr == MP_QSTR_root) {
        roots_obj_t *roots = GLUE_NEW(roots_obj_t, galloc_roots_type);
        roots->heap = self;
        dest[0] = MP_OBJ_FROM_PTR(roots);
    } else {
        dest[1] = MP_OBJ_SENTINEL; // look on among the methods
    }
}

void galloc_heap_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    (void)kind;
    const galloc_heap_obj_t *self = MP_OBJ_TO_PTR(self_in);
    mp_printf(print, "<Heap of %u bytes at 0x%x>", (unsigned int)self->size, (unsigned int)(uintptr_t)self->region);
}
