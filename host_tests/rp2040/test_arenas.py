"""Arenas on RPI_PICO: a timer's callback, the other core, and Ctrl-C, while a program is in one;
and the first use of the shared heap by both cores.
"""

import threading
import time

import pytest

from galloc_mp.targets import TargetError, find_spec
from galloc_mp.targets.rp2 import Rp2Target

board = pytest.mark.parametrize("target", ["RPI_PICO"], indirect=True)

TIMER = """
import galloc, time
from machine import Timer
heap = galloc.heap()
arena = heap.arena()
calls = 0
def tick(_):
    global calls
    b = arena.alloc(24)
    if calls % 3:
        b.free()
    calls += 1
t = Timer(period=1, mode=Timer.PERIODIC, callback=tick)
while calls < 150:
    arena.alloc(16).free()
t.deinit()
time.sleep_ms(20)
blocks = heap.stats().blocks
heap.check()
arena.free()
heap.check()
print(blocks == sum(i % 3 == 0 for i in range(calls)), heap.stats().blocks)
"""

CORES = """
import _thread, galloc
heap = galloc.heap()
def work(core, arena, ended, n):
    left = 0
    try:
        for k in range(n):
            b = arena.alloc(16 + 8 * core)
            b[0] = core
            if k % 3:
                assert b[0] == core
                b.free()
            else:
                left += 1
        ended[core] = left
    except Exception as e:
        ended[core] = repr(e)
for n in (30, 60, 120):
    ended = [None, None]
    arena = heap.arena()
    _thread.start_new_thread(work, (1, arena, ended, n))
    work(0, arena, ended, n)
    while ended[1] is None:
        pass
    assert heap.stats().blocks == ended[0] + ended[1], ended
    heap.check()
    arena.free()
    heap.check()
    assert heap.stats().blocks == 0
print("ok")
"""

FIRST = """
import _thread, galloc
got, go = [None, None], 0
def ask(i):
    while not go:
        pass
    got[i] = galloc.heap().alloc(64)
_thread.start_new_thread(ask, (1,))
go = 1
ask(0)
while got[1] is None:
    pass
galloc.check()
print([len(b) for b in got], galloc.stats().blocks)
"""

# Nothing but the cut call is lost, and what was raised is caught, whatever Ctrl-C cuts.
BREAKS = """
import galloc
heap = galloc.heap()
hits = 0
def once():
    with heap.arena() as arena:
        for i in range(40):
            arena.alloc(16)
    assert heap.stats().blocks == 0, "an arena has lost blocks"
    heap.check()
def work():
    global hits
    while hits < 25:
        try:
            once()
        except KeyboardInterrupt:
            hits += 1
while hits < 25:
    try:
        work()
    except KeyboardInterrupt:
        hits += 1
assert heap.stats().blocks == 0, "an arena has lost blocks"
print("ok")
"""


@board
def test_a_timer_in_an_arena(target):
    assert target.exec(TIMER, timeout=100) == "True 0\n"


@board
def test_both_cores_in_an_arena(target):
    assert target.exec(CORES, timeout=100) == "ok\n"


@board
def test_first_use_by_both_cores(target):
    """From a soft reset on; one makes the heap, and nobody's block is lost."""
    for _ in range(4):
        assert target.exec(FIRST, timeout=60) == "[64, 64] 2\n"
        target.reset()


def press_ctrl_c() -> str:
    """What BREAKS says, with Ctrl-C pressed meanwhile."""
    with Rp2Target(find_spec("RPI_PICO")) as target:
        target.exec("import galloc")
        stop = threading.Event()

        def press():
            time.sleep(0.5)
            while not stop.wait(0.06):
                target.transport.serial.write(b"\x03")

        presses = threading.Thread(target=press)
        presses.start()
        try:
            return target.exec(BREAKS, timeout=100)
        except TargetError as error:
            return f"{error.stdout}{error}"
        finally:
            stop.set()
            presses.join()


def test_ctrl_c():
    """Comes between two bytecodes. The script is over when one comes where it catches nothing."""
    for _ in range(6):
        said = press_ctrl_c()
        assert "AssertionError" not in said, said
        if said == "ok\n":
            return
        assert "KeyboardInterrupt" in said, said
    pytest.fail(said)
