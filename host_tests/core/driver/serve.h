// What the files of the command mode share: the regions, and how numbers are read.

#ifndef SERVE_H
#define SERVE_H

#include "modes.h"

#define SLOTS 8

typedef struct {
    region_t region;
    shadow_t shadow;
    galloc_heap_t *heap;
} slot_t;

extern slot_t slots[SLOTS];

size_t to_size(const char *word);

// The commands on several slots; false if this is none of them.
bool serve_banks(int count, char **word);

#endif
