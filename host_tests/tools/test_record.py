"""`galloc.record(buffer)` on boards, and `galloc-mp record`, which makes a trace of it."""

import ast
import os
import signal
import struct
import subprocess
import sys
import time

import pytest

from galloc_mp.board.record import record as record_on
from galloc_mp.board.ring import Decoder, Frames
from galloc_mp.core import Core
from galloc_mp.replay import trace as traces
from galloc_mp.targets import open_target
from host_tests.tools.serial_port import serial_port

TARGETS = ["unix", "unix-natmod", "unix32", "MPS2_AN385", "MPS2_AN385-natmod"]


def record(*arguments: object, **options) -> subprocess.CompletedProcess:
    """Runs the command line."""
    return subprocess.run(
        [sys.executable, "-m", "galloc_mp", "record", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        **options,
    )


# Random operations of each tier, which print what a trace of them must say.
PROGRAM = """
import galloc
heap = galloc.heap() if galloc.regions() else galloc.init(bytearray(30000))
x, live, names = SEED, [], 0
def draw(n):
    global x
    x = x * 1103 + 12345 & 0xFFFFFF
    return (x >> 8) % n
def say(*words):
    print(*words)
for step in range(300):
    what = draw(9)
    size, align = draw(200), 8 << draw(4)
    if what < 4 or not live:
        names += 1
        if what == 0:
            live.append((names, heap.alloc(size, align=align), align))
        elif what == 1:
            live.append((names, heap.malloc(size, align), align))
        else:
            live.append((names, heap.calloc(size), 8))
            align = 8
        say("a", names, size, align)
        continue
    at = draw(len(live))
    name, block, align = live[at]
    raw = isinstance(block, int)
    if what < 6:
        if raw:
            block = heap.realloc(block, size, align)
        else:
            block.realloc(size)
        live[at] = name, block, align
        say(*(("r", name, size) + ((align,) if align > 8 else ())))
    elif what == 6 and not raw:
        if block.resize(size):
            say(*(("r", name, size) + ((align,) if align > 8 else ())))
    else:
        live.pop(at)
        heap.free(block) if raw else block.free()
        say("f", name)
"""


@pytest.mark.parametrize("target", TARGETS)
def test_trace_says_what_the_program_did(tmp_path, target, seed):
    """All tiers, in order; and replayed here, the blocks are where the board had them. A core that
    is compiled for size, as in a board's native module, places some of them elsewhere.
    """
    script, out = tmp_path / "program.py", tmp_path / "t.trace"
    where = "\nprint('#', *[c for c in heap.walk() if c[2]])\n"
    script.write_text(PROGRAM.replace("SEED", str(seed)) + where)
    done = record(script, "-o", out, "--target", target)
    assert done.returncode == 0, done.stderr
    *said, chunks = done.stdout.splitlines()
    lines = out.read_text().splitlines()
    assert [line for line in lines if line[0] != "#"] == said
    assert len(said) > 200 and {"a", "r", "f"} == {line[0] for line in said}
    trace = traces.load(out)
    assert (trace.remarks["lost"], trace.remarks["failed"]) == ("0", "0")
    core = Core()
    core.take(trace)
    address = int(trace.remarks["address"], 0)
    assert core.start(int(trace.remarks["region"]), align=4096, address=address)
    assert core.replay(0, len(trace)) and core.check() == ""
    live = [str(chunk) for chunk in core.chunks() if chunk[2]]
    assert len(live) > 10 and chunks.count("(") == len(live)
    if not target.endswith("-natmod"):
        assert " ".join(["#", *live]) == chunks


def test_blocks_from_before_other_heaps_and_failures(tmp_path):
    script, out = tmp_path / "program.py", tmp_path / "t.trace"
    script.write_text(
        "import galloc\n"
        "own = galloc.Heap(bytearray(3000))\n"
        "galloc.free(before)\n"
        "own.malloc(100); own.malloc(5000); own.malloc(77, 64)\n"
        "galloc.malloc(33)\n"
    )
    with open_target("unix") as target:
        target.exec("import galloc\nbefore = galloc.malloc(500)\nkept = galloc.malloc(40)\n")
        assert record_on(target, script, out) is None
    shared = [line for line in out.read_text().splitlines() if line[0] != "#"]
    assert len(shared) == 4 and sorted(line[0] for line in shared) == ["a", "a", "a", "f"]
    assert shared[2].startswith("f ") and shared[3].endswith(" 33 8")
    assert sorted(int(line.split()[2]) for line in shared[:2])[1] >= 500
    own = (tmp_path / "t-2.trace").read_text().splitlines()
    assert [line.split()[2:] for line in own if line[0] != "#"] == [["100", "8"], ["77", "64"]]
    assert "# failed 1" in own and "# region 1048576" in out.read_text()
    assert traces.load(out).slots == 2


def test_full_ring_marks_what_is_lost(tmp_path):
    script, out = tmp_path / "program.py", tmp_path / "t.trace"
    script.write_text("import galloc\nfor i in range(500): galloc.free(galloc.malloc(i))\n")
    done = record(script, "-o", out, "--target", "unix", "--buffer", 64 + 8 * 101)
    assert done.returncode == 0
    assert "900 operations did not fit into 872 bytes" in done.stderr
    assert "# lost 900" in out.read_text()
    assert len(traces.load(out)) == 100


RING = """
import galloc, gc
ring = bytearray(64 + 8 * 5)
heap = galloc.Heap(bytearray(2000))
"""


@pytest.mark.parametrize("target", TARGETS, indirect=True)
def test_ring_takes_up_again_after_a_gap(target):
    """Records that are taken out make room; what was lost meanwhile is counted at its place."""
    target.exec(RING + "ring = bytearray(128)\ngalloc.record(ring)\nout = bytearray(200)")
    target.exec("for i in range(10): heap.free(heap.malloc(8))")
    read = "n = galloc.take_records(out)\nprint(list(out[:n]))\n"
    decoder = Decoder()
    first = bytes(ast.literal_eval(target.exec(read)))
    assert len(first) == 7 * 8
    decoder.feed(first)
    assert decoder.lost == 0 and decoder.count == 7
    target.exec("heap.free(heap.malloc(100))\n")
    while data := bytes(ast.literal_eval(target.exec(read))):
        decoder.feed(data)
    assert decoder.lost == 13 and decoder.count == 9
    assert target.exec("galloc.record(None)\nprint(galloc.take_records(out))") == "0\n"
    assert decoder.heaps[0].lines[-2:] == ["a 5 100 8", "f 5"]


@pytest.mark.parametrize("target", TARGETS, indirect=True)
def test_makes_no_object(target):
    script = RING + (
        "import micropython\n"
        "ring = bytearray(4000)\n"
        "galloc.record(ring)\n"
        "malloc, free, realloc = heap.malloc, heap.free, heap.realloc\n"
        "micropython.heap_lock()\n"
        "p = malloc(40, 64); p = realloc(p, 400); free(p)\n"
        "micropython.heap_unlock()\n"
        "galloc.record(None)\n"
        "print(int.from_bytes(ring[8:12], 'little') // 8 - 8)\n"
    )
    assert int(target.exec(script)) in (3, 4)


@pytest.mark.parametrize("target", TARGETS, indirect=True)
def test_bad_buffers(target):
    script = RING + (
        "for bad in (bytes(500), memoryview(ring), 5, 'x', bytearray(127), [], heap):\n"
        "    try:\n"
        "        galloc.record(bad)\n"
        "        print('taken')\n"
        "    except (TypeError, ValueError) as error:\n"
        "        print(type(error).__name__)\n"
        "for bad in (b'x', 5, None):\n"
        "    try:\n"
        "        galloc.take_records(bad)\n"
        "        print('taken')\n"
        "    except TypeError:\n"
        "        print('TypeError')\n"
    )
    output = target.exec(script).split()
    assert output == ["TypeError"] * 4 + ["ValueError"] + ["TypeError"] * 2 + ["TypeError"] * 3


@pytest.mark.parametrize("target", TARGETS, indirect=True)
def test_resized_buffer_ends_the_recording(target):
    """Its bytes may be another object's by then: none of them is written."""
    script = RING + (
        "ring = bytearray(200)\n"
        "galloc.record(ring)\n"
        "heap.malloc(8)\n"
        "ring.extend(bytes(3000))\n"
        "gc.collect()\n"
        "others = [bytearray(b'\\xa5' * 200) for _ in range(60)]\n"
        "for i in range(30): heap.free(heap.malloc(8))\n"
        "print(all(o == b'\\xa5' * 200 for o in others), galloc.take_records(bytearray(80)))\n"
        "heap.check()\n"
    )
    assert target.exec(script) == "True 0\n"


@pytest.mark.parametrize("target", TARGETS, indirect=True)
def test_buffer_lives_as_long_as_the_recording(target):
    script = RING + (
        "galloc.record(bytearray(500))\n"
        "ring = None\n"
        "gc.collect()\n"
        "others = [bytearray(b'\\xa5' * 500) for _ in range(40)]\n"
        "for i in range(20): heap.free(heap.malloc(8))\n"
        "print(all(o == b'\\xa5' * 500 for o in others), galloc.take_records(bytearray(800)))\n"
        "galloc.record(None)\n"
    )
    assert target.exec(script) == "True 320\n"


@pytest.mark.parametrize("target", ["MPS2_AN385"], indirect=True)
def test_soft_reset_ends_the_recording(target):
    target.exec(RING + "galloc.record(bytearray(500))\nheap.malloc(5)")
    target.reset()
    script = (
        "others = [bytearray(b'\\xa5' * 500) for _ in range(40)]\n"
        "import galloc\n"
        "for i in range(20): galloc.free(galloc.malloc(8))\n"
        "print(all(o == b'\\xa5' * 500 for o in others), galloc.take_records(bytearray(800)))\n"
    )
    assert target.exec(script) == "True 0\n"


def test_share_of_c_is_recorded(tmp_path):
    """Blocks of a C module, on the heap that Python shares, with the 4 bytes of C's mark."""
    script, out = tmp_path / "program.py", tmp_path / "t.trace"
    script.write_text(
        "import galloc, galloc_client\n"
        "b = galloc.alloc(20)\n"
        "galloc_client.hold(300)\n"
        "galloc_client.hold(3000)\n"
        "galloc_client.drop()\n"
        "b.free()\n"
    )
    done = record(script, "-o", out, "--target", "MPS2_AN385-with-c")
    assert done.returncode == 0, done.stderr
    lines = [line for line in out.read_text().splitlines() if line[0] != "#"]
    assert lines == ["a 1 20 8", "a 2 304 8", "r 2 3004", "f 2", "f 1"]


def test_pico_streams_while_the_program_runs(tmp_path):
    """Over the serial port of a Pico, by a timer: far more records than the buffer holds."""
    script, out = tmp_path / "program.py", tmp_path / "t.trace"
    script.write_text(
        "import galloc, time\nh = galloc.heap()\n"
        "for i in range(60):\n"
        "    print('line', i)\n"
        "    for j in range(8): h.free(h.malloc(i + j))\n"
        "    time.sleep_ms(20)\n"
    )
    with serial_port("RPI_PICO") as port:
        done = record(script, "-o", out, "--port", port.name, "--buffer", 64 + 8 * 200)
        assert done.returncode == 0, done.stderr
        assert done.stdout == "".join(f"line {i}\n" for i in range(60))
        sizes = [i + j for i in range(60) for j in range(8)]
        trace = [line.split() for line in out.read_text().splitlines() if line[0] == "a"]
        assert [int(words[2]) for words in trace] == sizes
        assert "# lost 0" in out.read_text()
        # A program without an end, stopped after two seconds, and one by Ctrl-C.
        script.write_text("import galloc\nwhile True: galloc.free(galloc.malloc(9))\n")
        done = record(script, "-o", out, "--port", port.name, "--seconds", 2)
        assert done.returncode == 0, done.stderr
        assert len(traces.load(out)) > 50
        out.unlink()
        script.write_text(
            "import galloc\nprint('go')\nwhile True: galloc.free(galloc.malloc(9))\n"
        )
        command = [sys.executable, "-m", "galloc_mp", "record", str(script), "-o", str(out)]
        child = subprocess.Popen([*command, "--port", port.name], stdout=subprocess.PIPE)
        assert child.stdout.readline() == b"go\n"
        time.sleep(1)
        child.send_signal(signal.SIGINT)
        assert child.wait(60) == 0
        assert len(traces.load(out)) > 50


def test_what_came_before_the_cable_was_cut_is_written(tmp_path):
    script, out = tmp_path / "program.py", tmp_path / "t.trace"
    script.write_text(
        "import galloc, time\nprint('go')\n"
        "while True: galloc.free(galloc.malloc(9)); time.sleep_ms(1)\n"
    )
    with serial_port("RPI_PICO") as port:
        command = [sys.executable, "-m", "galloc_mp", "record", str(script), "-o", str(out)]
        command += ["--port", port.name, "--seconds", "4"]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert child.stdout.readline() == b"go\n"
        port.cut_after = len(port.sent)  # at the Ctrl-C that is to stop the program
        _, stderr = child.communicate(timeout=60)
    assert child.returncode == 1
    assert f"{out} has what had come by then" in stderr.decode().splitlines()[-1]
    assert {line[0] for line in out.read_text().splitlines()} == {"#", "a", "f"}
    assert len(traces.load(out)) > 20


@pytest.mark.parametrize(
    ("script", "expected", "written"),
    [
        ("import galloc\ngalloc.malloc(5)\n1 / 0\n", "ZeroDivisionError: divide by zero", True),
        ("import galloc\ngalloc.malloc(5)\nraise SystemExit(3)\n", "", True),
        ("print(1)\n", "the program allocated nothing from galloc", False),
        ("import galloc\ngalloc.malloc(", "SyntaxError: invalid syntax", False),
    ],
)
def test_what_goes_wrong(tmp_path, script, expected, written):
    path, out = tmp_path / "program.py", tmp_path / "t.trace"
    path.write_text(script)
    done = record(path, "-o", out, "--target", "unix")
    assert done.returncode == bool(expected) and expected in done.stderr
    assert "<stdin>" not in done.stderr
    assert out.exists() == written


def test_board_without_galloc(tmp_path):
    path = tmp_path / "program.py"
    path.write_text("print(1)\n")
    program = os.path.realpath(sys.executable)  # no MicroPython at all
    done = record(path, "--port", program)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
    done = record(tmp_path / "none.py", "--target", "unix")
    assert (done.returncode, done.stderr) == (
        1,
        f"{tmp_path}/none.py: No such file or directory\n",
    )


def test_frames_are_found_wherever_pieces_end():
    text = b"hello \x1eAAECAwQFBgc=\x1fworld\x1e\x1f!\n"
    for step in range(1, len(text)):
        out, records = bytearray(), bytearray()
        frames = Frames(out.extend, records.extend)
        for at in range(0, len(text), step):
            frames(text[at : at + step])
        assert out == b"hello world!\n" and records == bytes(range(8))
    frames = Frames(out.extend, records.extend)
    frames(b"a\x1eAAEC\x1eAAECAwQFBgc=\x1fb\x1eAAE\x1f")
    assert frames.broken == 2 and out.endswith(b"ab")


def test_decoder_mends_what_a_gap_hides():
    def pack(kind, offset, second=0, heap=0):
        return struct.pack("<II", heap << 28 | offset | kind, second)

    decoder = Decoder()
    decoder.feed(pack(1, 400, 10) + pack(1, 800, 20 | 6 << 27) + pack(3, 0, 5))
    decoder.feed(pack(1, 400, 30))  # so the first was freed in the gap
    decoder.feed(pack(3, 800) + pack(2, 1200, 50))  # moved
    decoder.feed(pack(2, 1200, 60) + pack(0, 1200) + pack(0, 2000))
    decoder.feed(pack(1, 0, 5000) + pack(2, 0, 5000) + pack(1, 400, 7, heap=3))
    heap = decoder.heaps[0]
    assert heap.lines == [
        "a 1 10 8",
        "a 2 20 64",
        "f 1",
        "a 3 30 8",
        "r 2 50 64",
        "r 2 60 64",
        "f 2",
    ]
    assert (decoder.lost, heap.failed, heap.repaired) == (5, 2, 2)
    assert decoder.heaps[3].lines == ["a 4 7 8"]
