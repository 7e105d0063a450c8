# QEMU's netduino2, an STM32F205 (Cortex-M3).

QEMU_MACHINE = netduino2
CFLAGS += -mcpu=cortex-m3
CFLAGS += -DMICROPY_HW_MCU_NAME='"STM32F205"'
include $(BOARD_DIR)/../netduino.mk
