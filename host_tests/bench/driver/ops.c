#include "ops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

tally_t tally;
bool ops_verify;
static uint8_t *region_start;
static size_t region_size;

__attribute__((noinline)) void *op_alloc(size_t size, size_t align) {
    return adapter_alloc(size, align);
}

__attribute__((noinline)) void op_free(block_t *block) {
    adapter_free(block->at, block->size, block->align);
}

__attribute__((noinline)) void *op_realloc(block_t *block, size_t new_size) {
    return adapter_realloc(block->at, block->size, block->align, new_size);
}

void *ops_region(size_t size) {
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) {
        fprintf(stderr, "bench: no memory for a region of %zu bytes\n", size);
        exit(2);
    }
    return p;
}

void ops_start(void *region, size_t size) {
    memset(&tally, 0, sizeof(tally));
    region_start = region;
    region_size = size;
    if (!adapter_init(region, size)) {
        fprintf(stderr, "bench: the allocator refuses a region of %zu bytes\n", size);
        exit(2);
    }
}

static void fault(const char *what, const block_t *block) {
    fprintf(stderr, "bench: %s: block %p of %zu bytes, align %zu\n", what, (void *)block->at, block->size,
            block->align);
    exit(3);
}

static uint8_t pattern(const block_t *block) {
    return (uint8_t)((uintptr_t)block->at * 0x9E3779B1u >> 13);
}

static void fill(const block_t *block) {
    if ((uintptr_t)block->at % block->align != 0) {
        fault("misaligned", block);
    }
    memset(block->at, pattern(block), block->size);
}

static void verify_bytes(const block_t *block, size_t size, uint8_t want) {
    for (size_t i = 0; i < size; i++) {
        if (block->at[i] != want) {
            fault("payload overwritten", block);
        }
    }
}

static void account(size_t less, size_t more) {
    tally.live = tally.live - less + more;
    if (tally.live > tally.peak) {
        tally.peak = tally.live;
    }
}

bool ops_alloc(block_t *block, size_t size, size_t align) {
    tally.allocs++;
    uint8_t *at = op_alloc(size, align);
    if (at == NULL) {
        tally.failures++;
        return false;
    }
    *block = (block_t){at, size, align};
    account(0, size);
    if (ops_verify) {
        fill(block);
    }
    return true;
}

void ops_free(block_t *block) {
    tally.frees++;
    if (ops_verify) {
        verify_bytes(block, block->size, pattern(block));
    }
    op_free(block);
    account(block->size, 0);
    block->at = NULL;
}

bool ops_realloc(block_t *block, size_t new_size) {
    tally.reallocs++;
    uint8_t mark = pattern(block);
    if (ops_verify) {
        verify_bytes(block, block->size, mark);
    }
    uint8_t *at = op_realloc(block, new_size);
    if (at == NULL) {
        tally.failures++;
        return false;
    }
    size_t kept = block->size < new_size ? block->size : new_size;
    account(block->size, new_size);
    *block = (block_t){at, new_size, block->align};
    if (ops_verify) {
        verify_bytes(block, kept, mark);
        fill(block);
    }
    return true;
}
