"""Speaks with the driver in command mode (driver/serve.c says what the commands are)."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from galloc_mp.core import Stats

Config = tuple[int, int, int] | None  # smallbins, sub-bins, bounded_search

OK, NULL, FOREIGN, MISALIGNED, NOT_ALLOCATED, CORRUPT, GEOMETRY = range(7)
HUGE = (1 << 64) - 1  # the driver makes the largest size_t of it


class Chunk(NamedTuple):
    """A chunk in galloc_walk: payload offset in the region, usable bytes, live or not."""

    offset: int
    size: int
    live: bool

    @property
    def end(self) -> int:
        """Offset of the first byte behind the payload."""
        return self.offset + self.size


class Made(NamedTuple):
    """The answer to alloc and realloc. block: offset, or None. changed: bytes that differ."""

    block: int | None
    usable: int
    changed: int


class State(NamedTuple):
    """All that can be seen of a heap from outside."""

    walk: list[Chunk]
    stats: Stats


class DriverError(AssertionError):
    """The core broke a promise that the driver watches over, or the program died."""


def numbers(config: Config) -> str:
    """A configuration as the words of a command."""
    return "" if config is None else "".join(f" {number}" for number in config)


class Driver:
    """A running driver. Sizes and offsets are in bytes; offsets count from the region's start."""

    def __init__(self, program: Path) -> None:
        self.program = program
        self.history: list[str] = []
        self.address = 0
        self.size = 0
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 (close() closes it)
        self._process = subprocess.Popen(
            [str(program), "serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    def close(self) -> None:
        """Ends the program and checks that it ended well (leaks included)."""
        if self._process.poll() is None:
            self._process.stdin.close()
            self._process.wait(timeout=30)
        status = self._process.returncode
        self._process.stdout.close()
        said = self._stderr()
        self._errors.close()
        if status != 0:
            raise DriverError(f"the driver ended with {status}:\n{said}")

    @property
    def alive(self) -> bool:
        """Whether the program still runs."""
        return self._process.poll() is None

    def _stderr(self) -> str:
        self._errors.seek(0)
        return self._errors.read()[-6000:]

    def _story(self) -> str:
        return "\n".join(self.history[-60:])

    def ask_all(self, *lines: str) -> list[list[str]]:
        """Sends commands together, returns the words of each answer behind `ok`."""
        answers = []
        self.history += lines
        try:
            self._process.stdin.write("\n".join(lines) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass
        for line in lines:
            answer = self._process.stdout.readline()
            if not answer:
                self._process.wait(timeout=30)
                raise DriverError(
                    f"the driver died at `{line}`:\n{self._stderr()}\nafter:\n{self._story()}"
                )
            answers.append(answer.split())
        for line, words in zip(lines, answers, strict=True):
            if words[0] != "ok":
                said = " ".join(words)
                raise DriverError(f"`{line}`: {said}\nafter:\n{self._story()}")
        return [words[1:] for words in answers]

    def ask(self, line: str) -> list[str]:
        """Sends one command, returns the words of the answer behind `ok`."""
        return self.ask_all(line)[0]

    # ---- regions ----

    def map(self, size: int, offset: int = 0, modulus: int = 16, slot: int = 0) -> int:
        """A new region of random bytes at an address that is `offset` modulo `modulus`."""
        tail = (-size - offset) % modulus
        self.history.clear()
        self.address = int(self.ask(f"map {slot} {size} {tail} {size + offset + 1}")[0])
        self.size = size
        assert self.address % modulus == offset
        return self.address

    def use(self, slot: int) -> None:
        """Goes back to the region of another slot."""
        self.ask(f"use {slot}")

    def init(self, config: Config = None) -> bool:
        """galloc_init. config: smallbins, sub-bins, bounded search; None for NULL."""
        words = self.ask("init" + numbers(config))
        made, changed = int(words[0]), int(words[1])
        assert made or not changed, "a refused init changed the region"
        return bool(made)

    def heap(
        self,
        size: int = 4096,
        offset: int = 0,
        config: Config = None,
        modulus: int = 4096,
    ) -> State:
        """A new heap in a new region; returns what it looks like."""
        self.map(size, offset, modulus)
        assert self.init(config), f"init refused {size} bytes"
        return self.state()

    # ---- the core's functions ----

    def _made(self, words: list[str]) -> Made:
        block = None if words[0] == "-" else int(words[0])
        return Made(block, int(words[1]), int(words[2]))

    def try_alloc(self, size: int, align: int = 0, zeroed: bool = False) -> Made:
        """galloc_alloc or galloc_alloc_zeroed."""
        return self._made(self.ask(f"{'zalloc' if zeroed else 'alloc'} {size} {align}"))

    def alloc(self, size: int, align: int = 0, zeroed: bool = False) -> int:
        """The offset of a new block, which must come."""
        made = self.try_alloc(size, align, zeroed)
        assert made.block is not None, f"no block of {size} bytes at {align}"
        return made.block

    def free_fault(self, block: int | None) -> int:
        """galloc_free; a refused one must not have changed a byte."""
        fault, changed = map(int, self.ask(f"free {'-' if block is None else block}"))
        assert fault == OK or changed == 0, f"a refused free changed {changed} bytes"
        return fault

    def free(self, block: int) -> None:
        """galloc_free, which must succeed."""
        fault = self.free_fault(block)
        assert fault == OK, f"free of {block} gave fault {fault}"

    def realloc(self, block: int | None, size: int, align: int = 0) -> Made:
        """galloc_realloc; the driver compares the payload that must be kept."""
        return self._made(self.ask(f"realloc {'-' if block is None else block} {size} {align}"))

    def regrow(self, block: int, old: int, size: int) -> Made:
        """Clears `old` bytes of a block, grows it to `size` and clears what was added."""
        return self._made(self.ask(f"regrow {block} {old} {size}"))

    def resize(self, block: int, size: int) -> bool:
        """galloc_resize; a refused one must not have changed a byte."""
        done, _, changed = map(int, self.ask(f"resize {block} {size}"))
        assert done or changed == 0, f"a refused resize changed {changed} bytes"
        return bool(done)

    def usable(self, block: int | str) -> int:
        """galloc_usable_size."""
        return int(self.ask(f"usable {block}")[0])

    def owns(self, block: int | str) -> bool:
        """galloc_owns."""
        return self.ask(f"owns {block}") == ["1"]

    def attach(self) -> bool:
        """galloc_attach; a refused one must not have changed a byte."""
        made, changed = self.ask("attach")
        assert made == "1" or changed == "0", "a refused attach changed the region"
        return made == "1"

    def initialized(self) -> bool:
        """galloc_initialized."""
        said, changed = self.ask("initialized")
        assert changed == "0"
        return said == "1"

    def check(self) -> tuple[int, int]:
        """galloc_check: the fault and its offset from the heap's start."""
        fault, offset = self.ask("check")
        return int(fault), int(offset)

    def overhead(self, size: int, config: Config = None) -> int:
        """galloc_overhead."""
        return int(self.ask(f"overhead {size}{numbers(config)}")[0])

    def dump(self) -> bytes:
        """The region's bytes."""
        words = self.ask("dump")
        return bytes.fromhex(words[0]) if words else b""

    def load(self, data: bytes) -> None:
        """Overwrites the region from its start."""
        self.ask(f"load {data.hex()}")

    def poke(self, offset: int, data: bytes) -> None:
        """Overwrites some bytes of the region."""
        self.ask(f"poke {offset} {data.hex()}")

    def forget(self) -> None:
        """From now on the driver expects no block to be live or whole."""
        self.ask("forget")

    # ---- looking ----

    def peek(self) -> State:
        """The walk and the stats, unjudged."""
        walk, stats = self.ask_all("walk", "stats")
        chunks = [Chunk(int(o), int(s), f == "1") for o, s, f in (w.split(":") for w in walk)]
        return State(chunks, Stats(*map(int, stats)))

    def state(self) -> State:
        """The walk and the stats of a heap that must be sound, all payloads whole."""
        check, _ = self.ask_all("check", "audit")
        assert check == ["0", "0"], f"check says fault {check[0]} at {check[1]}\n{self._story()}"
        return self.peek()

    def header(self, block: int) -> bytes:
        """The header word of a block: the 4 bytes before its payload."""
        return self.dump()[block - 4 : block]
