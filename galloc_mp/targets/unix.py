"""MicroPython's unix port as a target: a child process that takes one script after the other."""

import ast
import os
import secrets
import shutil
import tempfile
import time
from pathlib import Path

from galloc_mp.targets.base import Target, TargetError, TargetTimeout, as_bytes, raise_for_exit
from galloc_mp.targets.process import ProcessStream, StreamEnded

LOOP = Path(__file__).with_name("unix_loop.py")


class UnixTarget(Target):
    """One process of MicroPython. Files that are put lie in a temporary folder, which is its
    current one.
    """

    def __init__(self, spec):
        super().__init__(spec)
        self.stream_ = None
        self.folder = None

    def _start(self) -> ProcessStream:
        if self.stream_ is None:
            self.folder = self.folder or tempfile.mkdtemp(prefix="galloc-")
            self.stream_ = ProcessStream(
                [str(self.spec.image), str(LOOP)],
                cwd=self.folder,
                env=self.environment(self.spec, self.folder),
            )
        return self.stream_

    @staticmethod
    def environment(spec, folder: str | None = None) -> dict[str, str]:
        """Environment of the interpreter: sys.path is the folder, the native module's, and what is
        frozen in.
        """
        path = [folder] if folder else []
        if spec.natmod:
            path.append(str(spec.natmod_dir))
        return {**os.environ, "MICROPYPATH": ":".join([*path, ".frozen"])}

    def stream(self, source, on_output, timeout=60):
        """See Target."""
        source = as_bytes(source)
        stream = self._start()
        stream.deadline = time.monotonic() + timeout
        try:
            mark = b"\x04" + secrets.token_hex(8).encode()  # nothing that a script would print
            stream.write(b"%d %b\n" % (len(source), mark) + source)
            self._until(mark, on_output)
            traceback, code = bytearray(), bytearray()
            self._until(mark, traceback.extend)
            self._until(mark, code.extend)
        except StreamEnded as ended:
            self._stop()
            raise TargetError(f"{self.name}: {ended}") from None
        except TimeoutError:
            self._stop()
            raise TargetTimeout(f"{self.name}: no end after {timeout:g} s") from None
        if traceback:
            lines = traceback.decode(errors="replace").splitlines(keepends=True)
            own = "".join(line for line in lines if f'File "{LOOP}"' not in line)
            raise TargetError(f"{self.name}: the script raised", traceback=own)
        raise_for_exit(self.name, ast.literal_eval(code.decode()))

    def _until(self, mark: bytes, sink) -> None:
        """Hands on what comes before the mark, as it comes."""
        stream = self.stream_
        while True:
            data = stream.take(len(stream.buffer))
            before, found, after = data.partition(mark)
            if not found:
                # The end may be the start of the mark.
                keep = next(n for n in range(len(mark) - 1, -1, -1) if data.endswith(mark[:n]))
                before, after = data[: len(data) - keep], data[len(data) - keep :]
            if before:
                sink(before)
            stream.unread(after)
            if found:
                return
            if not stream.fill(stream.deadline - time.monotonic()):
                raise TimeoutError

    def put(self, path, data):
        """See Target."""
        self._start()
        file = Path(self.folder) / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)

    def reset(self):
        """See Target: here a new process, since the port has no soft reset."""
        self._stop()
        if self.folder:
            shutil.rmtree(self.folder)
            self.folder = None

    def _stop(self) -> None:
        if self.stream_:
            self.stream_.close()
            self.stream_ = None

    def close(self):
        """See Target."""
        self.reset()
