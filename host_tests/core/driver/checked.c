#include "checked.h"

// With bounded_search, a request is owed only what a chunk of a larger bin can hold at the worst address.
static void judge_refusal(checked_t *run, size_t size, size_t align) {
    run->failures++;
    bool owed = (align & (align - 1)) == 0 && heap_could_hold(run->heap, size, align);
    if (owed && run->bounded_search) {
        galloc_stats_t stats;
        galloc_stats(run->heap, &stats);
        owed = stats.largest >= 2 * (payload_for(size) + (align > 8 ? align : 0) + 8);
    }
    if (owed) {
        fail("%zu bytes at %zu refused although a hole can hold them", size, align);
    }
}

static void take(checked_t *run, uint8_t *block, size_t size, size_t align) {
    size_t usable = galloc_usable_size(run->heap, block);
    if ((align & (align - 1)) != 0 || (uintptr_t)block % (align < 8 ? 8 : align) != 0 || usable < size ||
        usable > payload_for(size) + 8 || !galloc_owns(run->heap, block)) {
        fail("%zu bytes at %zu gave %zu usable bytes at %p", size, align, usable, (void *)block);
    }
    const char *wrong = shadow_add(&run->shadow, block, usable);
    if (wrong != NULL) {
        fail("%s", wrong);
    }
}

static void expect_pattern(const uint8_t *block, size_t count, live_t entry, const char *what) {
    if (!pattern_holds(block, count, entry.token)) {
        fail("payload of %zu bytes: %s", entry.usable, what);
    }
}

void checked_alloc(checked_t *run, size_t size, size_t align, bool zeroed) {
    uint8_t *block = zeroed ? galloc_alloc_zeroed(run->heap, size, align) : galloc_alloc(run->heap, size, align);
    if (block == NULL) {
        judge_refusal(run, size, align);
        return;
    }
    for (size_t i = 0; zeroed && i < size; i++) {
        if (block[i] != 0) {
            fail("byte %zu of a zeroed block is not 0", i);
        }
    }
    take(run, block, size, align);
}

void checked_alloc_in_steps(checked_t *run, size_t size, size_t align, size_t index) {
    galloc_search_t search = {0};
    uint8_t *block;
    bool changed = false;
    size_t steps = 0;
    do {
        block = galloc_alloc_step(run->heap, size, align, &search);
        if (block == NULL && search.more && !changed && index < run->shadow.count) {
            checked_resize(run, index, run->shadow.live[index].usable / 2);
            changed = true;
        }
        if (++steps > run->region->size) {
            fail("a search without an end");
        }
    } while (block == NULL && search.more);
    if (block == NULL) {
        judge_refusal(run, size, align);
    } else {
        take(run, block, size, align);
    }
}

void checked_free(checked_t *run, size_t index) {
    live_t entry = run->shadow.live[index];
    expect_pattern(entry.block, entry.usable, entry, "overwritten before free");
    shadow_remove(&run->shadow, index);
    galloc_fault_t fault = galloc_free(run->heap, entry.block);
    if (fault != GALLOC_OK) {
        fail("free of a live block: %s", galloc_fault_name(fault));
    }
    if (galloc_free(run->heap, entry.block) == GALLOC_OK) {
        fail("double free unnoticed");
    }
}

void checked_realloc(checked_t *run, size_t index, size_t size, size_t align) {
    live_t entry = run->shadow.live[index];
    expect_pattern(entry.block, entry.usable, entry, "overwritten before realloc");
    uint8_t *block = galloc_realloc(run->heap, entry.block, size, align);
    if (block == NULL) {
        expect_pattern(entry.block, entry.usable, entry, "changed by a realloc that was refused");
        judge_refusal(run, size, align);
        return;
    }
    expect_pattern(block, entry.usable < size ? entry.usable : size, entry, "lost by realloc");
    shadow_remove(&run->shadow, index);
    take(run, block, size, align);
}

void checked_resize(checked_t *run, size_t index, size_t size) {
    live_t entry = run->shadow.live[index];
    bool done = galloc_resize(run->heap, entry.block, size);
    size_t kept = !done || entry.usable < size ? entry.usable : size;
    expect_pattern(entry.block, kept, entry, "lost by resize");
    if (done) {
        shadow_remove(&run->shadow, index);
        take(run, entry.block, size, 8);
    } else if (size <= entry.usable) {
        fail("resize refused to shrink from %zu to %zu", entry.usable, size);
    }
}

void checked_counters(checked_t *run) {
    size_t offset = 0, used = 0;
    galloc_fault_t fault = galloc_check(run->heap, &offset);
    if (fault != GALLOC_OK) {
        fail("check: %s at %zu", galloc_fault_name(fault), offset);
    }
    for (size_t i = 0; i < run->shadow.count; i++) {
        used += run->shadow.live[i].usable;
    }
    galloc_stats_t stats;
    galloc_stats(run->heap, &stats);
    if (stats.used != used || stats.blocks != run->shadow.count || stats.allocs - stats.frees != stats.blocks ||
        stats.failures != run->failures || stats.used + stats.free + stats.overhead != stats.total ||
        stats.peak_used < stats.used || stats.total + 23 < run->region->size || stats.total > run->region->size) {
        fail("stats: used %zu of %zu, blocks %zu of %zu, failures %zu of %zu", stats.used, used, stats.blocks,
             run->shadow.count, stats.failures, run->failures);
    }
}

void checked_payload(const checked_t *run) {
    const char *wrong = shadow_audit(&run->shadow);
    if (wrong != NULL) {
        fail("%s", wrong);
    }
}
