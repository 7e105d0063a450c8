// The kinds of harm that are done to a heap, one function each.

#ifndef KINDS_H
#define KINDS_H

#include "subject.h"

typedef enum {
    BY_EITHER,      // the heap is damaged: galloc_check must detect it, or galloc_free refuse
    BY_FREE_ALWAYS, // the block's own header is damaged: galloc_free must refuse
    BY_FREE_ALONE,  // the heap is sound, the pointer is not: galloc_free must refuse
} duty_t;

// Does the harm. Returns the block to free afterwards. NULL: this heap offers no place for it, nothing was changed.
typedef void *(*inject_t)(subject_t *subject, rng_t *rng);

typedef struct {
    const char *name;
    inject_t inject;
    duty_t duty;
} kind_t;

extern const kind_t kinds[];
extern const size_t kinds_count;

// What the last injection was, for people.
extern char kinds_story[160];

#endif
