// report.c: what a heap tells about itself, as plain tuples that galloc.py gives their names.

#include "glue.h"

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
