// platform.h: Berkeley SoftFloat on a little-endian machine.
#define LITTLEENDIAN 1
#define INLINE static inline
#define THREAD_LOCAL
