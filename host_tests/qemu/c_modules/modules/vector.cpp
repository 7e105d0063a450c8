// vector.cpp: C++ whose new and delete are galloc's shared heap.

#include <cstdint>
#include <vector>

extern "C" {
#include "vector.h"
}

// The sum of 0 to count - 1, by way of a vector that grows.
uint32_t galloc_example_sum(uint32_t count) {
    std::vector<uint32_t> numbers;
    for (uint32_t i = 0; i < count; ++i) {
        numbers.push_back(i);
    }
    uint32_t sum = 0;
    for (uint32_t number : numbers) {
        sum += number;
    }
    return sum;
}

// Worked out before main, where the port runs constructors by then.
static const uint32_t early = galloc_example_sum(100);

uint32_t galloc_example_early() {
    return early;
}
