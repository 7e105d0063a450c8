// One program for all host tests of the core: `driver serve` obeys commands on stdin, the other modes run by themselves
// and end with status 0 when all held, else with 1 and a line on stderr that names the seed.

#include "modes.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} modes[] = {
    {"serve", mode_serve},
    {"random", mode_random},
    {"sweep", mode_sweep},
};

int main(int argc, char **argv) {
    for (size_t i = 0; argc > 1 && i < sizeof modes / sizeof modes[0]; i++) {
        if (strcmp(argv[1], modes[i].name) == 0) {
            return modes[i].run(argc - 1, argv + 1);
        }
    }
    fprintf(stderr, "usage: driver serve|random|sweep [numbers]\n");
    return 2;
}
