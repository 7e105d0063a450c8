"""Every board in boards/: where its region lies, and that the module works there. All scripts run
on all of them with `make test BOARDS=all`.
"""

import re
import subprocess
import sys

import pytest
from elftools.elf.elffile import ELFFile

from galloc_mp.targets.registry import ROOT, all_specs, mpy_dir
from host_tests.device.test_device import FOLDER

SPECS = [s for s in all_specs().values() if s.name == s.board and s.available]
RUN = [s.name for s in SPECS if s.runs]
SHORT = ("block", "raw", "shared", "reporting")


@pytest.mark.parametrize("target", RUN, indirect=True)
@pytest.mark.parametrize("script", SHORT)
def test_script(target, script):
    """Each script asserts for itself."""
    output = target.exec((FOLDER / f"{script}.py").read_bytes(), timeout=300)
    assert output.splitlines()[-1:] == ["ok"], output


@pytest.mark.parametrize("target", RUN, indirect=True)
def test_region_holds_what_is_written(target):
    """All of it is memory, and nobody else's: every word keeps its value through a collection and
    a soft reset.
    """
    target.exec(
        "import galloc, gc, machine\n"
        "_, at, size, _ = galloc.regions()[0]\n"
        "for i in range(0, size, 1024): machine.mem32[at + i] = i + 1\n"
        "junk = [bytearray(100) for _ in range(100)]\n"
        "gc.collect()\n"
    )
    target.reset()
    result = target.exec(
        "import galloc, machine\n"
        "_, at, size, _ = galloc.regions()[0]\n"
        "print(size, sum(machine.mem32[at + i] != i + 1 for i in range(0, size, 1024)))\n"
    )
    size, lost = map(int, result.split())
    assert size >= 16384
    assert lost == 0


# Partitions for ROMFS in MicroPython 1.29: first address, bytes. An image for another release is
# checked against them as well, so that a region does not have to move with a later one.
ROMFS = {
    "MPS2_AN385": (0x21000000, 0x400000),
    "MPS2_AN500": (0x60C00000, 0x400000),
    "SABRELITE": (0x17C00000, 0x400000),
    "VIRT_RV32": (0x80610000, 0x400000),
    "VIRT_RV64": (0x80620000, 0x400000),
}


def partitions(board: str) -> list[tuple[int, int]]:
    """First address and bytes of the board's partitions, in 1.29 and in the tree that is here."""
    file = mpy_dir() / "ports" / "qemu" / "boards" / board / "mpconfigboard.mk"
    text = file.read_text() if file.exists() else ""
    numbers = re.findall(r"ROMFS_PART\d_(?:START|SIZE) \??= (\w+)", text)
    here = list(zip(*[iter(int(n, 0) for n in numbers)] * 2, strict=True))
    return [*here, *([ROMFS[board]] if board in ROMFS else [])]


@pytest.mark.parametrize("spec", [s for s in SPECS if s.port == "qemu"], ids=lambda s: s.name)
def test_region_leaves_partitions_alone(spec):
    """Where the image has it, and where a test with the native module writes."""
    with open(spec.image, "rb") as file:
        symbols = ELFFile(file).get_section_by_name(".symtab")
        (first,) = symbols.get_symbol_by_name("galloc_region_start")
        (last,) = symbols.get_symbol_by_name("galloc_region_end")
    start, end = first["st_value"], last["st_value"]
    spare = spec.options.get("spare")
    assert spare is None or spare[0] == start
    for at, size in partitions(spec.board):
        assert end <= at or at + size <= start, (hex(start), hex(end), hex(at))


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: s.name)
def test_region_takes_no_room_in_the_image(spec):
    """The region is memory without contents, and no other section lies in it."""
    with open(spec.image.with_suffix(".elf"), "rb") as file:
        elf = ELFFile(file)
        symbols = elf.get_section_by_name(".symtab")
        if spec.port == "rp2":
            (region,) = symbols.get_symbol_by_name("region_bytes")
            start, end = region["st_value"], region["st_value"] + region["st_size"]
            assert region["st_size"] in (65536, 131072)
        else:
            (first,) = symbols.get_symbol_by_name("galloc_region_start")
            (last,) = symbols.get_symbol_by_name("galloc_region_end")
            start, end = first["st_value"], last["st_value"]
        inside = [
            section.name
            for section in elf.iter_sections()
            if section["sh_addr"] < end and start < section["sh_addr"] + section["sh_size"]
        ]
        loaded = [
            segment["p_vaddr"]
            for segment in elf.iter_segments("PT_LOAD")
            if segment["p_vaddr"] < end and start < segment["p_vaddr"] + segment["p_filesz"]
        ]
    assert len(inside) == 1, inside
    assert loaded == []


@pytest.mark.parametrize("name", ["MICROBIT", "RPI_PICO"])
def test_region_that_does_not_fit_is_refused(name):
    """With the numbers, by the make and by the cmake boards."""
    refused = subprocess.run(
        [sys.executable, ROOT / "host_tests" / "tools" / "build.py", f"board:{name}"],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "GALLOC_REGION_SIZE": "1000000"},
    )
    assert refused.returncode == 1
    assert "GALLOC_REGION_SIZE=1000000 does not fit" in refused.stderr


def test_unknown_board_lists_the_known_ones():
    result = subprocess.run(
        [sys.executable, ROOT / "host_tests" / "tools" / "build.py", "board:UNICYCLE"],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1
    assert all(spec.name in result.stderr for spec in SPECS)
