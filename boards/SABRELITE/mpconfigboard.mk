# QEMU's sabrelite, an i.MX6 with Cortex-A9: the port's own board, which runs in external DDR, with a region for galloc in
# the chip's 256 KiB of OCRAM.

include boards/SABRELITE/mpconfigboard.mk

GALLOC_BANK_ORIGIN = 0x00900000
GALLOC_BANK_SIZE = 0x40000
GALLOC_REGION_DEFAULT = 262144
GALLOC_REGION_NAME = OCRAM
include $(BOARD_DIR)/../qemu.mk
