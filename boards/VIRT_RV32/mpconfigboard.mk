# QEMU's virt for 32-bit RISC-V: the port's own board with a region for galloc. The port takes the first 6 MB and 64 KiB
# of the memory, with its stack last, and since MicroPython 1.29 4 MB for ROMFS behind; the region comes after that.

# The instructions that read control registers belong to the base set here, as Debian 12's binutils have them.
RV32_ARCH ?= rv32imac
AFLAGS += -misa-spec=2.2
include boards/VIRT_RV32/mpconfigboard.mk

GALLOC_BANK_ORIGIN = 0x80A10000
GALLOC_BANK_SIZE = 0x400000
GALLOC_REGION_DEFAULT = 524288
include $(BOARD_DIR)/../qemu.mk
