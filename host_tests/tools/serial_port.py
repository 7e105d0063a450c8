"""An emulated board behind a pseudo-terminal, as a real one is behind a serial port."""

import contextlib
import os
import pty
import threading
import tty

from galloc_mp.targets import Target, open_target
from galloc_mp.targets.process import ProcessStream, StreamEnded


class SerialPort:
    """The board's machine, and the name of the port that leads to it.

    cut_after: bytes to the board after which the cable is cut; -1: never.
    """

    def __init__(self, stream: ProcessStream):
        self.stream = stream
        self.board, self.tool = pty.openpty()
        # Kept open, or the port would be gone between two tools that use it.
        tty.setraw(self.tool)
        self.name = os.ttyname(self.tool)
        self.cut_after = -1
        self.sent = bytearray()
        self.threads = [threading.Thread(target=f, daemon=True) for f in (self._up, self._down)]
        for thread in self.threads:
            thread.start()

    def _up(self) -> None:
        """From the board to the port."""
        with contextlib.suppress(OSError, StreamEnded, ValueError):
            while data := os.read(self.stream.process.stdout.fileno(), 4096):
                while data:
                    data = data[os.write(self.board, data) :]

    def _down(self) -> None:
        """From the port to the board."""
        pipe = self.stream.process.stdin.fileno()
        with contextlib.suppress(OSError, ValueError):
            while data := os.read(self.board, 4096):
                self.sent += data
                if 0 <= self.cut_after < len(self.sent):
                    return self.cut()
                os.write(pipe, data)

    def cut(self) -> None:
        """Pulls the cable; the board runs on."""
        os.close(self.tool)
        os.close(self.board)

    def replug(self) -> None:
        """Puts the cable back in, behind which the board gets another port."""
        self.cut_after = -1
        self.__init__(self.stream)

    def close(self) -> None:
        """Ends the machine."""
        self.stream.close()
        with contextlib.suppress(OSError):
            self.cut()


@contextlib.contextmanager
def serial_port(name: str, setup: str = "", *, driver: Target | None = None):
    """The port of a target that has booted.

    setup: a script to run there first, in the raw REPL, after which the board is at its prompt.
    """
    target = driver or open_target(name)
    target.exec(setup or "pass")
    transport = target.transport
    transport.exit_raw_repl()
    transport.read_until(1, b">>> ")
    port = SerialPort(transport.serial)
    try:
        yield port
    finally:
        port.close()
