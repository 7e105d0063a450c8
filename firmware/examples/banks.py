# A display's pixels where DMA reaches them, a table where the processor reads it fastest. On a
# board with one region, or with banks that are all alike, both are in the first.
import galloc

for name, address, size, attributes in galloc.regions():
    print(name, size, "bytes at", hex(address), attributes)


def first_of(*wishes):
    """The first of these attributes that a bank of this board has."""
    for wants in wishes:
        try:
            galloc.heap(wants)
            return wants
        except OSError:  # ENODEV: no bank has that
            pass
    raise OSError(19)


WIDTH, HEIGHT = 96, 64
pixels = galloc.alloc(
    WIDTH * HEIGHT * 2, wants=first_of("EXTERNAL|DMA", "DMA", "FAST"), align=32, pad=True
)
gamma = galloc.alloc(64, wants=first_of("FAST", "DMA"))

for i in range(64):
    gamma[i] = i * i // 63
frame = pixels.view("H")
for x in range(WIDTH):
    frame[x] = gamma[x & 63]
print("pixels at", hex(pixels.address))
print("table at", hex(gamma.address))
galloc.info()
gamma.free()
pixels.free()
