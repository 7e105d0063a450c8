"""The native module from ROMFS, a file system that is read where it is. The image is the one that
`mpremote romfs build` makes.
"""

import contextlib
import io

import pytest
from mpremote.romfs import make_romfs

USE = """
import sys, vfs
for name in ("galloc", "galloc_more", "_galloc"):
    sys.modules.pop(name, None)
with open("/files/romfs.bin", "rb") as file:
    image = file.read()
vfs.mount(vfs.VfsRom(memoryview(image)), "/rom")
sys.path[:] = ["/rom"]
import galloc, _galloc
h = galloc.Heap(bytearray(4000))
b = h.alloc(100, align=64)
b.view()[:] = b"g" * 100
h.check()
b.free()
print(galloc.__file__, _galloc.__file__, h.stats().blocks)
"""


@pytest.mark.parametrize("target", ["MPS2_AN385-natmod"], indirect=True)
def test_module_from_romfs(target, tmp_path):
    for name in ("galloc.mpy", "galloc_more.mpy", "_galloc.mpy"):
        (tmp_path / name).write_bytes((target.spec.natmod_dir / name).read_bytes())
    with contextlib.redirect_stdout(io.StringIO()):
        image = make_romfs(str(tmp_path), mpy_cross=None)
    target.put("romfs.bin", bytes(image))
    assert target.exec(USE) == "/rom/galloc.mpy /rom/_galloc.mpy 0\n"
