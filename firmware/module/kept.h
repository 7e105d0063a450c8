// kept.h: the variables of a native module. A user C module has none of them.

#ifndef GALLOC_MODULE_KEPT_H
#define GALLOC_MODULE_KEPT_H

// MicroPython's linker for Xtensa takes an address such as &table[3] for that of the table. So the compiler must add the
// offset at run time: it does if it does not know what the pointer is.
#if GALLOC_NATMOD && defined(__XTENSA__)
#define GLUE_HIDE(pointer) __asm__("" : "+r"(pointer))
#else
#define GLUE_HIDE(pointer) (void)(pointer)
#endif

// A function for the address of a variable. In a native module for ARM a call is shorter than to work it out in each
// function: see natmod/arm.h.
#if GALLOC_NATMOD && defined(__thumb__)
#define GLUE_ADDRESS static __attribute__((const, noinline))
#else
#define GLUE_ADDRESS static inline __attribute__((always_inline))
#endif

#if GALLOC_NATMOD

// A global variable that the compiler, which sees the whole program, must not make `static`: see galloc_natmod.c.
#define GALLOC_KEPT __attribute__((externally_visible))

typedef struct {
    const mp_obj_type_t *type_int, *type_bytearray, *type_memoryview;
    struct _galloc_recorder_t *recorder; // see record.h
    // Keeps the names that this code uses at run time alive, even if someone takes the module out of sys.modules.
    const void *context;
} galloc_kept_t;

extern galloc_kept_t galloc_kept;

// Their address, where it has to be fast.
__attribute__((always_inline)) static inline galloc_kept_t *galloc_kept_here(void) {
    galloc_kept_t *kept = &galloc_kept;
    GLUE_HIDE(kept);
    return kept;
}

// The same elsewhere.
GLUE_ADDRESS galloc_kept_t *galloc_kept_at(void) {
    return galloc_kept_here();
}

#endif

#endif
