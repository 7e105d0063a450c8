"""Another emulator, rp2040py, boots the same image and runs a script with the module."""

import subprocess
import sys

import pytest

from galloc_mp.targets import find_spec

SCRIPT = """
import galloc
b = galloc.alloc(100, align=64)
b.view()[:] = b"g" * 100
galloc.check()
print(b.address % 64, galloc.stats().used >= 100, "ok")
"""


@pytest.mark.timeout(600)
def test_rp2040py_runs_the_image(tmp_path):
    file = tmp_path / "script.py"
    file.write_text(SCRIPT)
    command = [sys.executable, "-m", "rp2040py", "micropython", "--image"]
    done = subprocess.run(
        [*command, find_spec("RPI_PICO").image, file],
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert "0 True ok" in done.stdout, done.stdout + done.stderr
