# Runs on the board, for `galloc-mp info` and `top`: what there is to see of the shared heaps.
# Makes no heap where none is, and changes nothing.


def __galloc_heap(wants):
    # The shared heap of a region, or why there is none.
    import sys

    galloc = sys.modules.get("galloc")
    if galloc is None:
        return "nothing there has imported galloc since the last reset"
    try:
        if galloc.initialized(wants):
            return galloc.heap(wants)
    except (OSError, ValueError, IndexError):
        return "it has no region %r" % (wants,)
    if wants is None:
        return "galloc is imported there, and has no shared heap yet"
    return "its region %r has no heap yet" % (wants,)


def __galloc_regions():
    # Names and attributes of the regions, and whether each has a heap.
    import sys

    galloc = sys.modules.get("galloc")
    regions = galloc.regions() if galloc else ()
    print([(regions[i][0], regions[i][3], galloc.initialized(i)) for i in range(len(regions))])


def __galloc_look(wants):
    heap = __galloc_heap(wants)
    if isinstance(heap, str):
        print(repr(heap))
        return
    import sys

    print((tuple(heap.stats()), heap._place(), sys.modules["galloc"].c_share()))
    for offset, size, live in heap.walk():
        print("%x %x" % (offset, size | live))


def __galloc_dump(wants):
    from binascii import b2a_base64

    class Out:
        def write(self, data):
            print(str(b2a_base64(data), "ascii"), end="")
            return len(data)

    heap = __galloc_heap(wants)
    heap.dump(Out())
