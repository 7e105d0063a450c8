"""What the compilers say: the contract's compile line on each target, symbols, size."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from . import build

CONTRACT = ("-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{build.CORE}")
STRICT = (
    "-Wundef",
    "-Wshadow",
    "-Wsign-compare",
    "-Wcast-align",
    "-Wwrite-strings",
    "-Wfloat-equal",
    "-Wstrict-prototypes",
    "-Wmissing-prototypes",
    "-Wnested-externs",
    "-Wtype-limits",
    "-Wold-style-definition",
    "-fsingle-precision-constant",
)
ARM, RISCV = "arm-none-eabi-gcc", "riscv64-unknown-elf-gcc"
TARGETS = {
    "x86-64": ["gcc"],
    "i386": ["gcc", "-m32"],
    "x86-64 clang": ["clang"],
    "i386 clang": ["clang", "-m32"],
    "Cortex-M0+": [ARM, "-mcpu=cortex-m0plus", "-mthumb"],
    "Cortex-M3": [ARM, "-mcpu=cortex-m3", "-mthumb"],
    "Cortex-M4F": [ARM, "-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"],
    "Cortex-M7": [ARM, "-mcpu=cortex-m7", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv5-d16"],
    "RV32IMC": [RISCV, "-march=rv32imc", "-mabi=ilp32", "--specs=picolibc.specs"],
}
PACKAGES = {ARM: "gcc-arm-none-eabi", RISCV: "gcc-riscv64-unknown-elf"}
ALLOWED = {"memcpy", "memmove", "memset"}
TEXT_LIMIT = 6200  # bytes at -Os for Cortex-M0+
BANKS_TEXT_LIMIT = 1200  # of galloc_banks.c, which a program without sets does not link


@pytest.fixture(params=TARGETS, ids=str)
def toolchain(request) -> list[str]:
    """Compiler and flags of a target; skips where the compiler is missing."""
    command = TARGETS[request.param]
    if shutil.which(command[0]) is None:
        package = PACKAGES.get(command[0], command[0])
        pytest.skip(f"{command[0]} is not installed: apt-get install {package}")
    return command


def strict(target: list[str]) -> tuple[str, ...]:
    """The warnings of the boards' builds, as far as the compiler knows them."""
    return tuple(f for f in STRICT if target[0] != "clang" or f != "-fsingle-precision-constant")


def objects(target: list[str], flags: tuple[str, ...], folder: Path) -> list[Path]:
    """The core's object files."""
    made = []
    for source in build.core_sources():
        made.append(folder / f"{source.stem}.o")
        build.run_compiler([*target, *CONTRACT, *flags, "-c", str(source), "-o", str(made[-1])])
    assert made, "the core has no source files"
    return made


def symbols(target: list[str], files: list[Path]) -> list[tuple[str, str]]:
    """Type letter and name of each symbol."""
    prefix = target[0].removesuffix("gcc") if target[0] in PACKAGES else ""
    listed = subprocess.run(
        [prefix + "nm", *map(str, files)], capture_output=True, text=True, timeout=60, check=True
    )
    found = re.findall(r"^[0-9a-fA-F ]+ ([A-Za-z]) (\S+)$", listed.stdout, re.M)
    assert found
    return found


def test_contract_compile_line(toolchain, tmp_path):
    objects(toolchain, (), tmp_path)


def test_other_configurations(toolchain, tmp_path):
    for level in (0, 1):
        flags = ("-O2", f"-DGALLOC_HARDENING={level}", "-DGALLOC_SMALLBINS=1")
        objects(toolchain, (*strict(toolchain), *flags), tmp_path)


@pytest.mark.parametrize("optimise", ["-Os", "-O2"])
def test_warnings_library_calls_and_mutable_globals(toolchain, optimise, tmp_path):
    found = symbols(toolchain, objects(toolchain, (*strict(toolchain), optimise), tmp_path))
    defined = {name for letter, name in found if letter not in "Uw"}
    called = {name for letter, name in found if letter == "U"} - defined
    called -= {"_GLOBAL_OFFSET_TABLE_"}  # of position-independent code, no call
    assert called <= ALLOWED, f"the core calls {sorted(called - ALLOWED)}"
    mutable = [name for letter, name in found if letter in "bBdDsSgGC"]
    assert not mutable, f"the core has variables: {mutable}"


def test_only_the_contract_is_visible(tmp_path):
    """Names that other firmware could define itself stay out of the linker's sight."""
    found = symbols(["gcc"], objects(["gcc"], ("-O2",), tmp_path))
    visible = {name for letter, name in found if letter.isupper() and letter != "U"}
    strange = {name for name in visible if not name.startswith("galloc_")}
    assert not strange, f"visible names without the prefix galloc_: {sorted(strange)}"


def test_every_function_of_the_contract_is_there(tmp_path):
    found = symbols(["gcc"], objects(["gcc"], (), tmp_path))
    headers = "".join((build.CORE / name).read_text() for name in ("galloc.h", "galloc_banks.h"))
    declared = set(re.findall(r"^[a-z].*\b(galloc_\w+)\(.*;$", headers, re.M))
    defined = {name for letter, name in found if letter == "T"}
    assert len(declared) >= 30
    assert declared <= defined, f"declared and not defined: {sorted(declared - defined)}"


def test_text_on_cortex_m0plus(tmp_path):
    if shutil.which(ARM) is None:
        pytest.skip(f"{ARM} is not installed: apt-get install {PACKAGES[ARM]}")
    files = objects(TARGETS["Cortex-M0+"], ("-Os", "-ffunction-sections"), tmp_path)
    listed = subprocess.run(
        ["arm-none-eabi-size", *map(str, files)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    rows = [line.split() for line in listed.stdout.splitlines()[1:]]
    banks = sum(int(row[0]) for row in rows if "galloc_banks" in row[-1])
    text = sum(int(row[0]) for row in rows) - banks
    assert 0 < text <= TEXT_LIMIT, f"{text} bytes of text, {TEXT_LIMIT} are allowed"
    assert 0 < banks <= BANKS_TEXT_LIMIT, f"{banks} bytes, {BANKS_TEXT_LIMIT} are allowed"


@pytest.mark.parametrize("count", ["0", "1"])
def test_too_few_sub_bins_do_not_compile(count, tmp_path):
    with pytest.raises(build.BuildError, match=r"(?i)static assertion"):
        objects(["gcc"], (f"-DGALLOC_ALIGNMENT_SUB_BINS={count}",), tmp_path)


def test_header_alone_and_in_cplusplus(tmp_path):
    languages = {"alone.c": ["gcc", "-std=c11"], "alone.cpp": ["g++", "-std=c++17"]}
    for name, command in languages.items():
        source = tmp_path / name
        source.write_text(
            '#include "galloc.h"\nint unused(void);\nint unused(void) { return 0; }\n'
        )
        if shutil.which(command[0]) is None:
            pytest.skip(f"{command[0]} is not installed: apt-get install {command[0]}")
        build.run_compiler(
            [*command, *CONTRACT[1:], "-c", str(source), "-o", str(tmp_path / "alone.o")]
        )
