# QEMU's sabrelite, an i.MX6 with Cortex-A9. The port runs in external DDR; the chip's own 256 KiB of OCRAM are free for
# galloc.

QEMU_ARCH = arm
QEMU_MACHINE = sabrelite
QEMU_ARGS += -m 128M

# QEMU faults on unaligned accesses here, with the MMU off.
CFLAGS += -mcpu=cortex-a9 -mno-unaligned-access
CFLAGS += -DQEMU_SOC_IMX6
CFLAGS += -DMICROPY_HW_MCU_NAME='"Cortex-A9"'

LDSCRIPT = mcu/arm/imx6.ld
SRC_BOARD_O = shared/runtime/gchelper_generic.o
MPY_CROSS_FLAGS += -march=armv6
MICROPY_HEAP_SIZE ?= 163840

GALLOC_BANK_ORIGIN = 0x00900000
GALLOC_BANK_SIZE = 0x40000
GALLOC_REGION_DEFAULT = 262144
GALLOC_REGION_NAME = OCRAM
GALLOC_REGION_ATTRIBUTES = FAST|DMA|PERSIST
include $(BOARD_DIR)/../region.mk

FROZEN_MANIFEST ?= $(BOARD_DIR)/manifest.py
