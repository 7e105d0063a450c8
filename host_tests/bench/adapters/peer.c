// A peer of the Rust library; PEER is the start of its functions' names.

#include "adapter.h"

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define peer(verb) JOIN(PEER, verb)

bool peer(_init)(void *region, size_t size);
void *peer(_alloc)(size_t size, size_t align);
void peer(_free)(void *block, size_t size, size_t align);
void *peer(_realloc)(void *block, size_t size, size_t align, size_t new_size);
int peer(_resize)(void *block, size_t size, size_t align, size_t new_size);
size_t peer(_control)(size_t region);

bool adapter_bounded;

bool adapter_init(void *region, size_t size) {
    return peer(_init)(region, size);
}

void *adapter_alloc(size_t size, size_t align) {
    return peer(_alloc)(size, align);
}

void adapter_free(void *block, size_t size, size_t align) {
    peer(_free)(block, size, align);
}

void *adapter_realloc(void *block, size_t size, size_t align, size_t new_size) {
    return peer(_realloc)(block, size, align, new_size);
}

int adapter_resize(void *block, size_t size, size_t align, size_t new_size) {
    return peer(_resize)(block, size, align, new_size);
}

size_t adapter_control(size_t region) {
    return peer(_control)(region);
}

bool adapter_check(void) {
    return true;
}
