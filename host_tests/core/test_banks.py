"""Sets of banks: each call and error, the locked form under threads, what the compilers say."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from . import build
from .test_locked import run_program

# Both languages that may include the header, as strict as compilers are.
PEDANTIC = ("-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wundef", "-Wshadow", "-Wcast-align")
LANGUAGES = {"C99": ("gcc", "-std=c99"), "C++11": ("g++", "-std=c++11", "-xc++")}


@pytest.mark.parametrize("variant", build.BANKS, ids=str)
def test_each_call(variant):
    """driver/banks_calls.c on 32 and 64 bits, with neighbours verified and trusted."""
    done = subprocess.run([str(build.build(variant))], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-6000:]
    assert int(done.stdout.split()[1]) >= 9


def test_four_threads_on_four_banks(seed):
    done = run_program(build.BANKS_LOCKED, str(seed), "4", "10000")
    assert done.returncode == 0, done.stderr[-6000:]
    moves = int(done.stdout.split(" moves")[0].split()[-1])
    assert moves > 100, done.stdout


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize("optimise", ["-O2", "-Os"])
@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("language", LANGUAGES)
def test_compiles_as(language, bits, optimise, level, tmp_path):
    compiler, *flags = LANGUAGES[language]
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed: apt-get install {compiler}")
    flags += [*PEDANTIC, f"-m{bits}", optimise, f"-DGALLOC_HARDENING={level}"]
    source = build.CORE / "galloc_banks.c"
    made = tmp_path / "banks.o"
    build.run_compiler([compiler, *flags, f"-I{build.CORE}", "-c", str(source), "-o", str(made)])
    assert made.stat().st_size > 0
