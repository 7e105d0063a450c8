// Looking at a heap without changing it.

#include "heap.h"

size_t galloc_usable_size(const galloc_heap_t *heap, const void *block)
{
    uint32_t size;
    return galloc_inspect(heap, block, &size) == GALLOC_OK ? size - GALLOC_HEADER_SIZE : 0;
}

bool galloc_owns(const galloc_heap_t *heap, const void *block)
{
    uint32_t size;
    return galloc_inspect(heap, block, &size) == GALLOC_OK;
}

static uint32_t greatest_free(const galloc_heap_t *heap)
{
    uint32_t large = galloc_large_greatest(heap);
    uint32_t size = large ? galloc_size_free(galloc_chunk_at(heap, large)) : 0;
    if (heap->top_size > size) {
        size = heap->top_size;
    }
    for (uint32_t word = heap->small_words; size == 0 && word-- > 0;) {
        if (heap->small_map[word] != 0) {
            size = galloc_small_size(heap, word * 32u + galloc_log2(heap->small_map[word]));
        }
    }
    return size;
}

void galloc_stats(const galloc_heap_t *heap, galloc_stats_t *out)
{
    *out = (galloc_stats_t){0};
    if (heap == NULL || galloc_static_sum(heap) != heap->static_sum) {
        return;
    }
    uint32_t greatest = greatest_free(heap);
    out->total = (size_t)heap->units * 8u + 8u;
    out->used = heap->used;
    out->blocks = heap->allocs - heap->frees;
    out->free_chunks = heap->free_chunks;
    out->overhead = (size_t)heap->first * 8u + 8u + GALLOC_HEADER_SIZE * (out->blocks + out->free_chunks);
    out->free = out->total - out->overhead - out->used;
    out->largest = greatest ? greatest - GALLOC_HEADER_SIZE : 0;
    out->peak_used = heap->peak_used;
    out->allocs = heap->allocs;
    out->frees = heap->frees;
    out->failures = heap->failures;
}

// Size of the chunk at `link`, and whether it is live; 0 when the chunk does not hold.
static uint32_t chunk_at(const galloc_heap_t *heap, uint32_t link, bool *live)
{
    galloc_chunk_t *chunk = galloc_chunk_at(heap, link);
    uint32_t size;
    *live = (chunk->header & GALLOC_IN_USE) != 0;
    if (*live) {
        return galloc_inspect(heap, galloc_payload(chunk), &size) == GALLOC_OK ? size : 0;
    }
    size = galloc_size_free(chunk);
    return size >= GALLOC_MIN_CHUNK && galloc_free_chunk_ok(heap, link, size) ? size : 0;
}

void galloc_walk(const galloc_heap_t *heap, galloc_visit_t visit, void *context)
{
    if (heap == NULL || galloc_static_sum(heap) != heap->static_sum) {
        return;
    }
    uint32_t size;
    for (uint32_t link = heap->first; link < heap->units; link += size / 8u) {
        bool live;
        size = chunk_at(heap, link, &live);
        if (size == 0 ||
            !visit(context, galloc_payload(galloc_chunk_at(heap, link)), size - GALLOC_HEADER_SIZE, live)) {
            return;
        }
    }
}

// A fault and where it was seen: an offset from the start of the heap.
typedef struct {
    galloc_fault_t fault;
    uint32_t offset;
} finding_t;

static const finding_t sound = {GALLOC_OK, 0};

static finding_t corrupt(const galloc_heap_t *heap, const void *where)
{
    return (finding_t){GALLOC_FAULT_CORRUPT, galloc_offset(heap, where)};
}

static finding_t check_control(const galloc_heap_t *heap)
{
    size_t bins = sizeof(*heap) + 4u * ((size_t)heap->small_words + galloc_bin_count(heap));
    if (heap->magic != GALLOC_MAGIC || galloc_static_sum(heap) != heap->static_sum || heap->first >= heap->units ||
        bins > (size_t)heap->first * 8u + 4u || heap->small_bins > heap->small_words * 32u || heap->large_last > 31u ||
        heap->large_shift > 31u || heap->sub_last >= 16u) {
        return (finding_t){GALLOC_FAULT_GEOMETRY, 0};
    }
    if (heap->origin != ~heap->not_origin) {
        return corrupt(heap, &heap->origin);
    }
    if (heap->peak_used != ~heap->not_peak_used || heap->peak_used < heap->used) {
        return corrupt(heap, &heap->peak_used);
    }
    if (heap->failures != ~heap->not_failures) {
        return corrupt(heap, &heap->failures);
    }
    for (int i = 0; i < GALLOC_ROOTS; i++) {
        if (heap->roots[i] != ~heap->not_roots[i]) {
            return corrupt(heap, &heap->roots[i]);
        }
    }
    return sound;
}

// Walks all chunks; counts the free ones.
static finding_t check_chunks(const galloc_heap_t *heap, uint32_t *free_chunks)
{
    uint32_t used = 0, blocks = 0, link = heap->first;
    bool before_live = true;
    for (;;) {
        const galloc_chunk_t *chunk = galloc_chunk_at(heap, link);
        if ((chunk->header & GALLOC_PREV_IN_USE) != (before_live ? GALLOC_PREV_IN_USE : 0u)) {
            return corrupt(heap, chunk);
        }
        if (link == heap->units) {
            break;
        }
        bool live;
        uint32_t size = chunk_at(heap, link, &live);
        if (size == 0 || (!live && (!before_live || !galloc_detachable(heap, link, size)))) {
            return corrupt(heap, chunk);
        }
        if (live) {
            used += size - GALLOC_HEADER_SIZE;
            blocks++;
        } else {
            ++*free_chunks;
        }
        before_live = live;
        link += size / 8u;
    }
    const galloc_chunk_t *end = galloc_end_chunk(heap);
    if ((end->header & ~(uint32_t)GALLOC_PREV_IN_USE) != (GALLOC_IN_USE | galloc_header_check(heap, end, 0))) {
        return corrupt(heap, end);
    }
    if (heap->used != used) {
        return corrupt(heap, &heap->used);
    }
    if (heap->allocs - heap->frees != blocks) {
        return corrupt(heap, &heap->allocs);
    }
    if (heap->free_chunks != *free_chunks) {
        return corrupt(heap, &heap->free_chunks);
    }
    return sound;
}

static finding_t check_small_bin(const galloc_heap_t *heap, uint32_t bin, uint32_t *left)
{
    const uint32_t *first = &galloc_bins(heap)[bin];
    if ((heap->small_map[bin / 32u] >> bin % 32u & 1u) != (*first != 0)) {
        return corrupt(heap, &heap->small_map[bin / 32u]);
    }
    uint32_t prev = ~bin;
    for (uint32_t link = *first; link != 0; link = galloc_chunk_at(heap, link)->next) {
        if ((*left)-- == 0 || link >= heap->units || !galloc_free_chunk_ok(heap, link, galloc_small_size(heap, bin)) ||
            galloc_sub_bin(heap, heap->origin, link) != (bin & ((1u << heap->sub_shift) - 1u)) ||
            galloc_chunk_at(heap, link)->prev != prev) {
            return corrupt(heap, first);
        }
        prev = link;
    }
    return sound;
}

// The tree below `link`, whose sizes share the bits above `path_bits` of `path` with the way that led here. Recursion is as
// deep as the tree, which *left bounds.
static bool tree_ok(const galloc_heap_t *heap, uint32_t link, uint32_t parent, uint32_t bin, uint32_t path,
                    uint32_t depth, uint32_t *left)
{
    if (link == 0) {
        return true;
    }
    if (depth > 32u || link >= heap->units) {
        return false;
    }
    const galloc_chunk_t *node = galloc_chunk_at(heap, link);
    uint32_t size = galloc_size_free(node);
    uint32_t mask = depth ? ~0u << (32u - depth) : 0u;
    if (size < heap->small_limit || galloc_large_bin(heap, size) != bin || node->prev != parent ||
        ((galloc_large_path(heap, bin, size) ^ path) & mask) != 0) {
        return false;
    }
    uint32_t prev = link;
    for (uint32_t peer = link; peer != 0; peer = galloc_chunk_at(heap, peer)->next) {
        if ((*left)-- == 0 || !galloc_free_chunk_ok(heap, peer, size)) {
            return false;
        }
        const galloc_chunk_t *chunk = galloc_chunk_at(heap, peer);
        if (peer != link && (chunk->prev != prev || chunk->child[0] != GALLOC_PEER)) {
            return false;
        }
        prev = peer;
    }
    return depth < 32u ? tree_ok(heap, node->child[0], link, bin, path, depth + 1u, left) &&
                             tree_ok(heap, node->child[1], link, bin, path | 0x80000000u >> depth, depth + 1u, left)
                       : node->child[0] == 0 && node->child[1] == 0;
}

// Walks all bins, which together with top must hold all free chunks.
static finding_t check_bins(const galloc_heap_t *heap, uint32_t free_chunks)
{
    uint32_t left = free_chunks;
    for (uint32_t bin = 0; bin < heap->small_words * 32u; bin++) {
        if (bin >= heap->small_bins) {
            if (heap->small_map[bin / 32u] >> bin % 32u & 1u) {
                return corrupt(heap, &heap->small_map[bin / 32u]);
            }
            continue;
        }
        finding_t finding = check_small_bin(heap, bin, &left);
        if (finding.fault != GALLOC_OK) {
            return finding;
        }
    }
    const uint32_t *roots = galloc_bins(heap) + heap->small_bins;
    for (uint32_t bin = 0; bin < 32u; bin++) {
        bool held = heap->large_map >> bin & 1u;
        if (held != (bin <= heap->large_last && roots[bin] != 0)) {
            return corrupt(heap, &heap->large_map);
        }
        if (held && !tree_ok(heap, roots[bin], ~(heap->small_bins + bin), bin, 0, 0, &left)) {
            return corrupt(heap, &roots[bin]);
        }
    }
    if (heap->top != 0 ? left-- == 0 || heap->top_size < heap->small_limit ||
                             !galloc_free_chunk_ok(heap, heap->top, heap->top_size)
                       : heap->top_size != 0) {
        return corrupt(heap, &heap->top);
    }
    return left == 0 ? sound : corrupt(heap, roots);
}

galloc_fault_t galloc_check(const galloc_heap_t *heap, size_t *offset)
{
    finding_t finding = {GALLOC_FAULT_NULL, 0};
    uint32_t free_chunks = 0;
    if (heap != NULL) {
        finding = check_control(heap);
        if (finding.fault == GALLOC_OK) {
            finding = check_chunks(heap, &free_chunks);
        }
        if (finding.fault == GALLOC_OK) {
            finding = check_bins(heap, free_chunks);
        }
    }
    if (offset != NULL) {
        *offset = finding.offset;
    }
    return finding.fault;
}

const char *galloc_fault_name(galloc_fault_t fault)
{
    switch (fault) {
        case GALLOC_OK:
            return "ok";
        case GALLOC_FAULT_NULL:
            return "null pointer";
        case GALLOC_FAULT_FOREIGN:
            return "foreign pointer";
        case GALLOC_FAULT_MISALIGNED:
            return "misaligned pointer";
        case GALLOC_FAULT_NOT_ALLOCATED:
            return "block not allocated";
        case GALLOC_FAULT_CORRUPT:
            return "heap corrupt";
        case GALLOC_FAULT_GEOMETRY:
            return "not a heap of this region";
    }
    return "unknown fault";
}
