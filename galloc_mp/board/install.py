"""`install`: puts galloc onto a board, and tries it there."""

import ast
import contextlib
import sys
import zlib
from pathlib import Path
from typing import Annotated

import typer

from galloc_mp import __version__
from galloc_mp.board.connection import open_board
from galloc_mp.board.modules import WRAPPER, Firmware, folder_for, folders, wrapper
from galloc_mp.say import busy, fail, progress, sentence
from galloc_mp.targets import Target, TargetError
from galloc_mp.targets.unix import LOOP

ON_BOARD = Path(__file__).with_name("on_board.py")
PIECE = 512  # bytes of a file that go over at once

RECEIVE = """
def __galloc_put(path, size, crc):
    import os
    from binascii import crc32
    sum = 0
    with open(path, "rb") as f:
        while True:
            data = f.read(256)
            if not data:
                break
            sum = crc32(data, sum)
    print(os.stat(path)[6] == size and sum & 0xFFFFFFFF == crc)
def __galloc_folder(path):
    import os
    made, at = [], 0
    while at >= 0:
        at = path.find("/", at + 1)
        part = path if at < 0 else path[:at]
        try:
            os.mkdir(part)
            made.append(part)
        except OSError:
            pass
    print(made)
def __galloc_move(old, new):
    import os
    try:
        os.remove(new)
    except OSError:
        pass
    try:
        os.rename(old, new)
    except OSError:
        pass
"""
NAMES = (
    "__galloc_file",
    "__galloc_probe",
    "__galloc_try",
    "__galloc_put",
    "__galloc_folder",
    "__galloc_move",
)


class Probe:
    """What a board is, and what of galloc it has."""

    def __init__(self, board: Target):
        board.exec(ON_BOARD.read_bytes())
        answer = ast.literal_eval(board.exec(f"__galloc_probe({str(LOOP.parent)!r})"))
        name, version, machine, mpy, self.built_in, self.frozen, self.folder = answer[:7]
        self.free, self.imported = answer[7:]
        self.firmware = Firmware(name, version, machine, mpy)

    def files(self) -> list[tuple[str, bytes]]:
        """What to copy: name and contents. Raises TargetError where nothing fits."""
        if self.built_in is None:
            return compiled(folder_for(self.firmware), ("_galloc", *WRAPPER))
        if self.frozen:
            return []
        if self.built_in != __version__:
            raise TargetError(
                f"{self.firmware} has galloc {self.built_in} built in, and the wrapper here is of "
                f"{__version__}: install galloc-mp=={self.built_in}"
            )
        abi = [folder for folder in folders() if folder.name.endswith("_" + self.firmware.abi)]
        if abi:
            return compiled(abi[0], WRAPPER)
        return [(f"{name}.py", wrapper(name).read_bytes()) for name in WRAPPER]


def compiled(folder: Path, names: tuple[str, ...]) -> list[tuple[str, bytes]]:
    """Modules in the folder of a native module: file and contents."""
    return [(f"{name}.mpy", (folder / f"{name}.mpy").read_bytes()) for name in names]


class Copy:
    """Files on their way to a board: next to what is there until all of it works."""

    def __init__(self, board: Target, folder: str, files: list[tuple[str, bytes]]):
        self.board, self.folder, self.files = board, folder, files
        self.swapped: list[str] = []
        self.made: list[str] = []  # folders
        board.exec(RECEIVE)

    def path(self, name: str) -> str:
        """Of a file on the board."""
        return f"{self.folder}/{name}" if self.folder else name

    def send(self, progress) -> None:
        """Writes all files under another name, each verified."""
        if self.folder:
            answer = self.board.exec(f"__galloc_folder({self.folder!r})")
            self.made = ast.literal_eval(answer)
        for name, data in self.files:
            path = self.path(name) + ".new"
            self.board.exec(f"__galloc_file = open({path!r}, 'wb')")
            for at in range(0, len(data), PIECE):
                self.board.exec(b"__galloc_file.write(%r)" % data[at : at + PIECE])
                progress(min(PIECE, len(data) - at))
            self.board.exec("__galloc_file.close()")
            crc = zlib.crc32(data)
            if self.board.exec(f"__galloc_put({path!r}, {len(data)}, {crc})").strip() != "True":
                raise TargetError(f"{self.board.name}: {path} did not arrive whole")

    def _move(self, old: str, new: str) -> None:
        self.board.exec(f"__galloc_move({old!r}, {new!r})")

    def swap(self) -> None:
        """Puts the new files in the place of the old ones, which are kept aside."""
        for name, _ in self.files:
            path = self.path(name)
            self.swapped.append(path)
            self._move(path, path + ".old")
            self._move(path + ".new", path)

    def undo(self) -> None:
        """The board as it was, as far as it still answers."""
        with contextlib.suppress(TargetError):
            for path in self.swapped:
                self._move(path + ".old", path)
        self.tidy((".new", ".old"))
        with contextlib.suppress(TargetError):
            for folder in reversed(self.made):
                self.board.exec(f"import os\nos.rmdir({folder!r})")

    def tidy(self, endings: tuple[str, ...]) -> None:
        """Removes what was only for the way."""
        paths = [self.path(name) + ending for name, _ in self.files for ending in endings]
        with contextlib.suppress(TargetError):
            self.board.exec(
                f"import os\nfor p in {paths!r}:\n try:\n  os.remove(p)\n except OSError:\n  pass"
            )


def try_it(board: Target, *, fresh: bool) -> tuple:
    """Imports galloc and uses it; fresh: not the copy that may be loaded. Raises TargetError
    that says what went wrong.
    """
    try:
        with busy(f"trying galloc on {board.name}"):
            return ast.literal_eval(board.exec(f"__galloc_try({fresh})"))
    except TargetError as error:
        lines = (error.traceback or "").strip().splitlines()
        if not lines:
            raise
        raise TargetError(f"{board.name}: galloc does not work there: {lines[-1]}") from None


def install(board: Target) -> None:
    """Installs galloc on a board and prints what it can do there. Raises TargetError; the board is
    as it was then.
    """
    with busy(f"asking {board.name}"):
        probe = Probe(board)
    print(f"{board.name}: {probe.firmware}")
    files = probe.files()
    if files and probe.folder is None:
        raise TargetError(
            f"{board.name}: no folder of sys.path takes files; mount a file system there, or "
            "use a firmware that has galloc built in"
        )
    try:
        if not files:
            print("galloc is built in: nothing to copy")
            result = try_it(board, fresh=False)
        else:
            result = _copy(board, probe, files)
    finally:
        with contextlib.suppress(TargetError):
            board.exec("".join(f"try:\n del {name}\nexcept NameError:\n pass\n" for name in NAMES))
    _show(result, probe)


def _copy(board: Target, probe: Probe, files: list[tuple[str, bytes]]) -> tuple:
    copy = Copy(board, probe.folder, files)
    try:
        with progress() as bar:
            task = bar.add_task(f"copying to {board.name}", total=sum(len(d) for _, d in files))
            copy.send(lambda count: bar.advance(task, count))
        copy.swap()
        result = try_it(board, fresh=True)
    except BaseException:
        copy.undo()
        raise
    copy.tidy((".old",))
    for name, data in files:
        print(f"copied {copy.path(name)}, {len(data):,} bytes")
    return result


def _show(result: tuple, probe: Probe) -> None:
    version, count, served, size, regions, free, cost, records = result
    print(
        f"galloc {version} works: {count} operations in {size:,} bytes, {served} blocks served, "
        "contents and alignment verified, the heap sound"
    )
    if not probe.frozen:
        print(f"importing it takes {max(cost, 0):,} bytes of the GC heap")
    for name, address, length, attributes in regions:
        print(f"region {name}: {length:,} bytes at 0x{address:08x} ({attributes}): galloc.heap()")
    if not regions:
        print(
            f"no region of its own: galloc.init(bytearray(n)); the GC heap has {free:,} bytes free"
        )
    print(
        "blocks can be used in hard interrupt handlers, by the raw tier"
        + ("; `galloc-mp record` records programs" if records else "")
    )
    if probe.imported:
        print("a soft reset (Ctrl-D) drops the copy that was imported before", file=sys.stderr)


def main(
    port: Annotated[str | None, typer.Option(help="serial port, or a MicroPython's path")] = None,
    target: Annotated[str | None, typer.Option(help="one of `galloc-mp targets`")] = None,
) -> None:
    """Puts galloc onto a board and tries it there.

    Asks the board for its architecture and version, copies the native module that fits and its
    wrapper (or only the wrapper, where the firmware has galloc built in), imports it and uses it.
    What is running on the board is stopped. When something fails the board is as it was.
    """
    try:
        with open_board(port, target) as board:
            install(board)
    except TargetError as error:
        fail(sentence(error))
