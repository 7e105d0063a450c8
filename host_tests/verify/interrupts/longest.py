"""The longest rows of masked instructions: of all scenarios, and of random requests."""

from __future__ import annotations

import random

from unicorn import arm_const

from .board import LIMIT, REGION, Board
from .scenarios import KINDS, SCENARIOS, kind_of
from .stage import Broken, Stage

SEED = 20240607
REQUESTS = 4000
REQUESTS_OF_HEAP = 400  # then follows a new heap
SIZE = 6144  # bytes of the region
UP_TO = (("alloc", 0.45), ("free", 0.75), ("resize", 0.85), ("realloc", 1))  # shares, summed
BINS = ((0, 0), (0, 0), (2, 2), (4, 2), (16, 4))  # smallbins and sub-bins


def longest_row(board: Board) -> int:
    """Runs the call that was entered to its end. Returns the most instructions masked in a row."""
    row = longest = 0
    for _ in range(LIMIT):
        if board.pc == board.end:
            return longest
        row = row + 1 if board.masked else 0
        longest = max(longest, row)
        board.go(1)
    raise Broken("a call does not end")


def random_requests(board: Board, seed: int = SEED, requests: int = REQUESTS) -> dict[str, int]:
    """By kind of request the most instructions masked in a row."""
    rng = random.Random(seed)
    longest: dict[str, int] = {}
    heap, blocks = 0, []
    for number in range(requests):
        if number % REQUESTS_OF_HEAP == 0:
            board.write(REGION, b"\x5a" * SIZE)
            heap, blocks = board.call("open_heap", REGION, SIZE, *rng.choice(BINS)), []
        size = rng.randrange(1, 600 if rng.random() < 0.3 else 150)
        align = 8 if rng.random() < 0.6 else 1 << rng.randrange(4, 9)
        draw, index = rng.random(), rng.randrange(len(blocks) or 1)
        operation = next(name for name, share in UP_TO if draw < share) if blocks else "alloc"
        board.enter(
            "op_" + operation, heap, 0 if operation == "alloc" else blocks[index], size, align
        )
        kind = kind_of(operation, align > 8)
        longest[kind] = max(longest.get(kind, 0), longest_row(board))
        result = board.cpu.reg_read(arm_const.UC_ARM_REG_R0)
        if operation == "alloc" and result:
            blocks.append(result)
        elif operation == "free":
            blocks.pop(index)
        elif operation == "realloc" and result:
            blocks[index] = result
        if number % REQUESTS_OF_HEAP == REQUESTS_OF_HEAP - 1 and board.call(
            "galloc_check", heap, 0
        ):
            raise Broken(f"seed {seed}, request {number}: not sound")
    return longest


def longest_masked(processor: str) -> dict[str, int]:
    """By kind of request the most instructions in a row with interrupts masked.

    Raises BuildError, Broken.
    """
    board = Board(processor)
    longest = random_requests(board)
    for scenario in SCENARIOS:
        Stage(board, scenario).enter()
        longest[scenario.kind] = max(longest.get(scenario.kind, 0), longest_row(board))
    return {kind: longest[kind] for kind in KINDS}
