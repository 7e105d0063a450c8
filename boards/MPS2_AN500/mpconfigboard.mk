# Arm MPS2 with the AN500 image: a Cortex-M7, as QEMU's mps2-an500.

QEMU_MACHINE = mps2-an500
CFLAGS += -mcpu=cortex-m7 -mfloat-abi=soft
CFLAGS += -DMICROPY_HW_MCU_NAME='"Cortex-M7"'
MPY_CROSS_FLAGS += -march=armv7m
GALLOC_BANK_ORIGIN_1 = 0x60000000
include $(BOARD_DIR)/../mps2.mk
