// Use of heaps after random bytes of them were overwritten: overwrite SEED CASES [FIRST]. FIRST: the number of the first
// case, to repeat one.
//
// Whatever the core answers, it must come back and leave all bytes outside the region alone; the inaccessible pages, the
// canary and AddressSanitizer watch over that. Ends with status 0 when all held, else with a line on stderr that names
// the case.

#include "subject.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const galloc_config_t configurations[] = {{0, 0, false}, {1, 2, false}, {4, 2, true}, {64, 16, false}};

static void overwrite(const subject_t *subject, rng_t *rng) {
    const region_t *region = &subject->region;
    size_t where = rng_below(rng, (uint32_t)region->size), count = 1 + rng_below(rng, 8);
    if (rng_below(rng, 3) == 0) { // the control block more often than its share
        where = rng_below(rng, 64);
    } else if (subject->held_count > 0 && rng_below(rng, 2) == 0) { // or a header
        const uint8_t *block = subject->held[rng_below(rng, (uint32_t)subject->held_count)];
        where = (uintptr_t)block - (uintptr_t)region->base - HEADER;
    }
    for (; count > 0 && where < region->size; count--, where++) {
        region->base[where] = (uint8_t)rng_next(rng) & (rng_below(rng, 2) ? 0xFF : 0x07);
    }
}

static void one_case(uint32_t seed, uint32_t number) {
    rng_t rng = {((uint64_t)seed << 32) + number};
    subject_t subject;
    fail_context("overwrite seed %u case %u", (unsigned)seed, (unsigned)number);
    subject_make(&subject, &configurations[number % 4], rng_below(&rng, 200), &rng);
    subject_use(&subject, rng_below(&rng, 20), &rng); // its mistakes find a sound heap first
    overwrite(&subject, &rng);
    subject_use(&subject, 20, &rng);
    if (number % 2 == 0) {
        overwrite(&subject, &rng);
    }
    subject_use(&subject, 20, &rng);
    const char *wrong = region_canary(&subject.region);
    if (wrong != NULL) {
        fail("%s", wrong);
    }
    subject_drop(&subject);
}

static void on_alarm(int number) {
    (void)number;
    fail("the core does not come back");
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: overwrite SEED CASES [FIRST]\n");
        return 2;
    }
    uint32_t seed = (uint32_t)strtoul(argv[1], NULL, 10), cases = (uint32_t)strtoul(argv[2], NULL, 10);
    uint32_t first = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 0;
    signal(SIGALRM, on_alarm);
    for (uint32_t number = first; number < first + cases; number++) {
        alarm(20); // a case takes microseconds; one that does not end must not hold up the tests
        one_case(seed, number);
    }
    printf("overwrite seed %u: %u cases\n", (unsigned)seed, (unsigned)cases);
    return 0;
}
