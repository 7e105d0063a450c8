"""The driver of the targets itself: sessions, output, errors, time-outs, files, resets."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from mpremote.transport import TransportExecError

from galloc_mp.targets import TargetError, TargetTimeout, find_spec, open_target


def test_output_is_returned_and_names_stay(target):
    assert target.exec("x = 6\nprint('hello')") == "hello\n"
    assert target.exec("print(x * 7)") == "42\n"


def test_exception_comes_with_its_output_and_traceback(target):
    with pytest.raises(TargetError) as caught:
        target.exec("print('before')\nraise ValueError('wrong')")
    assert caught.value.stdout == "before\n"
    assert caught.value.traceback.startswith("Traceback")
    assert caught.value.traceback.endswith("\nValueError: wrong\n")
    assert target.exec("print('goes on')") == "goes on\n"


def test_syntax_error_is_told(target):
    with pytest.raises(TargetError, match="SyntaxError"):
        target.exec("print(")


@pytest.mark.parametrize("code", ["3", "-3", "'no'"])
def test_exit_value_is_told(target, code):
    with pytest.raises(TargetError) as caught:
        target.exec(f"import sys\nprint('before')\nsys.exit({code})")
    assert caught.value.stdout == "before\n"
    assert repr(caught.value.code) == code
    assert target.exec("print('goes on')") == "goes on\n"


@pytest.mark.parametrize("ending", ["sys.exit()", "sys.exit(0)", "raise SystemExit"])
def test_exit_without_failure_is_an_end(target, ending):
    assert target.exec(f"import sys\nprint('before')\n{ending}\nprint('never')") == "before\n"


def test_exit_that_no_word_announces(target):
    # The raw REPL answers it with a soft reset.
    assert target.exec("import sys\ngetattr(sys, 'ex' + 'it')(0)") == ""
    assert target.exec("print('goes on')") == "goes on\n"


def test_time_out_ends_the_session_and_the_next_call_starts_anew(target):
    target.exec("x = 1")
    with pytest.raises(TargetTimeout) as caught:
        target.exec("print('before')\nwhile True: pass", timeout=1)
    assert caught.value.stdout == "before\n"
    assert target.exec("print('x' in globals())") == "False\n"


def test_output_comes_while_the_script_runs(target):
    pieces = []
    with pytest.raises(TargetTimeout):
        target.stream("print('early')\nwhile True: pass", pieces.append, timeout=1)
    assert b"".join(pieces) == b"early\n"


def test_output_is_unchanged(target):
    # A lone carriage return, bytes that are no text, the raw REPL's own prompt and mark.
    pieces = []
    target.stream("print('a\\rb\\r\\r\\xe9>>> >OK \\x04\\x04')\nprint('x' * 5000)", pieces.append)
    assert b"".join(pieces) == "a\rb\r\ré>>> >OK \4\4\n".encode() + b"x" * 5000 + b"\n"


@pytest.mark.parametrize("target", ["MPS2_AN385"], indirect=True)
def test_transport_is_mpremotes(target):
    """What mpremote does with a board, mip for one, calls it without a consumer of output."""
    target.exec("pass")  # so that the session is there
    assert target.transport.exec("print('a\\x04b')") == b"a\x04b\r\n"
    assert target.transport.eval("6 * 7") == 42
    with pytest.raises(TransportExecError, match="ZeroDivisionError"):
        target.transport.exec("1 / 0")
    assert target.exec("print('goes on')") == "goes on\n"


def test_long_scripts_arrive_whole(target):
    source = "total = 0\n" + "".join(f"total += {i}\n" for i in range(600)) + "print(total)\n"
    assert target.exec(source) == f"{sum(range(600))}\n"


def test_files_can_be_imported(target):
    target.put("brought.py", b"# " + b"-" * 1500 + b"\nvalue = 42\n")
    target.put("empty.py", b"")
    assert target.exec("import brought, empty\nprint(brought.value)") == "42\n"


def test_reset_forgets(target):
    target.put("gone.py", b"")
    target.exec("x = 1")
    target.reset()
    assert target.exec("print('x' in globals())") == "False\n"
    with pytest.raises(TargetError, match="ImportError"):
        target.exec("import gone")


def test_module_is_there_after_a_reset(target):
    target.exec("import galloc")
    target.reset()
    assert target.exec("import galloc\nprint(len(galloc.Heap(bytearray(2048)).stats()))") == "12\n"


def test_unknown_target_lists_the_known_ones():
    with pytest.raises(
        ValueError, match=r"unknown target 'unicycle'; known are: unix, unix-natmod"
    ):
        open_target("unicycle")


def test_a_board_has_a_target_for_each_build():
    assert find_spec("MPS2_AN385").natmod is None
    assert find_spec("MPS2_AN385-natmod").natmod == "armv7m"


ORPHAN = """
import os, signal
from galloc_mp.targets import open_target
target = open_target({name!r})
target.exec("pass")
print(target.{stream}.process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(
    ("name", "stream"), [("unix", "stream_"), ("MPS2_AN385", "transport.serial")]
)
def test_a_killed_driver_leaves_nothing_behind(name, stream):
    source = ORPHAN.format(name=name, stream=stream)
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True)
    status = Path("/proc") / str(int(done.stdout)) / "stat"
    for _ in range(100):
        # Gone, or dead and not yet collected.
        if not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z":
            break
        time.sleep(0.1)
    else:
        pytest.fail(f"{status} still runs")
