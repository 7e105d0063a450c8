# An arena a frame: whatever a frame needs is allocated as it goes and gone at its end, so each one
# starts with the same memory, and nothing is left to the garbage collector.
import galloc

heap = galloc.heap()
start = heap.stats()


def draw(number, arena):
    """Returns the bytes that the frame had."""
    line = arena.alloc(320, zero=True)
    depth = arena.alloc(640, align=32)
    sprites = [arena.alloc(16 + 8 * (i % 5)) for i in range(number % 7)]
    line.view()[number % 320] = 255
    depth.view("H")[0] = number
    return sum(len(block) for block in sprites) + len(line) + len(depth)


total = 0
for number in range(60):
    with heap.arena() as arena:
        total += draw(number, arena)
    now = heap.stats()
    assert (now.used, now.largest) == (start.used, start.largest), (number, now)

print(f"60 frames, {total} bytes, largest free block as before")
