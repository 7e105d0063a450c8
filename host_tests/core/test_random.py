"""Long random runs inside the driver; a failure names seed, run and action."""

from __future__ import annotations

import subprocess

RUNS = {"gcc64": 100, "gcc32": 40}


def test_random_actions(program, variant, seed):
    """100 runs of 10,000 actions in the main build, fewer in the others; check after each."""
    runs = RUNS.get(variant.name, 8)
    done = subprocess.run(
        [str(program), "random", str(seed), str(runs), "10000"],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-6000:]
    assert f"{runs} runs of 10000 actions" in done.stdout
