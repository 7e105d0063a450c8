// The modes of the driver; argv[0] is the mode's name, all other arguments are decimal numbers.

#ifndef MODES_H
#define MODES_H

#include "harness.h"

// Obeys the commands described in serve.c.
int mode_serve(int argc, char **argv);
// random SEED RUNS ACTIONS: runs of random actions, the heap checked after each one.
int mode_random(int argc, char **argv);
// sweep LIMIT STEP: regions of 0 to LIMIT bytes at each offset 0 to 15, every STEPth size above 1024.
int mode_sweep(int argc, char **argv);

// The number in argv[index], or `otherwise` when there is none.
uint32_t argument(int argc, char **argv, int index, uint32_t otherwise);

#endif
