"""The locked form: threads at once on one heap, under ThreadSanitizer; what the lock covers."""

from __future__ import annotations

import subprocess

import pytest

from . import build


def run(name: str, *arguments: str) -> subprocess.CompletedProcess:
    """Runs driver/locked.c, built with one of its locks."""
    return run_program(build.LOCKED[name], *arguments)


def run_program(variant: build.Variant, *arguments: str) -> subprocess.CompletedProcess:
    """Runs a program that was built with ThreadSanitizer."""
    program = str(build.build(variant))
    done = None
    for prefix in ([], ["setarch", "-R"]):
        # gcc 12's ThreadSanitizer cannot place its shadow under the address randomisation
        # of some kernels; then it runs without
        done = subprocess.run(
            [*prefix, program, *arguments], capture_output=True, text=True, timeout=300
        )
        if "unexpected memory mapping" not in done.stderr:
            break
    return done


@pytest.mark.parametrize("lock", ["watched", "own"])
def test_four_threads_on_one_heap(lock, seed):
    done = run(lock, "hammer", str(seed), "4", "20000")
    assert done.returncode == 0, done.stderr[-6000:]
    assert f"locked seed {seed}: 4 threads" in done.stdout
    moves = int(done.stdout.split(" moves")[0].split()[-1])
    assert moves > 0


def test_the_thread_test_bites(seed):
    """Without a lock the same test must fail."""
    done = run("none", "hammer", str(seed), "4", "20000")
    assert done.returncode != 0


def test_payload_is_never_moved_or_cleared_under_the_lock():
    """20 KB blocks through each way of realloc; the driver watches the copies and the bytes."""
    done = run("watched", "copies")
    assert done.returncode == 0, done.stderr[-6000:]
    changed = int(done.stdout.split("at most ")[1].split()[0])
    assert 0 < changed <= 400
