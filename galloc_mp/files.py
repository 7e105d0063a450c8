"""Files that come with the package but are built: the allocator as WebAssembly, native modules,
the chart library.

The wheel has them in `galloc_mp/data`. A checkout of the project builds them into `build/package`;
there `make parts` is called for what is missing or older than its sources.
"""

import os
import subprocess
import sys
import zlib
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
DATA = PACKAGE / "data"
WASM = "galloc.wasm"
CHARTS = ("uPlot.iife.min.js", "uPlot.min.css", "uPlot-LICENSE")


class FilesError(Exception):
    """A file of the package is missing; the message says how to get it."""


def checkout() -> Path | None:
    """The checkout that this package is part of; None when it is installed away from one."""
    root = PACKAGE.parent
    return root if (root / "firmware" / "core" / "galloc.h").exists() else None


def built() -> Path:
    """The folder with what is built. Raises FilesError outside of wheel and checkout."""
    root = checkout()
    if root:
        return root / "build" / "package"
    if not DATA.is_dir():
        raise FilesError(f"{PACKAGE} is incomplete: install galloc-mp from its wheel")
    return DATA


def core_sources() -> list[Path]:
    """What galloc.wasm is compiled from, in a checkout."""
    core = checkout() / "firmware" / "core"
    return [PACKAGE / "core" / "tool.c", *sorted(core.glob("*.c")), *sorted(core.glob("*.h"))]


def core_stamp() -> str:
    """A number that changes with the sources of galloc.wasm."""
    return f"{zlib.crc32(b''.join(path.read_bytes() for path in core_sources())):08x}"


def _up_to_date(path: Path) -> bool:
    if not path.exists():
        return False
    stamp = path.with_suffix(".stamp")
    return path.name != WASM or (stamp.exists() and stamp.read_text() == core_stamp())


def find(name: str) -> Path:
    """One of these files; in a checkout it is built first where that is needed.

    Raises FilesError.
    """
    path, root = built() / name, checkout()
    if root and not _up_to_date(path):
        run_make(root, "parts")
    if not path.exists():
        raise FilesError(f"{path} is missing")
    return path


def run_make(root: Path, *arguments: str) -> None:
    """Calls a verb of the checkout, its output on stderr. Raises FilesError."""
    # Variables of a make that called us are not meant for this one.
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    command = ["make", "--no-print-directory", "-C", str(root), *arguments]
    try:
        status = subprocess.run(command, stdout=sys.stderr.fileno(), env=environment).returncode
    except OSError as error:
        raise FilesError(f"make is missing: {error.strerror}") from None
    if status:
        raise FilesError(f"`make {' '.join(arguments)}` failed in {root}")
