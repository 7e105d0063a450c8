"""The builds for one MicroPython and another: what differs between the releases 1.25 and 1.29 is
played by small stand-ins for its makefiles, and the flags of the real build are read back.
"""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from galloc_mp.targets.registry import ROOT, find_spec, mpy_dir
from host_tests.tools.build import C_MODULES
from host_tests.tools.job import objects

FIRMWARE = ROOT / "firmware"
CORE = sorted(file.name for file in (FIRMWARE / "core").glob("*.c"))
FAST = [*CORE, "block_type.c", "method.c", "raw.c"]  # compiled for speed


def run(folder: Path, *command, **variables: str) -> subprocess.CompletedProcess:
    """Runs a command outside of the make that may run these tests."""
    own = ("MAKE", "MFLAGS", "GALLOC_", "ARCH", "BUILD", "MPY_DIR")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(own)} | variables
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)


# --- Names


def test_no_header_holds_a_name_for_micropython():
    """Its collector of names, as of 1.29, drops what a header has before the first source."""
    tree = mpy_dir()
    folders = (
        tree,
        tree / "ports" / "unix",
        tree / "ports" / "unix" / "variants" / "standard",
        objects("unix"),
        *(FIRMWARE / name for name in ("core", "module", "usermod")),
    )
    source = FIRMWARE / "usermod" / "modgalloc.c"
    command = ["gcc", "-E", "-DNO_QSTR", *(f"-I{folder}" for folder in folders), str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    file, found = "", set()
    for line in done.stdout.splitlines():
        if marker := re.match(r'# \d+ "([^"]+)"', line):
            file = marker[1]
        elif "MP_QSTR_" in line and file.startswith(str(FIRMWARE)):
            found.add(Path(file).name)
    assert found == {"modgalloc.c"}


# --- User C modules

# What py.mk does with USER_C_MODULES. 1.25: one folder, and an object is named by its source as
# seen from there. 1.29: several folders, each may be a module itself, and an object is named by
# its source as seen from the module's parent.
FIND_OLD = """
$(foreach found,$(wildcard $(USER_C_MODULES)/*/micropython.mk),\
  $(eval USERMOD_DIR = $(patsubst %/,%,$(dir $(found))))$(eval include $(found)))
NAMES := $(patsubst $(USER_C_MODULES)/%.c,%.c,$(SRC_USERMOD_C) $(SRC_USERMOD_LIB_C))
"""
FIND_NEW = """
$(foreach folder,$(USER_C_MODULES),\
  $(foreach found,$(wildcard $(folder)/micropython.mk $(folder)/*/micropython.mk),\
    $(eval USERMOD_DIR = $(patsubst %/,%,$(dir $(found))))\
    $(eval DIRS += $(USERMOD_DIR))$(eval include $(found))))
NAMES := $(SRC_USERMOD_C) $(SRC_USERMOD_LIB_C)
$(foreach folder,$(sort $(DIRS)),\
  $(eval NAMES := $$(patsubst $(folder)/%,$(notdir $(folder))/%,$$(NAMES))))
"""
BUILD = """
SRC_USERMOD_C :=
SRC_USERMOD_LIB_C :=
CFLAGS_USERMOD :=
BUILD := build
{find}
CFLAGS := -Os $(CFLAGS_USERMOD)
all: $(addprefix $(BUILD)/,$(NAMES:.c=.o))
$(BUILD)/%.o:
\t@echo $@ $(CFLAGS)
"""
# A module as ulab is one: sources below its folder, one of them with the name of one of ours.
NEIGHBOUR = """
NEIGHBOUR_DIR := $(USERMOD_DIR)
SRC_USERMOD_C += $(NEIGHBOUR_DIR)/neighbour.c $(NEIGHBOUR_DIR)/numpy/random.c
CFLAGS_USERMOD += -I$(NEIGHBOUR_DIR)
"""


def modules(folder: Path, way: str) -> str:
    """Lays a folder of modules out; what USER_C_MODULES is."""
    if way == "absolute":
        return str(FIRMWARE)
    if way == "relative":
        return os.path.relpath(FIRMWARE, folder)
    (folder / "modules" / "neighbour").mkdir(parents=True)
    (folder / "modules" / "neighbour" / "micropython.mk").write_text(NEIGHBOUR)
    if way == "line":
        (folder / "modules" / "galloc").mkdir()
        line = f"include {FIRMWARE}/micropython.mk\n"
        (folder / "modules" / "galloc" / "micropython.mk").write_text(line)
    elif way == "two folders":
        return f"modules {FIRMWARE / 'usermod'}"
    else:
        (folder / "modules" / "galloc").symlink_to(FIRMWARE / way, target_is_directory=True)
    return str(folder / "modules")


WAYS = ["absolute", "relative", "usermod", ".", "line"]


@pytest.mark.parametrize(
    ("find", "way"),
    [*((FIND_OLD, way) for way in WAYS), *((FIND_NEW, way) for way in [*WAYS, "two folders"])],
    ids=[*(f"1.25-{way}" for way in WAYS), *(f"1.29-{way}" for way in [*WAYS, "two folders"])],
)
def test_module_is_found_once_and_the_core_gets_its_flag(tmp_path, find, way):
    """Whichever way leads to the module, and with neighbours."""
    (tmp_path / "Makefile").write_text(BUILD.format(find=find))
    done = run(tmp_path, "make", f"USER_C_MODULES={modules(tmp_path, way)}")
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    flags = {Path(name).name: options for name, *options in lines}
    assert len(flags) == len(lines), "an object is made twice"
    assert "modgalloc.o" in flags and "heap_type.o" in flags
    assert ("neighbour.o" in flags) == (way not in ("absolute", "relative"))
    for name, options in flags.items():
        last = [option for option in options if option.startswith("-O")][-1]
        fast = name.replace(".o", ".c") in FAST
        assert last == ("-O2" if fast else "-Os"), name
        assert f"-I{FIRMWARE}/core" in options


@pytest.mark.parametrize("find", [FIND_OLD, FIND_NEW], ids=["1.25", "1.29"])
def test_modules_of_the_tests_come_by_the_folder_alone(tmp_path, find):
    """With galloc, the example and galloc as the C heap; the firmware's folder knows nothing of
    them.
    """
    (tmp_path / "Makefile").write_text(BUILD.format(find=find))
    done = run(tmp_path, "make", f"USER_C_MODULES={C_MODULES}")
    assert done.returncode == 0, done.stderr
    names = [Path(line.split()[0]).name for line in done.stdout.splitlines()]
    assert len(set(names)) == len(names)
    fixtures = {f"{name}.o" for name in ("client", "libc", "ticker", "vectormodule")}
    assert fixtures | {"median.o", "modgalloc.o", "c_heap.o"} <= set(names)
    assert all("-DGALLOC_C_HEAP=1" in line.split() for line in done.stdout.splitlines())
    alone = run(tmp_path, "make", f"USER_C_MODULES={FIRMWARE}", "GALLOC_EXAMPLES=1").stdout
    assert "median.o" in alone and "client.o" not in alone and "GALLOC_C_HEAP" not in alone


# --- The size of the region

SIZES = {
    "0": 0,
    "512": 512,
    "65536": 65536,
    "64K": 65536,
    "64k": 65536,
    "1M": 1 << 20,
    "0x400": 1024,
    "0X1fK": 31 << 10,
    "0x0": 0,
    "0K": 0,
}
NO_SIZES = (
    "64Q 64KB 0x K M 1.5M -1 1,5 0x4G 010 08 511 0x10 12345678901 18446744073709552128 0x123456789"
).split() + ["64 K", "it's", "1;2", "$(1)"]

CMAKE_STAND_INS = """
function(add_library)
endfunction()
function(target_sources)
    foreach(source ${ARGN})
        message("${source}")
    endforeach()
endfunction()
function(target_include_directories)
endfunction()
function(target_compile_definitions)
endfunction()
function(target_link_libraries)
endfunction()
"""
MAKE_SIZE = """
SRC_USERMOD_C :=
include {firmware}/usermod/micropython.mk
size: ; @echo "$(filter -DGALLOC_REGION_SIZE=%,$(CFLAGS_USERMOD))"
"""
MAKE_BOARD = """
GALLOC_BANK_ORIGIN = 0x20000000
GALLOC_BANK_SIZE = 0x100000
GALLOC_REGION_DEFAULT = 2K
include {firmware}/../boards/region.mk
size: ; @echo "$(GALLOC_REGION_BYTES)"
"""
CMAKE_SIZE = (
    CMAKE_STAND_INS
    + """
include({firmware}/usermod/micropython.cmake)
message("-DGALLOC_REGION_SIZE=${GALLOC_REGION_BYTES}")
"""
)
CMAKE_BOARD = """
set(GALLOC_REGION_DEFAULT 2K)
set(GALLOC_REGION_MAX 1048576)
include({firmware}/../boards/region.cmake)
message("${GALLOC_REGION_SIZE}")
"""


def read_size(folder: Path, tool: str, kind: str, size: str) -> subprocess.CompletedProcess:
    """How make or cmake reads a size, for the module alone or for a board."""
    text = {
        ("make", "module"): MAKE_SIZE,
        ("make", "board"): MAKE_BOARD,
        ("cmake", "module"): CMAKE_SIZE,
        ("cmake", "board"): CMAKE_BOARD,
    }[tool, kind].replace("{firmware}", str(FIRMWARE))
    (folder / "file").write_text(text)
    # make takes a dollar of the command line for its own.
    variable = f"GALLOC_REGION_SIZE={size.replace('$', '$$') if tool == 'make' else size}"
    if tool == "make":
        return run(folder, "make", "-s", "-f", "file", "size", variable)
    return run(folder, "cmake", f"-D{variable}", "-P", "file")


def test_modules_of_the_tests_by_cmake(tmp_path):
    script = (
        CMAKE_STAND_INS + f'include({C_MODULES}/micropython.cmake)\nmessage("${{GALLOC_C_HEAP}}")'
    )
    (tmp_path / "file").write_text(script)
    done = run(tmp_path, "cmake", "-P", "file")
    assert done.returncode == 0, done.stderr
    *sources, c_heap = done.stderr.split()
    sources = [Path(path) for path in sources if path.startswith("/")]
    names = {path.name for path in sources}
    assert {"modgalloc.c", "median.c", "client.c", "vector.cpp"} <= names and c_heap == "1"
    assert all(path.exists() for path in sources) and len(set(sources)) == len(sources)


@pytest.mark.parametrize("tool", ["make", "cmake"])
@pytest.mark.parametrize("kind", ["module", "board"])
def test_size_of_the_region_is_read(tmp_path, tool, kind):
    """Decimal and hexadecimal, K and M; the same by both tools."""
    for text, size in SIZES.items():
        done = read_size(tmp_path, tool, kind, text)
        wanted = f"-DGALLOC_REGION_SIZE={size}" if kind == "module" else str(size)
        assert done.returncode == 0, done.stderr
        assert (done.stdout + done.stderr).split()[-1] == wanted, text


@pytest.mark.parametrize("tool", ["make", "cmake"])
@pytest.mark.parametrize("kind", ["module", "board"])
def test_what_is_no_size_of_a_region_is_refused_in_a_sentence(tmp_path, tool, kind):
    for text in NO_SIZES + (["1048577", "2M"] if kind == "board" else []):
        done = read_size(tmp_path, tool, kind, text)
        said = " ".join(done.stderr.split())
        assert done.returncode, text
        assert said.count(f"GALLOC_REGION_SIZE={text} ") == 1, said
        assert "0" in said and "512" in said and "K or M for KiB or MiB" in said
        assert kind == "module" or "512 to 1048576 bytes" in said
        assert tool == "cmake" or len(done.stderr.splitlines()) == 1


# --- The flags of the real builds


def commands(target: str, port: str) -> list[str]:
    """How make would compile the core for a target that is built."""
    folder = objects(target)
    arguments = json.loads((folder / "arguments.json").read_text())
    # Without the size of the region, which another test may have left wrong.
    arguments = [a for a in arguments["compiled"] if "=" in a]
    found = [path for name in CORE for path in folder.rglob(name.replace(".c", ".o"))]
    names = [str(path) for path in found if "core" in path.parts]
    assert len(names) == len(CORE), names
    # By the name that the rule has: the folder, and where the source's is an absolute path, that.
    absolute = [n.replace(str(folder), f"{folder}/", 1) for n in names]
    goals = absolute if str(FIRMWARE) in names[0] else names
    environment = dict(MICROPY_GIT_TAG="v1.25.0", MICROPY_GIT_HASH="galloc")
    done = run(
        mpy_dir() / "ports" / port, "make", "-n", "-B", *arguments, *goals,
        **environment,
    )  # fmt: skip
    lines = done.stdout.replace("\\\n", " ").splitlines()
    return [x for x in lines if re.search(r" -c .*firmware/core/\w+\.c", x)]


@pytest.mark.parametrize(("target", "port"), [("unix", "unix"), ("MPS2_AN385", "qemu")])
def test_core_is_compiled_for_speed(target, port):
    """The last -O of each file of the core is -O2, in a port that compiles for size or not."""
    lines = commands(target, port)
    assert len(lines) == len(CORE), lines
    for line in lines:
        assert re.findall(r"\s-O\S*", line)[-1].strip() == "-O2", line


def test_core_is_compiled_for_speed_by_cmake():
    flags = (objects("RPI_PICO") / "CMakeFiles" / "firmware.dir" / "flags.make").read_text()
    own = dict(re.findall(r"^# Custom options: \S*/core/(\w+\.c)\.\S+ = (.*)$", flags, re.M))
    if not own:  # later cmake: one line a file in build.make
        own = dict(re.findall(r"^\S*/core/(\w+\.c)\S*_OPTIONS = (.*)$", flags, re.M))
    assert own == dict.fromkeys(CORE, "-O2")


def test_unix32_is_a_32_bit_program():
    with open(find_spec("unix32").image, "rb") as file:
        elf = ELFFile(file)
        assert (elf.elfclass, elf["e_machine"]) == (32, "EM_386")
    with open(find_spec("unix").image, "rb") as file:
        assert ELFFile(file).elfclass == 64


# --- Native modules

# What dynruntime.mk does in the end. 1.25: objects into a native file of another name, which is
# merged with others. 1.29: the native file already has the name that the result has, one folder
# further down.
DYNRUNTIME = """
Q = @
ECHO = @echo
BUILD ?= build
CONFIG_H = $(BUILD)/$(MOD).config.h
SRC_O = $(addprefix $(BUILD)/,$(SRC:.c=.o))
ifeq ($(ARCH),armv7m)
CROSS = arm-none-eabi-
else ifeq ($(ARCH),x86)
CROSS = missing-
else
$(error architecture '$(ARCH)' not supported)
endif
CFLAGS += -Os $(CFLAGS_EXTRA)
all: $(MOD).mpy
$(CONFIG_H): $(SRC) ; mkdir -p $(BUILD) && cat $^ | grep -o 'MP_QSTR_[a-z_]*' | sort -u >$@
$(BUILD)/%.o: %.c $(CONFIG_H) Makefile ; cat $(CONFIG_H) $< >$@
NATIVE = $(BUILD)/$(MOD).NATIVE_SUFFIX
$(NATIVE): $(SRC_O) ; cat $^ >$@
$(MOD).mpy: $(NATIVE) ; cp $< $@
"""


def tree(folder: Path, suffix: str = "mpy", version: tuple[int, int] = (1, 29)) -> Path:
    """A stand-in for a checkout of MicroPython."""
    (folder / "py").mkdir(parents=True)
    (folder / "py" / "dynruntime.mk").write_text(DYNRUNTIME.replace("NATIVE_SUFFIX", suffix))
    (folder / "py" / "persistentcode.h").write_text(
        "#define MPY_VERSION 6\n#define MPY_SUB_VERSION 3\n"
    )
    (folder / "py" / "mpconfig.h").write_text(
        f"#define MICROPY_VERSION_MAJOR {version[0]}\n#define MICROPY_VERSION_MINOR {version[1]}\n"
    )
    return folder


def natmod(folder: Path, mpy: Path, arch: str, **variables: str) -> subprocess.CompletedProcess:
    """Builds with a cross compiler for Python that makes an empty file."""
    return run(
        folder, "make", "-f", FIRMWARE / "natmod" / "Makefile", f"ARCH={arch}", f"MPY_DIR={mpy}",
        "MPY_CROSS=touch galloc.mpy galloc_more.mpy #", f"BUILD={folder}/objects",
        f"DESTINATION={folder}/out", **variables,
    )  # fmt: skip


@pytest.mark.parametrize("suffix", ["native.mpy", "mpy"], ids=["1.25", "1.29"])
def test_native_module_in_both_layouts(tmp_path, suffix):
    mpy = tree(tmp_path / "micropython", suffix)
    for _ in range(2):  # again: what is there is not in the way
        done = natmod(tmp_path, mpy, "armv7m")
        assert done.returncode == 0, done.stderr
    made = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert made == ["_galloc.mpy", "galloc.mpy", "galloc.pyi", "galloc_more.mpy", "package.json"]
    text = (tmp_path / "out" / "_galloc.mpy").read_text()
    # All names were collected, and all sources are in.
    assert "MP_QSTR_usable_size" in text and "MP_QSTR___version__" in text
    for name in [*CORE, "heap_type.c", "galloc_natmod.c"]:
        assert f"/{name}" in text


@pytest.mark.parametrize(("arch", "jump"), [("x64", 1), ("armv7m", 4)])
def test_code_needs_no_gap_behind_the_jump_to_it(arch, jump):
    """MicroPython 1.28 has the jump to mpy_init in front of the code and expects no gap there."""
    with open(objects(f"natmod-{arch}") / "objects" / "galloc_unit.o", "rb") as file:
        sections = [s for s in ELFFile(file).iter_sections() if s.name.startswith(".text")]
        assert sections[0].name == ".text" and sections[0].data_size > 4096
        assert max(section["sh_addralign"] for section in sections) <= jump


NO_COMPILERS = "/nowhere"


@pytest.mark.parametrize(
    ("arch", "version", "path", "expected"),
    [
        ("armv9", (1, 29), None, "unknown architecture armv9; set ARCH to one of: x64 x86 armv6m"),
        ("", (1, 29), None, "which architecture? Set ARCH to one of: x64"),
        ("armv7m", (1, 20), None, "is MicroPython 1.20; galloc needs 1.25 or later"),
        ("rv64imc", (1, 29), None, "has no native modules for rv64imc; take a later release"),
        ("armv7m", (1, 29), "tools", "install the package gcc-arm-none-eabi"),
        ("x86", (1, 29), "tools", "install the package gcc-multilib (or gcc-i686-linux-gnu)"),
    ],
)
def test_what_cannot_be_built_gets_a_sentence(tmp_path, arch, version, path, expected):
    mpy = tree(tmp_path / "micropython", version=version)
    variables = {}
    if path:  # everything but compilers
        (tmp_path / path).mkdir()
        for name in ("make", "sh", "sed", "awk", "grep", "mkdir", "echo"):
            found = subprocess.run(["which", name], capture_output=True, text=True).stdout.strip()
            (tmp_path / path / name).symlink_to(found)
        variables["PATH"] = str(tmp_path / path)
    done = natmod(tmp_path, mpy, arch, **variables)
    assert done.returncode != 0
    refusal = [line for line in done.stderr.splitlines() if "***" in line]
    assert len(refusal) == 1 and expected in refusal[0], done.stderr


def test_no_checkout_is_told(tmp_path):
    done = natmod(tmp_path, tmp_path / "nothing", "armv7m")
    assert "is no checkout of MicroPython: it has no py/dynruntime.mk" in done.stderr


# --- Set-up

APT = """#!/bin/sh
echo "$@" >>"$(dirname "$0")/calls"
case "$*" in *--no-remove*)
    echo 'The following packages will be REMOVED:'
    echo '  gcc-i686-linux-gnu gcc-12-i686-linux-gnu'
    echo 'The following NEW packages will be installed:'
    echo '  gcc-multilib'
    echo 'E: Packages need to be removed but remove is disabled.' >&2
    exit 100 ;;
esac
"""


def test_set_up_removes_no_package(tmp_path):
    """It says what is in the way instead."""
    fakes = {"apt-get": APT, "dpkg-query": "#!/bin/sh\nexit 1\n", "dpkg": "#!/bin/sh\n"}
    for name, text in fakes.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    setup = ROOT / "host_tests" / "tools" / "setup.sh"
    done = run(tmp_path, setup, "apt:unix32", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert done.returncode == 1
    *_, last = done.stderr.splitlines()
    assert "gcc-i686-linux-gnu, gcc-12-i686-linux-gnu would be removed" in last
    calls = (tmp_path / "calls").read_text().splitlines()
    assert calls and all("--no-remove" in call for call in calls)
