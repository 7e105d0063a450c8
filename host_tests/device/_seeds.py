# Runs on a target, behind _program.py: programs by their seeds, and many of them.
import gc


def lcg(seed, count):
    """A program by its seed, made on the target: the same on each."""
    ops = []
    for _ in range(count):
        op = []
        for _ in range(3):
            seed = (seed * 1103515245 + 12345) & 0x3FFFFFFF
            op.append(seed >> 8 & 0xFFFF)
        ops.append(op)
    return ops


def held():
    """Bytes that live on the GC heap."""
    for _ in range(3):
        gc.collect()
    return gc.mem_alloc()


def long_run(seed, programs, count):
    """Many programs; returns how many bytes more are on the GC heap after the last than after the
    third.
    """
    settled = 0
    for i in range(programs):
        run(lcg(seed + i, count), 4096, (0, 4, 32)[i % 3], (0, 2, 8)[i % 3])
        if i == 2:
            settled = held()
    return held() - settled
