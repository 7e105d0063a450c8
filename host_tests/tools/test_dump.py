"""`python -m galloc_mp open`: a heap's bytes, written on one target and read here."""

import subprocess
import sys

import pytest

DUMP = """
import binascii, galloc
class Out:
    def write(self, data):
        print(str(binascii.hexlify(data), "ascii"), end="")
h = galloc.Heap(memoryview(bytearray(3000))[START:])
blocks = [h.alloc(50 + i) for i in range(9)]
blocks[3].free()
h.root[2] = 77
h.dump(Out())
"""


def command(*arguments: object) -> subprocess.CompletedProcess:
    """Runs the command line."""
    return subprocess.run(
        [sys.executable, "-m", "galloc_mp", "open", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("start", [0, 3])
@pytest.mark.parametrize("target", ["unix32", "MPS2_AN385"], indirect=True)
def test_shows_the_heap(target, tmp_path, start):
    path = tmp_path / "heap, it's.bin"
    path.write_bytes(bytes.fromhex(target.exec(DUMP.replace("START", str(start)))))
    done = command(path)
    assert done.returncode == 0, done.stderr
    assert "No. of blocks: 8, free chunks: 2" in done.stdout
    assert "galloc memory layout; from" in done.stdout
    assert done.stdout.endswith("root: 0 0 77 0\n")


@pytest.mark.parametrize("target", ["unix"], indirect=True)
def test_says_what_is_wrong(target, tmp_path):
    data = bytearray.fromhex(target.exec(DUMP.replace("START", "0")))
    path = tmp_path / "heap.bin"
    for change, expected in (
        (lambda: path.write_bytes(data[:-16]), "cut off"),
        (lambda: path.write_bytes(data[:-200] + bytes(64) + data[-136:]), "damaged"),
        (lambda: path.write_bytes(b""), "no heap that galloc"),
        (lambda: path.write_bytes(b"x" * 5000), "of a version with another layout"),
        (path.unlink, "No such file"),
    ):
        change()
        done = command(path)
        assert (done.returncode, done.stdout) == (1, "")
        assert expected in done.stderr and str(path) in done.stderr
        assert "Traceback" not in done.stderr
