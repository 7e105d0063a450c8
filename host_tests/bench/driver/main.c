// bench-<allocator> work NAME SEED        one synthetic workload
//                   trace FILE REGION     replay in a region of REGION bytes
//                   fit FILE              the smallest region for a trace
//                   worst SEED            single operations in adversarial states; to run under callgrind
//                   verify NAME|FILE SEED the same as work or trace with every payload byte verified
//                   time NAME|FILE SEED   nanoseconds an operation, driver included
//                   original NAME MILLISECONDS: one of the original allocator's own benchmarks
//                   control REGION        bytes of control data
// Prints one JSON object a line. Exit status: 0; 2 bad input; 3 the allocator is at fault.

#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ops.h"
#include "original.h"
#include "trace.h"
#include "workloads.h"
#include "worst.h"

enum { TRACE_REGION = 2 * 1024 * 1024 };

static void print_tally(const char *what, workload_result_t result) {
    printf("{\"what\": \"%s\", \"allocs\": %zu, \"frees\": %zu, \"reallocs\": %zu, \"failures\": %zu, \"fill\": %.5f, "
           "\"refill\": %.5f}\n",
           what, tally.allocs, tally.frees, tally.reallocs, tally.failures, result.fill, result.refill);
}

static void run(const char *what, uint64_t seed) {
    const workload_t *w = workload_find(what);
    workload_result_t result = {0, 0};
    if (w != NULL) {
        result = workload_run(w, ops_region(w->region), seed);
    } else {
        trace_t trace = trace_load(what);
        if (!trace_run(&trace, ops_region(TRACE_REGION), TRACE_REGION)) {
            fprintf(stderr, "bench: %s does not run in %d bytes\n", what, TRACE_REGION);
            exit(2);
        }
    }
    print_tally(what, result);
}

// CPU time of this thread, so that other processes do not count.
static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void run_timed(const char *what, uint64_t seed) {
    const workload_t *w = workload_find(what);
    trace_t trace = {0};
    if (w == NULL) {
        trace = trace_load(what);
    }
    size_t size = w ? w->region : TRACE_REGION;
    void *region = ops_region(size);
    double best = 1e18, begin = now();
    for (int i = 0; i < 3 && now() - begin < 1e9; i++) { // three runs, fewer of the slow ones
        double start = now();
        if (w != NULL) {
            workload_run(w, region, seed);
        } else {
            trace_run(&trace, region, size);
        }
        double ns = (now() - start) / (double)(tally.allocs + tally.frees + tally.reallocs);
        best = ns < best ? ns : best;
    }
    printf("{\"what\": \"%s\", \"ns\": %.2f}\n", what, best);
}

static void run_fit(const char *path) {
    trace_t trace = trace_load(path);
    trace_fit_t fit = trace_fit(&trace);
    printf("{\"what\": \"%s\", \"peak\": %zu, \"smallest\": %zu, \"sure\": %zu}\n", path, trace.peak, fit.smallest,
           fit.sure);
}

int main(int argc, char **argv) {
    const char *verb = argc > 2 ? argv[1] : "";
    unsigned long number = argc > 3 ? strtoul(argv[3], NULL, 0) : 1;
    if (strcmp(verb, "work") == 0) {
        run(argv[2], number);
    } else if (strcmp(verb, "verify") == 0) {
        ops_verify = true;
        run(argv[2], number);
    } else if (strcmp(verb, "trace") == 0) {
        trace_t trace = trace_load(argv[2]);
        bool runs = trace_run(&trace, ops_region(number), number);
        print_tally(argv[2], (workload_result_t){0, 0});
        return runs ? 0 : 2;
    } else if (strcmp(verb, "fit") == 0) {
        run_fit(argv[2]);
    } else if (strcmp(verb, "time") == 0) {
        run_timed(argv[2], number);
    } else if (strcmp(verb, "worst") == 0) {
        worst_run((unsigned)strtoul(argv[2], NULL, 0));
    } else if (strcmp(verb, "original") == 0 && original_run(argv[2], (double)number / 1000, 1)) {
        return 0;
    } else if (strcmp(verb, "control") == 0) {
        printf("{\"control\": %zu}\n", adapter_control(strtoul(argv[2], NULL, 0)));
    } else {
        fprintf(stderr, "usage: %s work|verify|trace|fit|time|worst|original|control WHAT [NUMBER]\n", argv[0]);
        return 2;
    }
    return 0;
}
