# Arm MPS2 with the AN386 image: a Cortex-M4F, as QEMU's mps2-an386. The port keeps to the 4 MB at address 0; the
# bank at 0x20000000, another 4 MB, is free for galloc.

QEMU_ARCH = arm
QEMU_MACHINE = mps2-an386

CFLAGS += -mthumb -mcpu=cortex-m4 -mfloat-abi=hard -mfpu=fpv4-sp-d16
CFLAGS += -DQEMU_SOC_MPS2
CFLAGS += -DMICROPY_HW_MCU_NAME='"Cortex-M4F"'

LDSCRIPT = mcu/arm/mps2.ld
SRC_BOARD_O = shared/runtime/gchelper_native.o shared/runtime/gchelper_thumb2.o
MPY_CROSS_FLAGS += -march=armv7emsp

# Nothing switches the FPU on in the port's start-up code, so this does on the way to main.
vpath fpu.c $(BOARD_DIR)
SRC_BOARD_O += fpu.o
LDFLAGS += -Wl,--wrap=main

GALLOC_BANK_ORIGIN = 0x20000000
GALLOC_BANK_SIZE = 0x400000
GALLOC_REGION_DEFAULT = 524288
GALLOC_REGION_NAME = SRAM
GALLOC_REGION_ATTRIBUTES = FAST|DMA|PERSIST
include $(BOARD_DIR)/../region.mk

FROZEN_MANIFEST ?= $(BOARD_DIR)/manifest.py
