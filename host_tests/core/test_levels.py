"""Heaps of one level of hardening, opened by builds of another (galloc_config.h)."""

from __future__ import annotations

import ctypes

import pytest

from .build import CORE, core_sources, run_compiler

LEVELS = (2, 1, 0)
SIZE = 8192


@pytest.fixture(scope="module")
def cores(tmp_path_factory) -> dict[int, ctypes.CDLL]:
    """The core of each level, as a library."""
    folder = tmp_path_factory.mktemp("levels")
    loaded = {}
    for level in LEVELS:
        target = folder / f"galloc{level}.so"
        flags = ["-std=c11", "-O2", "-shared", "-fPIC", f"-DGALLOC_HARDENING={level}", f"-I{CORE}"]
        run_compiler(["gcc", *flags, *map(str, core_sources()), "-o", str(target)])
        loaded[level] = core = ctypes.CDLL(str(target))
        for name in ("galloc_init", "galloc_attach", "galloc_alloc"):
            getattr(core, name).restype = ctypes.c_void_p
        core.galloc_init.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)
        core.galloc_attach.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
        core.galloc_initialized.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
        core.galloc_initialized.restype = ctypes.c_bool
        core.galloc_alloc.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t)
        core.galloc_free.argtypes = (ctypes.c_void_p, ctypes.c_void_p)
        core.galloc_check.argtypes = (ctypes.c_void_p, ctypes.c_void_p)
    return loaded


def used_heap(core: ctypes.CDLL) -> tuple[ctypes.Array, int, list[int]]:
    """A region with a heap in it, and the blocks that are in use there; some were freed."""
    region = (ctypes.c_uint64 * (SIZE // 8))()
    heap = core.galloc_init(ctypes.addressof(region), SIZE, None)
    assert heap is not None
    blocks = [core.galloc_alloc(heap, 40 + 16 * i, 8 << i % 4) for i in range(16)]
    assert all(blocks)
    for block in blocks[::3]:
        assert core.galloc_free(heap, block) == 0
        assert core.galloc_check(heap, None) == 0
    return region, heap, [block for block in blocks if block not in blocks[::3]]


@pytest.mark.parametrize("opened_by", LEVELS)
@pytest.mark.parametrize("made_by", LEVELS)
def test_attach_of_another_level(cores, made_by, opened_by):
    """Levels 1 and 2 open each other's heaps; level 0, whose headers are bare, only its own."""
    region, heap, blocks = used_heap(cores[made_by])
    before = bytes(region)
    core = cores[opened_by]
    opened = core.galloc_attach(ctypes.addressof(region), SIZE)
    same_layout = (made_by == 0) == (opened_by == 0)
    assert core.galloc_initialized(ctypes.addressof(region), SIZE) == same_layout
    assert opened == (heap if same_layout else None)
    assert bytes(region) == before
    if same_layout:
        for block in blocks:
            assert core.galloc_free(opened, block) == 0
            assert core.galloc_check(opened, None) == 0
    else:
        assert core.galloc_check(heap, None) == 6  # GALLOC_FAULT_GEOMETRY
