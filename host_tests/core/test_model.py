"""Hypothesis drives the core and the reference model side by side."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from .client import HUGE, OK, Driver
from .model import Model

SIZES = st.one_of(
    st.integers(0, 64),
    st.integers(0, 600),
    st.integers(0, 5000),
    st.sampled_from([HUGE, HUGE - 3, 0xFFFFFFFF, 0xFFFFFFFC, 1 << 31, 1 << 24]),
)
ALIGNS = st.one_of(st.just(0), st.sampled_from([1, 2, 4, 8, 16, 32, 64, 128, 512, 1024, 4096]))
CONFIGS = st.sampled_from(
    [None, (1, 2, 0), (32, 8, 0), (64, 16, 0), (4, 2, 0), (0, 0, 1), (1, 7, 1)]
)


class Machine(RuleBasedStateMachine):
    """One heap; each rule is one call of the core, judged by the model."""

    driver: Driver  # set by the test

    @initialize(config=CONFIGS, room=st.integers(200, 6000), offset=st.integers(0, 4095))
    def make(self, config, room, offset):
        size = self.driver.overhead(room, config) + room
        self.driver.map(size, offset, 4096)
        assert self.driver.init(config), f"init refused {size} bytes"
        bounded = bool(config and config[2])
        self.model = Model(self.driver.address, size, self.driver.state(), bounded)

    def pick(self, number: int) -> int:
        live = self.model.live()
        return live[number % len(live)].offset

    def some_live(self) -> bool:
        return bool(self.model.state.stats.blocks)

    @rule(size=SIZES, align=ALIGNS, zeroed=st.booleans())
    def alloc(self, size, align, zeroed):
        made = self.driver.try_alloc(size, align, zeroed)
        self.model.alloc(size, align, made.block, made.usable, self.driver.state())

    @rule(sizes=st.lists(st.integers(0, 400), min_size=4, max_size=12))
    def alloc_several(self, sizes):
        for size in sizes:
            self.alloc(size, 0, False)

    @precondition(some_live)
    @rule(number=st.integers(0, 1 << 16))
    def free(self, number):
        block = self.pick(number)
        self.driver.free(block)
        self.model.free(block, self.driver.state())

    @precondition(some_live)
    @rule(number=st.integers(0, 1 << 16))
    def free_twice(self, number):
        block = self.pick(number)
        self.driver.free(block)
        self.model.free(block, self.driver.state())
        assert self.driver.free_fault(block) != OK
        self.model.refused(self.driver.state())

    @precondition(some_live)
    @rule(number=st.integers(0, 1 << 16), size=SIZES, align=ALIGNS)
    def realloc(self, number, size, align):
        block = self.pick(number)
        made = self.driver.realloc(block, size, align)
        self.model.realloc(block, size, align, made.block, made.usable, self.driver.state())

    @precondition(some_live)
    @rule(number=st.integers(0, 1 << 16), size=SIZES)
    def resize(self, number, size):
        block = self.pick(number)
        done = self.driver.resize(block, size)
        self.model.resize(block, size, done, self.driver.state())

    @precondition(some_live)
    @rule(number=st.integers(0, 1 << 16), inside=st.integers(1, 64))
    def misuse(self, number, inside):
        """A pointer into a block: refused by all functions."""
        live = self.model.live()
        chunk = live[number % len(live)]
        block = chunk.offset + inside % chunk.size or chunk.offset + 1
        if block == chunk.offset:
            block += 1
        assert not self.driver.owns(block)
        assert self.driver.usable(block) == 0
        assert self.driver.free_fault(block) != OK
        assert not self.driver.resize(block, 8)
        self.model.refused(self.driver.state())
        assert self.driver.realloc(block, 8).block is None
        self.model.refused(self.driver.state(), failures=(0, 1))

    @rule()
    def attach(self):
        assert self.driver.initialized()
        assert self.driver.attach()
        self.model.refused(self.driver.state())


def run_machine(machine: type, program, examples: int, steps: int) -> None:
    """Random programs of calls for a driver, the same at each run of the tests."""
    drivers = [Driver(program)]

    class Here(machine):
        def __init__(self):
            super().__init__()
            if not drivers[0].alive:
                drivers[0] = Driver(program)
            self.driver = drivers[0]

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=True,
            deadline=None,
            print_blob=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    drivers[0].close()


def test_heap_against_model(program):
    run_machine(Machine, program, examples=60, steps=40)
