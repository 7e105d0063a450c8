# QEMU's microbit, a Cortex-M0, with the memory that the port gives it: 256 KiB of SRAM, of which the port's variables
# and GC heap take the lower 150 and the stack the upper end. The region lies between.

QEMU_ARCH = arm
QEMU_MACHINE = microbit
QEMU_ARGS += -global nrf51-soc.flash-size=1048576 -global nrf51-soc.sram-size=262144

CFLAGS += -mthumb -mcpu=cortex-m0 -mfloat-abi=soft
CFLAGS += -DQEMU_SOC_NRF51
CFLAGS += -DMICROPY_HW_MCU_NAME='"nRF51"'

LDSCRIPT = mcu/arm/nrf51.ld
SRC_BOARD_O = shared/runtime/gchelper_native.o shared/runtime/gchelper_thumb1.o
MPY_CROSS_FLAGS += -march=armv6m

GALLOC_BANK_ORIGIN = 0x20028000
GALLOC_BANK_SIZE = 0x10000
GALLOC_REGION_DEFAULT = 65536
GALLOC_REGION_NAME = SRAM
GALLOC_REGION_ATTRIBUTES = FAST|DMA|PERSIST
include $(BOARD_DIR)/../region.mk

FROZEN_MANIFEST ?= $(BOARD_DIR)/manifest.py
