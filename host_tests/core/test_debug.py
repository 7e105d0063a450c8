"""galloc_debug.h: what its guards tell, and what AddressSanitizer and memcheck see through it."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace

import pytest

from . import build
from .test_compile import CONTRACT, TARGETS, strict

PROGRAM = ("debug.c", "debug_scene.c", "debug_calls.c", "debug_random.c", "harness.c")
UNDEFINED = ("-fsanitize=undefined", "-fno-sanitize-recover=all")
PLAIN = build.Variant("debug", sanitizers=UNDEFINED, program=PROGRAM)
# The tool watches the program, so the core comes without it.
ASAN = replace(PLAIN, name="debug-asan", sanitizers=build.SANITIZERS)
ASAN = replace(ASAN, core_flags=("-fno-sanitize=address",))
MEMCHECK = replace(PLAIN, name="debug-memcheck", flags=("-DGALLOC_VALGRIND=1",), sanitizers=())
SPARSE = ("-DGALLOC_DEBUG_QUARANTINE=1", "-DGALLOC_HARDENING=0")
GUARDED = {
    "gcc64": PLAIN,
    "gcc32": replace(PLAIN, name="debug-32", bits=32),
    "sparse": replace(PLAIN, name="debug-sparse", flags=SPARSE),
}
ASANS = {
    "gcc": ASAN,
    "clang -O3": replace(ASAN, name="debug-asan-clang", compiler="clang", optimise="-O3"),
}
MISTAKES = (
    "overrun",
    "overrun_far",
    "underrun",
    "underrun_far",
    "stale_write",
    "stale_read",
    "read_behind",
    "shrunk",
    "moved",
    "control",
)
ACTIONS = 10000


def run(variant: build.Variant, *arguments: str, under: tuple[str, ...] = ()):
    """Runs driver/debug.c, built in this way; skips where the compiler is missing."""
    if shutil.which(variant.compiler) is None:
        pytest.skip(f"{variant.compiler} is not installed: apt-get install {variant.compiler}")
    program = str(build.build(variant))
    return subprocess.run(
        [*under, program, *arguments], capture_output=True, text=True, timeout=300
    )


def memcheck(*arguments: str):
    """The same under valgrind; skips where it is missing. Ends with 99 when it complained."""
    if shutil.which("valgrind") is None:
        pytest.skip("valgrind is not installed: apt-get install valgrind")
    return run(MEMCHECK, *arguments, under=("valgrind", "-q", "--error-exitcode=99"))


@pytest.fixture(params=GUARDED)
def guarded(request) -> build.Variant:
    """Each build without a tool."""
    return GUARDED[request.param]


@pytest.fixture(params=ASANS)
def asan(request) -> build.Variant:
    """Each build with AddressSanitizer."""
    return ASANS[request.param]


def test_each_mistake_is_reported(guarded):
    """Overruns, underruns and stale writes by a byte, in blocks of 7 sizes and 13 alignments."""
    done = run(guarded, "tell")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "noticed 457\n"


def test_calls(guarded):
    """Results, alignments up to 4096, bad pointers, double free, sizes of 0 and too large."""
    done = run(guarded, "calls")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "calls as they should be\n"


def test_random_program_without_mistakes(guarded, seed):
    done = run(guarded, "random", str(seed), str(ACTIONS))
    assert done.returncode == 0, done.stderr
    assert f"{ACTIONS} actions" in done.stdout


@pytest.mark.parametrize("name", ["gcc64", "gcc32"])
def test_damaged_heaps(name, seed):
    """Bytes overwritten anywhere: each call comes back, and nothing outside the region changes.

    At level 2 of hardening: those below do not promise it.
    """
    done = run(GUARDED[name], "damage", str(seed), "1000")
    assert done.returncode == 0, done.stderr
    assert "1000 cases" in done.stdout


def test_bytes_a_block():
    """What the guards cost in memory, header of the core included, as README.md has it."""
    done = run(PLAIN, "bytes")
    assert done.returncode == 0, done.stderr
    rows = [list(map(int, line.split())) for line in done.stdout.splitlines()]
    assert [align for align, _, _ in rows] == [8 << i for i in range(10)]
    assert rows[0] == [8, 28, 35]
    assert all(least >= max(align, 16) + 12 and most < align + 64 for align, least, most in rows)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_asan_stops_at(asan, mistake):
    done = run(asan, "plant", mistake)
    assert done.returncode != 0
    assert "AddressSanitizer: use-after-poison" in done.stderr
    assert "went by" not in done.stdout


def test_asan_is_silent_otherwise(asan, seed):
    for arguments in (("calls",), ("random", str(seed), str(ACTIONS))):
        done = run(asan, *arguments)
        assert done.returncode == 0, done.stderr
        assert done.stdout


@pytest.mark.parametrize("mistake", (*MISTAKES, "uninitialised"))
def test_memcheck_tells_of(mistake):
    done = memcheck("plant", mistake)
    assert done.returncode == 99, done.stderr
    first = done.stderr.splitlines()[0]
    known = "depends on uninitialised" if mistake == "uninitialised" else "Invalid "
    assert known in first


def test_memcheck_is_silent_otherwise(seed):
    done = memcheck("random", str(seed), str(ACTIONS))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


CLIENT = """
#include "galloc.h"

int client(galloc_heap_t *heap);

int client(galloc_heap_t *heap) {
    uint8_t *block = (uint8_t *)galloc_alloc(heap, 3, 8);
    block = (uint8_t *)galloc_realloc(heap, block, 30, 64);
    galloc_stats_t stats;
    galloc_stats(heap, &stats);
    return galloc_resize(heap, block, 9) && galloc_owns(heap, block) && stats.used != 0 &&
           galloc_free(heap, block) == GALLOC_OK && galloc_check(heap, NULL) == GALLOC_OK;
}
"""


@pytest.mark.parametrize("switch", ["0", "1"])
@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_header_compiles(target, switch, tmp_path):
    if shutil.which(target[0]) is None:
        pytest.skip(f"{target[0]} is not installed")
    source = tmp_path / "client.c"
    source.write_text(CLIENT)
    flags = [f"-DGALLOC_DEBUG={switch}", "-include", "galloc_debug.h", "-O2"]
    compiled = [*target, *CONTRACT, *strict(target), *flags, "-c", str(source)]
    build.run_compiler([*compiled, "-o", str(tmp_path / "client.o")])
    assert (tmp_path / "client.o").exists()


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_header_compiles_as_cxx(compiler, tmp_path):
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    source = tmp_path / "client.cpp"
    source.write_text(CLIENT)
    flags = ["-Wall", "-Wextra", "-Werror", "-Wcast-align", f"-I{build.CORE}"]
    flags += ["-DGALLOC_DEBUG=1", "-include", "galloc_debug.h"]
    build.run_compiler([compiler, *flags, "-c", str(source), "-o", str(tmp_path / "o")])
    assert (tmp_path / "o").exists()


def test_switch_refuses_what_the_layer_lacks(tmp_path):
    """galloc_locked.h wants galloc_realloc_begin, which would take a payload for a block."""
    source = tmp_path / "mixed.c"
    source.write_text('#include "galloc_debug.h"\n#include "galloc_locked.h"\n')
    with pytest.raises(build.BuildError, match="has_no_realloc_begin"):
        build.run_compiler(
            ["gcc", *CONTRACT, "-DGALLOC_DEBUG=1", "-c", str(source), "-o", str(tmp_path / "o")]
        )
