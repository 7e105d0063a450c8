"""Plays scenarios on a board: without a break, interrupted everywhere, cut off everywhere."""

from __future__ import annotations

from dataclasses import dataclass

from .board import LIMIT, RAM, REGION, Board, BoardError
from .scenarios import Scenario

FILLER = 512  # bytes of the blocks that fill a heap


class Broken(AssertionError):
    """A promise that did not hold; the text says at which point."""


@dataclass(frozen=True)
class Points:
    """Counts: instructions interrupted and masked, stores cut behind, heaps that then opened.

    longest: masked instructions in a row.
    """

    interrupted: int
    masked: int
    longest: int
    cuts: int
    opened: int


def pattern(name: str, size: int) -> bytes:
    """The payload of a block."""
    first = sum(name.encode())
    return bytes((first + 31 * i ^ i >> 3) & 255 for i in range(size))


class Stage:
    """One scenario on one board."""

    def __init__(self, board: Board, scenario: Scenario) -> None:
        self.board = board
        self.scenario = scenario
        self.live: dict[str, tuple[int, int]] = {}  # name: address, usable bytes
        self.freed: dict[str, int] = {}
        board.write(REGION, b"\x5a" * scenario.size)
        self.heap = board.call("open_heap", REGION, scenario.size, *scenario.bins)
        assert self.heap, f"{scenario.name}: no heap"
        for step in scenario.steps:
            self.prepare(step)
        self.kind, self.name, self.size, self.align = self.parse(scenario.operation)
        self.block = self.live.get(self.name, (self.freed.get(self.name, 0), 0))[0]
        self.before = board.save()

    def parse(self, step: str) -> tuple[str, str, int, int]:
        kind, name, *numbers = step.split()
        size, align = (*map(int, numbers), 0, 0)[:2]
        return kind, name, size, align or 8

    def prepare(self, step: str) -> None:
        if step.startswith("fill"):
            self.fill(int(step[4:] or FILLER))
            return
        kind, name, size, align = self.parse(step)
        if kind == "free":
            address = self.live.pop(name)[0]
            self.freed[name] = address
            assert self.board.call("op_free", self.heap, address, 0, 0) == address
        else:
            assert self.take(name, size, align), f"{self.scenario.name}: no room for {name}"

    def take(self, name: str, size: int, align: int = 8) -> bool:
        address = self.board.call("op_alloc", self.heap, 0, size, align)
        if address:
            usable = self.board.call("galloc_usable_size", self.heap, address)
            self.live[name] = address, usable
            self.board.write(address, pattern(name, usable))
        return bool(address)

    def fill(self, size: int) -> None:
        """Takes blocks of `size` bytes until none is left."""
        while self.take(f"filler{len(self.live)}", size):
            pass

    def enter(self) -> None:
        """Puts the processor before the operation."""
        self.board.restore(self.before)
        self.board.enter("op_" + self.kind, self.heap, self.block, self.size, self.align)

    # ---- what must hold afterwards ----

    def others(self) -> dict[str, tuple[int, int]]:
        """The blocks that the operation is not about."""
        return {name: place for name, place in self.live.items() if name != self.name}

    def judge_payloads(self, where: str) -> None:
        for name, (address, usable) in self.others().items():
            if self.board.read(address, usable) != pattern(name, usable):
                raise Broken(f"{where}: the payload of {name} was touched")

    def judge(self, where: str, result: int, handled: bool) -> None:
        """The heap after the operation, and after the handler where it ran."""
        board = self.board
        self.judge_payloads(where)
        blocks = len(self.others())
        keeps = self.kind != "free" and (bool(result) or self.kind in ("realloc", "resize"))
        blocks += keeps and (bool(result) or self.name in self.live)
        kept = 0
        if handled:
            kept = board.word(board.symbols["kept"])
            size, faults = (board.word(board.symbols["kept"] + 4 * i) for i in (1, 2))
            if faults:
                raise Broken(f"{where}: the handler's free was refused")
            if kept:
                blocks += 1
                if board.read(kept, size) != b"\xb7" * size:
                    raise Broken(f"{where}: the handler's block was touched")
        if result and self.kind in ("realloc", "resize") and self.name in self.live:
            count = min(self.size, self.live[self.name][1])
            if board.read(result, count) != pattern(self.name, self.live[self.name][1])[:count]:
                raise Broken(f"{where}: payload was lost")
        if result and self.kind == "zeroed" and any(board.read(result, self.size)):
            raise Broken(f"{where}: a zeroed block is not 0")
        fault = board.call("galloc_check", self.heap, 0)
        if fault:
            raise Broken(f"{where}: check gives fault {fault}")
        if board.call("count_blocks", self.heap) != blocks:
            raise Broken(f"{where}: not {blocks} blocks")
        for address in [place[0] for place in self.others().values()] + ([kept] if kept else []):
            if not board.call("galloc_owns", self.heap, address):
                raise Broken(f"{where}: a block at {address:#x} is not live")

    # ---- the plays ----

    def straight(self) -> int:
        """Without a break. Returns what the operation gave."""
        self.enter()
        result = self.board.go()
        if bool(result) == self.scenario.refused:
            raise Broken(f"{self.scenario.name}: gave {result:#x}")
        self.judge(self.scenario.name, result, handled=False)
        return result

    def interrupted(self, stride: int = 1) -> tuple[int, int, int]:
        """An interrupt before each instruction in turn at which none is held off.

        stride: every so many of these. Returns how many were interrupted, how many masked, and
        how many masked in a row.
        """
        board, points, masked, free, row, longest = self.board, 0, 0, 0, 0, 0
        self.enter()
        for number in range(LIMIT):
            if board.pc == board.end:
                return points, masked, longest
            if board.masked:
                masked += 1
                row += 1
                longest = max(longest, row)
            else:
                row = 0
                free += 1
                if free % stride == 0:
                    here = board.save()
                    self.one_interrupt(f"{self.scenario.name}, instruction {number}")
                    board.restore(here)
                    points += 1
            board.go(1)
        raise Broken(f"{self.scenario.name}: does not end")

    def one_interrupt(self, where: str) -> None:
        where += f" at {self.board.pc:#x}"
        try:
            self.board.interrupt(self.heap)
            result = self.board.go()
            self.judge(where, result, handled=True)
        except BoardError as error:
            raise Broken(f"{where}: {error}") from None

    def stores(self) -> list[tuple[int, bytes]]:
        """The words of the region that the operation changes, in order, as offsets and values.

        An instruction that stores several words counts as several stores, upwards.
        """
        board, size, seen = self.board, self.scenario.size, []
        self.enter()
        before = board.read(REGION, size)
        for _ in range(LIMIT):
            if board.pc == board.end:
                return seen
            board.go(1)
            after = board.read(REGION, size)
            if after != before:
                words = range(0, size, 4)
                seen += [
                    (w, after[w : w + 4]) for w in words if after[w : w + 4] != before[w : w + 4]
                ]
                before = after
        raise Broken(f"{self.scenario.name}: does not end")

    def cut(self) -> tuple[int, int]:
        """Power lost after each store; then the heap is opened again, if it can be.

        Returns the number of stores, and how many of the heaps that they left opened.
        """
        board, opened = self.board, 0
        stores = self.stores()
        stepped = board.read(REGION, self.scenario.size)
        self.enter()
        board.go()
        if board.read(REGION, self.scenario.size) != stepped:
            raise Broken(f"{self.scenario.name}: comes out otherwise when it is stepped through")
        memory = bytearray(self.before[1])
        base = REGION - RAM
        for number, (offset, data) in enumerate(stores):
            memory[base + offset : base + offset + len(data)] = data
            where = f"{self.scenario.name}, cut after store {number} to {offset}"
            board.restore((self.before[0], bytes(memory)))
            heap = board.call("galloc_attach", REGION, self.scenario.size)
            if not heap:
                continue
            opened += 1
            self.judge_payloads(where)
            if board.call("galloc_check", heap, 0):
                raise Broken(f"{where}: an opened heap does not pass check")
            for name, (block, usable) in self.others().items():
                if board.call("galloc_usable_size", heap, block) != usable:
                    raise Broken(f"{where}: {name} is not what it was")
        return len(stores), opened

    def play(self, stride: int = 1) -> Points:
        """All of it."""
        self.straight()
        return Points(*self.interrupted(stride), *self.cut())
