"""Hypothesis drives a set of banks and one reference model for each bank, side by side."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
)

from .client import FOREIGN, NULL, OK, Chunk, Driver, State, Stats
from .model import Model
from .test_model import ALIGNS, CONFIGS, SIZES, run_machine

SLOTS = 8  # banks that the driver, and a set, can have
NO_ATTRIBUTE = 16
WANTS = st.one_of(st.just(0), st.sampled_from([1, 2, 4, 8]), st.integers(0, 15))
SHAPES = st.tuples(st.integers(150, 3000), st.integers(0, 15), st.integers(0, 15), CONFIGS)
NUMBERS = st.integers(0, 1 << 16)


@dataclass
class Bank:
    """A heap in a slot of the driver, whether it is in the set or not."""

    slot: int
    attributes: int
    model: Model

    def serves(self, wants: int) -> bool:
        """Whether it has all these attributes."""
        return wants & ~self.attributes == 0


class Banks:
    """The driver's set of banks. `order` is that of the set."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.order: list[Bank] = []
        self.outside: list[Bank] = []
        driver.ask("bclear")

    def add(self, bank: Bank) -> None:
        """Puts a bank behind the others."""
        (fault,) = self.driver.ask(f"badd {bank.slot} {bank.attributes}")
        assert fault == str(OK)
        self.order.append(bank)

    def make(self, slot: int, room: int, offset: int, attributes: int, config) -> None:
        """A new heap in a new region, added to the set."""
        size = self.driver.overhead(room, config) + room
        address = self.driver.map(size, offset, slot=slot)
        assert self.driver.init(config), f"init refused {size} bytes"
        bounded = bool(config and config[2])
        self.add(Bank(slot, attributes, Model(address, size, self.driver.state(), bounded)))

    def states(self) -> dict[int, State]:
        """What each bank looks like now, by slot; all are sound, the sums and the set too."""
        banks = self.order + self.outside
        lines = ["bcheck", "bstats"]
        for bank in banks:
            lines += [f"use {bank.slot}", "check", "audit", "walk", "stats"]
        (fault, number, offset), sums, *rest = self.driver.ask_all(*lines)
        assert (fault, number, offset) == (str(OK), str(len(self.order)), "0")
        found = {}
        for at, bank in enumerate(banks):
            _, check, _, walk, stats = rest[5 * at : 5 * at + 5]
            assert check == ["0", "0"], f"check says fault {check[0]} at {check[1]}"
            chunks = [Chunk(int(o), int(s), f == "1") for o, s, f in (w.split(":") for w in walk)]
            found[bank.slot] = State(chunks, Stats(*map(int, stats)))
        inside = [found[bank.slot].stats for bank in self.order]
        for name, total in zip(Stats._fields, map(int, sums), strict=True):
            each = [getattr(stats, name) for stats in inside]
            assert total == (max(each, default=0) if name == "largest" else sum(each)), name
        return found

    def placed(self, words: list[str]) -> tuple[int, int, int] | None:
        """The answer to balloc and brealloc: slot, block, usable bytes."""
        return None if words == ["-"] else tuple(map(int, words))

    def judge(self, states, wants: int, size: int, align: int, made, tried: int | None) -> None:
        """Judges which bank served an alloc. tried: the slot of one that was judged before."""
        open_ = made is None or made[0] != tried
        for bank in self.order + self.outside:
            if bank.slot == tried:
                continue
            after = states[bank.slot]
            if not open_ or bank in self.outside or not bank.serves(wants):
                bank.model.refused(after)
            elif made is not None and made[0] == bank.slot:
                bank.model.alloc(size, align, made[1], made[2], after)
                open_ = False
            else:
                bank.model.alloc(size, align, None, 0, after)
        assert made is None or not open_, f"{made} is in a bank that lacks an attribute of {wants}"

    def unchanged(self, but: int | None = None) -> None:
        """All banks are as before, but for the one in a slot."""
        states = self.states()
        for bank in self.order + self.outside:
            if bank.slot != but:
                bank.model.refused(states[bank.slot])

    def alloc(self, size: int, align: int, wants: int, zeroed: bool) -> None:
        made = self.placed(self.driver.ask(f"balloc {size} {align} {wants} {int(zeroed)}"))
        if made is not None:
            usable, owned, number = map(int, self.driver.ask(f"blook {made[0]} {made[1]}"))
            assert (usable, owned) == (made[2], 1)
            assert self.order[number].slot == made[0]
        self.judge(self.states(), wants, size, align, made, None)

    def free(self, bank: Bank, block: int) -> None:
        fault, _ = self.driver.ask(f"bfree {bank.slot} {block}")
        assert fault == str(OK)
        bank.model.free(block, self.states()[bank.slot])
        self.unchanged()

    def refuse(self, bank: Bank, block: int) -> int:
        """Everything refuses this address, and nothing changes. Returns why free did."""
        fault, changed = self.driver.ask(f"bfree {bank.slot} {block}")
        assert fault != str(OK)
        assert changed == "0"
        assert self.driver.ask(f"bresize {bank.slot} {block} 8") == ["0", "0"]
        assert self.driver.ask(f"blook {bank.slot} {block}")[:2] == ["0", "0"]
        assert self.driver.ask(f"brealloc {bank.slot} {block} 8 0 0") == ["-"]
        self.unchanged()
        return int(fault)

    def resize(self, bank: Bank, block: int, size: int) -> None:
        done, changed = self.driver.ask(f"bresize {bank.slot} {block} {size}")
        assert done == "1" or changed == "0"
        bank.model.resize(block, size, done == "1", self.states()[bank.slot])
        self.unchanged()

    def realloc(self, bank: Bank, block: int, size: int, align: int, wants: int) -> None:
        words = self.driver.ask(f"brealloc {bank.slot} {block} {size} {align} {wants}")
        made, states, model = self.placed(words), self.states(), bank.model
        after = states[bank.slot]
        if made is not None and made[0] == bank.slot:
            assert bank.serves(wants), "realloc stays in a bank that lacks an attribute"
            model.realloc(block, size, align, made[1], made[2], after)
        else:
            if bank.serves(wants):  # its own bank was asked first, and had to have no room
                stats = model.state.stats
                failed = State(model.state.walk, stats._replace(failures=stats.failures + 1))
                model.realloc(block, size, align, None, 0, failed)
            if made is None:
                model.refused(after)
            else:
                model.free(block, after)
        self.judge(states, wants, size, align, made, bank.slot)


class Machine(RuleBasedStateMachine):
    """One to eight banks; each rule is one call for the set, judged by the models of all banks."""

    driver: Driver  # set by the test

    @initialize(shapes=st.lists(SHAPES, min_size=1, max_size=SLOTS), data=st.data())
    def make(self, shapes, data):
        self.banks = Banks(self.driver)
        slots = data.draw(st.permutations(range(len(shapes))))
        for slot, (room, offset, attributes, config) in zip(slots, shapes, strict=True):
            self.banks.make(slot, room, offset, attributes, config)

    def live(self) -> list[tuple[Bank, int]]:
        return [(b, c.offset) for b in self.banks.order for c in b.model.live()]

    def some_live(self) -> bool:
        return bool(self.live())

    def pick(self, number: int) -> tuple[Bank, int]:
        live = self.live()
        return live[number % len(live)]

    @rule(size=SIZES, align=ALIGNS, wants=WANTS, zeroed=st.booleans())
    def alloc(self, size, align, wants, zeroed):
        self.banks.alloc(size, align, wants, zeroed)

    @rule(sizes=st.lists(st.integers(0, 700), min_size=4, max_size=10), wants=WANTS)
    def alloc_several(self, sizes, wants):
        for size in sizes:
            self.banks.alloc(size, 0, wants, False)

    @rule(size=SIZES, wants=st.integers(NO_ATTRIBUTE, 0xFFFFFFFF))
    def alloc_with_an_attribute_that_does_not_exist(self, size, wants):
        assert self.driver.ask(f"balloc {size} 0 {wants} 0") == ["-"]
        self.banks.unchanged()

    @precondition(some_live)
    @rule(number=NUMBERS)
    def free(self, number):
        self.banks.free(*self.pick(number))

    @precondition(some_live)
    @rule(number=NUMBERS)
    def free_twice(self, number):
        bank, block = self.pick(number)
        self.banks.free(bank, block)
        self.banks.refuse(bank, block)

    @precondition(some_live)
    @rule(number=NUMBERS, size=SIZES)
    def resize(self, number, size):
        self.banks.resize(*self.pick(number), size)

    @precondition(some_live)
    @rule(number=NUMBERS, size=SIZES, align=ALIGNS, wants=WANTS)
    def realloc(self, number, size, align, wants):
        self.banks.realloc(*self.pick(number), size, align, wants)

    @precondition(some_live)
    @rule(number=NUMBERS, wants=st.integers(NO_ATTRIBUTE, 0xFFFFFFFF))
    def realloc_with_an_attribute_that_does_not_exist(self, number, wants):
        bank, block = self.pick(number)
        assert self.driver.ask(f"brealloc {bank.slot} {block} 8 0 {wants}") == ["-"]
        self.banks.unchanged()

    @precondition(some_live)
    @rule(number=NUMBERS, inside=st.integers(1, 11))
    def misuse(self, number, inside):
        bank, block = self.pick(number)
        self.banks.refuse(bank, block + inside)

    @rule(number=NUMBERS)
    def take_out(self, number):
        """A bank leaves the set: its blocks are foreign, the others go on."""
        if not self.banks.order:
            return
        bank = self.banks.order.pop(number % len(self.banks.order))
        assert self.driver.ask(f"bremove {bank.slot}") == [str(OK)]
        assert self.driver.ask(f"bremove {bank.slot}") == [str(FOREIGN)]
        self.banks.outside.append(bank)
        for chunk in bank.model.live()[:2]:
            why = self.banks.refuse(bank, chunk.offset)
            assert why == (FOREIGN if self.banks.order else NULL)

    @precondition(lambda self: self.banks.outside)
    @rule(number=NUMBERS)
    def put_back(self, number):
        """Behind the others; its blocks are still there."""
        self.banks.add(self.banks.outside.pop(number % len(self.banks.outside)))
        self.banks.unchanged()


def test_banks_against_models(program):
    run_machine(Machine, program, examples=40, steps=30)
