// vector.h: what vector.cpp does for vectormodule.c.

#ifndef GALLOC_EXAMPLE_VECTOR_H
#define GALLOC_EXAMPLE_VECTOR_H

#include <stdint.h>

uint32_t galloc_example_sum(uint32_t count);
uint32_t galloc_example_early(void);

#endif
