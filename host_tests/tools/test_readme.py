"""What README.md says is so: its lines of code run, its paths and verbs are there, its tables
are those of the measurements.
"""

import re
import subprocess
import sys

import pytest

from galloc_mp.targets.registry import ROOT, mpy_abi

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
# What the reader has typed before.
BEFORE = "import galloc\nheap = galloc.heap()\n"


@pytest.mark.parametrize("target", ["unix", "unix32", "MPS2_AN385"], indirect=True)
@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_python_lines_run(target, number):
    block = BLOCKS[number]
    before = "" if "import galloc" in block else BEFORE
    said = target.exec(f"{before}{block}\nimport galloc\ngalloc.check()\n")
    if "_mpy" in block:
        assert said == f"{target.spec.loads}_{mpy_abi()}\n"
    else:
        assert said == ""


@pytest.mark.parametrize("target", ["unix-natmod", "MPS2_AN385-natmod"], indirect=True)
def test_lines_for_a_stock_firmware_run_there(target):
    blocks = [block for block in BLOCKS if "galloc.init(" in block]
    assert len(blocks) == 1
    assert target.exec(blocks[0] + "print(len(block))") == "100\n"


def test_every_kind_of_line_was_found():
    assert len(BLOCKS) == 6


def test_c_lines_compile(tmp_path):
    (code,) = re.findall(r"```c\n(.*?)```", README, re.DOTALL)
    source = tmp_path / "readme.c"
    source.write_text(f"void panic(const char *text);\nvoid example(void);\n{code}")
    flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{ROOT}/firmware/core"]
    result = subprocess.run(
        ["cc", *flags, "-c", source, "-o", tmp_path / "readme.o"], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr


def test_links_lead_somewhere():
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_verbs_are_in_the_makefile():
    verbs = set(re.findall(r"(?:^|`)make ([a-z][a-z-]+)", README, re.MULTILINE))
    known = set(re.findall(r"^([a-z-]+):.* ## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"demo", "test", "run", "firmware", "natmod", "docs"} <= verbs
    assert verbs - known == set()


def test_tables_are_those_of_the_measurements():
    script = ROOT / "host_tests" / "tools" / "readme.py"
    result = subprocess.run(
        [sys.executable, script, "--check"], cwd=ROOT, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
