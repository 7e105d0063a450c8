# QEMU's microbit, a Cortex-M0: the port's own board with a region for galloc. Of the 256 KiB of SRAM that the port gives
# it, variables and GC heap take the lower 150 and the stack the upper end; the region lies between.

include boards/MICROBIT/mpconfigboard.mk
# The port's own says armv7m, which this core does not run.
MPY_CROSS_FLAGS += -march=armv6m

GALLOC_BANK_ORIGIN = 0x20028000
GALLOC_BANK_SIZE = 0x10000
GALLOC_REGION_DEFAULT = 65536
include $(BOARD_DIR)/../qemu.mk
