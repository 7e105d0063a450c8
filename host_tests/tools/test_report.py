"""`galloc-mp report`: the page, in headless Chromium, and the picture of the curves."""

import json
import re
import struct
import subprocess
import sys

import pytest

from galloc_mp.core import Core
from galloc_mp.page.collect import frame, of_trace, unit_for
from galloc_mp.replay import trace as traces
from galloc_mp.targets.registry import BUILD, ROOT
from host_tests.tools.test_replay import random_trace, write

LIBRARY = BUILD / "npm-playwright" / "node_modules" / "playwright-core"
PROBE = ROOT / "host_tests" / "tools" / "page_probe.mjs"
SQLITE = ROOT / "host_tests" / "traces" / "sqlite.trace.gz"


def report(*arguments: object) -> subprocess.CompletedProcess:
    """Runs the command line."""
    return subprocess.run(
        [sys.executable, "-m", "galloc_mp", "report", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
    )


def probe(page, scheme: str, *keys: str) -> dict:
    """What the page shows in a browser."""
    command = ["node", PROBE, LIBRARY, page, scheme, page.with_suffix(f".{scheme}.png"), *keys]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def unpack(text: str) -> list[int]:
    """The cells of a frame in sixteenths; -1: control data."""
    runs = re.findall(r"(\d+)(\D)", text)
    return [-1 if letter == "#" else ord(letter) - 65 for n, letter in runs for _ in range(int(n))]


def dump(tmp_path, size: int = 3000):
    """A file with the bytes of a heap in which some blocks live."""
    core = Core()
    core.take(traces.load(write(tmp_path, "a 1 700 8\na 2 40 64\na 3 300 8\nf 1\n")))
    assert core.start(size) and core.replay(0, 4)
    data = bytes(core._memory.read(core._store, core._region, core._region + size))
    path = tmp_path / "heap.bin"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_of_a_trace(tmp_path, scheme):
    page = tmp_path / "it's <b>.html"
    done = report(SQLITE, "-o", page)
    assert (done.returncode, done.stdout) == (0, f"{page}\n"), done.stderr
    seen = probe(page, scheme, "Home", "ArrowRight", "Shift+ArrowRight", "End", "f")
    assert seen["said"] == []
    assert seen["requests"] == ["file:///"]  # the page itself, nothing else
    assert seen["heading"] == "sqlite"
    moments = [int(step["moment"]) for step in seen["steps"]]
    assert moments[1:5] == [0, 1, 11, moments[4]] and moments[4] > 200
    assert moments[5] == moments[0]  # the page opens at the fullest moment
    assert seen["steps"][1]["now"].startswith("After 1 of 5,970 operations: ")
    assert seen["steps"][4]["now"].startswith("After 5,970 of 5,970 operations: ")
    assert seen["steps"][0]["now"].split(": ")[1].startswith("269,372 used in ")
    # Another picture at the start, where most is free, than at the fullest moment.
    assert seen["steps"][1]["colours"][0] != seen["steps"][0]["colours"][0]
    assert seen["focus"][:2] == ["moment", "fullest"]
    assert seen["charts"] == 2 and seen["rows"] == 20 and not seen["wide"]
    bright = sum(map(int, re.findall(r"\d+", seen["background"]))) > 384
    assert bright == (scheme == "light")


def test_page_of_a_dump(tmp_path):
    page = tmp_path / "dump.html"
    assert report(dump(tmp_path), "-o", page).returncode == 0
    seen = probe(page, "light", "f", "Home")
    assert seen["said"] == [] and seen["requests"] == ["file:///"]
    assert seen["heading"] == "heap.bin" and not seen["curves"] and seen["charts"] == 0
    assert seen["tables"] == ["Largest blocks", "Largest free chunks"]
    assert "in 2 blocks" in seen["steps"][0]["now"]


def test_name_of_a_file_is_no_markup(tmp_path):
    name = "</script><script>alert(1)</script>.trace"
    path = tmp_path / name.replace("/", "_")
    path.write_text("a 1 100 8\nf 1\n# board </script><img src=x>\n")
    page = tmp_path / "page.html"
    assert report(path, "-o", page).returncode == 0
    text = page.read_text()
    assert "<img src=x>" not in text and "<script>alert" not in text
    assert probe(page, "light")["said"] == []


def test_picture_of_the_curves(tmp_path):
    picture = tmp_path / "curves.png"
    done = report(SQLITE, "-o", tmp_path / "x.html", "--png", picture)
    assert done.returncode == 0, done.stderr
    head = picture.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", head[16:]) == (1080, 660)


def test_data_agrees_with_the_heap(tmp_path, rng):
    trace = traces.load(write(tmp_path, random_trace(rng, 3000)))
    size = 3 * trace.peak
    data = of_trace(trace, size)
    assert data["done"][0] == 1 and data["done"][-1] == len(trace) == data["operations"]
    points = len(data["done"])
    assert all(len(curve) == points for curve in data["curves"].values())
    for used, free, largest in zip(
        *(data["curves"][name] for name in ("used", "free", "largest")), strict=True
    ):
        assert 0 <= largest <= free and used + free < size
    assert data["curves"]["used"][data["fullest"]] == max(data["curves"]["used"])
    cells = -(-size // data["unit"])
    assert all(len(unpack(text)) == cells for _, text in data["frames"])
    ages = [block["age"] for block in data["longest"]]
    assert ages == sorted(ages, reverse=True) and len(ages) == 20


def test_cells_hold_what_lives_in_them():
    chunks = [(68, 60, True), (132, 124, False), (260, 60, True), (324, 700, False)]
    assert unit_for(1024) == 16 and unit_for(1 << 20) == 512
    cells = unpack(frame(chunks, 1024, 64))
    assert cells == [-1, 16, 0, 0, 16] + 11 * [0]
    assert unpack(frame([(20, 8, True), (32, 992, False)], 1024, 64))[0] == 3  # 12 of 64


@pytest.mark.parametrize(
    "text, reason",
    [
        (None, "No such file or directory"),
        ("a 1 8 8\nx\n", "line 2: expected"),
        ("hello", "no heap that galloc"),
        ("", "no heap that galloc"),
        ("# region 100\na 1 8 8\n", "no heap can be made in 100 bytes"),
        ("# region many\na 1 8 8\n", "invalid literal"),
    ],
)
def test_bad_files_get_a_sentence(tmp_path, text, reason):
    path = tmp_path / "file"
    if text is not None:
        path.write_text(text)
    done = report(path, "-o", tmp_path / "page.html")
    assert (done.returncode, done.stdout) == (1, "")
    assert reason in done.stderr and len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "page.html").exists()


def test_no_curves_of_a_dump(tmp_path):
    done = report(dump(tmp_path), "-o", tmp_path / "x.html", "--png", tmp_path / "x.png")
    assert done.returncode == 1 and "has no curves" in done.stderr
