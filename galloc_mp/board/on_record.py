# Runs on the board, for `galloc-mp record`: starts and ends a recording, and sends what was
# recorded while the program runs, where the port has timers that call back between two bytecodes.
# A piece of it comes in base64 between the characters \x1e and \x1f, in the middle of what the
# program prints.


def __galloc_start(size):
    import gc
    import sys

    import galloc

    if not hasattr(galloc, "record"):
        print("None")
        return
    gc.collect()
    if not size:
        size = min(gc.mem_free() // 8, 1 << 18) & ~7
    ring = bytearray(size)
    place, live = (0, 0), []
    galloc.record(ring)
    if galloc.initialized():
        heap = galloc.heap()
        place = heap._place()
        live = [chunk[:2] for chunk in heap.walk() if chunk[2]]
    streams = False
    state = {"ring": ring, "timer": None, "runs": False}
    try:
        import time
        from binascii import b2a_base64
        from machine import Timer
        from micropython import kbd_intr

        piece = bytearray(384)

        def drain(timer):
            start = time.ticks_ms()
            if state["runs"]:  # between two scripts the host expects nothing
                # A Ctrl-C is meant for the program: the host sends it again.
                kbd_intr(-1)
                try:
                    for _ in range(4):
                        size = galloc.take_records(piece)
                        if not size:
                            break
                        text = str(b2a_base64(memoryview(piece)[:size]), "ascii")
                        sys.stdout.write("\x1e" + text.strip() + "\x1f")
                finally:
                    kbd_intr(3)
            # The program gets two thirds of the time at least.
            pause = max(20, 2 * time.ticks_diff(time.ticks_ms(), start))
            timer.init(mode=Timer.ONE_SHOT, period=pause, callback=drain)

        state["timer"] = Timer(-1, mode=Timer.ONE_SHOT, period=20, callback=drain)
        streams = True
    except Exception:
        pass  # no timers here: what fits into the ring
    sys.modules["__galloc_recording"] = state
    print((size, place, live, streams))


def __galloc_run(name, source):
    import sys

    state = sys.modules["__galloc_recording"]
    code = compile(source, name, "exec")
    source = None
    state["runs"] = True
    try:
        exec(code, globals())
    except SystemExit:
        pass  # the raw REPL would end the recording by a soft reset
    finally:
        state["runs"] = False


def __galloc_stop():
    import sys
    from binascii import b2a_base64

    import galloc
    from struct import unpack_from

    state = sys.modules.pop("__galloc_recording")
    if state["timer"]:
        state["timer"].deinit()
    galloc.record(None)
    ring = state["ring"]
    _, end, head, tail, lost, count = unpack_from("<6I", ring)
    bases = [unpack_from("<I", ring, 24 + 4 * i)[0] for i in range(count)]
    place = galloc.heap()._place() if galloc.initialized() else (0, 0)
    print((lost, bases, place))
    while tail != head:
        stop = min(head if head > tail else end, tail + 384)
        print(str(b2a_base64(memoryview(ring)[tail:stop]), "ascii"), end="")
        tail = 64 if stop == end else stop
