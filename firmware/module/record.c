// record.c: galloc.record(buffer): each operation on each heap of this module goes into a ring in a bytearray of the
// user's, from which the host makes a trace (galloc_mp/board/ring.py reads it).
//
//     words 0-15   magic, end, head, tail, lost, number of heaps, address of each heap (10); end, head and tail are
//                  bytes from the start of the buffer
//     then         the records, of two words each:
//
//     word 0       bits 0-1 kind, bits 2-27 offset of the block from its heap, bits 28-31 number of the heap
//     word 1       bits 0-26 size asked for, bits 27-31 log2 of the alignment, 0 for the default
//
//     kind FREE     the block is free now
//          ALLOC    a block; offset 0: a request that found no memory
//          REALLOC  the block has another size; offset 0: a request that found no memory
//          MOVED    it was here before the REALLOC that follows; offset 0: word 1 operations are missing here
//
// `head` is written by the recorder, `tail` by whoever reads, both after the records: no lock is needed between the two.
// Nothing is allocated, and nothing is overwritten: when the ring is full, operations are counted as lost until there is
// room again.

#include "glue.h"

#include <string.h>

#if GALLOC_RECORD

#include "py/objarray.h"

// Ports compile for size; these few functions are on the way of each operation.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O2")
#endif

#define MAGIC (0x31524C47) // "GLR1"
#define HEAPS (10)
#define LARGEST_HEAP ((size_t)1 << 27) // bytes; so that its offsets and sizes fit
#define RECORD (8u)                    // bytes

enum { FREE = 0, ALLOC, REALLOC, MOVED };

typedef struct {
    uint32_t magic;
    uint32_t end;                 // where the records end; this and the next two are bytes from the start of the ring
    volatile uint32_t head, tail; // of the next record to be written, to be read
    uint32_t lost;                // operations since the latest record
    uint32_t heaps;
    uint32_t bases[HEAPS]; // the low 32 bits of each heap's address
} ring_t;                  // and then the records

struct _galloc_recorder_t {
    mp_obj_base_t base;
    mp_obj_array_t *buffer;    // kept alive by this reference
    ring_t *ring;              // in it
    const galloc_heap_t *heap; // that was used last; NULL: the next operation takes the slow path
    uint32_t number;           // of that heap, in its place in a record
    const galloc_heap_t *heaps[HEAPS];
};

#if GALLOC_NATMOD
galloc_recorder_t *galloc_recorder;
#else
MP_REGISTER_ROOT_POINTER(struct _galloc_recorder_t *galloc_recorder);
#endif

// Makes a heap the one that is used. False when there are too many, or when it is too large for a record.
static bool find_heap(galloc_recorder_t *self, const galloc_heap_t *heap) {
    uint32_t i = 0, count = self->ring->heaps;
    while (i < count && self->heaps[i] != heap) {
        i++;
    }
    if (i == count) {
        galloc_stats_t stats;
        galloc_stats(heap, &stats);
        if (i == HEAPS || stats.total >= LARGEST_HEAP) {
            return false;
        }
        self->heaps[i] = heap;
        self->ring->bases[i] = (uint32_t)(uintptr_t)heap;
        self->ring->heaps = count + 1;
    }
    self->heap = heap;
    self->number = i << 28;
    return true;
}

static inline uint32_t offset_of(const galloc_heap_t *heap, const void *block) {
    return (uint32_t)((const uint8_t *)block - (const uint8_t *)heap);
}

// Writes a record at `head`; returns where the next one goes.
static inline uint32_t put(ring_t *ring, uint32_t head, uint32_t first, uint32_t second) {
    uint32_t *record = (uint32_t *)(void *)((uint8_t *)ring + head);
    record[0] = first;
    record[1] = second;
    head += RECORD;
    return head == ring->end ? sizeof(ring_t) : head;
}

// Any case. from: the block before, NULL or `block` where it did not move.
static void put_any(galloc_recorder_t *self, const galloc_heap_t *heap, uint32_t kind, const void *from,
                    const void *block, uint32_t request) {
    ring_t *ring = self->ring;
    // A buffer that was resized may have moved: its bytes are somebody else's then.
    if (self->buffer->items != ring) {
        GALLOC_RECORDER = NULL;
        return;
    }
    uint32_t head = ring->head, room = ring->tail - head - RECORD;
    if ((int32_t)room < 0) {
        room += ring->end - sizeof(ring_t);
    }
    // Two records for a block that moved, and one more after a gap: all or none.
    bool moved = from != NULL && block != NULL && from != block;
    uint32_t needed = RECORD * (1 + (uint32_t)moved + (ring->lost != 0));
    if (room < needed || !find_heap(self, heap)) {
        ring->lost++;
        self->heap = NULL;
        return;
    }
    if (ring->lost != 0) {
        head = put(ring, head, MOVED, ring->lost);
        ring->lost = 0;
    }
    if (moved) {
        head = put(ring, head, self->number | offset_of(heap, from) | MOVED, 0);
    }
    head = put(ring, head, self->number | (block == NULL ? 0 : offset_of(heap, block)) | kind, request);
    __asm volatile("" : : : "memory");
    ring->head = head;
}

// Out of line, so that the common case needs no stack for their arguments.
__attribute__((noinline)) static void alloc_slow(galloc_recorder_t *self, const galloc_heap_t *heap, const void *block,
                                                 uint32_t request) {
    put_any(self, heap, ALLOC, NULL, block, request);
}

__attribute__((noinline)) static void free_slow(galloc_recorder_t *self, const galloc_heap_t *heap, const void *block,
                                                uint32_t request) {
    put_any(self, heap, FREE, NULL, block, request);
}

__attribute__((noinline)) static void realloc_slow(galloc_recorder_t *self, const galloc_heap_t *heap,
                                                   const void *block, uint32_t request) {
    put_any(self, heap, REALLOC, block, block, request);
}

// The common case: one record for an operation on the heap that was used last. False: take the slow path.
__attribute__((always_inline)) static inline bool put_fast(galloc_recorder_t *self, const galloc_heap_t *heap,
                                                           uint32_t kind, const void *block, uint32_t request) {
    ring_t *ring = self->ring;
    if (block == NULL || self->heap != heap || self->buffer->items != ring) {
        return false;
    }
    uint32_t head = ring->head;
    uint32_t next = put(ring, head, self->number | offset_of(heap, block) | kind, request);
    if (next == ring->tail) {
        return false; // full: what was just written is not counted in
    }
    __asm volatile("" : : : "memory");
    ring->head = next;
    return true;
}

void galloc_record_alloc(galloc_recorder_t *self, const galloc_heap_t *heap, const void *block, uint32_t request) {
    if (!put_fast(self, heap, ALLOC, block, request)) {
        alloc_slow(self, heap, block, request);
    }
}

void galloc_record_free(galloc_recorder_t *self, const galloc_heap_t *heap, const void *block) {
    if (!put_fast(self, heap, FREE, block, 0)) {
        free_slow(self, heap, block, 0);
    }
}

void galloc_record_realloc(galloc_recorder_t *self, const galloc_heap_t *heap, const void *block, uint32_t request) {
    if (!put_fast(self, heap, REALLOC, block, request)) {
        realloc_slow(self, heap, block, request);
    }
}

void galloc_record_moved(galloc_recorder_t *self, const galloc_heap_t *heap, const void *from, const void *to,
                         uint32_t request) {
    put_any(self, heap, from == NULL ? ALLOC : REALLOC, from, to, request);
}

#if !GALLOC_NATMOD

// Not all that records is Python: what C allocates between a soft reset and the first import must find no recorder
// whose memory is gone. A soft reset calls the finalisers of all objects.
static mp_obj_t recorder_del(mp_obj_t self) {
    if (MP_OBJ_TO_PTR(self) == GALLOC_RECORDER) {
        GALLOC_RECORDER = NULL;
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(recorder_del_obj, recorder_del);

static const mp_rom_map_elem_t recorder_table[] = {{MP_ROM_QSTR(MP_QSTR___del__), MP_ROM_PTR(&recorder_del_obj)}};
static MP_DEFINE_CONST_DICT(recorder_locals, recorder_table);
static MP_DEFINE_CONST_OBJ_TYPE(recorder_type, MP_QSTR_recorder, MP_TYPE_FLAG_NONE, locals_dict, &recorder_locals);

#endif

static galloc_recorder_t *new_recorder(mp_obj_t buffer) {
    #if GALLOC_NATMOD
    // Any type that holds no code of its own will do: nobody else sees this object.
    galloc_recorder_t *self = mp_obj_malloc(galloc_recorder_t, (const mp_obj_type_t *)&galloc_view_type);
    #else
    galloc_recorder_t *self = mp_obj_malloc_with_finaliser(galloc_recorder_t, &recorder_type);
    #endif
    self->buffer = MP_OBJ_TO_PTR(buffer);
    self->ring = self->buffer->items;
    self->heap = NULL;
    self->number = 0;
    for (size_t i = 0; i < HEAPS; i++) {
        self->heaps[i] = NULL;
    }
    return self;
}

// record(buffer): starts to record into a bytearray, or with None ends it.
static mp_obj_t galloc_module_record(mp_obj_t buffer) {
    galloc_recorder_t *self = NULL;
    if (buffer != mp_const_none) {
        if (mp_obj_get_type(buffer) != galloc_type_bytearray) {
            mp_raise_TypeError(MP_ERROR_TEXT("record wants a bytearray, or None"));
        }
        const mp_obj_array_t *array = MP_OBJ_TO_PTR(buffer);
        if (array->len < sizeof(ring_t) + 8 * RECORD || ((uintptr_t)array->items & 3) != 0) {
            mp_raise_ValueError(MP_ERROR_TEXT("record wants 128 bytes or more"));
        }
        self = new_recorder(buffer);
        ring_t *ring = self->ring;
        memset(ring, 0, sizeof(ring_t));
        ring->magic = MAGIC;
        ring->end = (uint32_t)(array->len < LARGEST_HEAP ? array->len : LARGEST_HEAP) / RECORD * RECORD;
        ring->head = ring->tail = sizeof(ring_t);
    }
    GALLOC_LOCK(NULL);
    GALLOC_RECORDER = self;
    GALLOC_UNLOCK(NULL);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(galloc_record_obj, galloc_module_record);

// take_records(into) -> bytes: moves the oldest records out of the ring, as many as fit. For one reader at a time, which
// needs no lock: the recorder does not write where it has not been read.
static mp_obj_t module_take_records(mp_obj_t into) {
    mp_buffer_info_t info;
    mp_get_buffer_raise(into, &info, MP_BUFFER_WRITE);
    const galloc_recorder_t *self = GALLOC_RECORDER;
    if (self == NULL || self->buffer->items != self->ring) {
        return MP_OBJ_NEW_SMALL_INT(0);
    }
    ring_t *ring = self->ring;
    uint32_t tail = ring->tail, head = ring->head;
    uint32_t bytes = (head < tail ? ring->end : head) - tail; // up to the end of the ring; the rest next time
    if (bytes > info.len) {
        bytes = (uint32_t)info.len / RECORD * RECORD;
    }
    memcpy(info.buf, (const uint8_t *)ring + tail, bytes);
    tail += bytes;
    __asm volatile("" : : : "memory");
    ring->tail = tail == ring->end ? sizeof(ring_t) : tail;
    return MP_OBJ_NEW_SMALL_INT(bytes);
}
MP_DEFINE_CONST_FUN_OBJ_1(galloc_take_records_obj, module_take_records);

#endif
