"""One build: its lock, the folder of its objects, the command that makes them, its progress.

Objects lie in build/obj/NAME and are kept for the next time. MicroPython's own tree is never
written to. Progress goes to stderr, the compilers' output to build/log/.
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

from galloc_mp.targets.registry import BUILD, ROOT, mpy_dir

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
        # Whatever an exception says, make has come to its end by then.
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


def make(name: str, folder: Path, arguments: list[str], what: str, **variables: str) -> None:
    """Runs make in `folder`, as `run` runs a command. Raises BuildError."""
    run(name, ["make", JOBS, "-C", str(folder), *arguments], what, **variables)


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
        causes = [x for x in lines if re.search(r"\*\*\*|error|undefined|overflowed", x)] or lines
        raise BuildError("\n".join([*causes[-12:], f"{what} failed; all of its output: {log}"]))


def watch(child: subprocess.Popen, log: Path, what: str) -> None:
    """Waits for a build; when that takes long, reports now and then how far it is."""
    start = reported = time.monotonic()
    while True:
        try:
            child.wait(0.2 if time.monotonic() - start < 3 else 1)
            break
        except subprocess.TimeoutExpired:
            if time.monotonic() - reported >= 10:
                reported = time.monotonic()
                done = len(re.findall(rb"\nCC |Building", log.read_bytes()))
                say(f"{what}: {done} files after {reported - start:.0f} s")
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


def makefiles() -> int:
    """A number that changes with our own makefiles, which no rule of make looks at."""
    files = [
        p for top in ("boards", "firmware", "host_tests/qemu") for p in (ROOT / top).rglob("*")
    ]
    texts = [p.read_bytes() for p in sorted(files) if p.suffix in (".mk", ".cmake")]
    return zlib.crc32(b"".join(texts))


def settle(folder: Path, arguments: list[str], product: Path, *, linked: bool = False) -> None:
    """Makes way for a build with other arguments or makefiles than the last one: all objects are
    made again.

    linked: the region is set apart by the linker, so another size of it asks for another link
    only.
    """
    size = next((a for a in arguments if linked and a.startswith("GALLOC_REGION_SIZE=")), "")
    # 0 leaves the region out, which the compiler must know too.
    compiled = [a for a in arguments if a != size]
    compiled.append(str(bool(re.search(r"=0([xX]0+)?[KkMm]?$", size))))
    compiled.append(str(makefiles()))
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
