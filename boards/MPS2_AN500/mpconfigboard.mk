# Arm MPS2 with the AN500 image: a Cortex-M7, as QEMU's mps2-an500. The port keeps to the 4 MB at address 0; the
# bank at 0x20000000, another 4 MB, is free for galloc.

QEMU_ARCH = arm
QEMU_MACHINE = mps2-an500

CFLAGS += -mthumb -mcpu=cortex-m7 -mfloat-abi=soft
CFLAGS += -DQEMU_SOC_MPS2
CFLAGS += -DMICROPY_HW_MCU_NAME='"Cortex-M7"'

LDSCRIPT = mcu/arm/mps2.ld
SRC_BOARD_O = shared/runtime/gchelper_native.o shared/runtime/gchelper_thumb2.o
MPY_CROSS_FLAGS += -march=armv7m

GALLOC_BANK_ORIGIN = 0x20000000
GALLOC_BANK_SIZE = 0x400000
GALLOC_REGION_DEFAULT = 524288
GALLOC_REGION_NAME = SRAM
GALLOC_REGION_ATTRIBUTES = FAST|DMA|PERSIST
include $(BOARD_DIR)/../region.mk

FROZEN_MANIFEST ?= $(BOARD_DIR)/manifest.py
