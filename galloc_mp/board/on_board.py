# Runs on the board, for `galloc-mp install`: what it is, and whether galloc works there. Leaves no
# name behind but __galloc_probe and __galloc_try, which the host deletes.


def __galloc_probe(skip):
    # skip: a folder of sys.path that is not for files of the board.
    import gc
    import sys

    def find(name, path):
        # Whether a module is found with this sys.path alone; what is loaded now stays loaded.
        kept, loaded = sys.path[:], sys.modules.pop(name, None)
        sys.path[:] = path
        try:
            module = __import__(name)
            return str(getattr(module, "__version__", ""))
        except (ImportError, ValueError):
            return None
        finally:
            sys.path[:] = kept
            sys.modules.pop(name, None)
            if loaded is not None:
                sys.modules[name] = loaded

    def writable(folder):
        # Whether files can be made there, in a folder that may have to be made first.
        import os

        made, at = [], 0
        try:
            while folder:
                at = folder.find("/", at + 1)
                part = folder if at < 0 else folder[:at]
                try:
                    os.stat(part)
                except OSError:
                    os.mkdir(part)
                    made.append(part)
                if at < 0:
                    break
            name = (folder + "/" if folder else "") + "galloc.new"
            open(name, "wb").close()
            os.remove(name)
            return True
        except OSError:
            return False
        finally:
            for part in reversed(made):
                os.rmdir(part)

    implementation = sys.implementation
    built_in = find("_galloc", [".frozen"])
    folders = [f for f in sys.path if not f.startswith(".") and f != skip]
    # As mip does: the folder for libraries first, then any other.
    folders = [f for f in folders if f.endswith("lib")] + [f for f in folders if f[-3:] != "lib"]
    place = None
    for folder in folders:
        if writable(folder):
            place = folder
            break
    gc.collect()
    print(
        (
            implementation.name,
            ".".join(str(n) for n in implementation.version[:3]),
            getattr(implementation, "_machine", sys.platform),
            getattr(implementation, "_mpy", 0),
            built_in,
            built_in is not None and find("galloc", [".frozen"]) is not None,
            place,
            gc.mem_free(),
            "galloc" in sys.modules,
        )
    )


def __galloc_try(fresh):
    # fresh: not with the copy that may be loaded.
    import gc
    import sys

    for name in ("galloc", "galloc_more", "_galloc") if fresh else ():
        sys.modules.pop(name, None)
    gc.collect()
    before = gc.mem_free()
    import galloc

    gc.collect()
    cost = before - gc.mem_free()
    size = 4096
    while True:
        try:
            heap = galloc.Heap(bytearray(size))
            break
        except MemoryError:
            size //= 2
            if size < 1024:
                raise
    x, live, count, served = 1, [], 0, 0
    for _ in range(200):
        x = x * 1103 + 12345 & 0xFFFFFF
        if x & 0x1000 or not live:
            align = 8 << (x >> 13 & 3)
            handle = heap.malloc(x >> 16, align)
            if handle:
                if heap.address(handle) % align:
                    raise ValueError("a block is not aligned")
                live.append((handle, x & 0xFF))
                heap.put8(handle, 0, x)
                served += 1
        else:
            handle, mark = live.pop(x % len(live))
            if heap.get8(handle, 0) != mark:
                raise ValueError("a byte of a block changed")
            heap.free(handle)
        count += 1
    with heap.alloc(64, align=64) as block:
        view = block.view("H")
        view[1] = 0x1234
        if view[1] != 0x1234 or block.address % 64:
            raise ValueError("a Block does not hold what was written")
    for handle, _ in live:
        heap.free(handle)
    heap.check()
    stats = heap.stats()
    if stats.blocks or stats.used:
        raise ValueError("blocks are left over")
    print(
        (
            galloc.__version__,
            count,
            served,
            size,
            galloc.regions(),
            gc.mem_free(),
            cost,
            hasattr(galloc, "record"),
        )
    )
