# A struct of C at a block's address, through uctypes: for the registers of a peripheral, the
# descriptors of DMA, or what a C module shares.
import struct

import galloc
import uctypes

LAYOUT = {
    "kind": 0 | uctypes.UINT8,
    "flags": 1 | uctypes.UINT8,
    "length": 2 | uctypes.UINT16,
    "when": 4 | uctypes.UINT32,
    "samples": (8 | uctypes.ARRAY, 4 | uctypes.INT16),
}

heap = galloc.heap()
with heap.alloc(uctypes.sizeof(LAYOUT, uctypes.LITTLE_ENDIAN), align=16, zero=True) as block:
    packet = uctypes.struct(block.address, LAYOUT, uctypes.LITTLE_ENDIAN)
    packet.kind = 7
    packet.length = 300
    packet.when = 0x89ABCDEF
    packet.samples[3] = -2
    # The same bytes through the buffer protocol.
    found = struct.unpack("<BBHI4h", block)
assert found == (7, 0, 300, 0x89ABCDEF, 0, 0, 0, -2), found
print(f"packet of {struct.calcsize('<BBHI4h')} bytes: {found}")
