"""galloc: deterministic memory outside of MicroPython's garbage-collected heap.

Most of it is in `_galloc`, built into the firmware or next to this file as a native module. What
few programs need is in galloc_more.py, which is loaded at its first use: on a board all of this is
in the heap that the program has to share. galloc.pyi has all names, types and docstrings.

Sizes, offsets and addresses are in bytes. A raw handle is an offset in the region, 0 means none.
"""

try:
    import _galloc
except (ImportError, ValueError):
    # MicroPython raises ValueError, without a name, for a native file that is not made for it.
    import galloc_more  # noqa: F401, raises an ImportError that says more

    raise

__version__ = _galloc.__version__
Heap = _galloc.Heap
Block = _galloc.Block
Arena = _galloc.Arena
regions = _galloc.regions
c_share = _galloc.c_share
if hasattr(_galloc, "record"):  # unless the firmware was built with GALLOC_RECORD=0
    record = _galloc.record
    take_records = _galloc.take_records

# heap(), init(), initialized(), and each method of Heap as a function of the shared heap.
globals().update(_galloc.shared_functions())

if len(regions()) > 1:
    from galloc_more import info_of_all as info  # noqa: F401


def __getattr__(name):
    if name == "Stats":
        from galloc_more import Stats

        return Stats
    raise AttributeError(name)
