// region.c: the memory that the firmware reserves outside of the GC heap, a bank for each region.
//
// The first region:
//
// GALLOC_BOARD_REGION_LINKED: the board's linker fragment sets galloc_region_start and galloc_region_end apart.
// GALLOC_REGION_SIZE alone: a static array of that many bytes. Neither, or 0 bytes: this firmware reserves none, but for
// a process on a PC, which has a MiB to spare.
//
// Regions 1 to 3, where GALLOC_REGION_1_NAME and GALLOC_REGION_1_ATTRIBUTES are given, and so on:
//
// GALLOC_REGION_1_LINKED: from galloc_region_1_start to galloc_region_1_end, set apart by the linker.
// GALLOC_REGION_1_ORIGIN and GALLOC_REGION_1_SIZE: memory at this address, which no section is put into.
// GALLOC_REGION_1_SIZE alone: a static array.

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

#if defined(PICO_ON_DEVICE) && PICO_ON_DEVICE
#include "pico/platform.h"
#define REGION_ARRAY(name, bytes) static uint8_t __uninitialized_ram(name)[bytes] __attribute__((aligned(8)))
#else
#define REGION_ARRAY(name, bytes) static uint8_t name[bytes] __attribute__((aligned(4096)))
#endif

#if defined(GALLOC_BOARD_REGION_LINKED)
#define REGION_RESERVED (1)
extern uint8_t galloc_region_start[], galloc_region_end[];
#elif defined(GALLOC_REGION_SIZE) && GALLOC_REGION_SIZE > 0
#define REGION_RESERVED (1)
_Static_assert(GALLOC_REGION_SIZE >= 512, "GALLOC_REGION_SIZE: at least 512 bytes, or 0 for none");
REGION_ARRAY(region_bytes, GALLOC_REGION_SIZE);
#define galloc_region_start (region_bytes)
#define galloc_region_end (region_bytes + sizeof(region_bytes))
#else
#define REGION_RESERVED (0)
#endif

#if REGION_RESERVED

#if defined(GALLOC_REGION_1_LINKED)
extern uint8_t galloc_region_1_start[], galloc_region_1_end[];
#elif defined(GALLOC_REGION_1_ORIGIN)
#define galloc_region_1_start ((uint8_t *)GALLOC_REGION_1_ORIGIN)
#define galloc_region_1_end ((uint8_t *)(GALLOC_REGION_1_ORIGIN + GALLOC_REGION_1_SIZE))
#elif defined(GALLOC_REGION_1_NAME)
REGION_ARRAY(region_bytes_1, GALLOC_REGION_1_SIZE);
#define galloc_region_1_start (region_bytes_1)
#define galloc_region_1_end (region_bytes_1 + sizeof(region_bytes_1))
#endif

#if defined(GALLOC_REGION_2_LINKED)
extern uint8_t galloc_region_2_start[], galloc_region_2_end[];
#elif defined(GALLOC_REGION_2_ORIGIN)
#define galloc_region_2_start ((uint8_t *)GALLOC_REGION_2_ORIGIN)
#define galloc_region_2_end ((uint8_t *)(GALLOC_REGION_2_ORIGIN + GALLOC_REGION_2_SIZE))
#elif defined(GALLOC_REGION_2_NAME)
REGION_ARRAY(region_bytes_2, GALLOC_REGION_2_SIZE);
#define galloc_region_2_start (region_bytes_2)
#define galloc_region_2_end (region_bytes_2 + sizeof(region_bytes_2))
#endif

#if defined(GALLOC_REGION_3_LINKED)
extern uint8_t galloc_region_3_start[], galloc_region_3_end[];
#elif defined(GALLOC_REGION_3_ORIGIN)
#define galloc_region_3_start ((uint8_t *)GALLOC_REGION_3_ORIGIN)
#define galloc_region_3_end ((uint8_t *)(GALLOC_REGION_3_ORIGIN + GALLOC_REGION_3_SIZE))
#elif defined(GALLOC_REGION_3_NAME)
REGION_ARRAY(region_bytes_3, GALLOC_REGION_3_SIZE);
#define galloc_region_3_start (region_bytes_3)
#define galloc_region_3_end (region_bytes_3 + sizeof(region_bytes_3))
#endif

static const galloc_board_region_t regions[] = {
    {GALLOC_BOARD_REGION_NAME, GALLOC_BOARD_REGION_ATTRIBUTES, galloc_region_start, galloc_region_end},
    #ifdef GALLOC_REGION_1_NAME
    {GALLOC_REGION_1_NAME, GALLOC_REGION_1_ATTRIBUTES, galloc_region_1_start, galloc_region_1_end},
    #endif
    #ifdef GALLOC_REGION_2_NAME
    {GALLOC_REGION_2_NAME, GALLOC_REGION_2_ATTRIBUTES, galloc_region_2_start, galloc_region_2_end},
    #endif
    #ifdef GALLOC_REGION_3_NAME
    {GALLOC_REGION_3_NAME, GALLOC_REGION_3_ATTRIBUTES, galloc_region_3_start, galloc_region_3_end},
    #endif
};

_Static_assert(MP_ARRAY_SIZE(regions) <= GALLOC_REGIONS_MAX, "as many regions as handles have numbers for");

const galloc_board_region_t *galloc_board_regions(size_t *count) {
    *count = MP_ARRAY_SIZE(regions);
    return regions;
}

#else

const galloc_board_region_t *galloc_board_regions(size_t *count) {
    *count = 0;
    return NULL;
}

#endif

uint8_t *galloc_bank_region(size_t bank, size_t *size) {
    size_t count;
    const galloc_board_region_t *region = galloc_board_regions(&count);
    if (bank >= count) {
        *size = 0;
        return NULL;
    }
    *size = (size_t)((uintptr_t)region[bank].end - (uintptr_t)region[bank].start);
    return region[bank].start;
}

uint8_t *galloc_board_region(size_t *size) {
    return galloc_bank_region(0, size);
}

#endif

// A tuple of (name, address, bytes, attributes), one for each region; empty where the firmware reserves none.
mp_obj_t galloc_regions(void) {
    #if !GALLOC_NATMOD
    size_t count, size;
    const galloc_board_region_t *region = galloc_board_regions(&count);
    mp_obj_t tuples[GALLOC_REGIONS_MAX];
    for (size_t i = 0; i < count; ++i, ++region) {
        galloc_bank_region(i, &size);
        const mp_obj_t items[] = {
            mp_obj_new_str(region->name, strlen(region->name)),
            mp_obj_new_int_from_uint((uintptr_t)region->start),
            mp_obj_new_int_from_uint(size),
            mp_obj_new_str(region->attributes, strlen(region->attributes)),
        };
        tuples[i] = mp_obj_new_tuple(MP_ARRAY_SIZE(items), items);
    }
    return mp_obj_new_tuple(count, tuples);
    #else
    return mp_obj_new_tuple(0, NULL);
    #endif
}
