// arithmetic.c: what the compiler calls where the core has no instruction: Debian's library of it is for one calling
// convention and lacks what the ROM of ESP8266 has. Floating point is Berkeley SoftFloat, which QEMU's sources bring along.

#include <stdint.h>

#include "softfloat.h"

// --- 64-bit integers

typedef union {
    uint64_t whole;
    struct {
        uint32_t low, high;
    };
} halves_t;

uint64_t __ashldi3(uint64_t value, int count) {
    halves_t x = {value};
    if (count >= 32) {
        x.high = x.low << (count - 32);
        x.low = 0;
    } else if (count > 0) {
        x.high = x.high << count | x.low >> (32 - count);
        x.low <<= count;
    }
    return x.whole;
}

uint64_t __lshrdi3(uint64_t value, int count) {
    halves_t x = {value};
    if (count >= 32) {
        x.low = x.high >> (count - 32);
        x.high = 0;
    } else if (count > 0) {
        x.low = x.low >> count | x.high << (32 - count);
        x.high >>= count;
    }
    return x.whole;
}

int64_t __ashrdi3(int64_t value, int count) {
    uint64_t sign = value < 0 && count > 0 ? __ashldi3(~0ull, 64 - count) : 0;
    return (int64_t)(__lshrdi3((uint64_t)value, count) | sign);
}

uint64_t __umulsidi3(uint32_t a, uint32_t b) {
    uint32_t low = (a & 0xffff) * (b & 0xffff), cross = (a >> 16) * (b & 0xffff), other = (a & 0xffff) * (b >> 16);
    uint32_t middle = (low >> 16) + (cross & 0xffff) + (other & 0xffff);
    halves_t x;
    x.low = (low & 0xffff) | middle << 16;
    x.high = (a >> 16) * (b >> 16) + (cross >> 16) + (other >> 16) + (middle >> 16);
    return x.whole;
}

uint64_t __muldi3(uint64_t a, uint64_t b) {
    halves_t x = {a}, y = {b}, product = {__umulsidi3(x.low, y.low)};
    product.high += x.high * y.low + x.low * y.high;
    return product.whole;
}

uint64_t __udivmoddi4(uint64_t dividend, uint64_t divisor, uint64_t *rest) {
    uint64_t quotient = 0, left = 0;
    for (int bit = 63; bit >= 0; --bit) {
        left = left << 1 | (dividend >> bit & 1);
        if (left >= divisor) {
            left -= divisor;
            quotient |= 1ull << bit;
        }
    }
    if (rest != 0) {
        *rest = left;
    }
    return quotient;
}

uint64_t __udivdi3(uint64_t a, uint64_t b) {
    return __udivmoddi4(a, b, 0);
}

uint64_t __umoddi3(uint64_t a, uint64_t b) {
    uint64_t rest;
    __udivmoddi4(a, b, &rest);
    return rest;
}

static uint64_t magnitude(int64_t x) {
    return x < 0 ? 0 - (uint64_t)x : (uint64_t)x;
}

int64_t __divdi3(int64_t a, int64_t b) {
    uint64_t quotient = __udivdi3(magnitude(a), magnitude(b));
    return (int64_t)((a < 0) != (b < 0) ? 0 - quotient : quotient);
}

int64_t __moddi3(int64_t a, int64_t b) {
    uint64_t rest = __umoddi3(magnitude(a), magnitude(b));
    return (int64_t)(a < 0 ? 0 - rest : rest);
}

// --- 32-bit integers

static uint32_t divide(uint32_t dividend, uint32_t divisor, uint32_t *rest) {
    uint32_t quotient = 0, left = 0;
    for (int bit = 31; bit >= 0; --bit) {
        left = left << 1 | (dividend >> bit & 1);
        if (left >= divisor) {
            left -= divisor;
            quotient |= 1u << bit;
        }
    }
    *rest = left;
    return quotient;
}

uint32_t __udivsi3(uint32_t a, uint32_t b) {
    uint32_t rest;
    return divide(a, b, &rest);
}

uint32_t __umodsi3(uint32_t a, uint32_t b) {
    uint32_t rest;
    divide(a, b, &rest);
    return rest;
}

int32_t __divsi3(int32_t a, int32_t b) {
    uint32_t rest, quotient = divide((uint32_t)magnitude(a), (uint32_t)magnitude(b), &rest);
    return (int32_t)((a < 0) != (b < 0) ? 0 - quotient : quotient);
}

int32_t __modsi3(int32_t a, int32_t b) {
    uint32_t rest;
    divide((uint32_t)magnitude(a), (uint32_t)magnitude(b), &rest);
    return (int32_t)(a < 0 ? 0 - rest : rest);
}

int __popcountsi2(uint32_t x) {
    int count = 0;
    for (; x != 0; x &= x - 1) {
        ++count;
    }
    return count;
}

// --- Floating point

typedef union {
    float value;
    float32_t soft;
    uint32_t bits;
} single_bits_t;

typedef union {
    double value;
    float64_t soft;
} double_bits_t;

#define BINARY(name, operation)                                                  \
    float name(float a, float b) {                                               \
        single_bits_t x = {a}, y = {b}, z = {.soft = operation(x.soft, y.soft)}; \
        return z.value;                                                          \
    }
BINARY(__addsf3, f32_add)
BINARY(__subsf3, f32_sub)
BINARY(__mulsf3, f32_mul)
BINARY(__divsf3, f32_div)

float __negsf2(float a) {
    single_bits_t x = {a};
    x.bits ^= 0x80000000u;
    return x.value;
}

int __unordsf2(float a, float b) {
    single_bits_t x = {a}, y = {b};
    return !f32_le(x.soft, y.soft) && !f32_lt(y.soft, x.soft);
}

// 0 when equal, below or above 0 when less or greater; `unordered` when either is no number.
static int compare(float a, float b, int unordered) {
    single_bits_t x = {a}, y = {b};
    return f32_eq(x.soft, y.soft) ? 0 : f32_lt(x.soft, y.soft) ? -1 : f32_lt(y.soft, x.soft) ? 1 : unordered;
}

#define COMPARISON(name, unordered)      \
    int name(float a, float b) {         \
        return compare(a, b, unordered); \
    }
COMPARISON(__eqsf2, 1)
COMPARISON(__nesf2, 1)
COMPARISON(__ltsf2, 1)
COMPARISON(__lesf2, 1)
COMPARISON(__gtsf2, -1)
COMPARISON(__gesf2, -1)

#define FROM_INTEGER(name, type, operation)       \
    float name(type a) {                          \
        single_bits_t x = {.soft = operation(a)}; \
        return x.value;                           \
    }
FROM_INTEGER(__floatsisf, int32_t, i32_to_f32)
FROM_INTEGER(__floatunsisf, uint32_t, ui32_to_f32)
FROM_INTEGER(__floatdisf, int64_t, i64_to_f32)
FROM_INTEGER(__floatundisf, uint64_t, ui64_to_f32)

#define TO_INTEGER(name, type, operation)                    \
    type name(float a) {                                     \
        single_bits_t x = {a};                               \
        return operation(x.soft, softfloat_round_minMag, 0); \
    }
TO_INTEGER(__fixsfsi, int32_t, f32_to_i32)
TO_INTEGER(__fixunssfsi, uint32_t, f32_to_ui32)
TO_INTEGER(__fixsfdi, int64_t, f32_to_i64)
TO_INTEGER(__fixunssfdi, uint64_t, f32_to_ui64)

double __extendsfdf2(float a) {
    single_bits_t x = {a};
    double_bits_t y = {.soft = f32_to_f64(x.soft)};
    return y.value;
}

double __floatsidf(int32_t a) {
    double_bits_t x = {.soft = i32_to_f64(a)};
    return x.value;
}

float __truncdfsf2(double a) {
    double_bits_t x = {a};
    single_bits_t y = {.soft = f64_to_f32(x.soft)};
    return y.value;
}

// What MicroPython's libm does not have.
float nanf(const char *tag);
float fabsf(float x);
float copysignf(float x, float y);
float log2f(float x);
float logf(float x);

float nanf(const char *tag) {
    (void)tag;
    single_bits_t x = {.bits = 0x7fc00000u};
    return x.value;
}

float fabsf(float x) {
    single_bits_t y = {x};
    y.bits &= 0x7fffffffu;
    return y.value;
}

float copysignf(float x, float y) {
    single_bits_t number = {x}, sign = {y};
    number.bits = (number.bits & 0x7fffffffu) | (sign.bits & 0x80000000u);
    return number.value;
}

float log2f(float x) {
    return logf(x) / 0.69314718056f;
}
