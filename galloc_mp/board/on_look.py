# Runs on the board, for `galloc-mp info` and `top`: what there is to see of the shared heap. Makes
# no heap where none is, and changes nothing.


def __galloc_heap():
    # The shared heap, or why there is none.
    import sys

    galloc = sys.modules.get("galloc")
    if galloc is None:
        return "nothing there has imported galloc since the last reset"
    if not galloc.initialized():
        return "galloc is imported there, and has no shared heap yet"
    return galloc.heap()


def __galloc_look():
    heap = __galloc_heap()
    if isinstance(heap, str):
        print(repr(heap))
        return
    import sys

    print((tuple(heap.stats()), heap._place(), sys.modules["galloc"].c_share()))
    for offset, size, live in heap.walk():
        print("%x %x" % (offset, size | live))


def __galloc_dump():
    from binascii import b2a_base64

    class Out:
        def write(self, data):
            print(str(b2a_base64(data), "ascii"), end="")
            return len(data)

    heap = __galloc_heap()
    heap.dump(Out())
