"""What the READMEs say is so: their lines of code run, their paths and verbs are there, their
tables are those of the measurements.
"""

import re
import subprocess
import sys

import pytest

from galloc_mp.targets.registry import ROOT, mpy_abi

README = ROOT / "README.md"
FOLDERS = ("firmware", "galloc_mp", "boards", "host_tests", "host_tests/bench")
GUIDES = (README, ROOT / "CONTRIBUTING.md", *(ROOT / name / "README.md" for name in FOLDERS))
WITH_PYTHON = (README, ROOT / "galloc_mp" / "README.md")
BLOCKS = [
    block
    for path in WITH_PYTHON
    for block in re.findall(r"```python\n(.*?)```", path.read_text(), re.DOTALL)
]
# What the reader has typed before.
BEFORE = "import galloc\nheap = galloc.heap()\n"


@pytest.mark.parametrize("target", ["unix", "unix32", "MPS2_AN385"], indirect=True)
@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_python_lines_run(target, number):
    block = BLOCKS[number]
    before = "" if "import galloc" in block else BEFORE
    said = target.exec(f"{before}{block}\nimport galloc\ngalloc.check()\nprint('end')\n")
    assert said.endswith("end\n")
    if "_mpy" in block:
        assert said == f"{target.spec.loads}_{mpy_abi()}\nend\n"


@pytest.mark.parametrize("target", ["unix-natmod", "MPS2_AN385-natmod"], indirect=True)
def test_lines_for_a_stock_firmware_run_there(target):
    blocks = [block for block in BLOCKS if "galloc.init(" in block]
    assert len(blocks) == len(WITH_PYTHON)
    for block in blocks:
        target.reset()  # the shared heap is made once
        assert target.exec(block + "print(len(block))") == "100\n"


def test_every_kind_of_line_was_found():
    assert len(BLOCKS) == 8


@pytest.mark.parametrize("path", [README, ROOT / "firmware" / "README.md"], ids=str)
def test_c_lines_compile(path, tmp_path):
    (code,) = re.findall(r"```c\n(.*?)```", path.read_text(), re.DOTALL)
    source = tmp_path / "readme.c"
    source.write_text(f"void panic(const char *text);\nvoid example(void);\n{code}")
    flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{ROOT}/firmware/core"]
    result = subprocess.run(
        ["cc", *flags, "-c", source, "-o", tmp_path / "readme.o"], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path):
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text())
    assert links
    files = [link for link in links if not link.startswith("http")]
    assert [link for link in files if not (path.parent / link).exists()] == []


def test_verbs_are_in_the_makefile():
    verbs = set()
    for path in GUIDES:
        verbs |= set(re.findall(r"(?:^|`)make ([a-z][a-z-]+)", path.read_text(), re.MULTILINE))
    known = set(re.findall(r"^([a-z-]+):.* ##? ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"demo", "test", "check", "firmware", "natmod", "bench"} <= verbs
    verbs.discard("submodules")  # MicroPython's own
    assert verbs - known == set()


def test_the_first_page_is_short():
    assert len(README.read_bytes()) <= 10_000


def test_tables_are_those_of_the_measurements():
    script = ROOT / "host_tests" / "tools" / "readme.py"
    result = subprocess.run(
        [sys.executable, script, "--check"], cwd=ROOT, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
