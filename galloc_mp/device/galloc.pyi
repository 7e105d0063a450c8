"""Types of galloc, for editors and type checkers."""

from collections.abc import Iterator
from types import TracebackType
from typing import NamedTuple, Protocol, final, overload

from typing_extensions import Buffer, Self

__version__: str

class _Writable(Protocol):
    def write(self, data: memoryview, /) -> object: ...

class Stats(NamedTuple):
    """Bytes unless said otherwise."""

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
    """Memory in a region, with the buffer protocol; any use after free() raises ValueError.

    Two Blocks are equal when they are the same one; view() or bytes() compare contents.
    """

    @property
    def address(self) -> int:
        """Of the first byte in memory, for DMA and C; another one after a realloc() that moved."""

    @property
    def offset(self) -> int:
        """Bytes from the start of the region: the raw handle of the same block."""

    @property
    def size(self) -> int:
        """Usable bytes, len() of them asked for."""

    def __len__(self) -> int:
        """The bytes asked for."""

    def __iter__(self) -> Iterator[int]:
        """Byte by byte, as view() would."""

    # Reading and writing one byte at an index from 0 on makes no object.
    @overload
    def __getitem__(self, i: int, /) -> int: ...
    @overload
    def __getitem__(self, i: slice, /) -> memoryview: ...
    @overload
    def __setitem__(self, i: int, value: int, /) -> None: ...
    @overload
    def __setitem__(self, i: slice, value: Buffer, /) -> None:
        """Copies as many bytes as the slice has. Raises ValueError for another number of them."""

    def view(self, typecode: str = "B", into: memoryview | None = None) -> memoryview:
        """A memoryview of the bytes asked for, as items of one of the types bBhHiIlLqQfd of the
        array module; len // itemsize of them. `into`: a writable memoryview that is pointed there
        and returned, so that no object is made.

        It keeps nothing alive and does not see that the block is freed: hold the Block meanwhile.
        Raises ValueError for another typecode, TypeError for another `into`.
        """

    def resize(self, size: int, /) -> bool:
        """Grows or shrinks to `size` bytes where it lies. False: there is no room, and nothing has
        changed. Raises ValueError for a negative size.
        """

    def realloc(self, size: int, /) -> Self:
        """Grows or shrinks to `size` bytes, moved with its contents where it must be; its
        alignment stays. Returns the Block itself.

        Raises MemoryError when nothing fits: the Block stays as it was.
        """

    def free(self) -> None:
        """Gives the memory back. Again: nothing happens. Raises ValueError naming the fault when
        the block's header was overwritten.
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
    """Blocks with one end of life: `with heap.arena() as arena: arena.alloc(64)`.

    Callbacks and the other core of an RP2 may allocate from it and free its blocks, too.
    """

    def alloc(self, size: int, *, align: int = 8, zero: bool = False, pad: bool = False) -> Block:
        """As Heap.alloc; the Block dies with the arena. Raises ValueError once that is closed."""

    def free(self) -> None:
        """Frees all blocks, the youngest first, and closes the arena. Again: nothing happens.
        Raises ValueError naming the last fault when blocks were damaged; the others are freed.
        """

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...

class Roots:
    """Four words, 0 to 2**32 - 1, that survive with the heap. Raises IndexError beyond them,
    ValueError for other values.
    """

    def __len__(self) -> int: ...
    def __getitem__(self, i: int, /) -> int: ...
    def __setitem__(self, i: int, value: int, /) -> None: ...

class Heap:
    """A heap on a region of memory; what the region held before is lost.

    Every method raises ValueError when the region's buffer was resized, when another heap was made
    there, and when the control block is damaged ("geometry").

    region: None for the first region that the board reserves, a string for the first that has
    these attributes ("EXTERNAL|PERSIST"), a writable buffer, or an address.
    size: bytes; needed with an address, otherwise at most what the region has.
    smallbins, sub_bins: configuration of the bins, 0 for the defaults, 22 and 2. Sub-bins are
    rounded up to a power of two, 16 at most; there are 128 small bins at most, sub-bins counted.
    bounded_search: over-aligned requests give up after a bounded search.

    Raises ValueError for a region that is too small (the error names the size that will do) and
    for a bad configuration, OSError ENODEV where the board reserves no region, RuntimeError where
    C modules hold blocks in it.
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
        That on the board's region becomes the shared heap where there is none yet. Of a subclass
        it makes an instance without calling __init__, which would make a new heap.

        Raises ValueError naming the fault when the bytes do not verify.
        """

    def alloc(self, size: int, *, align: int = 8, zero: bool = False, pad: bool = False) -> Block:
        """A block of `size` bytes at a multiple of `align`, a power of two; zero: its bytes are 0.
        pad: it gets a multiple of `align` bytes, so that no other block and nothing of the heap
        shares a cache line of that length with it.

        Raises MemoryError when nothing fits, ValueError for a negative size or another align.
        """

    def block(self, handle: int, /) -> Block:
        """A Block of a raw handle, one found after attach() for example; as long as its usable
        bytes. Raises ValueError naming the fault for what is no live block's handle.
        """

    def arena(self) -> Arena:
        """A context that frees all blocks which were allocated through it."""

    def malloc(self, size: int, /, align: int = 8) -> int:
        """The raw handle of a new block, its offset in the region; 0 when nothing fits. As all of
        the raw tier it makes no object: for interrupt handlers and under heap_lock().

        Raises ValueError for a negative size and an align that is no power of two.
        """

    def calloc(self, size: int, /, align: int = 8) -> int:
        """As malloc(), bytes 0. An `align` by position that is below 8 or no power of two is taken
        for the size in C's calloc(count, size): ValueError.
        """

    def realloc(self, handle: int, size: int, /, align: int = 8) -> int:
        """The handle of the block, grown or shrunk to `size` bytes and moved where it must be; 0
        when nothing fits: the block stays. Handle 0: as malloc(). Raises ValueError naming the
        fault for another handle that is no live block's.
        """

    def free(self, handle: int, /) -> None:
        """Gives a block back. Raises ValueError naming the fault when it is no live block's
        handle; then nothing has changed. A handle that is freed again after its place was handed
        out to another block frees that one: set it to 0, or use Blocks, which know.
        """

    def usable_size(self, handle: int, /) -> int:
        """Bytes of a live block; 0 for what is none."""

    def address(self, handle: int, /) -> int:
        """Of the first byte of a live block. Raises ValueError naming the fault for what is none.
        On 32-bit targets an address from 2**30 on is an object: MemoryError under heap_lock().
        """

    def get8(self, handle: int, index: int, /) -> int:
        """Byte `index` of a live block. Raises IndexError beyond its bytes, ValueError naming
        the fault for what is no live block; so do the others below.
        """

    def put8(self, handle: int, index: int, value: int, /) -> None:
        """Sets byte `index` to the low 8 bits of `value`."""

    def get16(self, handle: int, index: int, /) -> int:
        """Half-word `index`: bytes 2 * index and 2 * index + 1, in the processor's order."""

    def put16(self, handle: int, index: int, value: int, /) -> None:
        """Sets half-word `index` to the low 16 bits of `value`."""

    def get32(self, handle: int, index: int, /) -> int:
        """Word `index`: bytes 4 * index to 4 * index + 3, in the processor's order. On 32-bit
        targets a value from 2**30 on is an object: MemoryError under heap_lock().
        """

    def put32(self, handle: int, index: int, value: int, /) -> None:
        """Sets word `index` to the low 32 bits of `value`."""

    def view(self, handle: int, typecode: str = "B", into: memoryview | None = None) -> memoryview:
        """A memoryview of all usable bytes of a live block, otherwise as Block.view(). With `into`
        no object is made: a driver in an interrupt handler can read into a raw block.
        """

    @property
    def root(self) -> Roots:
        """Four words that survive with the heap: `heap.root[0] = block.offset`, say."""

    def stats(self) -> Stats:
        """Numbers of the heap; used + free + overhead == total."""

    def check(self) -> None:
        """Verifies the whole heap. Raises ValueError with the fault's name and offset."""

    def walk(self) -> Iterator[tuple[int, int, bool]]:
        """(offset, size, allocated) of each chunk in the order of addresses; sizes in bytes.
        Raises ValueError at a damaged chunk, with the fault and its offset.
        """

    def info(self, verbose: int = 0) -> None:
        """Prints totals; with `verbose` also the map of the region, a character for 16 bytes: `h`
        starts a block, `=` continues one, `.` is free, `#` control data. Of a damaged heap it
        shows what is before the damage, and prints where that is.
        """

    def dump(self, stream: _Writable) -> None:
        """Writes the region's bytes to a stream, 512 at a time, also those of a damaged heap.
        Raises OSError when the stream takes no more.
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
    """Sets the shared heap up on a region of your own, arguments as for Heap. Raises RuntimeError
    when there is a shared heap already.
    """

def initialized() -> bool:
    """Whether the shared heap is set up."""

def record(buffer: bytearray | None, /) -> None:
    """Records each operation on each heap, C's share included, into a bytearray; None ends it.

    A record takes 8 bytes, the head of the buffer 64. A full buffer keeps what is in it and counts
    what it has no room for. Works in hard interrupts and makes no object. Recording ends when the
    buffer is resized. `galloc-mp record` does all of this, and makes a trace of it.

    Raises TypeError for anything but a bytearray, ValueError for less than 128 bytes. Missing in a
    firmware that was built with GALLOC_RECORD=0.
    """

def take_records(into: Buffer, /) -> int:
    """Moves the oldest records into a buffer, which makes room for others; returns their bytes."""

def c_share() -> tuple[int, int, int]:
    """(blocks, bytes, bad frees): what C modules of the firmware hold on the shared heap, and how
    many pointers `free` and `realloc` of the C heap have refused.
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
