"""Puts everything that can be used without building it into build/release/.

    python -m host_tests.tools.release

Every native module in a folder `ARCH_ABI`, the images of the two Picos, checksums, and README.md:
a table of what was run where. What it says was run is run here, by the device scripts.
"""

import hashlib
import shutil
import sys
from pathlib import Path

from galloc_mp.targets import TargetError, open_target
from galloc_mp.targets.registry import BUILD, ROOT, Spec, all_specs, find_spec, mpy_release
from host_tests.tools.build import build
from host_tests.tools.job import BuildError, say
from host_tests.tools.natmods import NATMOD_STEPS, build_natmod, known_to_micropython

RELEASE = BUILD / "release"
SCRIPTS = sorted(
    path
    for path in (ROOT / "host_tests" / "device").glob("*.py")
    if not path.stem.startswith(("test_", "_"))
)
IMAGES = ("RPI_PICO", "RPI_PICO2")
# Who takes which module.
CHIPS = {
    "x64": "unix port, 64 bits",
    "x86": "unix port, 32 bits",
    "armv6m": "RP2040, nRF51, SAMD21: Cortex-M0, M0+",
    "armv7m": "Cortex-M3",
    "armv7emsp": "RP2350 (Arm), STM32F4, nRF52, SAMD51: Cortex-M4F, M33F",
    "armv7emdp": "STM32F7, STM32H7, i.MX RT: Cortex-M7F",
    "rv32imc": "ESP32-C3, C6, RP2350 (RISC-V)",
    "rv64imc": "64-bit RISC-V",
    "xtensa": "ESP8266",
    "xtensawin": "ESP32, ESP32-S2, ESP32-S3",
}


def runs_on(arch: str) -> Spec | None:
    """The first target that loads a native module of this architecture."""
    targets = (spec for spec in all_specs().values() if spec.natmod == arch)
    return next((s for s in targets if s.runs and s.available and s.port != "rp2"), None)


def run_scripts(name: str) -> str:
    """Runs the device scripts; how it went. Raises BuildError when one fails."""
    with open_target(name) as target:
        for script in SCRIPTS:
            say(f"release: {script.stem} on {name}")
            target.reset()
            try:
                output = target.exec(script.read_bytes(), timeout=300)
            except TargetError as error:
                raise BuildError(f"{script.stem} failed on {name}: {error}") from None
            if output.splitlines()[-1:] != ["ok"]:
                raise BuildError(f"{script.stem} did not print ok on {name}: {output[-500:]}")
    return f"{len(SCRIPTS)} device scripts on `{name}`: {emulator(find_spec(name))}"


def emulator(spec: Spec) -> str:
    """What runs a target."""
    if spec.port == "rp2":
        return "rp2040js"
    return (
        f"QEMU, {' '.join(spec.emulator[1:5])}" if spec.emulator else "a process on this machine"
    )


def module_row(arch: str) -> list[str]:
    """Builds one native module, runs it where something runs it, and puts it into its place."""
    spec = runs_on(arch)
    if spec:
        build(spec.name)
    source = build_natmod(arch)
    shutil.copytree(source, RELEASE / source.name)
    ran = run_scripts(spec.name) if spec else "built only: nothing here runs it"
    size = (source / "_galloc.mpy").stat().st_size
    return [f"`{source.name}/`", CHIPS[arch], f"{size:,}", ran]


def image_row(board: str) -> list[str]:
    """The same for the firmware of a board."""
    build(board)
    spec = find_spec(board)
    name = f"galloc-{board}.uf2"
    shutil.copyfile(spec.image, RELEASE / name)
    ran = run_scripts(board) if spec.runs else "built only: no package has an emulator for it"
    return [f"`{name}`", board, f"{spec.image.stat().st_size:,}", ran]


def write_table(rows: list[list[str]], left_out: list[str]) -> None:
    """README.md of the release."""
    release = ".".join(map(str, mpy_release()))
    version = {}
    exec((ROOT / "galloc_mp" / "__init__.py").read_text(), version)
    lines = [
        f"# galloc {version['__version__']}, built from MicroPython {release}",
        "",
        "A native module goes onto a stock firmware of MicroPython; the README of galloc says how "
        "to ask a board for its folder. `mpremote cp ARCH_ABI/*.mpy :` copies "
        "it. An image has the module built in. Nothing here has run on hardware.",
        "",
        "| what | for | bytes | run here |",
        "| --- | --- | ---: | --- |",
        *(f"| {' | '.join(row)} |" for row in rows),
        "",
        *left_out,
    ]
    (RELEASE / "README.md").write_text("\n".join(lines).rstrip() + "\n")


def write_checksums(folder: Path) -> None:
    """SHA256SUMS, as `sha256sum -c` takes it."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "SHA256SUMS")
    lines = [
        f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.relative_to(folder)}" for p in files
    ]
    (folder / "SHA256SUMS").write_text("\n".join([*lines, ""]))


def main() -> int:
    """See the module; 1 with one sentence when something fails."""
    shutil.rmtree(RELEASE, ignore_errors=True)
    RELEASE.mkdir(parents=True)
    try:
        known = [arch for arch in NATMOD_STEPS if known_to_micropython(arch)]
        rows = [*map(module_row, known), *map(image_row, IMAGES)]
    except (BuildError, TargetError) as error:
        print(error, file=sys.stderr)
        return 1
    missing = [
        f"Left out: `{arch}`, which this release of MicroPython has no native modules for."
        for arch in NATMOD_STEPS
        if arch not in known
    ]
    write_table(rows, missing)
    write_checksums(RELEASE)
    print(RELEASE.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
