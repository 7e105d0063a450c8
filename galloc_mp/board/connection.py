"""A board behind a serial port, by mpremote's transport; with the methods of our targets, so that
each command serves both.
"""

import contextlib
import io
import os
import shutil
import time
from pathlib import Path

import serial
from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport

from galloc_mp.board.ports import device_of
from galloc_mp.targets import Spec, Target, TargetError, TargetTimeout, open_target
from galloc_mp.targets.base import as_bytes
from galloc_mp.targets.process import NewlineFilter
from galloc_mp.targets.unix import UnixTarget

READ = 5.0  # seconds that one read may wait for a byte
ANSWER = 30.0  # seconds without a byte after which one of our own scripts counts as lost
PROMPT = 1.0  # seconds in which an idle board answers with its prompt


class Busy(TargetError):
    """A program is running on the board, and this port does not let us look past it."""


class PortTarget(Target):
    """A board at a serial port.

    interrupt: stop a program that is running; else Busy is raised at the first call, and the
    program goes on.
    """

    def __init__(self, device: str, *, interrupt: bool = True):
        super().__init__(Spec(device, "serial"))
        self.interrupt = interrupt
        self.transport: SerialTransport | None = None

    def _connect(self) -> SerialTransport:
        if self.transport is None:
            try:
                self.transport = SerialTransport(self.name, timeout=READ)
            except (TransportError, OSError) as error:
                raise TargetError(_why_not(self.name, error)) from None
            with self._guard():
                if not self._is_idle() and not self.interrupt:
                    self.drop()
                    raise Busy(
                        f"{self.name}: a program is running, and looking at the heap over this "
                        "port would stop it; --stop does that"
                    )
                self._raw()
        return self.transport

    def _raw(self) -> None:
        # The transport prints what came instead of a prompt.
        with contextlib.redirect_stdout(io.StringIO()):
            self.transport.enter_raw_repl(soft_reset=False)

    def _is_idle(self) -> bool:
        """Whether a prompt answers. Ctrl-B does nothing at a prompt but show it, and nothing to a
        program that does not read.
        """
        port = self.transport.serial
        port.reset_input_buffer()
        port.write(b"\x02")
        said, end = b"", time.monotonic() + PROMPT
        while time.monotonic() < end:
            said += port.read(port.in_waiting) if port.in_waiting else b""
            if said.endswith(b">>> "):
                return True
            time.sleep(0.01)
        return False

    @contextlib.contextmanager
    def _guard(self):
        """What a lost connection raises becomes a sentence."""
        try:
            yield
        except TransportError as error:
            text = str(error)
            self.drop()
            if "timeout" in text or "raw repl" in text:
                raise TargetTimeout(
                    f"{self.name}: no MicroPython answers there ({text}); reset the board, or "
                    "close what else uses it"
                ) from None
            raise TargetError(f"{self.name}: {text}") from None
        except (OSError, serial.SerialException) as error:
            self.drop()
            raise TargetError(
                f"{self.name}: the connection broke ({error}); is the cable in?"
            ) from None

    def drop(self) -> None:
        """Closes the port, whatever state it is in."""
        transport, self.transport = self.transport, None
        if transport:
            with contextlib.suppress(Exception):
                transport.close()
            with contextlib.suppress(Exception):
                transport.serial.close()

    def stream(self, source, on_output, timeout=ANSWER):
        """See Target; timeout: seconds without any output, None: no limit."""
        newlines = NewlineFilter(on_output)
        transport = self._connect()
        with self._guard():
            transport.exec_raw_no_follow(as_bytes(source))
            _, traceback = transport.follow(
                timeout, lambda data: data == b"\x04" or newlines(data)
            )
            newlines.finish()
        if traceback:
            text = traceback.replace(b"\r\n", b"\n").decode(errors="replace")
            raise TargetError(f"{self.name}: the script raised", traceback=text)

    def put(self, path, data):
        """Not here: `galloc-mp install` knows where files go."""
        raise NotImplementedError

    def reset(self):
        """See Target."""
        transport = self._connect()
        with self._guard(), contextlib.redirect_stdout(io.StringIO()):
            transport.enter_raw_repl(soft_reset=True)

    def close(self):
        """Leaves the board at its prompt."""
        if self.transport:
            with contextlib.suppress(Exception):
                self.transport.exit_raw_repl()
                self.transport.serial.flush()
        self.drop()


def _why_not(device: str, error: Exception) -> str:
    """Why a port cannot be opened; mpremote does not say."""
    try:
        serial.serial_for_url(device, exclusive=True).close()
        return f"{device}: {error}"
    except (OSError, ValueError) as cause:
        number, message = getattr(cause, "errno", None), str(cause)
    text = message.lower()
    if "no such file" in text or "filenotfound" in text or "cannot find the file" in text:
        return f"{device}: there is no such port; `galloc-mp ports` lists them"
    if "lock" in text or "busy" in text or "access is denied" in text:
        return f"{device}: the port is in use by another program"
    if number == 13 or "permission denied" in text:
        return f"{device}: you may not use this port; on Linux, join the group dialout"
    return f"{device}: {message}"


class Interpreter(Spec):
    """A MicroPython for this PC, wherever it is."""

    @property
    def image(self) -> Path:
        """See Spec."""
        return Path(self.name)


class InterpreterTarget(UnixTarget):
    """That MicroPython with its own sys.path, so that what is installed stays."""

    @staticmethod
    def environment(spec, folder=None) -> dict[str, str]:
        """See UnixTarget."""
        return dict(os.environ)


def is_interpreter(port: str) -> bool:
    """Whether --port names a program and no device."""
    return port not in ("auto",) and Path(port).is_file() and os.access(port, os.X_OK)


def open_board(port: str | None, target: str | None, *, interrupt: bool = True) -> Target:
    """The board that --port or --target means, connected at its first call.

    Raises TargetError, which says what is wrong in one sentence.
    """
    if port and target:
        raise TargetError("--port and --target: one of them, please")
    if target:
        try:
            return open_target(target)
        except ValueError as error:
            raise TargetError(str(error)) from None
    port = port or "auto"
    if "/" not in port and port != "auto" and (program := shutil.which(port)):
        port = program
    if is_interpreter(port):
        return InterpreterTarget(Interpreter(str(Path(port).resolve()), "unix"))
    return PortTarget(device_of(port), interrupt=interrupt)
