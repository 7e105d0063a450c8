// Fault injection: inject SEED COUNT. For each configuration and kind of harm, COUNT injections into random heaps.
//
// Prints a line each, fields separated by tabs:
//     configuration, kind, injected, detected, refused by free, detected by check, missed, crashed
// and the first misses of each on stderr. What a page fault, an undefined operation, an endless loop, a byte written
// outside the region, or a refused free that changed a byte spoils counts as crashed.

#include "kinds.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

#define PER_HEAP 40u
#define USES 6u
#define EXAMPLES 3u

static const struct {
    const char *name;
    galloc_config_t config;
} configurations[] = {
    {"default", {0, 0, false}},
    {"2 x 2", {2, 2, false}},
    {"16 x 8, bounded", {16, 8, true}},
};

typedef struct {
    unsigned long injected, detected, by_free, by_check, missed, crashed;
} tally_t;

// ---- a harness for what must not happen ----

static sigjmp_buf rescue;
static volatile sig_atomic_t armed, signalled, ticks;

static void on_signal(int number) {
    if (number == SIGALRM && ++ticks < 3) { // an injection takes microseconds; this one has seen two seconds begin
        return;
    }
    if (armed) {
        signalled = number;
        siglongjmp(rescue, 1);
    }
    signal(number, SIG_DFL);
    raise(number);
}

static void watch(void) {
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGALRM};
    static uint8_t stack[65536];
    stack_t other = {.ss_sp = stack, .ss_size = sizeof stack};
    sigaltstack(&other, NULL);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
        sigaction(numbers[i], &action, NULL);
    }
    const struct itimerval second = {{1, 0}, {1, 0}};
    setitimer(ITIMER_REAL, &second, NULL);
}

// ---- one injection ----

typedef enum { SKIPPED, BY_FREE = 1, BY_CHECK = 2, MISSED = 4, CRASHED = 8 } outcome_t;

static unsigned judge(subject_t *subject, const kind_t *kind, rng_t *rng, snapshot_t *harmed) {
    void *block = kind->inject(subject, rng);
    if (block == NULL) {
        return SKIPPED;
    }
    unsigned outcome = 0;
    snapshot_take(harmed, subject->region.base, subject->region.size);
    if (galloc_check(subject->heap, NULL) != GALLOC_OK) {
        outcome |= BY_CHECK;
    }
    if (kind->duty == BY_FREE_ALONE && outcome) {
        fprintf(stderr, "the heap was not sound: %s\n", kinds_story);
        return CRASHED;
    }
    if (galloc_free(subject->heap, block) != GALLOC_OK) {
        outcome |= BY_FREE;
        if (snapshot_changes(harmed) != 0) {
            fprintf(stderr, "a refused free changed the region: %s\n", kinds_story);
            return CRASHED;
        }
    }
    if (kind->duty == BY_EITHER ? outcome == 0 : (outcome & BY_FREE) == 0) {
        outcome = MISSED;
    }
    subject_use(subject, USES, rng);
    return outcome;
}

// The same, whatever happens.
static unsigned attempt(subject_t *subject, const kind_t *kind, rng_t *rng, snapshot_t *harmed) {
    volatile unsigned outcome = CRASHED;
    ticks = 0;
    if (sigsetjmp(rescue, 1) == 0) {
        armed = 1;
        outcome = judge(subject, kind, rng, harmed);
    } else {
        fprintf(stderr, "signal %d: %s\n", (int)signalled, kinds_story);
    }
    armed = 0;
    const char *wrong = region_canary(&subject->region);
    if (wrong != NULL) {
        fprintf(stderr, "%s: %s\n", wrong, kinds_story);
        outcome = CRASHED;
    }
    subject_restore(subject);
    return outcome;
}

static void count(tally_t *tally, unsigned outcome) {
    tally->injected++;
    tally->by_free += (outcome & BY_FREE) != 0;
    tally->by_check += (outcome & BY_CHECK) != 0;
    tally->detected += (outcome & (BY_FREE | BY_CHECK)) != 0;
    tally->missed += (outcome & MISSED) != 0;
    tally->crashed += (outcome & CRASHED) != 0;
}

static tally_t campaign(uint32_t seed, uint32_t number, const galloc_config_t *config, const kind_t *kind,
                        unsigned long wanted) {
    tally_t tally = {0};
    snapshot_t harmed = {0};
    for (uint32_t round = 0; tally.injected < wanted; round++) {
        rng_t rng = {((uint64_t)seed << 40) + ((uint64_t)number << 24) + round};
        subject_t subject;
        fail_context("inject seed %u, kind %s, round %u", (unsigned)seed, kind->name, (unsigned)round);
        subject_make(&subject, config, 64 + rng_below(&rng, 400), &rng);
        if (subject.live == 0) {
            fail("a heap without blocks");
        }
        for (unsigned i = 0; i < PER_HEAP && tally.injected < wanted; i++) {
            unsigned outcome = attempt(&subject, kind, &rng, &harmed);
            if (outcome == SKIPPED) {
                continue;
            }
            count(&tally, outcome);
            if ((outcome & MISSED) && tally.missed <= EXAMPLES) {
                fprintf(stderr, "missed: %s, round %u, injection %u: %s\n", kind->name, (unsigned)round, i,
                        kinds_story);
            }
        }
        subject_drop(&subject);
        if (round > 100 + wanted) {
            fail("the heaps offer no place for this kind");
        }
    }
    snapshot_release(&harmed);
    return tally;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: inject SEED COUNT\n");
        return 2;
    }
    uint32_t seed = (uint32_t)strtoul(argv[1], NULL, 10);
    unsigned long wanted = strtoul(argv[2], NULL, 10);
    watch();
    for (size_t c = 0; c < sizeof configurations / sizeof configurations[0]; c++) {
        for (size_t k = 0; k < kinds_count; k++) {
            uint32_t number = (uint32_t)(c * kinds_count + k);
            tally_t t = campaign(seed, number, &configurations[c].config, &kinds[k], wanted);
            printf("%s\t%s\t%lu\t%lu\t%lu\t%lu\t%lu\t%lu\n", configurations[c].name, kinds[k].name, t.injected,
                   t.detected, t.by_free, t.by_check, t.missed, t.crashed);
            fflush(stdout);
        }
    }
    return 0;
}
