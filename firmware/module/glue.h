// glue.h: what the sources of the module share, and the few places where the two builds differ.
//
// The user C module sees MicroPython's own headers; the native module sees dynruntime.h, which puts a function table
// behind the same names.

#ifndef GALLOC_MODULE_GLUE_H
#define GALLOC_MODULE_GLUE_H

#if defined(MICROPY_ENABLE_DYNRUNTIME) && MICROPY_ENABLE_DYNRUNTIME
#define GALLOC_NATMOD (1)
#include "py/dynruntime.h"
#else
#define GALLOC_NATMOD (0)
#include "py/mperrno.h"
#include "py/obj.h"
#include "py/runtime.h"
#endif

#include "galloc.h"
#include "lock.h"
#include "record.h"

#include "names.h"

#include "galloc_locked.h"

// The ports' own name for this differs between versions.
#define GALLOC_NORETURN __attribute__((noreturn))

// A heap as Python sees it. The region's bytes belong to `owner` where that is an object.
typedef struct {
    mp_obj_base_t base;
    mp_obj_t owner;      // the buffer that the region lies in, kept alive by this reference; or None
    uint8_t *region;     // first byte of the region; raw handles count from here
    size_t size;         // bytes
    galloc_heap_t *heap; // never NULL
    uint32_t generation; // of the heap when it was opened
} galloc_heap_obj_t;

#define GALLOC_ALIGN_BITS (5)

// A block as Python sees it. One unit of MicroPython's GC heap on 32-bit targets.
typedef struct {
    mp_obj_base_t base;
    galloc_heap_obj_t *heap;
    uint32_t offset;                                        // raw handle; 0 once freed
    size_t length : sizeof(size_t) * 8 - GALLOC_ALIGN_BITS; // bytes asked for
    size_t align_log2 : GALLOC_ALIGN_BITS;                  // alignment asked for, kept by realloc
} galloc_block_obj_t;

// The longest block that `length` above can describe, in bytes: 128 MiB less one on 32-bit targets.
#define GALLOC_BLOCK_MAX (SIZE_MAX >> GALLOC_ALIGN_BITS)

#if GALLOC_NATMOD
// A native module has no initialised data: the entry point fills these in.
#define GALLOC_TYPE(name) extern mp_obj_full_type_t name
#ifndef mp_type_MemoryError
#define mp_type_MemoryError (*(mp_obj_type_t *)(mp_load_global(MP_QSTR_MemoryError)))
#endif
#ifndef mp_getiter
#define mp_getiter mp_fun_table.getiter
#endif
extern const mp_obj_type_t *galloc_type_int;
extern mp_obj_t galloc_type_memoryview;
extern const mp_obj_type_t *galloc_type_bytearray;
#else
#define GALLOC_TYPE(name) extern const mp_obj_type_t name
#define galloc_type_int (&mp_type_int)
#define galloc_type_memoryview (MP_OBJ_FROM_PTR(&mp_type_memoryview))
#define galloc_type_bytearray (&mp_type_bytearray)
#endif

GALLOC_TYPE(galloc_heap_type);
GALLOC_TYPE(galloc_block_type);
GALLOC_TYPE(galloc_view_type);

#define GALLOC_IS_TYPE(object, type) (mp_obj_get_type(object) == (const mp_obj_type_t *)&(type))

// args.c: what Python passes in, and the exceptions that go back. None of these touches the GC heap unless it raises.

// The native Heap behind `self`, which may be an instance of a Python subclass. TypeError for anything else.
galloc_heap_obj_t *galloc_get_heap(mp_obj_t self);

// Raises ValueError when the buffer under the region has moved, shrunk or been freed, or holds another heap by now.
void galloc_verify_region(const galloc_heap_obj_t *self);

// A size in bytes: ValueError when negative, TypeError when no int. More than any heap can hold comes back as SIZE_MAX,
// which every request for memory refuses.
size_t galloc_get_size(mp_obj_t arg);

// An alignment: as galloc_get_size, and ValueError when neither 0 nor a power of two. Returns 0 for 0.
size_t galloc_get_align(mp_obj_t arg);

// An index of one of `count` items: IndexError when there is none such, TypeError when no int.
size_t galloc_get_index(mp_obj_t arg, size_t count);

// Sets `*payload` to what a raw handle means (NULL for 0), or returns the fault that the number alone shows. TypeError
// when the handle is no int.
galloc_fault_t galloc_get_payload(const galloc_heap_obj_t *self, mp_obj_t handle, void **payload);

// The bytes of a live block behind a raw handle, and how many; ValueError naming the fault otherwise.
uint8_t *galloc_get_live(const galloc_heap_obj_t *self, mp_obj_t handle, size_t *size);

GALLOC_NORETURN void galloc_raise_text(const mp_obj_type_t *type, const char *text);
GALLOC_NORETURN void galloc_raise_memory(mp_obj_t size);

// ValueError that says why no heap could be made with this configuration.
GALLOC_NORETURN void galloc_raise_config(const galloc_config_t *config);

GALLOC_NORETURN void galloc_raise_fault(galloc_fault_t fault);

// block_type.c

// A new Block over a live payload; frees the payload when the GC heap has no room for the object.
mp_obj_t galloc_block_new(galloc_heap_obj_t *heap, void *payload, size_t length, size_t align);

mp_obj_t galloc_block_unary_op(mp_unary_op_t op, mp_obj_t self_in);
mp_obj_t galloc_block_iter(mp_obj_t self_in, mp_obj_iter_buf_t *buffer);
mp_int_t galloc_block_get_buffer(mp_obj_t self_in, mp_buffer_info_t *info, mp_uint_t flags);
mp_obj_t galloc_block_subscr(mp_obj_t self_in, mp_obj_t index, mp_obj_t value);
void galloc_block_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest);
void galloc_block_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind);

// heap_type.c, raw.c, report.c
mp_obj_t galloc_heap_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args);

#if !GALLOC_NATMOD
// region.c

// The region that the board reserves, and its bytes; NULL where there is none.
uint8_t *galloc_board_region(size_t *size);

// shared.c

// Whether C modules hold blocks of a heap in these bytes.
bool galloc_shared_holds(const uint8_t *region, size_t size);
#endif

// view.c

// A memoryview of `length` bytes at `bytes`, as items of `typecode`.
mp_obj_t galloc_view_new(void *bytes, size_t length, char typecode);

mp_int_t galloc_view_get_buffer(mp_obj_t self_in, mp_buffer_info_t *info, mp_uint_t flags);

// The function objects that names.h lists.
#define GALLOC_EXTERN(name, object) extern const GALLOC_FUN_TYPE object;
#define GALLOC_FUN_TYPE mp_obj_fun_builtin_fixed_t
GALLOC_HEAP_METHODS_FIXED(GALLOC_EXTERN)
GALLOC_BLOCK_METHODS_FIXED(GALLOC_EXTERN)
GALLOC_FUNCTIONS(GALLOC_EXTERN)
GALLOC_RECORD_FUNCTIONS(GALLOC_EXTERN)
#if !GALLOC_NATMOD
GALLOC_FIRMWARE_FUNCTIONS(GALLOC_EXTERN)
#endif
#undef GALLOC_FUN_TYPE
#define GALLOC_FUN_TYPE mp_obj_fun_builtin_var_t
GALLOC_HEAP_METHODS_VAR(GALLOC_EXTERN)
GALLOC_BLOCK_METHODS_VAR(GALLOC_EXTERN)
#undef GALLOC_FUN_TYPE
#undef GALLOC_EXTERN

#endif
