"""Copies of a trace that differ a little from it: what another run of the program might do."""

import random
from array import array

from galloc_mp.replay.trace import ALIGNED, FREE, Trace

SWAPPED = 0.1  # share of neighbouring operations that change places


def operations(trace: Trace):
    """Each operation as (kind, slot, size, align); size and align 0 for FREE."""
    words, at, end = trace.words, 0, trace.starts[-1]
    while at < end:
        kind, slot = words[at] >> 14, words[at] & 0x3FFF
        at += 1
        size = align = 0
        if kind != FREE:
            align = 8
            if kind == ALIGNED:
                align = 1 << words[at]
                at += 1
            size = words[at]
            at += 1
            if size & 0x8000:
                size = size & 0x7FFF | words[at] << 15
                at += 1
        yield kind, slot, size, align


def vary(trace: Trace, share: float, seed: int) -> Trace:
    """A copy whose sizes differ by up to `share` in either direction, and in which some
    neighbouring operations on different blocks have changed places.
    """
    rng = random.Random(seed)
    steps = list(operations(trace))
    at = 0
    while at + 1 < len(steps):
        # Two operations on one slot may be the end of one block and the start of the next.
        if steps[at][1] != steps[at + 1][1] and rng.random() < SWAPPED:
            steps[at], steps[at + 1] = steps[at + 1], steps[at]
            at += 1
        at += 1
    words, starts = array("H"), array("L")
    live: dict[int, int] = {}
    total = peak = peak_at = 0
    for number, (kind, slot, size, align) in enumerate(steps):
        starts.append(len(words))
        words.append(kind << 14 | slot)
        total -= live.pop(slot, 0)
        if kind == FREE:
            continue
        size = max(round(size * (1 + rng.uniform(-share, share))), min(size, 1))
        live[slot] = size
        total += size
        if total > peak:
            peak, peak_at = total, number + 1
        if kind == ALIGNED:
            words.append(align.bit_length() - 1)
        words.extend([size] if size < 0x8000 else [0x8000 | size & 0x7FFF, size >> 15])
    starts.append(len(words))
    return Trace(trace.name, words, starts, trace.slots, peak, peak_at, trace.align)
