"""Builds what targets run: MicroPython with galloc in it, or stock with galloc's native module
beside it.

    build.py [TARGET | board:BOARD | natmod:ARCH | boards | natmods]...
    build.py objects:TARGET         prints the folder of its objects

The finished image is copied to its place only when the build went through.
"""

import os
import sys
from pathlib import Path

from galloc_mp.targets.registry import (
    BUILD,
    ROOT,
    Spec,
    all_specs,
    find_spec,
    mpy_dir,
    mpy_release,
)
from host_tests.tools.job import (
    JOBS,
    BuildError,
    install,
    locked,
    make,
    mpy_cross,
    objects,
    run,
    set_up,
    settle,
)
from host_tests.tools.natmods import XTENSA_KIT, build_natmod, build_natmods
from host_tests.tools.uf2 import uf2


def no_library() -> Path:
    """In place of micropython-lib, which is not in the release; builds look for this file."""
    library = BUILD / "obj" / "no-library"
    library.mkdir(parents=True, exist_ok=True)
    (library / "README.md").touch()
    return library


def common_arguments(folder: Path) -> list[str]:
    """Arguments of MicroPython's make that hold for every port."""
    return [
        f"BUILD={folder}",
        f"MICROPY_MPYCROSS={mpy_cross()}",
        f"MPY_LIB_DIR={no_library()}",
        f"PYTHON={sys.executable}",
    ]


def optimized(prefix: str = "") -> list[str]:
    """The argument that compiles the core as GALLOC_OPTIMIZE says, if it says something."""
    flag = os.environ.get("GALLOC_OPTIMIZE")
    return [f"{prefix}GALLOC_OPTIMIZE={flag}"] if flag else []


def manifest(folder: Path, *lines: str) -> str:
    """Writes a manifest for a build that has none of its own; argument that names it."""
    file = folder.with_name(f"{folder.name}-manifest.py")
    file.write_text("\n".join([*lines, ""]))
    return f"FROZEN_MANIFEST={file}"


UNIX_REGION = 1024 * 1024
C_MODULES = ROOT / "host_tests" / "qemu" / "c_modules"
WRAPPER = ROOT / "galloc_mp" / "device" / "manifest.py"
ASYNCIO = 'include("$(MPY_DIR)/extmod/asyncio")'


def build_unix(spec: Spec) -> None:
    """The unix port, with the module built in or stock."""
    folder = objects(spec.name)
    arguments = [
        *common_arguments(folder),
        "VARIANT=standard",
        "MICROPY_PY_SSL=0",
        "MICROPY_PY_BTREE=0",
        *spec.make,
    ]
    if spec.natmod:
        arguments.append(manifest(folder, ASYNCIO))
    else:
        arguments += [f"USER_C_MODULES={ROOT / 'firmware'}", *optimized()]
        arguments.append(
            f"GALLOC_REGION_SIZE={os.environ.get('GALLOC_REGION_SIZE') or UNIX_REGION}"
        )
        wrapper = [f'include("{WRAPPER}")'] if WRAPPER.exists() else []
        arguments.append(manifest(folder, ASYNCIO, *wrapper))
    product = folder / "micropython"
    settle(folder, arguments, product)
    make(spec.name, mpy_dir() / "ports" / "unix", arguments, f"MicroPython for {spec.name}")
    install(product, spec.image)


def build_qemu(spec: Spec) -> None:
    """The QEMU port: our board with module and region, or the port's own board, stock."""
    folder = objects(spec.name)
    arguments = [*common_arguments(folder), f"BOARD={spec.board}", *spec.make]
    if spec.natmod:
        arguments.append(manifest(folder, "# Nothing frozen in."))
        own = mpy_dir() / "ports" / "qemu" / "boards" / spec.board
        if not own.is_dir():
            # A board that the port does not know: ours, without module and region.
            arguments += [f"BOARD_DIR={ROOT / 'boards' / spec.board}", "GALLOC_REGION_SIZE=0"]
    else:
        arguments += [
            f"BOARD_DIR={ROOT / 'boards' / spec.board}",
            f"USER_C_MODULES={C_MODULES if spec.with_c else ROOT / 'firmware'}",
            *optimized(),
        ]
        if os.environ.get("GALLOC_REGION_SIZE"):
            arguments.append(f"GALLOC_REGION_SIZE={os.environ['GALLOC_REGION_SIZE']}")
    product = folder / "firmware.elf"
    settle(folder, arguments, product, linked=True)
    make(spec.name, mpy_dir() / "ports" / "qemu", arguments, f"firmware for {spec.name}")
    install(product, spec.image)


def build_rp2(spec: Spec) -> None:
    """The rp2 port, by cmake: our board with module and region, or the port's own board, stock."""
    set_up("rp2", *(["rp2040js"] if spec.runs else []))
    folder = objects(spec.name)
    arguments = [
        f"-DMICROPY_BOARD={spec.board}",
        "-DPICO_NO_PICOTOOL=1",
        f"-DMICROPY_LIB_DIR={no_library()}",
        f"-DPython3_EXECUTABLE={sys.executable}",
    ]
    if spec.natmod:
        frozen = 'freeze("$(PORT_DIR)/modules")'
        arguments.append("-DMICROPY_" + manifest(folder, frozen, ASYNCIO))
    else:
        modules = C_MODULES if spec.with_c else ROOT / "firmware" / "usermod"
        arguments += [
            f"-DMICROPY_BOARD_DIR={ROOT / 'boards' / spec.board}",
            f"-DUSER_C_MODULES={modules / 'micropython.cmake'}",
            *(f"-D{word}" for word in spec.make),
            *optimized("-D"),
        ]
    settle(folder, arguments, folder / "firmware.bin")
    what = f"firmware for {spec.name}"
    port = mpy_dir() / "ports" / "rp2"
    # Left to cmake: it compiles again what the size of the region is for.
    size = f"-DGALLOC_REGION_SIZE={os.environ.get('GALLOC_REGION_SIZE', '')}"
    command = ["cmake", "-S", str(port), "-B", str(folder), *arguments, size]
    cross = {"MICROPY_MPYCROSS": str(mpy_cross())}
    run(f"{spec.name}-cmake", command, f"configuring {what}", **cross)
    run(spec.name, ["make", JOBS, "-C", str(folder), "firmware"], what, **cross)
    image = folder / "firmware.uf2"
    image.write_bytes(uf2((folder / "firmware.bin").read_bytes(), spec.options["family"]))
    install(folder / "firmware.elf", spec.image.with_suffix(".elf"))
    install(image, spec.image)


def build_sim(spec: Spec) -> None:
    """A stock MicroPython for QEMU's `sim` machine, from a port of our own."""
    set_up("xtensa")
    folder = objects(spec.name)
    port = ROOT / "host_tests" / "xtensa" / "port"
    softfloat = BUILD / "sources" / "qemu" / "subprojects" / "berkeley-softfloat-3" / "source"
    arguments = [
        *common_arguments(folder),
        f"TOP={mpy_dir()}",
        f"SOFTFLOAT={softfloat}",
        f"KIT={XTENSA_KIT.parent}",
        *spec.make,
    ]
    product = folder / "firmware.elf"
    settle(folder, arguments, product)
    path = f"{os.environ['PATH']}:{XTENSA_KIT}"
    make(spec.name, port, arguments, f"firmware for {spec.name}", PATH=path)
    install(product, spec.image)


def find_board(name: str) -> Spec:
    """The target that is a board's firmware. Raises ValueError, which lists the known boards."""
    boards = {s.board: s for s in all_specs().values() if s.name == s.board}
    if name not in boards:
        raise ValueError(f"BOARD={name} is no board; say BOARD=<one of {' '.join(boards)}>")
    return boards[name]


BUILDERS = {"unix": build_unix, "qemu": build_qemu, "rp2": build_rp2, "sim": build_sim}


def build(name: str) -> None:
    """Builds all that one target needs. Raises ValueError for an unknown name, BuildError."""
    spec = find_spec(name)
    set_up(*(f"apt:{group}" for group in spec.packages), "micropython")
    if not spec.available:
        needed, there = (".".join(map(str, version)) for version in (spec.since, mpy_release()))
        raise BuildError(
            f"{name} needs MicroPython {needed} or later, and {mpy_dir()} is {there}; set MPY_DIR "
            "to a checkout of a later one"
        )
    with locked(spec.name):
        BUILDERS[spec.port](spec)
    if spec.natmod:
        build_natmod(spec.natmod)


def main(names: list[str]) -> int:
    """Builds each; 1 when one failed."""
    try:
        for name in names:
            kind, _, value = name.rpartition(":")
            if kind == "natmod":
                build_natmod(value)
            elif kind == "objects":
                print(objects(value))
            elif kind == "board":
                build(find_board(value).name)
            elif name == "boards":
                for spec in all_specs().values():
                    if spec.name == spec.board and spec.available:
                        build(spec.name)
            elif name == "natmods":
                build_natmods()
            else:
                build(name)
    except (BuildError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
