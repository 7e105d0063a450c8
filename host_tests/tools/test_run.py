"""`make run`: what it writes where, and how it ends."""

import os
import subprocess
from collections.abc import Sequence

import pytest

from galloc_mp.targets.registry import ROOT

NAMES = ("unix", "unix-natmod", "MPS2_AN385")
SCRIPT = "import sys\nprint('first')\nprint('second')\n"


def make_run(
    tmp_path, name: str, script: str, *arguments: str, call: Sequence[str] = ("make",)
) -> subprocess.CompletedProcess:
    """Runs a script as a user would; make's own variables are not handed down."""
    file = tmp_path / "script, it's ours.py"
    file.write_text(script)
    command = [*call, "run", f"TARGET={name}", f"SCRIPT={file}", *arguments]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment)


CALLS = {
    "folder": "make -C {root}",
    "flags": "make -w -j3",
    "environment": "env MAKEFLAGS=w make",
    "makefile": "make -s -C {folder}",
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_make_adds_nothing_to_stdout(tmp_path, call):
    """Wherever it is called from, another makefile too."""
    (tmp_path / "Makefile").write_text(f"run:\n\t@$(MAKE) -w -C {ROOT} run\n")
    call = call.format(root=ROOT, folder=tmp_path).split()
    done = make_run(tmp_path, "unix", SCRIPT + "1 / 0\n", call=call)
    assert done.stdout == "first\nsecond\n"
    assert "Error 1\n" in done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_stdout_is_the_scripts_own(tmp_path, name):
    done = make_run(tmp_path, name, SCRIPT)
    assert (done.returncode, done.stdout) == (0, "first\nsecond\n")


@pytest.mark.parametrize("name", NAMES)
def test_exception_ends_with_1(tmp_path, name):
    done = make_run(tmp_path, name, SCRIPT + "raise ValueError('wrong')\n")
    assert done.stdout == "first\nsecond\n"
    assert "ValueError: wrong" in done.stderr
    assert "Error 1\n" in done.stderr


ODD = "a\x04b\n>\x04\x04\n\x01\x02>\n\x04Traceback\n\x04\r\nMPY:\n\x04"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("last", ["", "raise ValueError('wrong')", "import sys\nsys.exit(0)"])
def test_output_may_hold_what_ends_it(tmp_path, name, last):
    """The raw REPL of a board marks the end by \x04, a traceback, \x04 and a prompt."""
    done = make_run(tmp_path, name, f"print({ODD!r}, end='')\nprint('end')\n{last}\n")
    assert done.stdout == ODD.replace("\r", "") + "end\n"
    assert ("ValueError: wrong" in done.stderr) == ("wrong" in last) == ("Error 1" in done.stderr)


@pytest.mark.parametrize("name", NAMES)
def test_time_out_ends_with_2(tmp_path, name):
    done = make_run(tmp_path, name, SCRIPT + "while True: pass\n", "TIMEOUT=1")
    assert done.stdout == "first\nsecond\n"
    assert "Error 2\n" in done.stderr


@pytest.mark.parametrize(("wrong", "status"), [("abc", "1"), ("-1", "1"), ("", None)])
def test_bad_time_out_is_no_time_out(tmp_path, wrong, status):
    done = make_run(tmp_path, "unix", SCRIPT, f"TIMEOUT={wrong}")
    assert done.stdout == ("" if status else "first\nsecond\n")
    assert not status or f"Error {status}\n" in done.stderr and "--timeout" in done.stderr


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("code", "status"), [("0", 0), ("3", 1)])
def test_exit_value_counts(tmp_path, name, code, status):
    done = make_run(tmp_path, name, SCRIPT + f"sys.exit({code})\n")
    assert done.stdout == "first\nsecond\n"
    assert ("Error 1\n" in done.stderr) == bool(status)


LONG = """
with open("long.txt", "w") as f:
    for i in range(320):
        f.write("%063d\\n" % i)
with open("long.txt") as f:
    print(f.read(), end="")
import os
os.remove("long.txt")
print(1 // 0)
"""


def test_pico_prints_at_length_from_its_flash(tmp_path):
    """20 KB through a file and the emulated USB serial port."""
    done = make_run(tmp_path, "RPI_PICO", LONG)
    assert done.stdout == "".join(f"{i:063d}\n" for i in range(320))
    assert "ZeroDivisionError" in done.stderr
    assert "Error 1\n" in done.stderr


def test_reset_by_the_script_ends_it_with_a_sentence(tmp_path):
    script = (ROOT / "firmware" / "examples" / "after_reset.py").read_text()
    done = make_run(tmp_path, "RPI_PICO", script)
    assert done.stdout.startswith("start 1\n")
    assert "RPI_PICO: the script has reset the board, and a run ends there" in done.stderr
    assert "make test K=watchdog" in done.stderr and "Error 1\n" in done.stderr
    # What a board prints when it boots, printed by a script, is output.
    banner = 'MicroPython v1 on x; y\\nType "help()" for more information.\\n>>> '
    for rest in ("import time\ntime.sleep(3)\n", ""):
        done = make_run(tmp_path, "RPI_PICO", f"print('{banner}', end='')\n{rest}print('end')\n")
        assert done.stdout == banner.replace("\\n", "\n") + "end\n", done.stderr


def test_unknown_target_and_missing_script_are_told(tmp_path):
    assert "known are: unix" in make_run(tmp_path, "unicycle", "").stderr
    missing = subprocess.run(
        ["make", "run", "TARGET=unix", "SCRIPT=/nowhere.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert missing.stdout == ""
    assert "/nowhere.py: No such file" in missing.stderr
