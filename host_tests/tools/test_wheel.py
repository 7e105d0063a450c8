"""The wheel, in an empty virtual environment away from the checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from galloc_mp.cli import COMMANDS
from galloc_mp.targets import find_spec
from galloc_mp.targets.registry import BUILD, mpy_abi
from host_tests.tools import natmods
from host_tests.tools.parts import build_wheel


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Runs `galloc-mp` as a user has it: (arguments) -> the finished process."""
    wheel = build_wheel()
    home = tmp_path_factory.mktemp("home, it's")
    venv = home / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    pip = [venv / "bin" / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, wheel], check=True, cwd=home)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL"))}
    environment |= {"HOME": str(home)}

    def run(*arguments: object) -> subprocess.CompletedProcess:
        return subprocess.run(
            [venv / "bin" / "galloc-mp", *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=120,
            cwd=home,
            env=environment,
        )

    run.data = next(venv.glob("lib/python*/site-packages/galloc_mp/data"))
    return run


def test_micropython_is_there_before_it_is_asked(monkeypatch):
    """`make wheel` may be the first command in a checkout."""
    steps = []
    monkeypatch.setattr(natmods, "set_up", lambda *names: steps.extend(names))
    monkeypatch.setattr(natmods, "known_to_micropython", lambda arch: "micropython" not in steps)
    monkeypatch.setattr(natmods, "build_natmod", lambda arch: pytest.fail(f"{arch}: too early"))
    natmods.build_natmods()
    assert steps == ["micropython"]


def test_holds_what_it_needs(installed):
    names = zipfile.ZipFile(next((BUILD / "wheel").glob("*-py3-none-any.whl"))).namelist()
    assert f"galloc_mp/data/natmod/x64_{mpy_abi()}/_galloc.mpy" in names
    assert f"galloc_mp/data/natmod/armv6m_{mpy_abi()}/galloc.mpy" in names
    assert {"galloc_mp/data/galloc.wasm", "galloc_mp/page/page.html"} <= set(names)
    assert not [name for name in names if "host_tests" in name or name.endswith((".so", ".c"))]


def test_help(installed):
    done = installed()
    assert done.returncode == 0
    listed = [line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")]
    assert listed[: len(COMMANDS)] == list(COMMANDS)
    assert max(map(len, done.stdout.splitlines())) <= 99
    for name in COMMANDS:
        help_ = installed(name, "--help")
        assert help_.returncode == 0 and help_.stdout.startswith(f"Usage: galloc-mp {name}")


def test_sizes_and_reports(installed):
    trace = installed.data / "traces" / "sqlite.trace.gz"
    done = installed("size", trace, "--copies", 1)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("galloc.init(bytearray(")
    done = installed("report", trace, "-o", "page.html")
    assert done.returncode == 0, done.stderr


def test_installs_onto_a_unix_interpreter(installed):
    done = installed("install", "--port", find_spec("unix-natmod").image)
    assert done.returncode == 0, done.stderr
    assert "the heap sound" in done.stdout and ".micropython/lib/_galloc.mpy" in done.stdout


@pytest.mark.parametrize(
    "arguments, expected",
    [
        (("run", "unix", "x.py"), "x.py: No such file"),
        (("info", "--target", "unix"), "targets are built in a checkout of galloc"),
        (("replay", Path("/nowhere.trace")), "/nowhere.trace"),
        (("install", "--port", "/dev/ttyACM99"), "there is no such port"),
        (("sizes",), "no command 'sizes'"),
        (("size",), "Missing argument"),
        (("size", "--nope"), "No such option"),
        (("size", "x.trace", "--copies", "many"), "--copies"),
    ],
)
def test_bad_calls_get_a_sentence(installed, arguments, expected):
    done = installed(*arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert expected in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr
