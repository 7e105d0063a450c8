"""What happens once in a process: the first galloc.heap() of some threads, Ctrl-C, and a region of
more than 16 MiB.
"""

import signal
import subprocess
import threading

import pytest

from galloc_mp.targets import find_spec

FIRST = """
import _thread, galloc, time
go = False
got = [None, None, None]
done = [0, 0, 0]
def ask(i):
    while not go:
        pass
    got[i] = galloc.alloc(64) if i == 2 else galloc.heap().alloc(64)
    done[i] = 1
for i in range(3):
    _thread.start_new_thread(ask, (i,))
time.sleep_ms(5)
go = True
while not all(done):
    time.sleep_ms(1)
assert [len(b) for b in got] == [64] * 3
galloc.check()
assert galloc.stats().blocks == 3
"""

INIT = """
import _thread, galloc, time
go = False
region = bytearray(4096)
done = [None, None]
def ask(i):
    while not go:
        pass
    try:
        h = galloc.init(region if SAME else bytearray(4096))
        done[i] = len(h.alloc(64))
    except RuntimeError as error:
        done[i] = str(error)
for i in range(2):
    _thread.start_new_thread(ask, (i,))
time.sleep_ms(5)
go = True
while not all(done):
    time.sleep_ms(1)
assert set(done) == {64, "the shared heap is already initialised"}, done
galloc.check()
assert galloc.stats().blocks == 1
"""

ROUNDS = 40


def run(*arguments: str, timeout: float = 120) -> str:
    """What a process of its own says; it must end well."""
    command = [find_spec("unix").image, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("script", [FIRST, *(f"SAME = {x}\n{INIT}" for x in (True, False))])
def test_first_use_by_threads(script):
    """One makes the heap, and nobody's block is lost."""
    for _ in range(ROUNDS):
        assert run("-c", script) == ""


# Nothing but the cut call is lost, and what was raised is caught, whatever Ctrl-C cuts. What comes
# while one of the nested functions is not in its `try` is caught by the next one outside.
BREAKS = """
import galloc, sys
heap = galloc.Heap(bytearray(200000))
shared = galloc.heap()
hits = 0
def arenas():
    with heap.arena() as arena:
        for i in range(100):
            arena.alloc(16 + i % 7)
def raw():
    kept = 0
    for i in range(100):
        kept = shared.realloc(kept, 24 + i)
    shared.free(kept)
def work():
    while hits < 100:
        arenas()
        raw()
        assert heap.stats().blocks == 0, "an arena has lost blocks"
        heap.check()
        shared.check()
    print("done")
    sys.stdin.readline()
def nested(depth):
    global hits
    while True:
        try:
            return nested(depth - 1) if depth else work()
        except KeyboardInterrupt:
            hits += 1
            assert heap.stats().blocks == 0, "an arena has lost blocks"
print("ready")
nested(9)
"""


def test_ctrl_c():
    """At any point: no heap is damaged or stays locked, and no arena loses a block."""
    command = [find_spec("unix").image, "-X", "heapsize=4M", "-c", BREAKS]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as child:
        enough = threading.Event()

        def press():
            while not enough.wait(0.007):
                child.send_signal(signal.SIGINT)

        presser = threading.Thread(target=press, daemon=True)
        try:
            assert child.stdout.readline() == b"ready\n", child.stderr.read()
            presser.start()
            # It may be cut right after this line, which it then repeats.
            done = child.stdout.readline()
            enough.set()
            presser.join()
            output, errors = child.communicate(b"\n", timeout=60)
        finally:
            enough.set()
            child.kill()
    assert done == b"done\n" and child.returncode == 0, (done, output, errors)


LARGE = """
import galloc
size = 17 << 20
heap = galloc.Heap(bytearray(size))
block = heap.alloc((16 << 20) + 1000)
block[:4] = b"near"
block[(16 << 20) + 100 : (16 << 20) + 103] = b"far"
assert bytes(block[(16 << 20) + 100 : (16 << 20) + 103]) == b"far"
assert block[(16 << 20) + 101] == ord("a") and block[-900] == ord("f")
tail = block[(16 << 20) + 98 :]
assert len(tail) == 902 and bytes(tail[2:5]) == b"far"
class Sink:
    taken = 0
    last = None
    def write(self, data):
        self.taken += len(data)
        self.last = bytes(data)
        return len(data)
sink = Sink()
heap.dump(sink)
assert sink.taken == size
heap.check()
print("ok")
"""


@pytest.mark.parametrize("name", ["unix", "unix32"])
def test_more_than_16_mib(name):
    """A memoryview of 32-bit MicroPython cannot start beyond; dump() and slices of a Block can."""
    command = [find_spec(name).image, "-X", "heapsize=60M", "-c", LARGE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.stdout == "ok\n", done.stderr
