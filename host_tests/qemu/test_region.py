"""The reserved region of the MPS2_AN385 firmware: where it lies, that it takes no room in the
image, that it lasts.
"""

import os
import subprocess

import pytest
from elftools.elf.elffile import ELFFile

from galloc_mp.targets import find_spec, open_target
from galloc_mp.targets.registry import ROOT

BANK, BANK_SIZE, DEFAULT_SIZE = 0x20000000, 0x400000, 524288
SECOND, SECOND_SIZE = 0x21000000, 1048576


@pytest.fixture(scope="module")
def board():
    """The board, running."""
    with open_target("MPS2_AN385") as target:
        yield target


def test_region_is_told(board):
    output = board.exec("import galloc\nprint(galloc.regions())")
    first = f"('SRAM', {BANK}, {DEFAULT_SIZE}, 'FAST|DMA|PERSIST')"
    second = f"('PSRAM', {SECOND}, {SECOND_SIZE}, 'DMA|EXTERNAL|PERSIST')"
    assert output == f"({first}, {second})\n"


@pytest.mark.parametrize(
    ("name", "start", "size"),
    [("galloc_region", BANK, DEFAULT_SIZE), ("galloc_region_1", SECOND, SECOND_SIZE)],
)
def test_region_takes_no_room_in_the_image(name, start, size):
    with open(find_spec("MPS2_AN385").image, "rb") as file:
        elf = ELFFile(file)
        section = elf.get_section_by_name(f".{name}")
        assert section["sh_type"] == "SHT_NOBITS"
        assert (section["sh_addr"], section["sh_size"]) == (start, size)
        symbols = elf.get_section_by_name(".symtab")
        for end, value in {"start": start, "end": start + size}.items():
            (symbol,) = symbols.get_symbol_by_name(f"{name}_{end}")
            assert symbol["st_value"] == value


def test_no_variable_lies_in_the_bank():
    with open(find_spec("MPS2_AN385").image, "rb") as file:
        inside = [
            section.name
            for section in ELFFile(file).iter_sections()
            if BANK <= section["sh_addr"] < BANK + BANK_SIZE
        ]
    assert inside == [".galloc_region"]


def test_example_of_banks(board):
    output = board.exec((ROOT / "firmware" / "examples" / "banks.py").read_text())
    assert "pixels at 0x21" in output
    assert "table at 0x20" in output
    board.reset()


def test_region_survives_a_soft_reset(board):
    word = f"machine.mem32[{BANK + DEFAULT_SIZE - 4}]"
    board.exec(f"import machine\n{word} = 0x12345678")
    board.reset()
    assert board.exec(f"import machine\nprint(hex({word}))") == "0x12345678\n"


def outside_of_make() -> dict[str, str]:
    """The environment, without what a `make` that runs these tests hands on."""
    own = ("MAKE", "MFLAGS", "GALLOC_")
    return {k: v for k, v in os.environ.items() if not k.startswith(own)}


@pytest.mark.parametrize("size", [BANK_SIZE + 1, 10, "4097K", -1, "4 M"])
def test_size_that_does_not_fit_is_refused_with_the_numbers(size):
    refused = subprocess.run(
        ["make", "firmware", "BOARD=MPS2_AN385", f"GALLOC_REGION_SIZE={size}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=outside_of_make(),
    )
    assert refused.returncode
    assert f"GALLOC_REGION_SIZE={size}" in refused.stderr
    assert str(BANK_SIZE) in refused.stderr


# A board of somebody else's: its own linker script, 8 KiB of variables at 0x20000000.
SCRIPT = """
MEMORY { RAM : ORIGIN = 0x20000000, LENGTH = 64K }
SECTIONS { .text : { *(.text*) } > RAM .bss : { *(.bss*) *(COMMON) } > RAM }
"""
SOURCE = "char buffer[8192]; int main(void) { return buffer[0]; }"
CONFIGURATION = """
GALLOC_BANK_ORIGIN = {origin}
GALLOC_BANK_SIZE = 4096
GALLOC_REGION_DEFAULT = 1024
BUILD = objects
include {boards}/region.mk
flags: ; @echo $(LDFLAGS)
"""


@pytest.mark.parametrize("linker", ["gcc", "ld"])
@pytest.mark.parametrize(("origin", "fits"), [("0x20008000", True), ("0x20001000", False)])
def test_region_in_another_port(tmp_path, linker, origin, fits):
    """Linked through gcc or by ld itself, and known from the variables of a port that has no names
    for their ends.
    """
    (tmp_path / "port.ld").write_text(SCRIPT)
    (tmp_path / "main.c").write_text(SOURCE)
    (tmp_path / "Makefile").write_text(CONFIGURATION.format(origin=origin, boards=ROOT / "boards"))

    def run(*command: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, env=outside_of_make()
        )

    flags = run("make", "-s", "flags").stdout.split()
    assert len(flags) == 1  # one that both take
    assert run("arm-none-eabi-gcc", "-mthumb", "-c", "main.c").returncode == 0
    command = (f"arm-none-eabi-{linker}", *flags, "-nostdlib", "-T", "port.ld", "-e", "main")
    done = run(*command, "main.o", "-o", "main.elf")
    if fits:
        assert done.returncode == 0, done.stderr
        with open(tmp_path / "main.elf", "rb") as file:
            section = ELFFile(file).get_section_by_name(".galloc_region")
            assert (section["sh_addr"], section["sh_size"]) == (int(origin, 16), 1024)
    else:
        assert "the region lies on the port's variables" in done.stderr
