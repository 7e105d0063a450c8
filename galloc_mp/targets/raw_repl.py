"""Scripts over MicroPython's raw REPL: mpremote's transport on a stream of our own."""

import ast
import binascii
import re
import time
from abc import abstractmethod
from pathlib import Path

from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport

from galloc_mp.targets.base import (
    Target,
    TargetError,
    TargetTimeout,
    as_bytes,
    may_exit,
    raise_for_exit,
)
from galloc_mp.targets.process import NewlineFilter, StreamEnded

FILES = Path(__file__).with_name("memory_files.py")
PIECE = 1536  # bytes of a file that go over at once, as base64
CHORE = 10.0  # seconds that the driver's own scripts may take


# What follows a script's output: \x04, its traceback, \x04, the prompt or word of a soft reset.
# A script may print a \x04 of its own, which is the end only if all of that comes behind it.
END = re.compile(rb"\x04([^\x04]*)\x04(?=>|(?:\r\n)?MPY: )")
AFTER_END = (b">", b"MPY: ", b"\r\nMPY: ")


# What a board prints when it boots, up to the prompt of the friendly REPL, which a return repeats.
BOOTED = re.compile(
    rb'MicroPython v[^\r\n]+\r\nType "help\(\)" for more information\.\r\n>>> (?:\r\n>>> )*$'
)
QUIET = 0.5  # seconds without output after which that is looked at


class BoardReset(TransportError):
    """The board has booted while a script ran."""


def _ignore(_: bytes) -> None:
    """Takes no notice of output."""


class StreamTransport(SerialTransport):
    """mpremote's raw REPL and raw paste over a stream that is open already."""

    def __init__(self, stream):
        # Not the parent's, which opens a serial port by its name.
        self.in_raw_repl = False
        self.use_raw_paste = True
        self.device_name = "stream"
        self.mounted = False
        self.serial = stream

    def read_until(
        self, min_num_bytes, ending, timeout=10, data_consumer=None, timeout_overall=None, **_
    ):
        """The parent's, by pieces instead of bytes, and with the stream's deadline as the only
        limit of time.

        Data that goes to a consumer comes without the ending.
        """
        stream, data = self.serial, bytearray()
        searched = 0
        while True:
            data += stream.take(len(stream.buffer))
            at = data.find(ending, searched)
            if at >= 0:
                stream.unread(data[at + len(ending) :])
                del data[at + len(ending) :]
                if data_consumer:
                    data_consumer(bytes(data[:at]))
                    return ending
                return bytes(data)
            if data_consumer:
                keep = len(ending) - 1
                data_consumer(bytes(data[: len(data) - keep]))
                del data[: len(data) - keep]
            searched = max(len(data) - len(ending) + 1, 0)
            if not stream.fill(stream.deadline - time.monotonic()):
                return bytes(data)

    def follow(self, timeout, data_consumer=None):
        """The parent's, but a \x04 in the output does not end it. Returns the output, where no
        consumer takes it, and the traceback.
        """
        stream, data, output = self.serial, bytearray(), bytearray()
        consume = data_consumer or output.extend
        latest = b""  # the end of the output
        while True:
            data += stream.take(len(stream.buffer))
            if end := END.search(data):
                stream.unread(data[end.end() :])
                consume(bytes(data[: end.start()]))
                return bytes(output), end[1]
            certain = _output_in(data)
            latest = (latest + bytes(data[:certain]))[-400:]
            consume(bytes(data[:certain]))
            del data[:certain]
            if BOOTED.search(latest) and not data:
                if not stream.fill(QUIET):
                    if self._is_at_prompt():
                        raise BoardReset("reset")
                    latest = b""  # asked once
                continue
            if not stream.fill(stream.deadline - time.monotonic()):
                consume(bytes(data))
                raise TransportError("no end of the output")

    def _is_at_prompt(self) -> bool:
        """Whether the friendly REPL answers. A script may print what a board prints at boot, but
        takes no notice of a return, unless it reads its input.
        """
        stream, answer = self.serial, b""
        stream.write(b"\r")
        while len(answer) < len(b"\r\n>>> ") and stream.fill(QUIET):
            answer += stream.take(len(stream.buffer))
        stream.unread(answer)
        return answer == b"\r\n>>> "


def _output_in(data: bytes) -> int:
    """How many bytes of what came are output, whatever comes next."""
    last = data.rfind(b"\x04")
    if last < 0:
        return len(data)
    behind = bytes(data[last + 1 :])
    may_be_end = any(text.startswith(behind) for text in AFTER_END)
    first = data.rfind(b"\x04", 0, last)
    return first if may_be_end and first >= 0 else last


class RawReplTarget(Target):
    """A MicroPython whose REPL is at the other end of a stream. Subclasses start the machine."""

    boot_timeout = 30.0

    def __init__(self, spec):
        super().__init__(spec)
        self.transport = None
        self.has_files = False

    @abstractmethod
    def start_machine(self):
        """Starts the machine and returns the stream of its REPL."""

    def _start(self) -> StreamTransport:
        if self.transport is None:
            stream = self.start_machine()
            self.transport = StreamTransport(stream)
            stream.deadline = time.monotonic() + self.boot_timeout
            self._enter()
        self.transport.serial.resume()
        return self.transport

    def _enter(self) -> bytes:
        """Waits for the prompt of a machine that boots; returns what came before it."""
        try:
            said = self.transport.read_until(1, b">>> ")
            if not said.endswith(b">>> "):
                raise TransportError(f"only {said[-500:]!r} came")
            self.transport.enter_raw_repl(soft_reset=False)
        except (TransportError, StreamEnded) as error:
            self.close()
            raise TargetTimeout(f"{self.name}: no REPL came up: {error}") from None
        self._prepare()
        return said

    def exec_to_reset(self, source: str | bytes, timeout: float = 60) -> str:
        """Runs `source`, which resets the machine, and waits until it has booted. Returns what the
        script printed. Raises TargetTimeout when no reset comes.
        """
        transport = self._start()
        transport.serial.deadline = time.monotonic() + timeout
        transport.exec_raw_no_follow(as_bytes(source))
        said = self._enter().decode(errors="replace").replace("\r\n", "\n")
        return said.partition("MicroPython v")[0]

    def _prepare(self) -> None:
        """After boot and reset: what a stock firmware needs to import the native module."""
        self.has_files = False
        if self.spec.natmod:
            for name in ("_galloc.mpy", "galloc.mpy", "galloc_more.mpy"):
                self.put(name, (self.spec.natmod_dir / name).read_bytes())

    def stream(self, source, on_output, timeout=60):
        """See Target."""
        source = as_bytes(source)
        if not may_exit(source):
            self._run(source, on_output, timeout)
            return
        # The raw REPL drops the value of SystemExit, so here the script comes as a file to run.
        self.put("__script__", source)
        self._run(self._files("run('__script__', globals())"), on_output, timeout)
        code = bytearray()
        self._run(b"print(repr(%b))" % self._files("code"), code.extend, CHORE)
        raise_for_exit(self.name, ast.literal_eval(code.decode()))

    @staticmethod
    def _files(call: str) -> bytes:
        """Code that calls the file system in memory and leaves no name behind."""
        return f"__import__('sys').modules['__files__'].{call}".encode()

    def _run(self, source: bytes, on_output, timeout: float) -> None:
        transport = self._start()
        stream = transport.serial
        stream.deadline = time.monotonic() + timeout
        newlines = NewlineFilter(on_output)
        try:
            transport.exec_raw_no_follow(source)
            _, traceback = transport.follow(None, newlines)
            newlines.finish()
            self._find_prompt()
        except StreamEnded as ended:
            newlines.finish()
            self.close()
            raise TargetError(f"{self.name}: {ended}") from None
        except BoardReset:
            newlines.finish()
            self.close()
            raise TargetError(
                f"{self.name}: the script has reset the board, and a run ends there; one that "
                "goes on after a reset is for main.py on a board (the tests of that: make test "
                "K=watchdog)"
            ) from None
        except TransportError as error:
            late = time.monotonic() >= stream.deadline
            newlines.finish()
            self.close()
            if late:
                raise TargetTimeout(f"{self.name}: no end after {timeout:g} s") from None
            raise TargetError(f"{self.name}: {error}") from None
        if traceback:
            text = traceback.replace(b"\r\n", b"\n").decode(errors="replace")
            raise TargetError(f"{self.name}: the script raised", traceback=text)

    def _find_prompt(self) -> None:
        """Reads on to the next prompt, past a soft reset where the script asked for one."""
        stream = self.transport.serial
        stream.deadline = max(stream.deadline, time.monotonic() + 5)
        said = self.transport.read_until(1, b">")
        if not said.endswith(b">"):
            raise TransportError("no prompt after the script")
        if b"soft reboot" in said:
            if b"raw REPL" not in said:
                self.transport.read_until(1, b"raw REPL; CTRL-B to exit\r\n>")
            stream.unread(b">")
            self._prepare()
        else:
            stream.unread(b">")

    def put(self, path, data):
        """See Target: the files lie in the GC heap, in a small file system that is put there."""
        self._start()
        if not self.has_files:
            self._run(FILES.read_bytes(), _ignore, CHORE)
            self.has_files = True
        name = path.lstrip("/")
        self._run(self._files(f"make({name!r}, {len(data)})"), _ignore, CHORE)
        for at in range(0, len(data), PIECE):
            piece = binascii.b2a_base64(data[at : at + PIECE], newline=False)
            self._run(self._files(f"write({name!r}, {at}, {piece!r})"), _ignore, CHORE)

    def reset(self):
        """See Target."""
        if self.transport is None:
            return
        stream = self._start().serial
        stream.deadline = time.monotonic() + self.boot_timeout
        try:
            self.transport.read_until(1, b">")
            stream.write(b"\x04")
            said = self.transport.read_until(1, b"raw REPL; CTRL-B to exit\r\n>")
        except StreamEnded as ended:
            self.close()
            raise TargetError(f"{self.name}: {ended}") from None
        if not said.endswith(b">"):
            self.close()
            raise TargetTimeout(f"{self.name}: no prompt after a soft reset")
        stream.unread(b">")
        self._prepare()

    def pause(self):
        """See Target."""
        if self.transport:
            self.transport.serial.pause()

    def close(self):
        """See Target."""
        if self.transport:
            self.transport.close()
            self.transport = None
