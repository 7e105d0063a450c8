// record.h: hooks by which galloc_locked.h reports each operation to the recorder, galloc.record(buffer) in Python.
// Included before galloc_locked.h.
//
// GALLOC_RECORD=0 leaves it out. Where it is built in and off, an operation costs a load and a branch more.

#ifndef GALLOC_MODULE_RECORD_H
#define GALLOC_MODULE_RECORD_H

#ifndef GALLOC_RECORD
#define GALLOC_RECORD (1)
#endif

#if GALLOC_RECORD

typedef struct _galloc_recorder_t galloc_recorder_t;

#if GALLOC_NATMOD
extern galloc_recorder_t *galloc_recorder; // NULL: off
#define GALLOC_RECORDER (galloc_recorder)
#else
#define GALLOC_RECORDER (MP_STATE_VM(galloc_recorder))
#endif

// Each writes a record; one that does not fit is counted as lost. Called inside the lock. Time: bounded.
// block, to: NULL for a request that found no memory. from: the block before. request: see GALLOC_RECORD_REQUEST.
void galloc_record_alloc(galloc_recorder_t *self, const galloc_heap_t *heap, const void *block, uint32_t request);
void galloc_record_free(galloc_recorder_t *self, const galloc_heap_t *heap, const void *block);
void galloc_record_realloc(galloc_recorder_t *self, const galloc_heap_t *heap, const void *block, uint32_t request);
void galloc_record_moved(galloc_recorder_t *self, const galloc_heap_t *heap, const void *from, const void *to,
                         uint32_t request);

// Size and alignment in one word, as a record has them; align 0: the block keeps its own.
#define GALLOC_RECORD_SIZE_BITS (27)
#define GALLOC_RECORD_REQUEST(size, align)                                                                  \
    ((align) > 8 ? (uint32_t)(size) | (uint32_t)__builtin_ctz((unsigned)(align)) << GALLOC_RECORD_SIZE_BITS \
                 : (uint32_t)(size))

#define GALLOC_RECORDING(call)                          \
    do {                                                \
        galloc_recorder_t *recorder_ = GALLOC_RECORDER; \
        if (__builtin_expect(recorder_ != NULL, 0)) {   \
            call;                                       \
        }                                               \
    } while (0)

// The hooks of galloc_locked.h.
#define GALLOC_ON_ALLOC(heap, block, size, align) \
    GALLOC_RECORDING(galloc_record_alloc(recorder_, heap, block, GALLOC_RECORD_REQUEST(size, align)))
#define GALLOC_ON_FREE(heap, block) GALLOC_RECORDING(galloc_record_free(recorder_, heap, block))
#define GALLOC_ON_REALLOC(heap, from, to, size, align)                                                                 \
    GALLOC_RECORDING(                                                                                                  \
        if ((from) == (to)) { galloc_record_realloc(recorder_, heap, to, GALLOC_RECORD_REQUEST(size, align)); } else { \
    galloc_record_moved(recorder_, heap, from, to, GALLOC_RECORD_REQUEST(size, align));                                \
        })

#endif

#endif
