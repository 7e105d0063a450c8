"""The longest rows of masked instructions: of all scenarios, and of random requests."""

from __future__ import annotations

import random

from unicorn import arm_const

from .board import LIMIT, REGION, Board
from .scenarios import SCENARIOS, Scenario
from .stage import Broken, Stage

SEED = 20240607
REQUESTS = 4000
REQUESTS_OF_HEAP = 400  # then follows a new heap
SIZE = 6144  # bytes of the region
KINDS = ("alloc", "alloc, over-aligned", "free", "resize", "realloc")
BINS = ((0, 0), (0, 0), (2, 2), (4, 2), (16, 4))  # smallbins and sub-bins


def request(board: Board, heap: int, operation: str, block: int, size: int, align: int):
    """Runs one request. Returns its result, and the most instructions masked in a row."""
    board.enter("op_" + operation, heap, block, size, align)
    row = longest = 0
    for _ in range(LIMIT):
        if board.pc == board.end:
            return board.cpu.reg_read(arm_const.UC_ARM_REG_R0), longest
        row = row + 1 if board.masked else 0
        longest = max(longest, row)
        board.go(1)
    raise Broken(f"{operation} {size} {align}: does not end")


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
        operation = "alloc" if draw < 0.45 or not blocks else "free" if draw < 0.75 else "resize"
        operation = "realloc" if operation == "resize" and draw >= 0.85 else operation
        block = 0 if operation == "alloc" else blocks[index]
        result, row = request(board, heap, operation, block, size, align)
        if operation == "alloc" and result:
            blocks.append(result)
        elif operation == "free":
            blocks.pop(index)
        elif operation == "realloc" and result:
            blocks[index] = result
        kind = Scenario("", (), f"{operation} x {size} {'' if align == 8 else align}").kind
        longest[kind] = max(longest.get(kind, 0), row)
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
        row = Stage(board, scenario).interrupted(stride=LIMIT)[2]
        longest[scenario.kind] = max(longest.get(scenario.kind, 0), row)
    return {kind: longest[kind] for kind in sorted(longest, key=KINDS.index)}
