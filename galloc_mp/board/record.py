"""`record`: runs a script on a board and writes a trace of what it allocates."""

import ast
import contextlib
import errno
import os
import signal
import sys
import threading
import time
from binascii import a2b_base64
from pathlib import Path
from typing import Annotated

import typer

from galloc_mp.board.connection import PortTarget, open_board
from galloc_mp.board.info import Port, TargetName
from galloc_mp.board.ring import MASK32, Decoder, Frames, HeapTrace
from galloc_mp.say import fail, sentence
from galloc_mp.targets import Target, TargetError
from galloc_mp.targets.raw_repl import RawReplTarget
from galloc_mp.targets.unix import UnixTarget

ON_BOARD = Path(__file__).with_name("on_record.py")
RECORD = 8  # bytes
FOREVER = 1e9  # seconds
ENDING = 20.0  # seconds that a program may take to end when it is stopped


def stop_program(board: Target) -> None:
    """What Ctrl-C does to the program that runs on a board."""
    if isinstance(board, UnixTarget):
        board.stream_.process.send_signal(signal.SIGINT)
    elif isinstance(board, RawReplTarget | PortTarget) and board.transport:
        # Once the port is closed pyserial raises TypeError; the thread of the program reports it.
        with contextlib.suppress(OSError, TypeError):
            board.transport.serial.write(b"\x03")


def traceback_of(error: TargetError) -> str:
    """The traceback of a script without the lines about what runs it."""
    lines = (error.traceback or str(error)).rstrip().splitlines()
    return "\n".join(line for line in lines if 'File "<stdin>"' not in line)


def abandon(board: Target) -> None:
    """Lets go of a board that answers nothing but its program's output."""
    if isinstance(board, PortTarget):
        board.drop()
    else:
        board.close()


class Program(threading.Thread):
    """The script at work. It may be stopped; its output goes to stdout as it comes."""

    def __init__(self, board: Target, name: str, source: bytes, frames: Frames):
        super().__init__(daemon=True)
        self.board, self.frames = board, frames
        self.source = b"__galloc_run(%r, %r)" % (name, source)
        self.error: TargetError | None = None
        self.stopped = False
        # Not is_alive() and join(): a Ctrl-C in there makes Python 3.11 take the thread for dead.
        self.ended = threading.Event()

    def run(self) -> None:
        """See Thread."""
        try:
            limit = None if isinstance(self.board, PortTarget) else FOREVER
            self.board.stream(self.source, self.frames, limit)
        except TargetError as error:
            self.error = error
        except Exception as error:  # noqa: BLE001 (it would end the thread without a word)
            self.error = TargetError(f"{self.board.name}: {error}")
        finally:
            self.ended.set()

    def wait(self, seconds: float) -> None:
        """Until the script ends, `seconds` have passed (0: no limit) or Ctrl-C is pressed here.

        Raises TargetError when it cannot be stopped.
        """
        end = time.monotonic() + seconds if seconds else None
        pressed = False

        def press(*_) -> None:
            nonlocal pressed
            pressed = True

        # Not by KeyboardInterrupt: it may come inside of wait() and leave a lock of it locked.
        before = signal.signal(signal.SIGINT, press)
        try:
            while not pressed and (end is None or time.monotonic() < end):
                if self.ended.wait(0.1):
                    return
        finally:
            signal.signal(signal.SIGINT, before)
        self.stopped = True
        end = time.monotonic() + ENDING
        while time.monotonic() < end:
            # Again and again: what was called back when it came has swallowed it.
            stop_program(self.board)
            if self.ended.wait(0.3):
                break
        else:
            raise TargetError(f"{self.board.name}: the program does not stop; reset the board")
        time.sleep(0.3)  # so that the latest Ctrl-C does not hit what comes next

    def outcome(self) -> TargetError | None:
        """What the script raised, unless that is how it was stopped."""
        traceback = (self.error.traceback or "").rstrip() if self.error else ""
        if self.stopped and traceback.endswith("KeyboardInterrupt:"):
            return None
        return self.error


class Recording:
    """One recording on a board."""

    def __init__(self, board: Target, size: int):
        self.board, self.decoder, self.records = board, Decoder(), bytearray()
        board.exec(ON_BOARD.read_bytes())
        try:
            answer = ast.literal_eval(board.exec(f"__galloc_start({size})").strip())
        except TargetError as error:
            if "ImportError" in error.traceback:
                raise TargetError(
                    f"{board.name}: galloc is not there; `galloc-mp install` puts it there"
                ) from None
            raise
        if answer is None:
            raise TargetError(
                f"{board.name}: its galloc cannot record: it is older, or was built with "
                "GALLOC_RECORD=0"
            )
        self.size, self.place, self.live, self.streams = answer
        self.shared = -1  # number of the shared heap in the records

    def finish(self, broken: int) -> None:
        """Ends the recording and takes what is left in the ring.

        broken: pieces that did not come whole; each counts as an operation that is missing.
        """
        head, *lines = self.board.exec("__galloc_stop()").splitlines()
        lost, bases, place = ast.literal_eval(head)
        self.place = self.place if self.place[1] else place
        for line in lines:
            self.records += a2b_base64(line)
        address, size = self.place
        for number, base in enumerate(bases):
            # The heap starts at the first aligned byte of its region.
            if size and (base - address & MASK32) < 24:
                self.shared = number
                for offset, length in self.live:
                    self.decoder.begin_with(number, offset - (base - address & MASK32), length)
        self.decoder.feed(bytes(self.records))
        self.decoder.lost += lost + broken

    def salvage(self) -> None:
        """In place of finish() where the board does not answer any more: takes what has come."""
        whole = len(self.records) // RECORD * RECORD
        self.decoder.feed(bytes(self.records[:whole]))

    def traces(self) -> list[tuple[HeapTrace, bool]]:
        """What happened on each heap that was used, the shared one first; and whether it is that.

        Blocks that lived on the shared heap before come first in its trace.
        """
        found = [(heap, number == self.shared) for number, heap in self.decoder.heaps.items()]
        return sorted(found, key=lambda pair: (not pair[1], -len(pair[0].lines)))


def write(path: Path, heap: HeapTrace, remarks: dict[str, object]) -> None:
    """Writes a trace."""
    head = [f"# {key} {value}" for key, value in remarks.items()]
    path.write_text("\n".join([*head, *heap.lines, ""]), encoding="ascii")


def write_all(recording: Recording, output: Path, board_name: str) -> list[Path]:
    """Writes a file for each heap and prints a line about it.

    Raises TargetError when nothing was recorded.
    """
    decoder = recording.decoder
    traces = recording.traces()
    if not traces:
        raise TargetError(f"{board_name}: the program allocated nothing from galloc")
    paths = []
    for number, (heap, shared) in enumerate(traces, 1):
        path = output if number == 1 else output.with_stem(f"{output.stem}-{number}")
        remarks: dict[str, object] = {"board": board_name}
        if shared:
            remarks |= {"region": recording.place[1], "address": hex(recording.place[0])}
        remarks |= {"lost": decoder.lost, "failed": heap.failed}
        write(path, heap, remarks)
        which = "the shared heap" if shared else "a heap of its own"
        print(f"{path}: {len(heap.lines):,} operations on {which}", file=sys.stderr)
        paths.append(path)
    if decoder.lost:
        print(
            f"{decoder.lost:,} operations did not fit into {recording.size:,} bytes and are "
            "missing: record again with a larger --buffer",
            file=sys.stderr,
        )
    return paths


def record(
    board: Target, script: Path, output: Path, *, size: int = 0, seconds: float = 0
) -> TargetError | None:
    """Runs a script and writes what it allocated. Returns what the script raised, None if nothing.

    size: bytes of the ring, 0: what the board can spare. seconds: after which the script is
    stopped, 0: when it ends. Raises TargetError, OSError.
    """
    source = script.read_bytes()
    # Not only at the end, when the recording would be lost by it.
    if output.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(output))
    if not output.exists():
        output.touch()
        output.unlink()
    recording = Recording(board, size)

    def show(data: bytes) -> None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    program = Program(board, script.name, source, Frames(show, recording.records.extend))
    try:
        program.start()
        program.wait(seconds)
        if program.error and not program.error.traceback:  # the connection, not the script
            recording.salvage()
            if recording.decoder.count:
                write_all(recording, output, board.name)
                raise TargetError(f"{program.error}; {output} has what had come by then")
            raise program.error
        recording.finish(program.frames.broken)
    finally:
        if not program.ended.is_set():
            abandon(board)
        else:
            with contextlib.suppress(TargetError):
                board.exec("del __galloc_start, __galloc_run, __galloc_stop")
    raised = program.outcome()
    if raised and not recording.decoder.count:
        return raised
    write_all(recording, output, board.name)
    return raised


def main(
    script: Annotated[Path, typer.Argument(help="Python file to run on the board")],
    output: Annotated[Path, typer.Option("-o", "--output", help="the trace")] = Path("t.trace"),
    port: Port = None,
    target: TargetName = None,
    buffer: Annotated[
        int,
        typer.Option(min=0, help="bytes for records on the board; 0: what it can spare"),
    ] = 0,
    seconds: Annotated[
        float,
        typer.Option(min=0, help="stop the script after so long; 0: never"),
    ] = 0,
) -> None:
    """Runs a script on a board and writes a trace of all that it allocates from galloc.

    Records go into a buffer on the board, and come over while the script runs where the port has
    machine.Timer(-1); elsewhere at its end. Ctrl-C stops the script, and the trace is written.
    """
    try:
        with open_board(port, target) as board:
            raised = record(board, script, output, size=buffer, seconds=seconds)
    except TargetError as error:
        fail(sentence(error))
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
    if raised:
        fail(traceback_of(raised))
