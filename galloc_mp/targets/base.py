"""What every target can do, and how it says that something went wrong."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable

from galloc_mp.targets.registry import Spec

_EXITS = re.compile(rb"\bexit\b|SystemExit")


class TargetError(Exception):
    """A script raised.

    stdout: what it printed until then. traceback: what MicroPython printed about the exception.
    code: the value of SystemExit (None for any other exception).
    """

    def __init__(self, message: str, stdout: str = "", traceback: str = "", code=None):
        super().__init__(message)
        self.stdout = stdout
        self.traceback = traceback
        self.code = code

    def __str__(self) -> str:
        return "\n".join(filter(None, [self.args[0], self.traceback.rstrip()]))


class TargetTimeout(TargetError):
    """A script, or the target itself, did not answer in time. The session is gone; the next call
    starts again.
    """


class Target(ABC):
    """A MicroPython with galloc, started at the first call and kept until `close`.

    Sources may be str or bytes; times are in seconds.
    """

    def __init__(self, spec: Spec):
        self.spec = spec
        self.name = spec.name

    def __enter__(self) -> "Target":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def exec(self, source: str | bytes, timeout: float = 60) -> str:
        """Runs `source` and returns what it printed.

        Raises TargetError when it raises (SystemExit with 0 or None counts as an end),
        TargetTimeout when it takes longer than `timeout`.
        """
        output = bytearray()
        try:
            self.stream(source, output.extend, timeout)
        except TargetError as error:
            error.stdout = output.decode(errors="replace")
            raise
        return output.decode(errors="replace")

    @abstractmethod
    def stream(
        self, source: str | bytes, on_output: Callable[[bytes], object], timeout: float = 60
    ) -> None:
        """Like `exec`, but hands the output to `on_output` piece by piece, as it comes."""

    @abstractmethod
    def put(self, path: str, data: bytes) -> None:
        """Writes a file on the target; a bare name lands in a folder of sys.path. It is lost at
        `reset`.
        """

    @abstractmethod
    def reset(self) -> None:
        """Soft reset: names, modules and the GC heap start afresh."""

    def pause(self) -> None:  # noqa: B027 (a target may have nothing to stop)
        """Stops the machine until the next call: it costs the host no time meanwhile."""

    @abstractmethod
    def close(self) -> None:
        """Ends the session and its processes."""


def may_exit(source: bytes) -> bool:
    """Whether a script might raise SystemExit by intent, whose value the raw REPL would drop."""
    return bool(_EXITS.search(source))


def as_bytes(source: str | bytes) -> bytes:
    """Source text as MicroPython reads it."""
    return source.encode() if isinstance(source, str) else source


def raise_for_exit(name: str, value) -> None:
    """Raises TargetError for a SystemExit that reports a failure; 0, None and () are success."""
    if value not in (None, 0, ()):
        raise TargetError(f"{name}: the script ended with SystemExit({value!r})", code=value)
