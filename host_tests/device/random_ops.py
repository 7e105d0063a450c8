# A random program against a model: every block filled, verified before each change, no overlap.
import galloc

seed = 20240607


def rnd(n):
    global seed
    seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
    return (seed >> 8) % n


h = galloc.Heap(bytearray(4096))
live = []


def fill(b, token):
    v = b.view()
    for i in range(len(v)):
        v[i] = token + i & 255


def verify(b, token, n):
    v = b.view()
    for i in range(n):
        assert v[i] == token + i & 255, ("seed", seed, token, i)


for step in range(1200):
    kind = rnd(5)
    if kind < 2 or not live:
        try:
            b = h.alloc(rnd(200) if rnd(8) else rnd(900), align=1 << rnd(7), zero=bool(rnd(2)))
        except MemoryError:
            kind = 4
        else:
            fill(b, step)
            live.append((b, step))
    if kind == 4 and live:
        b, token = live.pop(rnd(len(live)))
        verify(b, token, len(b))
        b.free()
    elif kind in (2, 3) and live:
        i = rnd(len(live))
        b, token = live[i]
        old, new = len(b), rnd(300)
        verify(b, token, old)
        if kind == 2:
            at = b.address
            if b.resize(new):
                assert b.address == at and len(b) == new
            else:
                assert len(b) == old
        else:
            try:
                b.realloc(new)
            except MemoryError:
                assert len(b) == old
        verify(b, token, min(old, len(b)))
        fill(b, step)
        live[i] = (b, step)
    if step % 20 == 0:
        h.check()
        places = sorted((b.offset, b.size) for b, _ in live)
        assert places == [(o, s) for o, s, a in h.walk() if a], ("seed", seed)
        for one, two in zip(places, places[1:]):
            assert one[0] + one[1] < two[0], ("seed", seed, one, two)
for b, token in live:
    verify(b, token, len(b))
    b.free()
h.check()
s = h.stats()
assert s.blocks == 0 and s.used == 0 and s.free_chunks == 1 and s.allocs == s.frees
print("ok")
