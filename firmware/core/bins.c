#include "bins.h"

// A tree is never deeper than the size has bits; a longer way is a loop made by a stray write.
#define MAX_DEPTH 33

static uint32_t *large_roots(const galloc_heap_t *heap)
{
    return galloc_bins(heap) + heap->small_bins;
}

// The word of a bin or of a parent that holds the link of `chunk`, or NULL. Large chunks that are no peers.
static uint32_t *slot_of(const galloc_heap_t *heap, const galloc_chunk_t *chunk, uint32_t link)
{
    uint32_t bin = ~chunk->prev - heap->small_bins;
    uint32_t *slot;
    if (bin <= heap->large_last) {
        slot = &large_roots(heap)[bin];
    } else if (chunk->prev < heap->units) {
        galloc_chunk_t *parent = galloc_chunk_at(heap, chunk->prev);
        slot = &parent->child[parent->child[1] == link];
    } else {
        return NULL;
    }
    return *slot == link ? slot : NULL;
}

static bool child_ok(const galloc_heap_t *heap, uint32_t child, uint32_t parent)
{
    return child == 0 || (child < heap->units && galloc_chunk_at(heap, child)->prev == parent);
}

// A leaf below `chunk`, which has at least one child; 0 when the links do not hold.
static uint32_t leaf_below(const galloc_heap_t *heap, const galloc_chunk_t *chunk, uint32_t link)
{
    for (int depth = 0; depth < MAX_DEPTH; depth++) {
        uint32_t child = chunk->child[1] ? chunk->child[1] : chunk->child[0];
        if (child == 0) {
            return link;
        }
        if (!child_ok(heap, child, link)) {
            return 0;
        }
        chunk = galloc_chunk_at(heap, child);
        link = child;
    }
    return 0;
}

bool galloc_large_links_ok(const galloc_heap_t *heap, uint32_t link)
{
    const galloc_chunk_t *chunk = galloc_chunk_at(heap, link);
    if (chunk->next != 0 && (chunk->next >= heap->units || galloc_chunk_at(heap, chunk->next)->prev != link)) {
        return false;
    }
    if (chunk->child[0] == GALLOC_PEER) {
        return chunk->prev < heap->units && galloc_chunk_at(heap, chunk->prev)->next == link;
    }
    return slot_of(heap, chunk, link) != NULL && child_ok(heap, chunk->child[0], link) &&
           child_ok(heap, chunk->child[1], link) && (chunk->next != 0 || leaf_below(heap, chunk, link) != 0);
}

void galloc_large_insert(galloc_heap_t *heap, uint32_t link, uint32_t size)
{
    galloc_chunk_t *chunk = galloc_chunk_at(heap, link);
    uint32_t bin = galloc_large_bin(heap, size);
    uint32_t *slot = &large_roots(heap)[bin];
    chunk->next = 0;
    chunk->prev = ~(heap->small_bins + bin);
    chunk->child[0] = 0;
    chunk->child[1] = 0;
    if (*slot == 0) {
        *slot = link;
        heap->large_map |= 1u << bin;
        return;
    }
    uint32_t path = galloc_large_path(heap, bin, size);
    for (int depth = 0; depth < MAX_DEPTH && *slot < heap->units; depth++) {
        uint32_t node_link = *slot;
        galloc_chunk_t *node = galloc_chunk_at(heap, node_link);
        if (galloc_size_free(node) == size) {
            uint32_t next = node->next;
            if (next < heap->units) {
                chunk->next = next;
                if (next != 0) {
                    galloc_chunk_at(heap, next)->prev = link;
                }
            }
            node->next = link;
            chunk->prev = node_link;
            chunk->child[0] = GALLOC_PEER;
            return;
        }
        slot = &node->child[path >> 31];
        path <<= 1;
        if (*slot == 0) {
            *slot = link;
            chunk->prev = node_link;
            return;
        }
    }
    chunk->prev = link; // the tree is damaged: stay out of it, with a link that galloc_check will not accept
}

void galloc_large_unlink(galloc_heap_t *heap, uint32_t link)
{
    galloc_chunk_t *chunk = galloc_chunk_at(heap, link);
    if (chunk->child[0] == GALLOC_PEER) {
        galloc_chunk_at(heap, chunk->prev)->next = chunk->next;
        if (chunk->next != 0) {
            galloc_chunk_at(heap, chunk->next)->prev = chunk->prev;
        }
        return;
    }
    uint32_t *slot = slot_of(heap, chunk, link);
    uint32_t heir = chunk->next; // a peer takes the place as it is
    if (heir == 0) {
        heir = leaf_below(heap, chunk, link);
        if (heir == link) { // a leaf itself
            *slot = 0;
            uint32_t bin = ~chunk->prev - heap->small_bins;
            if (bin <= heap->large_last) {
                heap->large_map &= ~(1u << bin);
            }
            return;
        }
        galloc_chunk_t *leaf = galloc_chunk_at(heap, heir);
        galloc_chunk_t *parent = galloc_chunk_at(heap, leaf->prev);
        parent->child[parent->child[1] == heir] = 0;
    }
    *slot = heir;
    galloc_chunk_t *place = galloc_chunk_at(heap, heir);
    place->prev = chunk->prev;
    for (int side = 0; side < 2; side++) {
        uint32_t child = chunk->child[side];
        place->child[side] = child;
        if (child != 0) {
            galloc_chunk_at(heap, child)->prev = heir;
        }
    }
}

// Of a chunk and those of its size, the one that is cheap to unlink.
static uint32_t cheapest_peer(const galloc_heap_t *heap, uint32_t link)
{
    uint32_t next = link ? galloc_chunk_at(heap, link)->next : 0;
    return next ? next : link;
}

// The smallest chunk of a tree, but for those of less than `size` bytes. All of `rest` is larger than *best_spare + size
// or smaller than it, as found on the way here.
static uint32_t smallest_below(const galloc_heap_t *heap, uint32_t tree, uint32_t size, uint32_t best, uint32_t spare)
{
    for (int depth = 0; tree != 0 && depth < MAX_DEPTH; depth++) {
        if (tree >= heap->units) {
            return 0;
        }
        const galloc_chunk_t *node = galloc_chunk_at(heap, tree);
        uint32_t rest = galloc_size_free(node) - size;
        if (rest < spare) {
            spare = rest;
            best = tree;
        }
        tree = node->child[0] ? node->child[0] : node->child[1];
    }
    return cheapest_peer(heap, best);
}

uint32_t galloc_large_best(const galloc_heap_t *heap, uint32_t size)
{
    const uint32_t *roots = large_roots(heap);
    uint32_t map = heap->large_map & ((2u << heap->large_last) - 1u);
    if (size >= heap->small_limit) {
        uint32_t bin = galloc_large_bin(heap, size);
        map &= ~0u << bin;
        if (map & (1u << bin)) {
            // Chunks of this bin may be smaller than the request. `rest` is the lowest subtree passed by whose chunks
            // all are larger.
            uint32_t best = 0, spare = ~0u, rest = 0, node_link = roots[bin];
            uint32_t path = galloc_large_path(heap, bin, size);
            for (int depth = 0; node_link != 0 && depth < MAX_DEPTH; depth++) {
                if (node_link >= heap->units) {
                    return 0;
                }
                const galloc_chunk_t *node = galloc_chunk_at(heap, node_link);
                uint32_t node_size = galloc_size_free(node);
                if (node_size >= size && node_size - size < spare) {
                    spare = node_size - size;
                    best = node_link;
                    if (spare == 0) {
                        return cheapest_peer(heap, best);
                    }
                }
                if (!(path >> 31) && node->child[1] != 0) {
                    rest = node->child[1];
                }
                node_link = node->child[path >> 31];
                path <<= 1;
            }
            if (rest != 0 || best != 0) {
                return smallest_below(heap, rest, size, best, spare);
            }
            map &= map - 1;
        }
    }
    return map ? smallest_below(heap, roots[galloc_ctz(map)], size, 0, ~0u) : 0;
}

uint32_t galloc_large_greatest(const galloc_heap_t *heap)
{
    uint32_t map = heap->large_map & ((2u << heap->large_last) - 1u);
    uint32_t best = 0, best_size = 0, tree = map ? large_roots(heap)[galloc_log2(map)] : 0;
    for (int depth = 0; tree != 0 && tree < heap->units && depth < MAX_DEPTH; depth++) {
        const galloc_chunk_t *node = galloc_chunk_at(heap, tree);
        if (galloc_size_free(node) > best_size) {
            best_size = galloc_size_free(node);
            best = tree;
        }
        tree = node->child[1] ? node->child[1] : node->child[0];
    }
    return best;
}

// The node after `link` in the order node, low subtree, high subtree; 0 at the end.
static uint32_t next_in_tree(const galloc_heap_t *heap, uint32_t link)
{
    const galloc_chunk_t *node = galloc_chunk_at(heap, link);
    if (node->child[0] != 0 || node->child[1] != 0) {
        return node->child[0] ? node->child[0] : node->child[1];
    }
    for (int depth = 0; node->prev < heap->units && depth < MAX_DEPTH; depth++) {
        const galloc_chunk_t *parent = galloc_chunk_at(heap, node->prev);
        if (parent->child[0] == link && parent->child[1] != 0) {
            return parent->child[1];
        }
        link = node->prev;
        node = parent;
    }
    return 0;
}

uint32_t galloc_bins_find(const galloc_heap_t *heap, uint32_t size, galloc_test_t test, const void *context)
{
    // No heap has more free chunks than this; a longer way is a loop made by a stray write.
    uint32_t steps = heap->units / 2u;
    const uint32_t *bins = galloc_bins(heap);
    uint32_t small = heap->small_bins, count = galloc_bin_count(heap);
    uint32_t bin = size < heap->small_limit ? galloc_smallbin(heap, size) : small + galloc_large_bin(heap, size);
    for (; bin < count; bin++) {
        for (uint32_t node = bins[bin]; node != 0; node = bin < small ? 0 : next_in_tree(heap, node)) {
            for (uint32_t link = node; link != 0; link = galloc_chunk_at(heap, link)->next) {
                if (link >= heap->units || steps-- == 0) {
                    return 0;
                }
                uint32_t chunk_size = galloc_size_free(galloc_chunk_at(heap, link));
                if (chunk_size >= size && test(heap, link, chunk_size, context)) {
                    return link;
                }
            }
        }
    }
    return 0;
}
