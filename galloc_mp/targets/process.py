"""A child process as the byte stream that a serial port would be."""

import ctypes
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
import weakref


class StreamEnded(Exception):
    """The process closed its output."""


def die_with_parent():
    """What a child calls first, so that the kernel ends it with its parent; None where it cannot.

    Linux means by parent the thread that made the child, so only the main one asks for it.
    """
    if sys.platform != "linux" or threading.current_thread() is not threading.main_thread():
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class ProcessStream:
    """Both ends of a child's stdin and stdout, with the methods of a serial port that mpremote's
    transport calls.

    A read ends with what has come when `deadline` (a time.monotonic() value) passes.
    """

    def __init__(self, command: list[str], **options):
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            command,
            preexec_fn=die_with_parent(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            bufsize=0,
            **options,
        )
        # Neither a script that forgets `close` nor one that is killed leaves an emulator behind.
        weakref.finalize(self, self.process.kill)
        self.name = os.path.basename(command[0])
        self.buffer = bytearray()
        self.paused = False
        self.deadline = time.monotonic() + 60

    def fill(self, wait: float) -> bool:
        """Takes what the child has written, waiting `wait` seconds for it; False: nothing came."""
        out = self.process.stdout.fileno()
        if not select.select([out], [], [], max(wait, 0))[0]:
            return False
        data = os.read(out, 65536)
        if not data:
            raise StreamEnded(self._obituary())
        self.buffer += data
        return True

    def inWaiting(self) -> int:  # noqa: N802 (pyserial's name, which the transport calls)
        """Bytes that can be read without waiting."""
        self.fill(0)
        return len(self.buffer)

    def read(self, size: int = 1) -> bytes:
        """`size` bytes, or fewer when the deadline passes."""
        while len(self.buffer) < size:
            if not self.fill(self.deadline - time.monotonic()):
                break
        return self.take(min(size, len(self.buffer)))

    def take(self, size: int) -> bytes:
        """The first `size` bytes that are waiting."""
        data = bytes(self.buffer[:size])
        del self.buffer[:size]
        return data

    def unread(self, data: bytes) -> None:
        """Puts bytes back, to be read next."""
        self.buffer[:0] = data

    def write(self, data: bytes) -> int:
        """Writes all of `data`, emptying the child's output meanwhile so that neither side waits
        for the other.
        """
        view = memoryview(data)
        pipe = self.process.stdin.fileno()
        out = self.process.stdout.fileno()
        while view:
            left = self.deadline - time.monotonic()
            readable, writable, _ = select.select([out], [pipe], [], max(left, 0))
            if readable:
                self.fill(0)
            elif not writable:
                raise StreamEnded(f"{self.name} takes no input")
            if writable:
                try:
                    # Not more than a pipe surely takes at once, so that the write cannot block.
                    view = view[os.write(pipe, view[: select.PIPE_BUF]) :]
                except BrokenPipeError:
                    raise StreamEnded(self._obituary()) from None
        return len(data)

    def _obituary(self) -> str:
        """How the child ended, with the end of what it said on stderr."""
        status = self.process.wait()
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        self.log.seek(0)
        said = self.log.read().decode(errors="replace").strip()
        return "\n".join(filter(None, [f"{self.name} {how}", said[-2000:]]))

    def pause(self) -> None:
        """Stops the child until `resume`: an emulator whose board waits for input may keep a
        processor busy with that.
        """
        self.process.send_signal(signal.SIGSTOP)
        self.paused = True

    def resume(self) -> None:
        """Lets the child go on after `pause`."""
        if self.paused:
            self.paused = False
            self.process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """Ends the child and its streams."""
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.log.close()


class NewlineFilter:
    """Hands bytes on with `\\r\\n` made `\\n`, also where a piece ends between the two."""

    def __init__(self, sink):
        self.sink = sink
        self.held = b""

    def __call__(self, data: bytes) -> None:
        data = (self.held + data).replace(b"\r\n", b"\n")
        self.held = data[-1:] if data.endswith(b"\r") else b""
        data = data[: len(data) - len(self.held)]
        if data:
            self.sink(data)

    def finish(self) -> None:
        """Hands on a last `\\r` that nothing followed."""
        if self.held:
            self.sink(self.held)
            self.held = b""
