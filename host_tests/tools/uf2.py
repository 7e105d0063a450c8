"""UF2 files, which an RP2 board in its boot loader takes as a disk takes a file."""

import struct

UF2_MAGIC = (0x0A324655, 0x9E5D5157, 0x0AB16F30)
FAMILY_PRESENT = 0x2000
FLASH = 0x10000000
PAYLOAD = 256  # bytes of the image in each block of 512


def uf2(image: bytes, family: int, address: int = FLASH) -> bytes:
    """The blocks of a UF2 file that write `image` to flash at `address`."""
    pieces = [image[at : at + PAYLOAD] for at in range(0, len(image), PAYLOAD)]
    blocks = []
    for number, piece in enumerate(pieces):
        header = struct.pack(
            "<8I",
            *UF2_MAGIC[:2],
            FAMILY_PRESENT,
            address + number * PAYLOAD,
            PAYLOAD,
            number,
            len(pieces),
            family,
        )
        blocks.append(header + piece.ljust(476, b"\0") + struct.pack("<I", UF2_MAGIC[2]))
    return b"".join(blocks)
