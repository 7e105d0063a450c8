"""galloc: deterministic memory outside of MicroPython's garbage-collected heap.

This is the wrapper; `_galloc` is the C half, built into the firmware or next to this file as a
native module.

Sizes, offsets and addresses are in bytes. A raw handle is an offset in the region, 0 means none.
"""

try:
    import _galloc
except (ImportError, ValueError) as error:
    # MicroPython raises ValueError, without a name, for a native file that is not made for it.
    from sys import implementation, path

    def _explain(error):
        names = "x86 x64 armv6 armv6m armv7m armv7em armv7emsp armv7emdp xtensa xtensawin rv32imc"
        names = names.split() + ["rv64imc"]

        def name(arch, version, sub):
            arch = names[arch - 1] if 0 < arch <= len(names) else "no" if arch == 0 else str(arch)
            return "%s_%d.%d" % (arch, version, sub)

        mpy = getattr(implementation, "_mpy", 0)
        arch = mpy >> 10 & 0x3F
        if arch == 6:
            arch = 5  # armv7em: nothing is built for it, armv7m is what it takes
        wanted = name(arch, mpy & 0xFF, mpy >> 8 & 3) if arch else "no native file"
        for folder in path:
            if folder.startswith("."):
                continue  # frozen modules
            file = (folder + "/" if folder else "") + "_galloc.mpy"
            try:
                with open(file, "rb") as stream:
                    head = stream.read(4)
            except OSError:
                continue
            if len(head) < 4 or head[0] not in b"MC":
                return "%s is no native module: install the one for %s" % (file, wanted)
            found = name(head[2] >> 2 & 0xF, head[1], head[2] & 3)
            if head[0] != b"MC"[implementation.name == "circuitpython"]:
                found += " of another Python (%s)" % (
                    "CircuitPython" if head[0] == 67 else "MicroPython"
                )
            if found == wanted:
                return None
            return "%s is built for %s, this firmware takes %s" % (file, found, wanted)
        return "no _galloc: use a firmware that has it, or install _galloc.mpy for " + wanted

    _reason = _explain(error)
    if _reason is None:
        raise
    raise ImportError(_reason)

from collections import namedtuple

__version__ = _galloc.__version__
Block = _galloc.Block
regions = _galloc.regions
if hasattr(_galloc, "record"):  # unless the firmware was built with GALLOC_RECORD=0
    record = _galloc.record
    take_records = _galloc.take_records

_ATTACH = object()
_ENODEV = 19

_FIELDS = (
    "total",
    "used",
    "free",
    "largest",
    "overhead",
    "peak_used",
    "blocks",
    "free_chunks",
    "allocs",
    "frees",
    "failures",
    "fragmentation",
)
Stats = namedtuple("Stats", _FIELDS)


class Heap(_galloc.Heap):
    """A heap on a region of memory.

    region: None for the region that the board reserves (OSError ENODEV where there is none), a
    writable buffer, or an address with `size` in bytes. What the region held before is lost.
    smallbins, sub_bins: configuration of the bins, 0 for the defaults. Sub-bins are rounded up to
    a power of two, 16 at most; there are 128 small bins at most, sub-bins counted.
    bounded_search: over-aligned requests give up after a bounded search.
    Raises ValueError for a region that is too small or a bad configuration, RuntimeError where C
    modules hold blocks.

    A heap on the board's region is what heap() gives to those who ask for the shared one later.
    The heap keeps a buffer alive, and raises ValueError once the buffer is resized under it.
    Whoever gives an address answers for the memory there. A memoryview of a block keeps nothing
    alive: hold the Block or the Heap meanwhile.
    """

    def __init__(self, region=None, size=None, *, smallbins=0, sub_bins=0, bounded_search=False):
        attach = smallbins is _ATTACH
        if attach:
            smallbins = 0
        elif not (0 <= smallbins <= 65535 and 0 <= sub_bins <= 65535):
            raise ValueError("smallbins and sub_bins must be 0 to 65535")
        address = 0
        on_board = region is None
        if on_board:
            found = regions()
            if not found:
                raise OSError(_ENODEV)
            _, address, whole, _ = found[0]
            if size is None:
                size = whole
            elif size > whole:
                raise ValueError("size is more than the region holds")
        elif isinstance(region, int):
            address = region
            region = None
            if size is None:
                raise ValueError("an address needs a size")
            if address <= 0 or size < 0 or address + size > 1 << _pointer_bits():
                raise ValueError("no such memory")
        super().__init__(region, address, size, smallbins, sub_bins, bounded_search, attach)
        if on_board:
            _take_board(self, attach)

    @classmethod
    def attach(cls, region=None, size=None):
        """Re-opens the heap that is still in a region, after a soft reset for example, with its
        blocks. That on the board's region becomes the shared heap where there is none yet.

        Raises ValueError naming the fault when the region's bytes do not verify.
        """
        return cls(region, size, smallbins=_ATTACH)

    def arena(self):
        """A context that frees all blocks which were allocated through it."""
        return Arena(self)

    def stats(self):
        """Bytes and counts, as Stats; `fragmentation` is 1 - largest / free, 0.0 when nothing is
        free.
        """
        values = self._stats()
        free, largest = values[2], values[3]
        return Stats(*(values + (1 - largest / free if free else 0.0,)))

    def check(self):
        """Verifies the whole heap. Raises ValueError with the fault's name and the offset where it
        lies.
        """
        fault = self._check()
        if fault is not None:
            raise ValueError("%s at offset %d" % fault)

    def walk(self):
        """Yields (offset, size, allocated) for each chunk in the order of addresses."""
        start = 0
        while True:
            chunks = self._walk(start)
            if not chunks:
                return
            for chunk in chunks:
                yield chunk
            start = chunks[-1][0] + 1

    def dump(self, stream):
        """Writes the region's bytes to a stream."""
        data = self._bytes()
        for start in range(0, len(data), 512):
            stream.write(data[start : start + 512])

    def info(self, verbose=0):
        """Prints totals; with `verbose` also the map of the region, a character for each 16 bytes.

        In the map, `h` starts a block, `=` continues one, `.` is free, `#` control data; lines
        that are all free are counted.
        """
        s = self.stats()
        print("galloc: total: %u, used: %u, free: %u" % (s.total, s.used, s.free))
        print(
            " No. of blocks: %u, free chunks: %u, max free sz: %u, peak used: %u, overhead: %u"
            % (s.blocks, s.free_chunks, s.largest, s.peak_used, s.overhead)
        )
        if verbose:
            self._map()

    def _map(self):
        address, size = self._place()
        print("galloc memory layout; from %x:" % address, end="")
        row = bytearray(64)
        units = (size + 15) // 16
        chunks = self.walk()
        # The chunk at hand: its bytes from and to, whether it is a block; None for control data.
        begin, end, live = 0, 0, None
        skipped = 0
        after = next(chunks, None)
        for base in range(0, units, 64):
            count = min(64, units - base)
            free = 0
            for i in range(count):
                at = (base + i) * 16
                mark = 0
                # Move on to the last chunk that starts in or before this unit.
                while after and after[0] < at + 16:
                    begin, end, live = after[0], after[0] + after[1], after[2]
                    if live and begin >= at:
                        mark = 104  # h
                    after = next(chunks, None)
                if not mark:
                    mark = 35 if live is None else 61 if live and at < end else 46
                if mark == 46:
                    free += 1
                row[i] = mark
            if free == 64:
                skipped += 1
                continue
            if skipped:
                print("\n       (%u lines all free)" % skipped, end="")
                skipped = 0
            print("\n%05x: %s" % (base * 16, str(row[:count], "ascii")), end="")
        if skipped:
            print("\n       (%u lines all free)" % skipped, end="")
        print()

    @property
    def root(self):
        """Four words, 0 to 2**32 - 1, that survive with the heap: root[0] = block.offset, say."""
        return Roots(self)


class Roots:
    """The root table of a heap. Raises IndexError beyond its words, ValueError for bad values."""

    def __init__(self, heap):
        self._heap = heap

    def __len__(self):
        return 4

    def __getitem__(self, i):
        return self._heap._root(i)

    def __setitem__(self, i, value):
        if not 0 <= value < 1 << 32:
            raise ValueError("a root holds 0 to 2**32 - 1")
        self._heap._set_root(i, value)


class Arena:
    """Blocks with one end of life: `with heap.arena() as a: a.alloc(...)`."""

    def __init__(self, heap):
        self._heap = heap
        self._blocks = []
        self._full = 16  # blocks from which on those are forgotten that were freed one by one

    def alloc(self, size, *, align=8, zero=False):
        """As Heap.alloc; the Block dies with the arena. Raises ValueError once the arena is
        closed.
        """
        if self._blocks is None:
            raise ValueError("arena is closed")
        if len(self._blocks) >= self._full:
            self._forget_freed()
        block = self._heap.alloc(size, align=align, zero=zero)
        try:
            self._blocks.append(block)
        except MemoryError:
            block.free()
            raise
        return block

    def _forget_freed(self):
        blocks, kept = self._blocks, 0
        for block in blocks:
            if not block._freed:
                blocks[kept] = block
                kept += 1
        while len(blocks) > kept:
            blocks.pop()
        self._full = max(16, 2 * kept)

    def free(self):
        """Frees all blocks, the youngest first. Again: nothing happens."""
        blocks, self._blocks = self._blocks, None
        fault = None
        while blocks:
            try:
                blocks.pop().free()
            except ValueError as error:
                fault = error  # one bad block must not cost the others
        if fault is not None:
            raise fault

    def __enter__(self):
        if self._blocks is None:
            raise ValueError("arena is closed")
        return self

    def __exit__(self, kind, *_):
        try:
            self.free()
        except ValueError:
            if kind is None:
                raise  # otherwise the exception that ends the `with` says more


def _pointer_bits():
    from sys import maxsize

    return 64 if maxsize > 1 << 32 else 32


_shared = None  # the shared heap
_board = None  # the latest heap on the board's region


def heap():
    """The shared heap; at first use it is made on the board's region, or is the heap that is there
    already. Raises OSError ENODEV where the board reserves none.
    """
    global _shared
    if _shared is None:
        if _board is None:
            # C modules may have blocks there already, from before a soft reset too.
            Heap.attach() if c_share()[0] else Heap()
        _shared = _board
        _tell_c(_shared)
    return _shared


def _take_board(heap, attached):
    """A heap was opened on the board's region; one that was there has ended."""
    global _shared, _board
    if attached if _shared is None else _shared is _board:
        _shared = heap
        _tell_c(heap)
    _board = heap


def c_share():
    """(blocks, bytes) of the shared heap that C modules of the firmware hold."""
    ask = getattr(_galloc, "_shared", None)
    return ask() if ask else (0, 0)


def _tell_c(heap):
    tell = getattr(_galloc, "_share", None)
    if tell:
        tell(heap)


def init(region=None, size=None, *, smallbins=0, sub_bins=0, bounded_search=False):
    """Sets the shared heap up on a region of your own, arguments as for Heap; returns it.

    Raises RuntimeError when there is a shared heap already.
    """
    global _shared
    if _shared is not None or c_share()[0]:
        raise RuntimeError("the shared heap is already initialised")
    _shared = Heap(
        region, size, smallbins=smallbins, sub_bins=sub_bins, bounded_search=bounded_search
    )
    _tell_c(_shared)
    return _shared


def initialized():
    """Whether the shared heap is set up."""
    return _shared is not None or c_share()[0] != 0


# The methods of the shared heap. The raw ones are written out: a call with *args would make a
# tuple on the GC heap.


def alloc(size, *, align=8, zero=False):
    return heap().alloc(size, align=align, zero=zero)


def malloc(size, align=8):
    return heap().malloc(size, align)


def calloc(size, align=8):
    return heap().calloc(size, align)


def realloc(handle, size, align=8):
    return heap().realloc(handle, size, align)


def free(handle):
    return heap().free(handle)


def usable_size(handle):
    return heap().usable_size(handle)


def address(handle):
    return heap().address(handle)


def get8(handle, index):
    return heap().get8(handle, index)


def put8(handle, index, value):
    return heap().put8(handle, index, value)


def get32(handle, index):
    return heap().get32(handle, index)


def put32(handle, index, value):
    return heap().put32(handle, index, value)


def arena():
    return heap().arena()


def stats():
    return heap().stats()


def check():
    return heap().check()


def walk():
    return heap().walk()


def info(verbose=0):
    return heap().info(verbose)


def dump(stream):
    return heap().dump(stream)
