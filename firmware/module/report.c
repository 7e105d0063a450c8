// report.c: what a heap reports of itself.

#include "glue.h"

// --- Numbers

#define REPORT_NAME(field) #field " "
#define REPORT_COUNT(field) +1
#define REPORT_VALUES (0 GALLOC_STATS(REPORT_COUNT))
#define REPORT_PLACE(field) REPORT_PLACE_##field,
#define REPORT_IN_ORDER(field)                                                               \
    _Static_assert(offsetof(galloc_stats_t, field) == REPORT_PLACE_##field * sizeof(size_t), \
                   "the order of GALLOC_STATS");
enum { GALLOC_STATS(REPORT_PLACE) };
GALLOC_STATS(REPORT_IN_ORDER)
_Static_assert(REPORT_VALUES == sizeof(galloc_stats_t) / sizeof(size_t), "GALLOC_STATS has each field");

// _stats() -> the values of GALLOC_STATS
mp_obj_t galloc_heap_stats_tuple(void *self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)n_args, (void)n_kw, (void)args;
    const galloc_heap_obj_t *self = self_in;
    galloc_verify(self);
    galloc_stats_t stats;
    galloc_locked_stats(self->heap, &stats);
    if (stats.total == 0) {
        galloc_raise_fault(GALLOC_FAULT_GEOMETRY);
    }
    mp_obj_t items[REPORT_VALUES];
    const size_t *values = (const size_t *)(const void *)&stats;
    for (size_t i = 0; i < REPORT_VALUES; ++i) {
        items[i] = galloc_new_uint(values[i]);
    }
    return mp_obj_new_tuple(REPORT_VALUES, items);
}

// stats_fields() -> their names, with a space behind each
mp_obj_t galloc_stats_fields(void) {
    return galloc_new_str(GALLOC_STATS(REPORT_NAME));
}

// ValueError when the region's bytes are gone, whatever they hold.
static void report_verify_region(const galloc_heap_obj_t *self) {
    const char *trouble = galloc_region_trouble(self);
    if (trouble != NULL) {
        galloc_raise_value(trouble);
    }
}

// check(): None, or ValueError with the fault and its offset in the region
mp_obj_t galloc_heap_check(void *self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)n_args, (void)n_kw, (void)args;
    const galloc_heap_obj_t *self = self_in;
    report_verify_region(self);
    size_t offset = 0;
    galloc_fault_t fault = galloc_locked_check(self->heap, &offset);
    if (fault != GALLOC_OK) {
        galloc_raise_fault_at(fault, (size_t)((uint8_t *)self->heap - self->region) + offset);
    }
    galloc_verify(self);
    return mp_const_none;
}

// --- Chunks

// Chunks that one call of _walk() returns: enough that the walk from the start each time does not hurt, few enough that
// they fit on the stack, since nothing may be allocated while the heap is locked.
#define WALK_CHUNKS (24)

typedef struct {
    const uint8_t *region;
    size_t start; // chunks below this offset were seen before
    size_t seen;  // chunks in all
    size_t count;
    uint32_t offsets[WALK_CHUNKS];
    uint32_t sizes[WALK_CHUNKS]; // multiples of 4; bit 0: allocated
} report_walk_t;

static bool report_visit(void *context, void *block, size_t size, bool allocated) {
    report_walk_t *walk = context;
    size_t offset = (size_t)((const uint8_t *)block - walk->region);
    walk->seen++;
    if (offset < walk->start) {
        return true;
    }
    walk->offsets[walk->count] = (uint32_t)offset;
    walk->sizes[walk->count] = (uint32_t)size | (allocated ? 1 : 0);
    return ++walk->count < WALK_CHUNKS;
}

// _walk(start) -> the next chunks at offsets from `start` on, as a tuple of (offset, size, allocated). At a damaged chunk
// it ends early; where it would return nothing, it raises ValueError with the fault.
mp_obj_t galloc_heap_walk_tuple(void *self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)n_args, (void)n_kw;
    const galloc_heap_obj_t *self = self_in;
    galloc_verify(self);
    report_walk_t walk;
    walk.region = self->region;
    walk.start = galloc_get_size(args[0]);
    walk.seen = 0;
    walk.count = 0;
    galloc_stats_t stats;
    GALLOC_LOCK(self->heap);
    galloc_walk(self->heap, report_visit, &walk);
    galloc_stats(self->heap, &stats);
    GALLOC_UNLOCK(self->heap);
    if (walk.count == 0 && (stats.total == 0 || walk.seen != stats.blocks + stats.free_chunks)) {
        galloc_heap_check(self_in, 0, 0, NULL);
    }
    mp_obj_t chunks[WALK_CHUNKS];
    for (size_t i = 0; i < walk.count; i++) {
        const mp_obj_t items[] = {
            galloc_new_uint(walk.offsets[i]),
            galloc_new_uint(walk.sizes[i] & ~(uint32_t)1),
            mp_obj_new_bool(walk.sizes[i] & 1),
        };
        chunks[i] = mp_obj_new_tuple(3, items);
    }
    return mp_obj_new_tuple(walk.count, chunks);
}

// _place() -> (address, bytes) of the region
mp_obj_t galloc_heap_place(void *self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)n_args, (void)n_kw, (void)args;
    const galloc_heap_obj_t *self = self_in;
    const mp_obj_t items[] = {galloc_new_uint((uintptr_t)self->region), galloc_new_uint(self->size)};
    return mp_obj_new_tuple(2, items);
}

// --- Bytes

// Bytes that are offered to a stream at a time.
#define DUMP_BYTES (512)

// dump(stream): writes the region's bytes, of a damaged heap too. OSError when the stream takes no more.
mp_obj_t galloc_heap_dump(void *self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)n_args, (void)n_kw;
    const galloc_heap_obj_t *self = self_in;
    // A stream of MicroPython's, or one written in Python on top of io.IOBase, says how many bytes it took; None means
    // that it would block. Any other object with a `write` may say nothing.
    bool counts = MP_OBJ_TYPE_HAS_SLOT(mp_obj_get_type(args[0]), protocol);
    for (size_t at = 0; at < self->size;) {
        report_verify_region(self);
        size_t offered = self->size - at < DUMP_BYTES ? self->size - at : DUMP_BYTES;
        mp_obj_t call[3];
        mp_load_method(args[0], MP_QSTR_write, call);
        call[2] = galloc_view_new(self->region + at, offered);
        mp_obj_t result = mp_call_method_n_kw(1, 0, call);
        size_t taken = result == mp_const_none && !counts ? offered : 0;
        if (mp_obj_is_small_int(result) && MP_OBJ_SMALL_INT_VALUE(result) >= 0) {
            taken = (size_t)MP_OBJ_SMALL_INT_VALUE(result);
        }
        if (taken == 0 || taken > offered) {
            mp_raise_OSError(taken == 0 ? MP_EAGAIN : MP_EIO);
        }
        at += taken;
    }
    return mp_const_none;
}

// --- What is written in Python

// Calls the function of galloc_more.py of this name with the heap and the arguments.
static mp_obj_t report_by_python(qstr name, void *self, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_obj_t module = mp_import_name(MP_QSTR_galloc_more, mp_const_none, MP_OBJ_NEW_SMALL_INT(0));
    mp_obj_t call[4] = {MP_OBJ_FROM_PTR(self)};
    for (size_t i = 0; i < n_args + 2 * n_kw; ++i) {
        if (i == MP_ARRAY_SIZE(call) - 1) {
            galloc_raise_type("too many arguments");
        }
        call[1 + i] = args[i];
    }
    return mp_call_function_n_kw(mp_load_attr(module, name), 1 + n_args, n_kw, call);
}

mp_obj_t galloc_heap_stats(void *self, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    return report_by_python(MP_QSTR_stats, self, n_args, n_kw, args);
}

// A generator of (offset, size, allocated).
mp_obj_t galloc_heap_walk(void *self, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    return report_by_python(MP_QSTR_walk, self, n_args, n_kw, args);
}

mp_obj_t galloc_heap_info(void *self, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    return report_by_python(MP_QSTR_info, self, n_args, n_kw, args);
}
