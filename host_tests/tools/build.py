"""Builds what targets run: MicroPython with galloc in it, or stock with galloc's native module
beside it.

    build.py [TARGET | board:BOARD | natmod:ARCH | boards | natmods]...
    build.py objects:TARGET         prints the folder of its objects

Objects lie in build/obj/TARGET and are kept for the next time; the finished image is copied to its
place only when the build went through. MicroPython's own tree is never written to. Progress goes
to stderr, the compilers' output to build/log/.
"""

import contextlib
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import time
import zlib
from pathlib import Path

from galloc_mp.targets.registry import BUILD, ROOT, Spec, all_specs, find_spec, mpy_abi, mpy_dir
from host_tests.tools.uf2 import uf2

SETUP = ROOT / "host_tests" / "tools" / "setup.sh"
JOBS = f"-j{min(os.cpu_count() or 1, 2)}"

# Variables of our own verbs, which make puts into the environment: MicroPython's makefiles use
# some of the names.
OWN_VARIABLES = (
    "MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES MAKECMDGOALS "
    "TARGET SCRIPT TIMEOUT K BOARD BOARDS ARCH BUILD SECONDS QUICK MPY_DIR GALLOC_REGION_SIZE "
    "GALLOC_OPTIMIZE"
).split()


class BuildError(Exception):
    """A build failed; the message says what to look at."""


def say(text: str) -> None:
    """One line of progress."""
    print(f"build: {text}", file=sys.stderr, flush=True)


def set_up(*steps: str) -> None:
    """Runs steps of setup.sh."""
    if subprocess.run([SETUP, *steps], stdout=sys.stderr.fileno()).returncode:
        raise BuildError(f"set-up failed: {' '.join(steps)}")


@contextlib.contextmanager
def locked(name: str, *products: Path):
    """One build of this name at a time in this tree.

    A build that was killed may have left half a file that looks finished, so after one its objects
    and products go.
    """
    folder = objects(name)
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = folder.with_name(f"{name}.unfinished")
    with open(folder.with_name(f"{name}.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if unfinished.exists():
            say(f"the last build of {name} was cut off; starting it over")
            for path in (folder, *products):
                shutil.rmtree(path, ignore_errors=True)
        unfinished.touch()
        # Whatever an exception tells, make has come to its end by then.
        try:
            yield
        finally:
            unfinished.unlink()


def objects(name: str) -> Path:
    """Folder of the object files, another one for another tree of MicroPython."""
    tree = str(mpy_dir())
    if tree == str(BUILD / "micropython"):
        return BUILD / "obj" / name
    return BUILD / f"obj-{zlib.crc32(tree.encode()):08x}" / name


def make(name: str, folder: Path, arguments: list[str], what: str) -> None:
    """Runs make in `folder` with its output in build/log/NAME.log. Raises BuildError."""
    run(name, ["make", JOBS, "-C", str(folder), *arguments], what)


def run(name: str, command: list[str], what: str, **variables: str) -> None:
    """Runs a command of a build, `variables` in its environment, with its output in
    build/log/NAME.log. Raises BuildError.
    """
    environment = {k: v for k, v in os.environ.items() if k not in OWN_VARIABLES}
    # The tree has no history of its own, and the repository around it would tell a wrong version.
    environment.setdefault("MICROPY_GIT_TAG", release())
    environment.setdefault("MICROPY_GIT_HASH", "galloc")
    log = BUILD / "log" / f"build-{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "wb") as out:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=environment | variables,
        )
        try:
            watch(child, log, what)
        finally:
            child.wait()
    if child.returncode:
        text = log.read_text(errors="replace")
        # What a makefile or cmake file refuses says by itself what is wrong and what to do.
        refused = re.search(r"^\S+:\d+: \*\*\* (.*?)\.?  Stop\.$", text, re.MULTILINE)
        refused = refused or re.search(r"^CMake Error at .*:\n((?:  .*\n)+)", text, re.MULTILINE)
        if refused:
            raise BuildError(" ".join(refused[1].split()))
        lines = text.splitlines()
        told = [x for x in lines if re.search(r"\*\*\*|error|undefined|overflowed", x)] or lines
        raise BuildError("\n".join([*told[-12:], f"{what} failed; all of its output: {log}"]))


def watch(child: subprocess.Popen, log: Path, what: str) -> None:
    """Waits for a build; when that takes long, tells now and then how far it is."""
    start = told = time.monotonic()
    while True:
        try:
            child.wait(0.2 if time.monotonic() - start < 3 else 1)
            break
        except subprocess.TimeoutExpired:
            if time.monotonic() - told >= 10:
                told = time.monotonic()
                done = len(re.findall(rb"\nCC |Building", log.read_bytes()))
                say(f"{what}: {done} files after {told - start:.0f} s")
    if time.monotonic() - start > 3 and not child.returncode:
        say(f"{what}: {time.monotonic() - start:.0f} s")


def release() -> str:
    """The release of MicroPython's tree, as `v1.25.0`."""
    text = (mpy_dir() / "py" / "mpconfig.h").read_text()
    return "v" + ".".join(
        re.search(rf"#define MICROPY_VERSION_{part} (\d+)", text).group(1)
        for part in ("MAJOR", "MINOR", "MICRO")
    )


def install(source: Path, target: Path) -> None:
    """Copies a finished image to its place, whole or not at all, and only when it differs."""
    if target.exists() and target.read_bytes() == source.read_bytes():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".new")
    shutil.copy2(source, partial)
    partial.replace(target)


def settle(folder: Path, arguments: list[str], product: Path, *, linked: bool = False) -> None:
    """Makes way for a build with other arguments than the last one: all objects are made anew.

    linked: the region is set apart by the linker, so another size of it asks for another link
    only.
    """
    size = next((a for a in arguments if linked and a.startswith("GALLOC_REGION_SIZE=")), "")
    # 0 leaves the region out, which the compiler must know too.
    compiled = [a for a in arguments if a != size] + [str(size.endswith("=0"))]
    now = {"compiled": compiled, "size": size}
    stamp = folder / "arguments.json"
    with contextlib.suppress(OSError, ValueError):
        before = json.loads(stamp.read_text())
        if before == now:
            return
        if before["compiled"] == compiled:
            product.unlink(missing_ok=True)
            stamp.write_text(json.dumps(now))
            return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    stamp.write_text(json.dumps(now))


def mpy_cross() -> Path:
    """Builds MicroPython's cross compiler and returns its path."""
    folder = objects("mpy-cross")
    with locked("mpy-cross"):
        product = folder / "mpy-cross"
        if not product.exists():
            make("mpy-cross", mpy_dir() / "mpy-cross", [f"BUILD={folder}"], "mpy-cross")
    return product


def no_library() -> Path:
    """Stands in for micropython-lib: the release comes without it, and the builds look for this
    file.
    """
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
            f"USER_C_MODULES={ROOT / 'firmware'}",
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
        modules = 'freeze("$(PORT_DIR)/modules")'
        arguments.append("-DMICROPY_" + manifest(folder, modules, ASYNCIO))
    else:
        arguments += [
            f"-DMICROPY_BOARD_DIR={ROOT / 'boards' / spec.board}",
            f"-DUSER_C_MODULES={ROOT / 'firmware' / 'usermod' / 'micropython.cmake'}",
            *(f"-D{word}" for word in spec.make),
            *optimized("-D"),
        ]
    settle(folder, arguments, folder / "firmware.bin")
    what = f"firmware for {spec.name}"
    port = mpy_dir() / "ports" / "rp2"
    # Left to cmake: it compiles anew what the size of the region is for.
    size = f"-DGALLOC_REGION_SIZE={os.environ.get('GALLOC_REGION_SIZE', '')}"
    command = ["cmake", "-S", str(port), "-B", str(folder), *arguments, size]
    cross = {"MICROPY_MPYCROSS": str(mpy_cross())}
    run(f"{spec.name}-cmake", command, f"configuring {what}", **cross)
    run(spec.name, ["make", JOBS, "-C", str(folder), "firmware"], what, **cross)
    image = folder / "firmware.uf2"
    image.write_bytes(uf2((folder / "firmware.bin").read_bytes(), spec.options["family"]))
    install(folder / "firmware.elf", spec.image.with_suffix(".elf"))
    install(image, spec.image)


def build_natmod(arch: str, *, variant: str = "", defines: str = "") -> Path:
    """The native module for one architecture; the folder that holds it.

    variant, defines: another build of it, for tests: its name, and NAME=value for the compiler.
    """
    name = f"natmod-{arch}{variant}"
    folder = objects(name)
    target = BUILD / ("natmod-tests" if variant else "natmod") / f"{arch}{variant}_{mpy_abi()}"
    arguments = [
        f"--makefile={ROOT / 'firmware' / 'natmod' / 'Makefile'}",
        f"ARCH={arch}",
        f"MPY_DIR={mpy_dir()}",
        f"MPY_CROSS={mpy_cross()}",
        f"PYTHON={sys.executable}",
        f"BUILD={folder}",
        f"DESTINATION={target}",
        f"DEFINES={defines}",
    ]
    with locked(name, target):
        # Not in the sources' folder: MicroPython's linker leaves a cache where it runs.
        folder.mkdir(parents=True, exist_ok=True)
        make(name, folder, arguments, f"native module for {arch}{variant}")
    return target


# What the compiler of an architecture comes with.
NATMOD_STEPS = {
    "x64": (),
    "x86": ("apt:unix32",),
    "armv6m": ("apt:arm",),
    "armv7m": ("apt:arm",),
    "armv7emsp": ("apt:arm",),
    "armv7emdp": ("apt:arm",),
    "rv32imc": ("apt:riscv",),
}


# Architectures whose compilers come with the chip vendor's SDK; with them on the PATH they build.
VENDOR_COMPILERS = {"xtensa": "xtensa-lx106-elf-gcc", "xtensawin": "xtensa-esp32-elf-gcc"}


def build_natmods() -> None:
    """The native module for every architecture that this machine has a compiler for; a line about
    each of the others.
    """
    set_up(*sorted({step for steps in NATMOD_STEPS.values() for step in steps}), "micropython")
    for arch in NATMOD_STEPS:
        print(build_natmod(arch).relative_to(ROOT))
    for arch, compiler in VENDOR_COMPILERS.items():
        if shutil.which(compiler):
            print(build_natmod(arch).relative_to(ROOT))
        else:
            say(f"{arch}: left out, {compiler} is missing; it comes with the chip vendor's SDK")


def find_board(name: str) -> Spec:
    """The target that is a board's firmware. Raises ValueError, which lists the known boards."""
    boards = {s.board: s for s in all_specs().values() if s.name == s.board}
    if name not in boards:
        raise ValueError(f"unknown BOARD={name}; known are: {', '.join(boards)}")
    return boards[name]


BUILDERS = {"unix": build_unix, "qemu": build_qemu, "rp2": build_rp2}


def build(name: str) -> None:
    """Builds all that one target needs. Raises ValueError for an unknown name, BuildError."""
    spec = find_spec(name)
    set_up(*(f"apt:{group}" for group in spec.packages), "micropython")
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
                set_up(*NATMOD_STEPS.get(value, ()), "micropython")
                build_natmod(value)
            elif kind == "objects":
                print(objects(value))
            elif kind == "board":
                build(find_board(value).name)
            elif name == "boards":
                for spec in all_specs().values():
                    if spec.name == spec.board:
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
