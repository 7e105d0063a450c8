# Arm MPS2 with the AN386 image: a Cortex-M4F, as QEMU's mps2-an386.

QEMU_MACHINE = mps2-an386
CFLAGS += -mcpu=cortex-m4 -mfloat-abi=hard -mfpu=fpv4-sp-d16
CFLAGS += -DMICROPY_HW_MCU_NAME='"Cortex-M4F"'
MPY_CROSS_FLAGS += -march=armv7emsp

# The port's start-up code switches the FPU on since MicroPython 1.27 only, so fpu.c does on the way to the port's main.
vpath fpu.c $(BOARD_DIR)
SRC_BOARD_O += fpu.o
$(BUILD)/main.o: CFLAGS += -Dmain=port_main

include $(BOARD_DIR)/../mps2.mk
