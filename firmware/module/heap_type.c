// heap_type.c: Heap, and the raw tier: handles that are plain numbers, no object made, no byte of the GC heap touched.

#include "glue.h"

#include <string.h>

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
    // First the object, then the heap: the first may fail, and then no byte of the region has changed.
    galloc_heap_obj_t *self = mp_obj_malloc(galloc_heap_obj_t, (const mp_obj_type_t *)&galloc_heap_type);
    self->owner = args[0];
    self->region = region;
    self->size = size;
    self->heap = attach ? galloc_attach(region, size) : galloc_init(region, size, &config);
    if (self->heap == NULL) {
        if (attach) {
            galloc_raise_fault(galloc_initialized(region, size) ? GALLOC_FAULT_CORRUPT : GALLOC_FAULT_GEOMETRY);
        }
        mp_raise_ValueError(MP_ERROR_TEXT("region too small, or bad configuration"));
    }
    self->generation = galloc_generation(self->heap);
    return MP_OBJ_FROM_PTR(self);
}

static mp_obj_t new_handle(const galloc_heap_obj_t *self, const void *payload) {
    return MP_OBJ_NEW_SMALL_INT(payload == NULL ? 0 : (const uint8_t *)payload - self->region);
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
    mp_int_t index = mp_obj_get_int(args[2]);
    if (index < 0 || (size_t)index >= usable / width) {
        galloc_raise_text(&mp_type_IndexError, "index out of range");
    }
    return payload + (size_t)index * width;
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

// _stats() -> the fields of galloc_stats_t in their order
static mp_obj_t heap_stats(mp_obj_t self_in) {
    const galloc_heap_obj_t *self = galloc_get_heap(self_in);
    galloc_verify_region(self);
    galloc_stats_t stats;
    galloc_locked_stats(self->heap, &stats);
    const size_t fields[] = {
        stats.total,  stats.used,        stats.free,   stats.largest, stats.overhead, stats.peak_used,
        stats.blocks, stats.free_chunks, stats.allocs, stats.frees,   stats.failures,
    };
    mp_obj_t items[MP_ARRAY_SIZE(fields)];
    for (size_t i = 0; i < MP_ARRAY_SIZE(fields); i++) {
        items[i] = mp_obj_new_int_from_uint(fields[i]);
    }
    return mp_obj_new_tuple(MP_ARRAY_SIZE(items), items);
}
MP_DEFINE_CONST_FUN_OBJ_1(galloc_heap_stats_obj, heap_stats);

// _check() -> None, or (name of the fault, offset in the region)
static mp_obj_t heap_check(mp_obj_t self_in) {
    const galloc_heap_obj_t *self = galloc_get_heap(self_in);
    galloc_verify_region(self);
    size_t offset = 0;
    galloc_fault_t fault = galloc_locked_check(self->heap, &offset);
    if (fault == GALLOC_OK) {
        return mp_const_none;
    }
    const char *name = galloc_fault_name(fault);
    size_t length = 0; // a native module has no strlen
    while (name[length] != 0) {
        length++;
    }
    mp_obj_t items[] = {
        mp_obj_new_str(name, length),
        mp_obj_new_int_from_uint((size_t)((uint8_t *)self->heap - self->region) + offset),
    };
    return mp_obj_new_tuple(2, items);
}
MP_DEFINE_CONST_FUN_OBJ_1(galloc_heap_check_obj, heap_check);

// Chunks that one call of _walk() returns: enough that the walk from the start each time does not hurt, few enough that
// they fit on the stack, since nothing may be allocated while the heap is locked.
#define WALK_CHUNKS (24)

typedef struct {
    const uint8_t *region;
    size_t start; // chunks below this offset were seen before
    size_t count;
    uint32_t offsets[WALK_CHUNKS];
    uint32_t sizes[WALK_CHUNKS]; // multiples of 4; bit 0: allocated
} walk_t;

static bool walk_visit(void *context, void *block, size_t size, bool allocated) {
    walk_t *walk = context;
    size_t offset = (size_t)((const uint8_t *)block - walk->region);
    if (offset < walk->start) {
        return true;
    }
    walk->offsets[walk->count] = (uint32_t)offset;
    walk->sizes[walk->count] = (uint32_t)size | (allocated ? 1 : 0);
    return ++walk->count < WALK_CHUNKS;
}

// _walk(start) -> the next chunks at offsets from `start` on, as a tuple of (offset, size, allocated)
static mp_obj_t heap_walk(mp_obj_t self_in, mp_obj_t start) {
    const galloc_heap_obj_t *self = galloc_get_heap(self_in);
    galloc_verify_region(self);
    walk_t walk;
    walk.region = self->region;
    walk.start = galloc_get_size(start);
    walk.count = 0;
    galloc_locked_walk(self->heap, walk_visit, &walk);
    mp_obj_t chunks[WALK_CHUNKS];
    for (size_t i = 0; i < walk.count; i++) {
        mp_obj_t items[] = {
            mp_obj_new_int_from_uint(walk.offsets[i]),
            mp_obj_new_int_from_uint(walk.sizes[i] & ~(uint32_t)1),
            mp_obj_new_bool(walk.sizes[i] & 1),
        };
        chunks[i] = mp_obj_new_tuple(3, items);
    }
    return mp_obj_new_tuple(walk.count, chunks);
}
MP_DEFINE_CONST_FUN_OBJ_2(galloc_heap_walk_obj, heap_walk);

// _bytes() -> a memoryview of the whole region
static mp_obj_t heap_bytes(mp_obj_t self_in) {
    const galloc_heap_obj_t *self = galloc_get_heap(self_in);
    galloc_verify_region(self);
    return galloc_view_new(self->region, self->size, 'B');
}
MP_DEFINE_CONST_FUN_OBJ_1(galloc_heap_bytes_obj, heap_bytes);

// _place() -> (address, bytes) of the region
static mp_obj_t heap_place(mp_obj_t self_in) {
    const galloc_heap_obj_t *self = galloc_get_heap(self_in);
    mp_obj_t items[] = {
        mp_obj_new_int_from_uint((uintptr_t)self->region),
        mp_obj_new_int_from_uint(self->size),
    };
    return mp_obj_new_tuple(2, items);
}
MP_DEFINE_CONST_FUN_OBJ_1(galloc_heap_place_obj, heap_place);

// The number of a root, IndexError when there is none such.
static size_t root_number(mp_obj_t arg) {
    mp_int_t number = mp_obj_get_int(arg);
    if (number < 0 || number >= GALLOC_ROOTS) {
        galloc_raise_text(&mp_type_IndexError, "index out of range");
    }
    return (size_t)number;
}

// _root(number) -> word of the root table
static mp_obj_t heap_root(mp_obj_t self_in, mp_obj_t number) {
    const galloc_heap_obj_t *self = galloc_get_heap(self_in);
    galloc_verify_region(self);
    return mp_obj_new_int_from_uint(galloc_root(self->heap, root_number(number)));
}
MP_DEFINE_CONST_FUN_OBJ_2(galloc_heap_root_obj, heap_root);

// _set_root(number, value): the low 32 bits of value
static mp_obj_t heap_set_root(mp_obj_t self_in, mp_obj_t number, mp_obj_t value) {
    const galloc_heap_obj_t *self = galloc_get_heap(self_in);
    galloc_verify_region(self);
    galloc_locked_set_root(self->heap, root_number(number), (uint32_t)mp_obj_get_int_truncated(value));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_3(galloc_heap_set_root_obj, heap_set_root);
