// bounded.c: how often a request fails in a heap with bounded_search although a free chunk would serve it.
//
// Each load keeps a region full: requests and frees at random, and after a request that no chunk serves a few more frees.
// A request that fails is made again with an exhaustive search. Prints one JSON object a line.

#include <stdio.h>

#include "galloc.c"
#include "galloc_check.c"

enum { STEPS = 2000000, MAX_BLOCKS = 20000, MAX_REGION = 262144 };

typedef struct {
    const char *name;
    uint32_t least, most; // bytes
    uint32_t aligns;      // alignments drawn: 8 << 0 to aligns - 1
    uint32_t align;       // the least of them
} load_t;

static const load_t loads[] = {
    {"8 to 512 bytes", 8, 512, 1, 8},
    {"8 to 2048 bytes", 8, 2048, 1, 8},
    {"256 to 4096 bytes", 256, 4096, 1, 8},
    {"8 to 512 bytes, aligned to 8 to 64", 8, 512, 4, 8},
    {"8 to 2048 bytes, aligned to 8 to 64", 8, 2048, 4, 8},
    {"64 to 1024 bytes, aligned to 32", 64, 1024, 1, 32},
};

static uint64_t state;
static _Alignas(8) uint8_t region[MAX_REGION];
static void *blocks[MAX_BLOCKS];
static uint32_t count;

static uint32_t draw(uint32_t below) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 20) % below;
}

static bool free_one(galloc_heap_t *heap) {
    uint32_t k = draw(count);
    bool freed = galloc_free(heap, blocks[k]) == GALLOC_OK;
    blocks[k] = blocks[--count];
    return freed;
}

static bool run(const load_t *load, uint32_t size, uint64_t seed) {
    const galloc_config_t config = {.bounded_search = true};
    galloc_heap_t *heap = galloc_init(region, size, &config);
    uint32_t requests = 0, failed = 0, missed = 0;
    state = seed;
    count = 0;
    for (uint32_t step = 0; step < STEPS; step++) {
        if (count > 0 && draw(100) < 50) {
            if (!free_one(heap)) {
                return false;
            }
            continue;
        }
        uint32_t bytes = load->least + draw(load->most - load->least + 1), align = load->align << draw(load->aligns);
        void *block = galloc_alloc(heap, bytes, align);
        requests++;
        if (block == NULL) {
            failed++;
            heap->key ^= GALLOC_KEY_BOUNDED;
            block = galloc_alloc(heap, bytes, align);
            heap->key ^= GALLOC_KEY_BOUNDED;
            missed += block != NULL;
            for (uint32_t more = block == NULL ? draw(4) + 1 : 0; more > 0 && count > 0; more--) {
                if (!free_one(heap)) {
                    return false;
                }
            }
        }
        if (block != NULL && count < MAX_BLOCKS) {
            blocks[count++] = block;
        } else if (block != NULL && galloc_free(heap, block) != GALLOC_OK) {
            return false;
        }
    }
    printf(
        "{\"load\": \"%s\", \"over_aligned\": %s, \"region\": %u, \"requests\": %u, \"failed\": %u, \"missed\": %u}\n",
        load->name, load->aligns > 1 || load->align > 8 ? "true" : "false", size, requests, failed, missed);
    return galloc_check(heap, NULL) == GALLOC_OK;
}

int main(void) {
    for (uint32_t size = 16384; size <= MAX_REGION; size *= 4) {
        for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
            if (!run(&loads[i], size, 1 + i)) {
                fprintf(stderr, "bounded: the heap is damaged under the load %s\n", loads[i].name);
                return 3;
            }
        }
    }
    return 0;
}
