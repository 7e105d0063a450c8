"""Two threads on one heap: MicroPython's unix port runs them at once, without a global lock."""

import pytest

THREADS = """
import _thread
import galloc

h = galloc.Heap(bytearray(16384))
done = _thread.allocate_lock()
ended = []


def work(me, rounds):
    seed = 12345 + me
    live = []
    try:
        for i in range(rounds):
            seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
            size = 8 + (seed >> 8) % 200
            if seed >> 20 & 1 or not live:
                m = h.malloc(size, 8 << (seed >> 12) % 4)
            elif seed >> 21 & 1:
                m, old = live.pop((seed >> 5) % len(live))
                assert h.get8(m, 0) == me and h.get8(m, old - 1) == me
                n = h.realloc(m, size)
                if n:
                    assert h.get8(n, 0) == me
                    if size >= old:
                        assert h.get8(n, old - 1) == me
                    m = n
                else:
                    size = old
            else:
                m, old = live.pop((seed >> 5) % len(live))
                assert h.get8(m, 0) == me and h.get8(m, old - 1) == me
                h.free(m)
                m = 0
            if m:
                h.put8(m, 0, me)
                h.put8(m, size - 1, me)
                live.append((m, size))
        for m, size in live:
            h.free(m)
        ended.append("")
    except Exception as error:
        ended.append(repr(error))


for me in (1, 2, 3):
    _thread.start_new_thread(work, (me, ROUNDS))
work(4, ROUNDS)
while len(ended) < 4:
    pass
assert ended == [""] * 4, ended
h.check()
s = h.stats()
assert s.blocks == 0 and s.used == 0 and s.allocs == s.frees and s.free_chunks == 1, s
print("ok")
"""


@pytest.mark.parametrize("target", ["unix", "unix-natmod", "unix32"], indirect=True)
def test_threads(target):
    """Blocks of one thread are never another's, and the counts add up."""
    assert target.exec(THREADS.replace("ROUNDS", "60000"), timeout=120) == "ok\n"
