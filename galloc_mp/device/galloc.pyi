"""Types of galloc, for editors and type checkers."""

from collections.abc import Iterator
from types import TracebackType
from typing import NamedTuple, Protocol, final, overload

from typing_extensions import Buffer, Self

__version__: str

class _Writable(Protocol):
    def write(self, data: memoryview, /) -> object: ...

class Stats(NamedTuple):
    """Statistics of a heap, in bytes unless marked as counts."""

    total: int
    used: int
    free: int
    largest: int
    overhead: int
    peak_used: int
    blocks: int  # count
    free_chunks: int  # count
    allocs: int  # count
    frees: int  # count
    failures: int  # count
    fragmentation: float  # 1 - largest / free

@final
class Block(Buffer):
    """Memory in a region, with the buffer protocol. Any use after free() raises ValueError.

    Blocks are compared by identity; use view() or bytes() to compare contents.
    """

    @property
    def address(self) -> int:
        """Address of the first byte, for DMA and C. It changes when realloc() moves the block."""

    @property
    def offset(self) -> int:
        """Bytes from the start of the region; also the raw handle of this block."""

    @property
    def size(self) -> int:
        """Usable bytes: at least len(), which is the size that was requested."""

    def __len__(self) -> int:
        """The requested size in bytes."""

    def __iter__(self) -> Iterator[int]:
        """Yields the bytes as integers, as view() does."""

    # Reading and writing one byte at a non-negative index creates no object.
    @overload
    def __getitem__(self, i: int, /) -> int: ...
    @overload
    def __getitem__(self, i: slice, /) -> memoryview: ...
    @overload
    def __setitem__(self, i: int, value: int, /) -> None: ...
    @overload
    def __setitem__(self, i: slice, value: Buffer, /) -> None:
        """Copies bytes into a slice. Raises ValueError if the lengths differ."""

    def view(self, typecode: str = "B", into: memoryview | None = None) -> memoryview:
        """A memoryview of the requested bytes, as len // itemsize items of `typecode`, one of
        bBhHiIlLqQfd as in the array module. `into`: a writable memoryview to reuse: it is pointed
        at the block and returned, so that no object is created.

        The view does not keep the block alive and does not notice free(): keep the Block while
        the view is in use. Raises ValueError for another typecode, TypeError for another `into`.
        """

    def resize(self, size: int, /) -> bool:
        """Grows or shrinks to `size` bytes in place. Returns False, and changes nothing, if there
        is no room. Raises ValueError for a negative size.
        """

    def realloc(self, size: int, /) -> Self:
        """Grows or shrinks to `size` bytes, moving the block and its contents if necessary. The
        alignment is kept. Returns the Block itself.

        Raises MemoryError when nothing fits; the Block is then unchanged.
        """

    def free(self) -> None:
        """Frees the block; does nothing if it is free already. Raises ValueError with the fault's
        name if the block's header was overwritten.
        """

    def __enter__(self) -> Self:
        """`with heap.alloc(64) as block:` frees it at the end."""

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        value: BaseException | None = None,
        traceback: TracebackType | None = None,
        /,
    ) -> None: ...

@final
class Arena:
    """Blocks that are freed together: `with heap.arena() as arena: arena.alloc(64)`.

    Callbacks and the second core of an RP2 may also allocate from it and free its blocks.
    """

    def alloc(self, size: int, *, align: int = 8, zero: bool = False, pad: bool = False) -> Block:
        """As Heap.alloc(); the Block is freed with the arena. Raises ValueError after free()."""

    def free(self) -> None:
        """Frees all blocks, the newest first, and closes the arena; does nothing if it is closed.
        Raises ValueError with the last fault's name if blocks were damaged; the others are freed.
        """

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...

class Roots:
    """Four words of 32 bits, kept in the heap itself, so that they survive with it. Raises
    IndexError for another index, ValueError for a value that is not 0 to 2**32 - 1.
    """

    def __len__(self) -> int: ...
    def __getitem__(self, i: int, /) -> int: ...
    def __setitem__(self, i: int, value: int, /) -> None: ...

class Heap:
    """A heap on a region of memory. The previous contents of the region are lost.

    Every method raises ValueError if the region's buffer was resized, if another heap was created
    there, or if the control block is damaged ("geometry").

    region: None for the first region that the board reserves, a string for the first that has
    these attributes ("EXTERNAL|PERSIST"), a writable buffer, or an address.
    size: bytes; needed with an address, otherwise at most what the region has.
    smallbins: exact-size bins for small blocks, 8 bytes apart; 0 for the default, 16.
    sub_bins: sub-bins of each smallbin, by alignment, 2 to 8 (more are taken as 8); 0 for the
    default, 2. A heap has at most 64 bins in all, sub-bins and large bins included: the number of
    smallbins is reduced until they fit.
    bounded_search: over-aligned requests give up after a bounded search.

    Raises ValueError for a region that is too small (the error names the smallest size that is
    enough) and for sub_bins=1, OSError ENODEV if the board reserves no region, RuntimeError if C
    modules hold blocks in it.
    """

    def __init__(
        self,
        region: Buffer | int | str | None = None,
        size: int | None = None,
        *,
        smallbins: int = 0,
        sub_bins: int = 0,
        bounded_search: bool = False,
    ) -> None: ...
    @classmethod
    def attach(cls, region: Buffer | int | str | None = None, size: int | None = None) -> Self:
        """Re-opens the heap that is still in a region, after a reset for example, with its blocks.
        On the board's region it becomes the shared heap if there is none yet. A subclass gets an
        instance without a call of __init__, which would create a new heap.

        Raises ValueError with the fault's name if the region holds no valid heap.
        """

    def alloc(self, size: int, *, align: int = 8, zero: bool = False, pad: bool = False) -> Block:
        """A block of `size` bytes at a multiple of `align`, a power of two. zero: clear its bytes.
        pad: round its size up to a multiple of `align`, so that it shares no cache line of that
        length with another block or the heap's own data.

        Raises MemoryError when nothing fits, ValueError for a negative size or a bad align.
        """

    def block(self, handle: int, /) -> Block:
        """A Block for a raw handle, for example one found after attach(). Its len() is its usable
        size. Raises ValueError with the fault's name if the handle is of no allocated block.
        """

    def arena(self) -> Arena:
        """A context manager that frees all blocks allocated through it."""

    def malloc(self, size: int, /, align: int = 8) -> int:
        """The raw handle of a new block, which is its offset in the region; 0 when nothing fits.
        Like all functions that take or return handles it creates no object, so that it works in
        interrupt handlers and under heap_lock().

        Raises ValueError for a negative size or an align that is not a power of two.
        """

    def calloc(self, size: int, /, align: int = 8) -> int:
        """As malloc(), with all bytes 0. Also raises ValueError for a positional `align` that is
        below 8 or no power of two: that looks like C's calloc(count, size).
        """

    def realloc(self, handle: int, size: int, /, align: int = 8) -> int:
        """Grows or shrinks a block to `size` bytes, moving it if necessary. Returns its handle, 0
        when nothing fits: the block is then unchanged. Handle 0: as malloc(). Raises ValueError
        with the fault's name if the handle is of no allocated block.
        """

    def free(self, handle: int, /) -> None:
        """Frees a block. Raises ValueError with the fault's name if the handle is of no allocated
        block; nothing is changed then. Freeing a handle again after its memory was reused frees
        the new block: set freed handles to 0, or use Blocks, which detect this.
        """

    def usable_size(self, handle: int, /) -> int:
        """Usable bytes of a block; 0 if the handle is of no allocated block."""

    def address(self, handle: int, /) -> int:
        """Address of the first byte of a block. Raises ValueError with the fault's name if the
        handle is of no allocated block. On 32-bit targets an address of 2**30 or more is an
        object: MemoryError under heap_lock().
        """

    def get8(self, handle: int, index: int, /) -> int:
        """Byte `index` of a block. Like the methods below, raises IndexError beyond its usable
        bytes, ValueError with the fault's name if the handle is of no allocated block.
        """

    def put8(self, handle: int, index: int, value: int, /) -> None:
        """Sets byte `index` to the low 8 bits of `value`."""

    def get16(self, handle: int, index: int, /) -> int:
        """Half-word `index`: bytes 2 * index and 2 * index + 1, in the processor's order."""

    def put16(self, handle: int, index: int, value: int, /) -> None:
        """Sets half-word `index` to the low 16 bits of `value`."""

    def get32(self, handle: int, index: int, /) -> int:
        """Word `index`: bytes 4 * index to 4 * index + 3, in the processor's order. On 32-bit
        targets a value of 2**30 or more is an object: MemoryError under heap_lock().
        """

    def put32(self, handle: int, index: int, value: int, /) -> None:
        """Sets word `index` to the low 32 bits of `value`."""

    def view(self, handle: int, typecode: str = "B", into: memoryview | None = None) -> memoryview:
        """A memoryview of all usable bytes of a block, otherwise as Block.view(). With `into` no
        object is created: a driver in an interrupt handler can read into a raw block.
        """

    @property
    def root(self) -> Roots:
        """Four words that survive with the heap, for example `heap.root[0] = block.offset`."""

    def stats(self) -> Stats:
        """Statistics of the heap; used + free + overhead == total."""

    def check(self) -> None:
        """Verifies the whole heap. Raises ValueError with the fault's name and offset."""

    def walk(self) -> Iterator[tuple[int, int, bool]]:
        """Yields (offset, size, allocated) of each chunk by increasing address, sizes in bytes.
        Raises ValueError at a damaged chunk, with the fault and its offset.
        """

    def info(self, verbose: int = 0) -> None:
        """Prints totals; with `verbose` also the map of the region, a character for 16 bytes: `h`
        starts a block, `=` continues one, `.` is free, `#` control data. For a damaged heap it
        shows the part before the damage, and prints where the damage is.
        """

    def dump(self, stream: _Writable) -> None:
        """Writes the region's bytes to a stream, 512 at a time, also of a damaged heap.
        Raises OSError if the stream takes no more.
        """

def regions() -> tuple[tuple[str, int, int, str], ...]:
    """(name, address, bytes, attributes) of each region that the board reserves."""

def heap(wants: str | int | None = None) -> Heap:
    """The shared heap; at first use it is made on the board's first region, or is the heap that is
    there already.

    wants: attributes, FAST, DMA, EXTERNAL, PERSIST with | between them: the heap of the first
    region that has them all. Or the number of a region in regions().

    Raises OSError ENODEV where the board reserves none, with the attributes that no region has;
    ValueError for an attribute that does not exist, IndexError for another number.
    """

def init(
    region: Buffer | int | None = None,
    size: int | None = None,
    *,
    smallbins: int = 0,
    sub_bins: int = 0,
    bounded_search: bool = False,
) -> Heap:
    """Creates the shared heap on a region of your own; arguments as for Heap. Raises RuntimeError
    if there is a shared heap already.
    """

def initialized(wants: str | int | None = None) -> bool:
    """Whether there is a shared heap, in the region that heap(wants) is about; the same errors."""

def record(buffer: bytearray | None, /) -> None:
    """Starts recording each operation on each heap, also those of C modules, into a bytearray;
    None ends the recording.

    A record takes 8 bytes, the head of the buffer 64. When the buffer is full, further records are
    counted and dropped. Works in hard interrupts and creates no object. Recording ends when the
    buffer is resized. `galloc-mp record` does all of this and writes a trace.

    Raises TypeError for anything but a bytearray, ValueError for less than 128 bytes. Not present
    in firmware built with GALLOC_RECORD=0.
    """

def take_records(into: Buffer, /) -> int:
    """Moves the oldest records into a buffer, to make room for others. Returns their bytes."""

def c_share() -> tuple[int, int, int]:
    """(blocks, bytes, bad frees): blocks and bytes that C modules of the firmware hold on the
    shared heap, and the number of pointers that `free` and `realloc` of the C heap have rejected.
    """

# The methods of the shared heap. Where the board reserves several regions, `wants` takes another
# than the first: alloc, malloc, calloc and realloc the first that has all these attributes and
# room, the others the first that has them. A raw handle has the number of its region from bit 27
# on, and is for these functions only; for a Heap's own methods it is the offset below that.
# realloc without `wants` stays in the block's region.

def alloc(
    size: int,
    *,
    align: int = 8,
    zero: bool = False,
    pad: bool = False,
    wants: str | None = None,
) -> Block: ...
def block(handle: int) -> Block: ...
def arena(*, wants: str | None = None) -> Arena: ...
def malloc(size: int, align: int = 8, *, wants: str | None = None) -> int: ...
def calloc(size: int, align: int = 8, *, wants: str | None = None) -> int: ...
def realloc(handle: int, size: int, align: int = 8, *, wants: str | None = None) -> int: ...
def free(handle: int) -> None: ...
def usable_size(handle: int) -> int: ...
def address(handle: int) -> int: ...
def get8(handle: int, index: int) -> int: ...
def put8(handle: int, index: int, value: int) -> None: ...
def get16(handle: int, index: int) -> int: ...
def put16(handle: int, index: int, value: int) -> None: ...
def get32(handle: int, index: int) -> int: ...
def put32(handle: int, index: int, value: int) -> None: ...
def view(handle: int, typecode: str = "B", into: memoryview | None = None) -> memoryview: ...
def stats(*, wants: str | None = None) -> Stats: ...
def check(*, wants: str | None = None) -> None: ...
def walk(*, wants: str | None = None) -> Iterator[tuple[int, int, bool]]: ...
def info(verbose: int = 0) -> None:
    """As Heap.info(), of all regions of the board."""

def dump(stream: _Writable, *, wants: str | None = None) -> None: ...
