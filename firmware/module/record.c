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
// The words at the start are written when recording ends; until then all state is in an object of its own, which no
// mistake in a program can reach. Nothing is allocated, and nothing is overwritten: when the ring is full, operations are
// counted as lost until there is room again.

#include "glue.h"

#include <string.h>

#if GALLOC_RECORD

#include "py/objarray.h"

#define RING_MAGIC (0x31524C47) // "GLR1"
#define RING_HEAPS (10)
#define RING_LARGEST_HEAP ((size_t)1 << 27) // bytes; so that its offsets and sizes fit
#define RING_RECORD (8u)                    // bytes
#define REQUEST_SIZE_BITS (27)

enum { RECORD_FREE = 0, RECORD_ALLOC, RECORD_REALLOC, RECORD_MOVED };

enum { RING_WORDS = 16, RING_START = 4 * RING_WORDS, RING_LEAST = RING_START + 8 * RING_RECORD };

struct _galloc_recorder_t {
    mp_obj_base_t base;
    mp_obj_array_t *buffer;    // kept alive by this reference
    uint8_t *ring;             // its bytes
    const galloc_heap_t *heap; // that was used last; NULL: the next operation takes the slow path
    uint32_t number;           // of that heap, in its place in a record
    uint32_t head;             // where the next record goes; this and the next two are bytes from the start of the ring
    volatile uint32_t tail;    // of the next record to be read; written by the reader alone
    uint32_t end;              // where the records end
    uint32_t lost;             // operations since the latest record
    uint32_t count;            // of heaps
    const galloc_heap_t *heaps[RING_HEAPS];
};

#if !GALLOC_NATMOD
MP_REGISTER_ROOT_POINTER(struct _galloc_recorder_t *galloc_recorder);
#endif

// Makes a heap the one that is used. False when there are too many, or when it is too large for a record.
static bool ring_find_heap(galloc_recorder_t *self, const galloc_heap_t *heap) {
    uint32_t i = 0, count = self->count;
    while (i < count && self->heaps[i] != heap) {
        i++;
    }
    if (i == count) {
        galloc_stats_t stats;
        galloc_stats(heap, &stats);
        if (i == RING_HEAPS || stats.total >= RING_LARGEST_HEAP) {
            return false;
        }
        self->heaps[i] = heap;
        self->count = count + 1;
    }
    self->heap = heap;
    self->number = i << 28;
    return true;
}

static inline uint32_t ring_offset(const galloc_heap_t *heap, const void *block) {
    return (uint32_t)((const uint8_t *)block - (const uint8_t *)heap);
}

// Writes a record at `head`; returns where the next one goes.
static inline uint32_t ring_put(galloc_recorder_t *self, uint32_t head, uint32_t first, uint32_t second) {
    uint32_t *record = (uint32_t *)(void *)(self->ring + head);
    record[0] = first;
    record[1] = second;
    head += RING_RECORD;
    return head == self->end ? RING_START : head;
}

// A buffer that was resized may have moved: its bytes are somebody else's then.
static inline bool ring_valid(const galloc_recorder_t *self) {
    return self->buffer->items == self->ring;
}

// Any case. from: the block before, NULL or `block` where it did not move.
static GLUE_NOINLINE void ring_put_any(const galloc_heap_t *heap, uint32_t kind, const void *from, const void *block,
                                       uint32_t request) {
    galloc_recorder_t *self = GALLOC_RECORDER;
    if (!ring_valid(self)) {
        GALLOC_RECORDER = NULL;
        return;
    }
    uint32_t head = self->head, room = self->tail - head - RING_RECORD;
    if ((int32_t)room < 0) {
        room += self->end - RING_START;
    }
    // Two records for a block that moved, and one more after a gap: all or none.
    bool moved = from != NULL && block != NULL && from != block;
    uint32_t needed = RING_RECORD * (1 + (uint32_t)moved + (self->lost != 0));
    if (room < needed || !ring_find_heap(self, heap)) {
        self->lost++;
        self->heap = NULL;
        return;
    }
    if (self->lost != 0) {
        head = ring_put(self, head, RECORD_MOVED, self->lost);
        self->lost = 0;
    }
    if (moved) {
        head = ring_put(self, head, self->number | ring_offset(heap, from) | RECORD_MOVED, 0);
    }
    head = ring_put(self, head, self->number | (block == NULL ? 0 : ring_offset(heap, block)) | kind, request);
    __asm volatile("" : : : "memory");
    self->head = head;
}

#if GALLOC_NATMOD
// For its size a native module has the general way only.
#define ring_put_fast ring_put_any
#else

// Out of line, so that the common case needs no stack for the arguments.
static GLUE_NOINLINE void ring_put_slow(const galloc_heap_t *heap, uint32_t kind, const void *block, uint32_t request) {
    ring_put_any(heap, kind, NULL, block, request);
}

// The common case: one record for an operation on the heap that was used last.
GLUE_INLINE void ring_put_fast(const galloc_heap_t *heap, uint32_t kind, const void *from, const void *block,
                               uint32_t request) {
    galloc_recorder_t *self = GALLOC_RECORDER;
    if (from != NULL && from != block) {
        ring_put_any(heap, kind, from, block, request);
        return;
    }
    if (block != NULL && self->heap == heap && ring_valid(self)) {
        uint32_t next = ring_put(self, self->head, self->number | ring_offset(heap, block) | kind, request);
        if (next != self->tail) { // else it is full: what was just written is not counted in
            __asm volatile("" : : : "memory");
            self->head = next;
            return;
        }
    }
    ring_put_slow(heap, kind, block, request);
}

#endif

// Size and alignment in one word, as a record has them; align 0: the block keeps its own.
static uint32_t ring_request(size_t size, size_t align) {
    uint32_t log2 = 0;
    #if GALLOC_NATMOD
    for (; align > 8 && align >> log2 > 1; ++log2) { // some processors count no zeros
    }
    #else
    log2 = align > 8 ? (uint32_t)__builtin_ctz((unsigned int)align) : 0;
    #endif
    return (uint32_t)size | log2 << REQUEST_SIZE_BITS;
}

void galloc_record_alloc(const galloc_heap_t *heap, const void *block, size_t size, size_t align) {
    ring_put_fast(heap, RECORD_ALLOC, NULL, block, ring_request(size, align));
}

void galloc_record_free(const galloc_heap_t *heap, const void *block) {
    ring_put_fast(heap, RECORD_FREE, NULL, block, 0);
}

void galloc_record_realloc(const galloc_heap_t *heap, const void *from, const void *to, size_t size, size_t align) {
    ring_put_fast(heap, from == NULL ? RECORD_ALLOC : RECORD_REALLOC, from, to, ring_request(size, align));
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
static MP_DEFINE_CONST_OBJ_TYPE(recorder_type, MP_QSTR_record, MP_TYPE_FLAG_NONE, locals_dict, &recorder_locals);

#endif

static galloc_recorder_t *recorder_new(mp_obj_t buffer) {
    #if GALLOC_NATMOD
    // Any type is good enough: nobody else sees this object.
    galloc_recorder_t *self = mp_obj_malloc(galloc_recorder_t, galloc_heap_type_at());
    #else
    galloc_recorder_t *self = mp_obj_malloc_with_finaliser(galloc_recorder_t, &recorder_type);
    #endif
    // All of it, or what was here before would keep other objects alive.
    memset((uint8_t *)self + sizeof(self->base), 0, sizeof(*self) - sizeof(self->base));
    self->buffer = MP_OBJ_TO_PTR(buffer);
    self->ring = self->buffer->items;
    size_t bytes = self->buffer->len < RING_LARGEST_HEAP ? self->buffer->len : RING_LARGEST_HEAP;
    self->end = (uint32_t)bytes / RING_RECORD * RING_RECORD;
    self->head = self->tail = RING_START;
    return self;
}

// Writes the words at the start of the buffer of a recording that has ended.
static void recorder_close(galloc_recorder_t *self) {
    if (!ring_valid(self)) {
        return;
    }
    uint32_t *words = (uint32_t *)(void *)self->ring;
    *words++ = RING_MAGIC;
    *words++ = self->end;
    *words++ = self->head;
    *words++ = self->tail;
    *words++ = self->lost;
    *words++ = self->count;
    for (size_t i = 0; i < RING_HEAPS; i++) {
        *words++ = (uint32_t)(uintptr_t)self->heaps[i];
    }
}

// record(buffer): starts to record into a bytearray, or with None ends it.
static mp_obj_t galloc_module_record(mp_obj_t buffer) {
    galloc_recorder_t *self = NULL;
    if (buffer != mp_const_none) {
        if (!galloc_is_type(buffer, galloc_type_bytearray)) {
            galloc_raise_type("record wants a bytearray, or None");
        }
        const mp_obj_array_t *array = MP_OBJ_TO_PTR(buffer);
        if (array->len < RING_LEAST || ((uintptr_t)array->items & 3) != 0) {
            galloc_raise_value("record wants 128 bytes or more");
        }
        self = recorder_new(buffer);
    }
    GALLOC_LOCK(NULL);
    galloc_recorder_t *before = GALLOC_RECORDER;
    GALLOC_RECORDER = self;
    GALLOC_UNLOCK(NULL);
    if (before != NULL) {
        recorder_close(before);
    }
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(galloc_record_obj, galloc_module_record);

// take_records(into) -> bytes: moves the oldest records out of the ring, as many as fit. For one reader at a time, which
// needs no lock: the recorder does not write where it has not been read.
static mp_obj_t module_take_records(mp_obj_t into) {
    mp_buffer_info_t info;
    mp_get_buffer_raise(into, &info, MP_BUFFER_WRITE);
    galloc_recorder_t *self = GALLOC_RECORDER;
    if (self == NULL || !ring_valid(self)) {
        return MP_OBJ_NEW_SMALL_INT(0);
    }
    uint32_t tail = self->tail, head = *(volatile uint32_t *)&self->head;
    uint32_t bytes = (head < tail ? self->end : head) - tail; // up to the end of the ring; the rest next time
    if (bytes > info.len) {
        bytes = (uint32_t)info.len / RING_RECORD * RING_RECORD;
    }
    memmove(info.buf, self->ring + tail, bytes);
    tail += bytes;
    __asm volatile("" : : : "memory");
    self->tail = tail == self->end ? RING_START : tail;
    return MP_OBJ_NEW_SMALL_INT(bytes);
}
MP_DEFINE_CONST_FUN_OBJ_1(galloc_take_records_obj, module_take_records);

#endif
