// Handing blocks out and taking them back.

#include "heap.h"

// Takes out the best fit for `need` bytes at the default alignment. Returns its link and sets *size; 0 when there is none.
GALLOC_INLINE uint32_t take(galloc_heap_t *heap, uint32_t need, uint32_t *size)
{
    uint32_t link;
    if (need < heap->small_limit) {
        uint32_t bin = galloc_small_search(heap, galloc_smallbin(heap, need), ~0u);
        if (bin < heap->small_bins) {
            link = galloc_bins(heap)[bin];
            *size = galloc_small_size(heap, bin);
            if (GALLOC_UNLIKELY(!galloc_free_chunk_ok(heap, link, *size) || !galloc_small_links_ok(heap, link))) {
                return 0;
            }
            heap->free_chunks--;
            galloc_small_unlink(heap, link);
            return link;
        }
    }
    uint32_t top_size = heap->top_size;
    link = heap->large_map ? galloc_large_best(heap, need) : 0;
    if (link != 0) {
        *size = galloc_size_free(galloc_chunk_at(heap, link));
        if (*size <= top_size || top_size < need) {
            if (GALLOC_UNLIKELY(*size < heap->small_limit || !galloc_detachable(heap, link, *size))) {
                return 0;
            }
            heap->free_chunks--;
            galloc_large_unlink(heap, link);
            return link;
        }
    }
    link = heap->top;
    if (top_size < need || GALLOC_UNLIKELY(!galloc_free_chunk_ok(heap, link, top_size))) {
        return 0;
    }
    *size = top_size;
    heap->free_chunks--;
    heap->top = 0;
    heap->top_size = 0;
    return link;
}

static GALLOC_COLD void *fail(galloc_heap_t *heap)
{
    heap->failures++;
    heap->not_failures = ~heap->failures;
    return NULL;
}

// Bytes before the block when it is cut from the high end of its hole.
GALLOC_INLINE uint32_t default_front(uint32_t size, uint32_t need)
{
    return need >= GALLOC_LARGE_BLOCK && size - need >= GALLOC_MIN_CHUNK ? size - need : 0;
}

typedef struct {
    uint32_t need, align;
} request_t;

// Where a block goes in a free chunk: `front` bytes into it, at the end with the less padding. Returns false when it does
// not fit.
static bool place(const galloc_heap_t *heap, uint32_t link, uint32_t size, const request_t *request, uint32_t *front)
{
    if (size < request->need) {
        return false;
    }
    uint32_t mask = request->align - 1u;
    uint32_t payload = (uint32_t)(uintptr_t)galloc_payload(galloc_chunk_at(heap, link));
    uint32_t spare = size - request->need;
    uint32_t low = (0u - payload) & mask;
    if (low == 8u) { // no chunk is that small
        low += request->align;
    }
    uint32_t back = (payload + spare) & mask; // behind the highest place
    bool low_fits = low <= spare;
    bool high_fits = back <= spare && spare - back != 8u;
    if (high_fits && (!low_fits || back < low)) {
        *front = spare - back;
        return true;
    }
    *front = low;
    return low_fits;
}

static bool fits(const galloc_heap_t *heap, uint32_t link, uint32_t size, const void *context)
{
    uint32_t front;
    return place(heap, link, size, context, &front);
}

// The bits of every word of small_map that stand for sub-bin `sub` and those above it.
static uint32_t alignment_mask(const galloc_heap_t *heap, uint32_t sub)
{
    uint32_t mask = (1u << (1u << heap->sub_shift)) - (1u << sub);
    for (uint32_t width = 1u << heap->sub_shift; width < 32u; width *= 2u) {
        mask |= mask << width;
    }
    return mask;
}

// The over-aligned request, in three steps: a small chunk that needs no padding; a chunk that is large enough for the
// most padding; any chunk whose address happens to do.
static GALLOC_NOINLINE void *alloc_aligned(galloc_heap_t *heap, size_t size, size_t align)
{
    uint32_t need = galloc_chunk_size(heap, size);
    if (need == 0 || (align & (align - 1u)) != 0 || align / 8u > heap->units) {
        return fail(heap);
    }
    const request_t request = {need, (uint32_t)align};
    uint32_t sub = galloc_log2((uint32_t)align) - 3u;
    uint32_t link = 0, chunk_size = 0, front = 0;
    if (sub <= heap->sub_last && need < heap->small_limit) {
        uint32_t bin = galloc_small_search(heap, galloc_smallbin(heap, need), alignment_mask(heap, sub));
        if (bin < heap->small_bins) {
            link = galloc_bins(heap)[bin];
            chunk_size = galloc_small_size(heap, bin);
            if (!galloc_detachable(heap, link, chunk_size)) {
                return fail(heap);
            }
            galloc_detach(heap, link, chunk_size);
        }
    }
    if (link == 0) {
        // The padding is 0, or 16 and more: at most 8 less than the alignment, and the alignment once more for 8.
        uint32_t most = need + (uint32_t)align + 8u;
        if (most > need) {
            link = take(heap, most, &chunk_size);
        }
    }
    if (link == 0 && !(heap->flags & GALLOC_FLAG_BOUNDED_SEARCH)) {
        link = galloc_bins_find(heap, need, fits, &request);
        if (link != 0) {
            chunk_size = galloc_size_free(galloc_chunk_at(heap, link));
        } else if (heap->top != 0) {
            link = heap->top;
            chunk_size = heap->top_size;
        }
        if (link != 0) {
            if (!galloc_detachable(heap, link, chunk_size) || !place(heap, link, chunk_size, &request, &front)) {
                return fail(heap);
            }
            galloc_detach(heap, link, chunk_size);
        }
    }
    if (link == 0 || !place(heap, link, chunk_size, &request, &front)) {
        return fail(heap);
    }
    heap->allocs++;
    return galloc_payload(galloc_cut(heap, galloc_chunk_at(heap, link), chunk_size, front, need));
}

void *galloc_alloc(galloc_heap_t *heap, size_t size, size_t align)
{
    if (GALLOC_UNLIKELY(heap == NULL)) {
        return NULL;
    }
    if (GALLOC_UNLIKELY(!galloc_static_ok(heap))) {
        return NULL;
    }
    if (align > 8u) {
        return alloc_aligned(heap, size, align);
    }
    uint32_t need = galloc_chunk_size(heap, size);
    if (GALLOC_UNLIKELY(need == 0 || (align & (align - 1u)) != 0)) {
        return fail(heap);
    }
    uint32_t chunk_size;
    uint32_t link = take(heap, need, &chunk_size);
    if (GALLOC_UNLIKELY(link == 0)) {
        return fail(heap);
    }
    heap->allocs++;
    galloc_chunk_t *chunk = galloc_chunk_at(heap, link);
    return galloc_payload(galloc_cut(heap, chunk, chunk_size, default_front(chunk_size, need), need));
}

void *galloc_alloc_zeroed(galloc_heap_t *heap, size_t size, size_t align)
{
    void *block = galloc_alloc(heap, size, align);
    if (block != NULL) {
        __builtin_memset(block, 0, size);
    }
    return block;
}

galloc_fault_t galloc_free(galloc_heap_t *heap, void *block)
{
    uint32_t size;
    galloc_fault_t fault = galloc_inspect(heap, block, &size);
    if (GALLOC_UNLIKELY(fault != GALLOC_OK)) {
        return fault;
    }
    galloc_chunk_t *chunk = galloc_chunk_of(block);
    galloc_chunk_t *next = galloc_chunk_after(chunk, size);
    uint32_t next_size, before_size;
    if (GALLOC_UNLIKELY(!galloc_look_after(heap, next, &next_size) ||
                        !galloc_look_before(heap, chunk, &before_size))) {
        return GALLOC_FAULT_CORRUPT;
    }
    heap->frees++;
    heap->used -= size - GALLOC_HEADER_SIZE;
    // A header that stays behind in a free chunk must not pass for a live one.
    chunk->header = 0;
    if (next_size != 0) {
        galloc_detach(heap, galloc_link_of(heap, next), next_size);
    } else {
        galloc_toggle_prev(next);
    }
    if (before_size != 0) {
        chunk = (galloc_chunk_t *)((uintptr_t)chunk - before_size);
        galloc_detach(heap, galloc_link_of(heap, chunk), before_size);
    }
    galloc_release(heap, chunk, before_size + size + next_size);
    return GALLOC_OK;
}
