# The pixels of a display outside of the GC heap: framebuf on the view of a block. A display that
# is fed by DMA wants such a place that stays; here the frame goes to the terminal.
import framebuf
import galloc

WIDTH, HEIGHT = 56, 8

heap = galloc.heap()
with heap.alloc(WIDTH * HEIGHT // 8, align=32, zero=True) as pixels:
    frame = framebuf.FrameBuffer(pixels.view(), WIDTH, HEIGHT, framebuf.MONO_HLSB)
    frame.text("galloc", 4, 0)
    for y in range(HEIGHT):
        print("".join(" #"[frame.pixel(x, y)] for x in range(WIDTH)).rstrip())
    lit = sum(bin(byte).count("1") for byte in pixels.view())
print(f"{lit} pixels lit")
