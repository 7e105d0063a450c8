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
#define GALLOC_RECORDER (galloc_kept_at()->recorder) // NULL: off
#define GALLOC_RECORDER_FAST (galloc_kept_here()->recorder)
#else
#define GALLOC_RECORDER (MP_STATE_VM(galloc_recorder))
#define GALLOC_RECORDER_FAST GALLOC_RECORDER
#endif

// Each writes a record; one that does not fit is counted as lost. Called inside the lock. Time: bounded.
// block, to: NULL for a request that found no memory. from: the block before. align: 0 if the block keeps its own.
void galloc_record_alloc(const galloc_heap_t *heap, const void *block, size_t size, size_t align);
void galloc_record_free(const galloc_heap_t *heap, const void *block);
void galloc_record_realloc(const galloc_heap_t *heap, const void *from, const void *to, size_t size, size_t align);

// The hooks of galloc_locked.h: where nothing is recorded a load and a branch, and where something is the same call from
// all places, for the size of the code.
#define GALLOC_RECORDING(recorder, call)             \
    do {                                             \
        if (__builtin_expect(recorder != NULL, 0)) { \
            call;                                    \
        }                                            \
    } while (0)
#define GALLOC_ON_ALLOC(heap, block, size, align) \
    GALLOC_RECORDING(GALLOC_RECORDER_FAST, galloc_record_alloc(heap, block, size, align))
#define GALLOC_ON_FREE(heap, block) GALLOC_RECORDING(GALLOC_RECORDER_FAST, galloc_record_free(heap, block))
#define GALLOC_ON_REALLOC(heap, from, to, size, align) \
    GALLOC_RECORDING(GALLOC_RECORDER, galloc_record_realloc(heap, from, to, size, align))

#endif

#endif
