// region.c: the memory that the firmware reserves outside of the GC heap.
//
// GALLOC_BOARD_REGION_LINKED: the board's linker fragment sets galloc_region_start and galloc_region_end apart.
// GALLOC_REGION_SIZE alone: a static array of that many bytes. Neither, or 0 bytes: this firmware reserves none, but for
// a process on a PC, which has a MiB to spare.

#include "glue.h"

#if !GALLOC_NATMOD

#ifndef GALLOC_BOARD_REGION_NAME
#define GALLOC_BOARD_REGION_NAME "SRAM"
#endif
#ifndef GALLOC_BOARD_REGION_ATTRIBUTES
#define GALLOC_BOARD_REGION_ATTRIBUTES "FAST"
#endif

#if !defined(GALLOC_REGION_SIZE) && (defined(__linux__) || defined(__APPLE__))
#define GALLOC_REGION_SIZE (1048576)
#endif

#if defined(GALLOC_BOARD_REGION_LINKED)
#define REGION_RESERVED (1)
extern uint8_t galloc_region_start[], galloc_region_end[];
#elif defined(GALLOC_REGION_SIZE) && GALLOC_REGION_SIZE > 0
#define REGION_RESERVED (1)
_Static_assert(GALLOC_REGION_SIZE >= 512, "GALLOC_REGION_SIZE: at least 512 bytes, or 0 for none");
#if defined(PICO_ON_DEVICE) && PICO_ON_DEVICE
#include "pico/platform.h"
static uint8_t __uninitialized_ram(region_bytes)[GALLOC_REGION_SIZE] __attribute__((aligned(8)));
#else
static uint8_t region_bytes[GALLOC_REGION_SIZE] __attribute__((aligned(4096)));
#endif
#define galloc_region_start (region_bytes)
#define galloc_region_end (region_bytes + sizeof(region_bytes))
#else
#define REGION_RESERVED (0)
#endif

#else
#define REGION_RESERVED (0)
#endif

#if !GALLOC_NATMOD
uint8_t *galloc_board_region(size_t *size) {
    #if REGION_RESERVED
    *size = (size_t)((uintptr_t)galloc_region_end - (uintptr_t)galloc_region_start);
    return galloc_region_start;
    #else
    *size = 0;
    return NULL;
    #endif
}
#endif

// A tuple of (name, address, bytes, attributes), one for each region; empty where the firmware reserves none.
mp_obj_t galloc_regions(void) {
    #if REGION_RESERVED
    mp_obj_t item[] = {
        mp_obj_new_str(GALLOC_BOARD_REGION_NAME, sizeof(GALLOC_BOARD_REGION_NAME) - 1),
        mp_obj_new_int_from_uint((uintptr_t)galloc_region_start),
        mp_obj_new_int_from_uint((uintptr_t)galloc_region_end - (uintptr_t)galloc_region_start),
        mp_obj_new_str(GALLOC_BOARD_REGION_ATTRIBUTES, sizeof(GALLOC_BOARD_REGION_ATTRIBUTES) - 1),
    };
    mp_obj_t tuple = mp_obj_new_tuple(4, item);
    return mp_obj_new_tuple(1, &tuple);
    #else
    return mp_obj_new_tuple(0, NULL);
    #endif
}
