"""What survives: a soft reset, and the way of a region's bytes to another machine."""

import json
import os
import subprocess

from galloc_mp.targets.registry import BUILD, ROOT, mpy_abi

LEAVE = """
import galloc
# WHERE: memory that this firmware leaves alone, where it declares no region.
where = WHERE
h = galloc.init(*where)
assert h.stats().blocks == 0
b = h.alloc(1000, align=256)
b.view()[:] = bytes(i & 255 for i in range(1000))
h.alloc(77)
h.root[0] = b.offset
h.root[3] = 0xFFFFFFFF
assert list(h.root) == [b.offset, 0, 0, 0xFFFFFFFF] and len(h.root) == 4
print("ok")
"""

FIND = """
import galloc
where = WHERE
h = galloc.Heap.attach(*where)
h.check()
assert h.stats().blocks == 2 and h.root[3] == 0xFFFFFFFF
if not where:
    assert galloc.initialized() and galloc.heap() is h, "attach() makes it the shared heap"
    assert galloc.stats().blocks == 2
m = h.root[0]
assert m in [c[0] for c in h.walk() if c[2]]
assert all(h.get8(m, i) == i & 255 for i in range(1000))
h.free(m)
h.check()
print("ok")
"""

AFRESH = """
import galloc
where = WHERE
h = galloc.init(*where)
assert h.stats().blocks == 0 and list(h.root) == [0, 0, 0, 0]
print("ok")
"""

LOST = """
import galloc
try:
    galloc.Heap.attach() if galloc.regions() else galloc.Heap.attach(bytearray(2000))
except ValueError as error:
    print(error)
"""


def test_soft_reset(target):
    """On a board blocks, contents and roots are found again with attach(), and the shared heap
    starts afresh without. A process on a PC starts with new memory, and says so.
    """
    where = tuple(target.spec.options.get("spare", ())) if target.spec.natmod else ()
    if target.spec.board is None or (target.spec.natmod and not where):
        assert target.exec(LOST) == "geometry: no heap of this size here\n"
        return
    for script in (LEAVE, FIND, AFRESH):
        assert target.exec(script.replace("WHERE", repr(where))) == "ok\n"
        target.reset()


DUMP = """
import binascii, galloc
class Out:
    def write(self, data):
        print(str(binascii.hexlify(data), "ascii"))
h = galloc.Heap(bytearray(3000))
keep = []
for i in range(20):
    b = h.alloc(10 + 9 * i, align=1 << i % 6)
    b.view()[:] = bytes([i]) * len(b)
    keep.append(b)
for b in keep[::3]:
    b.free()
h.root[1] = keep[1].offset
h.dump(Out())
"""

OPEN = """
import binascii, galloc, json, sys
text = sys.stdin.read()
buffer = bytearray(binascii.unhexlify(text.replace("\\n", "")))
h = galloc.Heap.attach(buffer)
h.check()
live = [c for c in h.walk() if c[2]]
assert h.get8(h.root[1], 0) == 1
print(json.dumps([h.get8(c[0], 0) for c in live]))
for c in live:
    h.free(c[0])
h.check()
assert h.stats().free_chunks == 1
"""


def test_bytes_travel(target, tmp_path):
    """The bytes of a heap from any target open in MicroPython 1.28 on x64."""
    dump = target.exec(DUMP)
    script = tmp_path / "open.py"
    script.write_text(OPEN)
    done = subprocess.run(
        [ROOT / ".venv" / "bin" / "micropython", script],
        env={**os.environ, "MICROPYPATH": f"{BUILD / 'natmod' / f'x64_{mpy_abi()}'}:.frozen"},
        input=dump,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert sorted(json.loads(done.stdout)) == [i for i in range(20) if i % 3]


BANK_LEAVE = """
import galloc
several = len(galloc.regions()) > 1
if several:
    galloc.alloc(50)
    d = galloc.heap(1)
    d.root[0] = d.malloc(500)
    d.put32(d.root[0], 7, 1234)
print("ok")
"""

BANK_FIND = """
import galloc
regions = galloc.regions()
if len(regions) > 1:
    d = galloc.Heap.attach(*regions[1][1:3])
    assert galloc.heap(1) is d and d.stats().blocks == 1 and d.get32(d.root[0], 7) == 1234
    assert galloc.stats().blocks == 0, "the first bank starts afresh"
    x = galloc.malloc(8, wants=regions[1][3])
    galloc.free(d.root[0] | 1 << 27)
    assert d.stats().blocks == (x >> 27)
    d.check()
print("ok")
"""


def test_soft_reset_by_bank(target):
    """A bank is found again, the others start afresh."""
    assert target.exec(BANK_LEAVE) == "ok\n"
    target.reset()
    assert target.exec(BANK_FIND) == "ok\n"
