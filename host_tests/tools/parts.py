"""Builds what the package galloc_mp comes with, into build/package: the allocator as WebAssembly,
the chart library. And the wheel, which has all of it.

    parts.py            build/package
    parts.py wheel      build/wheel/galloc_mp-<version>-py3-none-any.whl, with the native modules
                        that are in build/natmod
"""

import shutil
import subprocess
import sys
from pathlib import Path

from galloc_mp import __version__
from galloc_mp.files import CHARTS, WASM, built, core_sources, core_stamp
from galloc_mp.targets.registry import BUILD, ROOT
from host_tests.tools.job import BuildError, locked, run, say, set_up

FLAGS = (
    "--target=wasm32 -std=c11 -O3 -Wall -Wextra -Werror -ffreestanding -fno-builtin -mbulk-memory "
    "-nostdlib -Wl,--no-entry -Wl,--strip-all -Wl,-z,stack-size=16384"
).split()
UPLOT = BUILD / "npm-uplot" / "node_modules" / "uplot"
TRACES = ROOT / "host_tests" / "traces"
WHEEL = BUILD / "wheel"


def build_core() -> None:
    """galloc.wasm, when the sources are other than those that made it."""
    target = built() / WASM
    stamp = target.with_suffix(".stamp")
    now = core_stamp()
    if target.exists() and stamp.exists() and stamp.read_text() == now:
        return
    set_up("apt:wasm")
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".new")
    sources = [path for path in core_sources() if path.suffix == ".c"]
    core = ROOT / "firmware" / "core"
    command = ["clang", *FLAGS, f"-I{core}", *map(str, sources), "-o", str(partial)]
    run("wasm", command, "the allocator as WebAssembly")
    partial.replace(target)
    stamp.write_text(now)


def build_charts() -> None:
    """The chart library's files for one page."""
    targets = [built() / name for name in CHARTS]
    if all(target.exists() for target in targets):
        return
    set_up("apt:node", "uplot")
    sources = [UPLOT / "dist" / CHARTS[0], UPLOT / "dist" / CHARTS[1], UPLOT / "LICENSE"]
    for source, target in zip(sources, targets, strict=True):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def build_parts() -> None:
    """All of build/package."""
    with locked("package"):
        build_core()
        build_charts()


def build_wheel() -> Path:
    """The wheel. Raises BuildError."""
    build_parts()
    natmods = sorted((BUILD / "natmod").glob("*/_galloc.mpy"))
    if not natmods:
        raise BuildError("no native module in build/natmod: `make natmods` builds them")
    stage = BUILD / "obj" / "wheel"
    with locked("wheel"):
        shutil.rmtree(stage, ignore_errors=True)
        ignore = shutil.ignore_patterns("__pycache__", "data")
        shutil.copytree(ROOT / "galloc_mp", stage / "galloc_mp", ignore=ignore)
        data = stage / "galloc_mp" / "data"
        data.mkdir()
        for name in (WASM, *CHARTS):
            shutil.copyfile(built() / name, data / name)
        for module in natmods:
            folder = data / "natmod" / module.parent.name
            folder.mkdir(parents=True)
            for file in module.parent.glob("*.mpy"):
                shutil.copyfile(file, folder / file.name)
        shutil.copytree(TRACES, data / "traces", ignore=lambda *_: ["README.md"])
        for name in ("pyproject.toml", "LICENSE"):  # the README is galloc_mp's own
            shutil.copyfile(ROOT / name, stage / name)
        WHEEL.mkdir(parents=True, exist_ok=True)
        for old in WHEEL.glob("*.whl"):
            old.unlink()
        command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
        command += ["--disable-pip-version-check", "--wheel-dir", str(WHEEL), str(stage)]
        run("wheel", command, "the wheel")
    (wheel,) = WHEEL.glob(f"galloc_mp-{__version__}-py3-none-any.whl")
    size = wheel.stat().st_size // 1024
    say(f"{wheel.relative_to(ROOT)}, {size} KiB: {', '.join(m.parent.name for m in natmods)}")
    return wheel


def main(arguments: list[str]) -> int:
    """See the module."""
    try:
        if arguments == ["wheel"]:
            print(build_wheel())
        else:
            build_parts()
    except (BuildError, subprocess.SubprocessError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
