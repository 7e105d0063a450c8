"""Loaded by galloc.py and the methods of Heap at first use: statistics, walk and map of a heap,
and why an import failed.
"""

from collections import namedtuple


def _explain():
    """Why `_galloc` cannot be imported, or None where its file is the right one."""
    from sys import implementation, path

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


try:
    from _galloc import stats_fields
except (ImportError, ValueError):
    reason = _explain()
    if reason is None:
        raise
    raise ImportError(reason)

Stats = namedtuple("Stats", stats_fields() + "fragmentation")


def info_of_all(verbose=0):
    """Prints what Heap.info() does, for each region of the board."""
    import galloc

    for number, region in enumerate(galloc.regions()):
        print("%s, %s:" % (region[0], region[3]))
        galloc.heap(number).info(verbose)


# Methods of Heap: its stats(), walk() and info() call these.


def stats(heap):
    """Bytes and counts; `fragmentation` is 1 - largest / free, 0.0 when nothing is free."""
    values = heap._stats()
    s = Stats(*values, 0.0)
    return Stats(*values, 1 - s.largest / s.free) if s.free else s


def walk(heap):
    """Yields (offset, size, allocated) for each chunk in the order of addresses. Raises ValueError
    at a damaged one, with the fault and where it is.
    """
    start = 0
    while True:
        chunks = heap._walk(start)
        if not chunks:
            return
        for chunk in chunks:
            yield chunk
        start = chunks[-1][0] + 1


def info(heap, verbose=0):
    """Prints totals; with `verbose` also the map of the region, a character for each 16 bytes.

    In the map, `h` starts a block, `=` continues one, `.` is free, `#` control data, `?` is
    unknown since the heap is damaged; lines that are all free are counted.
    """
    s = heap.stats()
    print("galloc: total: %u, used: %u, free: %u" % (s.total, s.used, s.free))
    print(
        " No. of blocks: %u, free chunks: %u, max free sz: %u, peak used: %u, overhead: %u"
        % (s.blocks, s.free_chunks, s.largest, s.peak_used, s.overhead)
    )
    if verbose:
        _map(heap)


def _map(heap):
    address, size = heap._place()
    print("galloc memory layout; from %x:" % address, end="")
    row = bytearray(64)
    units = (size + 15) // 16
    chunks = heap.walk()
    damage = after = None

    def following():
        nonlocal damage
        try:
            return next(chunks, None)
        except ValueError as error:
            damage = error

    # The chunk at hand: its bytes from and to, whether it is a block; None for control data.
    begin, end, live = 0, 0, None
    skipped = 0
    after = following()
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
                after = following()
            if not mark:
                mark = 35 if live is None else 61 if live and at < end else 46
                if damage and at >= end and not after:
                    mark = 63  # ?
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
    if damage:
        print("damaged:", damage)
