# QEMU's virt for 64-bit RISC-V: the port's own board, which MicroPython has since 1.27, with a region for galloc. The port
# takes the first 6 MB and 128 KiB of the memory, with its stack last, and since 1.29 4 MB for ROMFS behind; the region
# comes after that.

# As VIRT_RV32 has it.
RV64_ARCH ?= rv64imac
AFLAGS += -misa-spec=2.2
include boards/VIRT_RV64/mpconfigboard.mk

GALLOC_BANK_ORIGIN = 0x80A20000
GALLOC_BANK_SIZE = 0x400000
GALLOC_REGION_DEFAULT = 524288
include $(BOARD_DIR)/../qemu.mk
