// What the thread tests of the locked forms share. Link with --wrap for memcpy, memmove and memset: no call may move or
// clear payload while it holds a lock.

#ifndef THREADS_H
#define THREADS_H

#include "harness.h"

// Whether this thread holds a lock. Where a test's own lock sets it, the copies are watched.
extern _Thread_local bool lock_held;

// From now on no copy under a lock may write to this region. Before the threads start.
void threads_watch(const region_t *region);

// The first bytes of a block hold its pattern.
void must_hold(const live_t *entry, size_t count);

#endif
