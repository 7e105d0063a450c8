# Arm MPS2 with the AN385 image: a Cortex-M3, as QEMU's mps2-an385.

QEMU_MACHINE = mps2-an385
CFLAGS += -mcpu=cortex-m3 -mfloat-abi=soft
CFLAGS += -DMICROPY_HW_MCU_NAME='"Cortex-M3"'
MPY_CROSS_FLAGS += -march=armv7m
include $(BOARD_DIR)/../mps2.mk
