#include "threads.h"

#define MAX_REGIONS 4u

_Thread_local bool lock_held;
static const region_t *regions[MAX_REGIONS];
static size_t regions_count;

void threads_watch(const region_t *region) {
    if (regions_count == MAX_REGIONS) {
        fail("more than %u regions", MAX_REGIONS);
    }
    regions[regions_count++] = region;
}

void must_hold(const live_t *entry, size_t count) {
    if (!pattern_holds(entry->block, count, entry->token)) {
        fail("a block was overwritten by another thread");
    }
}

// ---- every call of these in the program comes here ----

void *__real_memcpy(void *to, const void *from, size_t count);
void *__real_memmove(void *to, const void *from, size_t count);
void *__real_memset(void *to, int value, size_t count);
void *__wrap_memcpy(void *to, const void *from, size_t count);
void *__wrap_memmove(void *to, const void *from, size_t count);
void *__wrap_memset(void *to, int value, size_t count);

static void must_not_touch(const void *to, size_t count, const char *name) {
    for (size_t i = 0; lock_held && count > 0 && i < regions_count; i++) {
        if ((uintptr_t)to - (uintptr_t)regions[i]->base < regions[i]->size) {
            lock_held = false;
            fail("%s of %zu bytes of a region under its lock", name, count);
        }
    }
}

void *__wrap_memcpy(void *to, const void *from, size_t count) {
    must_not_touch(to, count, "memcpy");
    return __real_memcpy(to, from, count);
}

void *__wrap_memmove(void *to, const void *from, size_t count) {
    must_not_touch(to, count, "memmove");
    return __real_memmove(to, from, count);
}

void *__wrap_memset(void *to, int value, size_t count) {
    must_not_touch(to, count, "memset");
    return __real_memset(to, value, count);
}
