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
#include "py/obj.h"
#include "py/objtype.h"
#include "py/runtime.h"
#endif

#include <string.h>

#include "py/mperrno.h"
#include "py/objarray.h"
#include "py/smallint.h"

#include "galloc.h"
#include "galloc_config.h"
#include "kept.h"
#include "lock.h"
#include "record.h"

#include "names.h"

#include "galloc_locked.h"

// The ports' own name for this differs between versions.
#define GLUE_NORETURN __attribute__((noreturn))
#define GLUE_INLINE static inline __attribute__((always_inline))
#define GLUE_NOINLINE __attribute__((noinline))
// Inline where the code is for speed.
#if defined(__OPTIMIZE_SIZE__)
#define GLUE_FAST static __attribute__((noinline, unused))
#else
#define GLUE_FAST GLUE_INLINE
#endif
#define GLUE_ALIAS __attribute__((may_alias)) // payload may have been written as anything
#define GLUE_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define GLUE_LIKELY(x) __builtin_expect(!!(x), 1)

// --- Objects -----------------------------------------------------------------------------------------------------

// How the array types of MicroPython say where their bytes are; the same two fields as in mp_obj_array_t.
typedef struct {
    size_t len;
    void *items;
} galloc_extent_t;

_Static_assert(offsetof(mp_obj_array_t, items) - offsetof(mp_obj_array_t, len) == offsetof(galloc_extent_t, items),
               "galloc_extent_t is laid over an array");

typedef struct galloc_method galloc_method_t;

// Methods that a Heap has as objects of its own: bound once, so that `malloc = heap.malloc` makes no object and a call
// goes straight to C.
#define GALLOC_BOUND_COUNT (3)

// A heap as Python sees it. Three units of MicroPython's GC heap on 32-bit targets.
typedef struct {
    mp_obj_base_t base;
    galloc_heap_t *heap; // never NULL
    uint8_t *region;     // first byte of the region; raw handles count from here
    size_t size;         // bytes
    uint32_t generation; // of the heap when it was opened
    mp_obj_t owner;      // the buffer that holds the region, kept alive by this reference; or None
    // Where the owner has its bytes now, and where it had them when the heap was opened. `now` is NULL without an owner; for
    // one that has to be asked by the buffer protocol it is galloc_must_ask, which never agrees.
    const galloc_extent_t *now;
    galloc_extent_t then;
    galloc_method_t *bound[GALLOC_BOUND_COUNT];
} galloc_heap_obj_t;

#define GALLOC_ALIGN_BITS (5)

// A block as Python sees it. One unit of MicroPython's GC heap on 32-bit targets.
typedef struct {
    mp_obj_base_t base;
    galloc_heap_obj_t *heap;
    uint32_t unit : 29;                                     // of 8 bytes, from the start of the heap; 0 once freed
    uint32_t padded : 1;                                    // a multiple of its alignment
    uint32_t in_arena : 1;                                  // it is the first part of a galloc_arena_block_t
    size_t length : sizeof(size_t) * 8 - GALLOC_ALIGN_BITS; // bytes asked for
    size_t align_log2 : GALLOC_ALIGN_BITS;                  // alignment asked for, kept by realloc
} galloc_block_obj_t;

// The longest block that `length` above can describe, in bytes: 128 MiB less one on 32-bit targets.
#define GALLOC_BLOCK_MAX (SIZE_MAX >> GALLOC_ALIGN_BITS)

typedef struct galloc_arena_obj galloc_arena_obj_t;

// A block of an arena is one of a list, so that any of them can be freed in a bounded time, and no array has to grow.
typedef struct galloc_arena_block {
    galloc_block_obj_t block;
    galloc_arena_obj_t *arena;        // kept alive, since `slot` may be in it
    struct galloc_arena_block *next;  // the one allocated before
    struct galloc_arena_block **slot; // what points to this one: the arena, or `next` of another
} galloc_arena_block_t;

// All fields but `heap` are read and written inside the lock only: an interrupt's callback and the other core may
// allocate and free meanwhile.
struct galloc_arena_obj {
    mp_obj_base_t base;
    galloc_heap_obj_t *heap;
    galloc_arena_block_t *youngest;
    bool closed;
};

// Regions that a board can have. A raw handle of the shared functions has the number of its bank from this bit on: so
// handles of the first are offsets, and all are small ints on 32-bit targets.
#define GALLOC_REGIONS_MAX (4)
#define GALLOC_HANDLE_SHIFT (27)
#define GALLOC_HANDLE_MASK (((size_t)1 << GALLOC_HANDLE_SHIFT) - 1)

// What the functions of the shared heap have in common; made when galloc.py is imported, so it is new after a soft
// reset. Read and written inside the lock.
typedef struct {
    galloc_heap_obj_t *heap;  // the shared heap, NULL before its first use
    galloc_heap_obj_t *board; // the latest heap on the board's region
    bool opening;             // one of the callers is making the shared heap
    #if !GALLOC_NATMOD
    galloc_heap_obj_t *banks[GALLOC_REGIONS_MAX]; // the heaps on the board's other regions; the first is not used
    #endif
} galloc_shared_state_t;

// The bank that a Block was asked from by its attributes, so that the next one can be tried.
typedef struct {
    galloc_shared_state_t *state;
    uint32_t wants;
    size_t bank;
} galloc_choice_t;

// --- Methods -----------------------------------------------------------------------------------------------------

// A method or function: self, then arguments as MicroPython hands them on: by position, then pairs of name and value.
typedef mp_obj_t (*galloc_fun_t)(void *self, size_t n_args, size_t n_kw, const mp_obj_t *args);

typedef enum {
    GALLOC_KIND_UNBOUND, // a method of a class: self is the first argument, `of` its type
    GALLOC_KIND_CLASS,   // a method of a class that gets the class as self
    GALLOC_KIND_BOUND,   // `of` is self
    GALLOC_KIND_SHARED,  // a method of Heap for the shared heap: `of` is a galloc_shared_state_t
} galloc_kind_t;

// A callable of the module. One unit of the GC heap on 32-bit targets.
struct galloc_method {
    mp_obj_base_t base;
    galloc_fun_t fun;
    void *of;
    uint8_t kind;        // galloc_kind_t
    uint8_t least, more; // arguments by position, self aside: the least, and how many more at most
    uint8_t named;       // whether it takes arguments by name
};

mp_obj_t galloc_method_call(mp_obj_t self_in, size_t n_args, size_t n_kw, const mp_obj_t *args);

// The same of those that are bound to each heap, which count their arguments themselves: each has a type of its own, so that
// nothing has to be looked up.
mp_obj_t galloc_call_free(mp_obj_t self_in, size_t n_args, size_t n_kw, const mp_obj_t *args);
mp_obj_t galloc_call_malloc(mp_obj_t self_in, size_t n_args, size_t n_kw, const mp_obj_t *args);
mp_obj_t galloc_call_alloc(mp_obj_t self_in, size_t n_args, size_t n_kw, const mp_obj_t *args);

// For functions that count their arguments themselves: TypeError when there are not as many as names.h says.
void galloc_method_count(const galloc_method_t *method, size_t n_args, size_t n_kw);

// A copy of a method, of another kind.
galloc_method_t *galloc_method_bind(const galloc_method_t *method, galloc_kind_t kind, void *of);

// --- Types -------------------------------------------------------------------------------------------------------

#if GALLOC_NATMOD
// A native module has no initialised data: the entry point fills these in. A type has room for its slots and no more.
#define GALLOC_TYPE(name, slots_used)  \
    extern struct {                    \
        mp_obj_empty_type_t type;      \
        const void *slots[slots_used]; \
    } name
#ifndef mp_type_MemoryError
#define mp_type_MemoryError (*(mp_obj_type_t *)(mp_load_global(MP_QSTR_MemoryError)))
#endif
#ifndef mp_getiter
#define mp_getiter mp_fun_table.getiter
#endif
#ifndef mp_call_method_n_kw
#define mp_call_method_n_kw mp_fun_table.call_method_n_kw
#endif
#define galloc_type_int (galloc_kept_at()->type_int)
#define galloc_type_bytearray (galloc_kept_at()->type_bytearray)
#define galloc_type_memoryview (galloc_kept_at()->type_memoryview)
#else
#define GALLOC_TYPE(name, slots_used) extern const mp_obj_type_t name
#define galloc_type_int (&mp_type_int)
#define galloc_type_bytearray (&mp_type_bytearray)
#define galloc_type_memoryview (&mp_type_memoryview)
#endif

GALLOC_TYPE(galloc_heap_type, 4);
GALLOC_TYPE(galloc_block_type, 7);
GALLOC_TYPE(galloc_arena_type, 1);
GALLOC_TYPE(galloc_roots_type, 3);
GALLOC_TYPE(galloc_method_type, 1);
GALLOC_TYPE(galloc_free_type, 1);
GALLOC_TYPE(galloc_malloc_type, 1);
GALLOC_TYPE(galloc_alloc_type, 1);

// The type of Heap.
GLUE_ADDRESS const mp_obj_type_t *galloc_heap_type_at(void) {
    return (const mp_obj_type_t *)&galloc_heap_type;
}

// Whether an object is of exactly this type. Without a call: the native module has one in its function table only.
GLUE_INLINE bool galloc_is_type(mp_obj_t object, const void *type) {
    return mp_obj_is_obj(object) && ((const mp_obj_base_t *)MP_OBJ_TO_PTR(object))->type == (const mp_obj_type_t *)type;
}

#define GALLOC_IS_TYPE(object, type) galloc_is_type(object, &(type))

#define GLUE_NEW(struct_type, type) mp_obj_malloc(struct_type, (const mp_obj_type_t *)&(type))

// --- args.c: what Python passes in, and the exceptions that go back ----------------------------------------------
//
// None of these touches the GC heap unless it raises, but for numbers that are no small int.

// A str.
mp_obj_t galloc_new_str(const char *text);

GLUE_NORETURN void galloc_raise_text(const mp_obj_type_t *type, const char *text);
GLUE_NORETURN void galloc_raise_value(const char *text); // ValueError
GLUE_NORETURN void galloc_raise_type(const char *text);  // TypeError
GLUE_NORETURN void galloc_raise_memory(mp_obj_t size);

// What a ValueError says of a fault.
const char *galloc_fault_text(galloc_fault_t fault);

// The same raised, and raised with the offset where it was found.
GLUE_NORETURN void galloc_raise_fault(galloc_fault_t fault);
GLUE_NORETURN void galloc_raise_fault_at(galloc_fault_t fault, size_t offset);

// The end of free() and of __exit__(kind, value, traceback): ValueError with this text, if it is one; but an exception that
// ends a `with` says more.
mp_obj_t galloc_end_with(const char *trouble, size_t n_args, const mp_obj_t *args);

// ValueError that says why no heap could be made with this configuration.
GLUE_NORETURN void galloc_raise_config(const galloc_config_t *config);

// The native Heap behind `self`, which may be an instance of a Python subclass. TypeError for anything else.
galloc_heap_obj_t *galloc_get_heap(mp_obj_t self);

// A size in bytes: ValueError when negative, TypeError when no int. More than any heap can hold comes back as SIZE_MAX,
// which every request for memory refuses.
size_t galloc_get_size(mp_obj_t arg);

// An alignment: as galloc_get_size, and ValueError when neither 0 nor a power of two. Returns 0 for 0.
size_t galloc_get_align(mp_obj_t arg);

// Whether an int fits into a word of the processor, and the word. TypeError when no int. May make an object.
bool galloc_get_word(mp_obj_t arg, uintptr_t *word);

// An index of one of `count` items: IndexError when there is none such, TypeError when no int.
size_t galloc_get_index(mp_obj_t arg, size_t count);

// A number that may be above a small int.
mp_obj_t galloc_new_uint(uintptr_t value);

// --- names.c -----------------------------------------------------------------------------------------------------

// A name in a constant table.
typedef uint16_t galloc_name_t;
// In a native module: from here on, its place in the table of those that it brings.
#define GALLOC_NAME_OF_MODULE (0x8000)

qstr galloc_name(galloc_name_t name);
mp_obj_t galloc_name_object(galloc_name_t name);

extern const galloc_name_t galloc_state_names[];
#if GALLOC_NATMOD
extern const galloc_name_t galloc_import_names[];
#endif

// An argument that can be given by name, with flags of mp_arg_t.
typedef struct {
    galloc_name_t name;
    uint16_t flags;
} galloc_arg_t;

extern const galloc_arg_t galloc_args_heap[], galloc_args_alloc[], galloc_args_align[], galloc_args_view[];
extern const galloc_arg_t galloc_args_wants[];
#define GALLOC_ARGS_MAX (5)

// The values of `count` arguments; for one that is missing MP_OBJ_NULL, or false. TypeError as for any function. Makes no
// object.
void galloc_args_parse(const galloc_arg_t *known, size_t count, mp_arg_val_t *values, size_t n_args, size_t n_kw,
                       const mp_obj_t *args);

// --- heap_type.c -------------------------------------------------------------------------------------------------

extern const galloc_extent_t galloc_must_ask;

// Whether the buffer under the region is seen to be where it was; else galloc_trouble knows.
GLUE_INLINE bool galloc_region_stays(const galloc_heap_obj_t *self) {
    const galloc_extent_t *now = self->now;
    return now == NULL || (GLUE_LIKELY(now->items == self->then.items) && GLUE_LIKELY(now->len >= self->then.len));
}

// Whether the heap is the one that was opened: galloc_generation without a call.
GLUE_INLINE bool galloc_same_generation(const galloc_heap_obj_t *self) {
    const uint32_t *words = (const void *)self->heap;
    return GLUE_LIKELY(words[GALLOC_GENERATION_WORD(GALLOC_BINS)] == self->generation);
}

// Both.
GLUE_FAST bool galloc_heap_stays(const galloc_heap_obj_t *self) {
    return galloc_region_stays(self) && galloc_same_generation(self);
}

// NULL, or what the matter is: the buffer under the region has moved, shrunk or been freed, or it holds another heap by
// now, or its control block is damaged.
const char *galloc_trouble(const galloc_heap_obj_t *self);
const char *galloc_region_trouble(const galloc_heap_obj_t *self);

// ValueError when there is trouble.
void galloc_verify(const galloc_heap_obj_t *self);

// The same, where it has to be fast.
GLUE_FAST void galloc_verify_fast(const galloc_heap_obj_t *self) {
    if (!galloc_heap_stays(self)) {
        galloc_verify(self);
    }
}

// After a request that found nothing: ValueError when that is for damage.
void galloc_explain_failure(const galloc_heap_obj_t *self, size_t size, size_t align);

// A Heap that has no heap yet, from the arguments region, size, smallbins, sub_bins, bounded_search.
typedef struct {
    galloc_heap_obj_t *self;
    galloc_config_t config;
    bool on_board; // the board's first region
    size_t bank;   // the number of another of its regions; 0: none of those
} galloc_opening_t;
void galloc_heap_parse(galloc_opening_t *opening, bool attach, size_t n_args, size_t n_kw, const mp_obj_t *args);

// Makes or re-opens what galloc_heap_parse has prepared, as the shared heap if `state` is given. Raises what keeps it from that.
galloc_heap_obj_t *galloc_heap_open(galloc_opening_t *opening, bool attach, galloc_shared_state_t *state);

// The Heap of memory that nobody owns, without a heap yet; and another place for it.
galloc_heap_obj_t *galloc_heap_new(uint8_t *region, size_t size);
void galloc_heap_move(galloc_heap_obj_t *self, uint8_t *region, size_t size);

// galloc_init for a Heap. A Block keeps its Heap alive, and no two objects that live at the same time have one address: so
// the generation differs from that of each heap before that still has Blocks, even where it cannot be read any more.
GLUE_INLINE galloc_heap_t *galloc_heap_init(const galloc_heap_obj_t *self, const galloc_config_t *config) {
    return galloc_init_salted(self->region, self->size, config, (uint32_t)((uintptr_t)self >> 4) + 1);
}

// What is wrong with the control block, as far as the heap itself can see. No block is where it starts.
GLUE_INLINE galloc_fault_t galloc_control_fault(const galloc_heap_t *heap) {
    galloc_fault_t fault = galloc_fault_of(heap, heap);
    return fault == GALLOC_FAULT_FOREIGN ? GALLOC_OK : fault;
}

// Gives a Heap what it has opened.
void galloc_heap_set(galloc_heap_obj_t *self, galloc_heap_t *heap);

mp_obj_t galloc_heap_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args);
void galloc_heap_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest);
void galloc_heap_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind);

mp_obj_t galloc_roots_subscr(mp_obj_t self_in, mp_obj_t index, mp_obj_t value);
mp_obj_t galloc_roots_unary_op(mp_unary_op_t op, mp_obj_t self_in);

// --- raw.c -------------------------------------------------------------------------------------------------------

// The bytes of a live block behind a raw handle, and how many; ValueError naming the fault otherwise. Without the lock:
// the caller owns the block, so the only writes to its header meanwhile are those of neighbours to the bits that tell of
// them, one word at a time, and the control block's words for this never change.
uint8_t *galloc_get_live(const galloc_heap_obj_t *self, mp_obj_t handle, size_t *size);

// --- block_type.c, arena_type.c ----------------------------------------------------------------------------------

// The bytes of a Block. Returns NULL, or why it is not live.
const char *galloc_block_peek(const galloc_block_obj_t *self, mp_buffer_info_t *info);

// alloc(size, *, align=8, zero=False, pad=False) of a Heap, or of one of its arenas.
// choice: NULL, or how `heap` was chosen; where it has no room, the next such bank is tried.
mp_obj_t galloc_block_alloc(galloc_heap_obj_t *heap, galloc_arena_obj_t *arena, galloc_choice_t *choice, size_t n_args,
                            size_t n_kw, const mp_obj_t *args);

// Frees a Block, if it is not freed yet, and takes it out of its arena. `drop`: its heap is gone, and is not asked.
// Inside the lock.
galloc_fault_t galloc_block_release(galloc_block_obj_t *self, bool drop);

// Links a Block into an arena; false when that is closed. Takes the lock.
bool galloc_arena_link(galloc_arena_obj_t *arena, galloc_arena_block_t *block);

// Inside the lock.
void galloc_arena_unlink(galloc_arena_block_t *block);

extern const char galloc_arena_closed[];

mp_obj_t galloc_block_unary_op(mp_unary_op_t op, mp_obj_t self_in);
mp_obj_t galloc_block_iter(mp_obj_t self_in, mp_obj_iter_buf_t *buffer);
mp_int_t galloc_block_get_buffer(mp_obj_t self_in, mp_buffer_info_t *info, mp_uint_t flags);
mp_obj_t galloc_block_subscr(mp_obj_t self_in, mp_obj_t index, mp_obj_t value);
void galloc_block_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest);
void galloc_block_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind);

// --- view.c ------------------------------------------------------------------------------------------------------

// A memoryview of `length` bytes at `bytes`.
mp_obj_t galloc_view_new(void *bytes, size_t length);

// A memoryview as items of a typecode; in one that is there already no object is made.
typedef struct {
    mp_obj_t typecode; // a string of one character; MP_OBJ_NULL: B
    mp_obj_t into;     // MP_OBJ_NULL or None: a new one
} galloc_view_args_t;

// The arguments typecode="B", into=None.
void galloc_view_parse(galloc_view_args_t *view, size_t n_args, size_t n_kw, const mp_obj_t *args);

// TypeError when `into` is no writable memoryview, ValueError for another typecode.
mp_obj_t galloc_view(const galloc_view_args_t *view, void *bytes, size_t length);

// --- shared_functions.c, shared.c, region.c ----------------------------------------------------------------------

// The shared heap, made at its first use.
galloc_heap_obj_t *galloc_shared_get(galloc_shared_state_t *state);

// The heap of a bank, made at its first use.
galloc_heap_obj_t *galloc_shared_bank(galloc_shared_state_t *state, size_t bank);

// Makes or re-opens what galloc_heap_parse has prepared, as the shared heap if `state` is given. Returns NULL, or why
// not: a RuntimeError's text.
const char *galloc_shared_open(galloc_opening_t *opening, bool attach, galloc_shared_state_t *state);

mp_obj_t galloc_shared_functions(void);
mp_obj_t galloc_stats_fields(void);
mp_obj_t galloc_c_share(void);
mp_obj_t galloc_regions(void);

#if !GALLOC_NATMOD
typedef struct {
    const char *name, *attributes;
    uint8_t *start, *end;
} galloc_board_region_t;

// The regions that the board reserves.
const galloc_board_region_t *galloc_board_regions(size_t *count);

// The region of this number, and its bytes; NULL where there is none. The first one.
uint8_t *galloc_bank_region(size_t bank, size_t *size);
uint8_t *galloc_board_region(size_t *size);

// --- banks.c -----------------------------------------------------------------------------------------------------

// The attributes in a string such as "FAST|DMA". False at one that does not exist.
bool galloc_banks_parse(mp_obj_t text, uint32_t *attributes);

// The same, and 0 for None. ValueError when one does not exist.
uint32_t galloc_banks_wanted(mp_obj_t wants);

// The first bank from this number on that has all these attributes; GALLOC_REGIONS_MAX if there is none.
size_t galloc_bank_next(uint32_t wants, size_t from);

// The first of all; OSError ENODEV with the attributes that no bank has.
size_t galloc_bank_with(uint32_t wants);

// The heap of the first bank from this number on that has what is wanted, and no trouble; NULL if there is none.
galloc_heap_obj_t *galloc_choose(galloc_choice_t *choice, size_t from);

// A function of the shared heap, called with arguments by name or a handle that may be another bank's.
mp_obj_t galloc_shared_call(const galloc_method_t *method, size_t n_args, size_t n_kw, const mp_obj_t *args);
#endif

// --- Functions by name -------------------------------------------------------------------------------------------

#define GALLOC_EXTERN(name, function, least, most, named) \
    mp_obj_t function(void *self_in, size_t n_args, size_t n_kw, const mp_obj_t *args);
GALLOC_HEAP_METHODS(GALLOC_EXTERN)
GALLOC_HEAP_INTERNALS(GALLOC_EXTERN)
GALLOC_BLOCK_METHODS(GALLOC_EXTERN)
GALLOC_ARENA_METHODS(GALLOC_EXTERN)
GALLOC_ROOTS_METHODS(GALLOC_EXTERN)
GALLOC_STATE_FUNCTIONS(GALLOC_EXTERN)
mp_obj_t galloc_heap_attach(void *self_in, size_t n_args, size_t n_kw, const mp_obj_t *args);

// The methods of each class in the order of names.h, and the place of each function there.
extern const galloc_method_t galloc_heap_methods[], galloc_block_methods[], galloc_arena_methods[];
extern const galloc_method_t galloc_roots_methods[], galloc_state_methods[], galloc_attach_methods[];

GLUE_INLINE const galloc_method_t *galloc_method_at(const galloc_method_t *methods, size_t i) {
    GLUE_HIDE(methods);
    return &methods[i];
}
#define GALLOC_IN_HEAP(name, function, least, most, named) GALLOC_HEAP_##name,
#define GALLOC_IN_BLOCK(name, function, least, most, named) GALLOC_BLOCK_##name,
#define GALLOC_IN_ARENA(name, function, least, most, named) GALLOC_ARENA_##name,
#define GALLOC_IN_ROOTS(name, function, least, most, named) GALLOC_ROOTS_##name,
#if GALLOC_NATMOD || !defined(NO_QSTR) // where it collects names, MicroPython 1.29 takes none before the first source
enum { GALLOC_HEAP_METHODS(GALLOC_IN_HEAP) GALLOC_HEAP_INTERNALS(GALLOC_IN_HEAP) GALLOC_HEAP_COUNT };
enum { GALLOC_BLOCK_METHODS(GALLOC_IN_BLOCK) GALLOC_BLOCK_COUNT };
enum { GALLOC_ARENA_METHODS(GALLOC_IN_ARENA) GALLOC_ARENA_COUNT };
enum { GALLOC_ROOTS_METHODS(GALLOC_IN_ROOTS) GALLOC_ROOTS_COUNT };
#endif
#define GALLOC_COUNT(name, function, least, most, named) +1
#define GALLOC_HEAP_PUBLIC (0 GALLOC_HEAP_METHODS(GALLOC_COUNT))
#define GALLOC_STATE_PUBLIC (0 GALLOC_STATE_FUNCTIONS(GALLOC_COUNT))

#define GALLOC_EXTERN_OBJECT(name, function) extern const mp_obj_fun_builtin_fixed_t function##_obj;
GALLOC_RECORD_FUNCTIONS(GALLOC_EXTERN_OBJECT)

#endif
