# QEMU's netduinoplus2, an STM32F405 (Cortex-M4).

QEMU_MACHINE = netduinoplus2
CFLAGS += -mcpu=cortex-m4
CFLAGS += -DMICROPY_HW_MCU_NAME='"STM32F405"'
include $(BOARD_DIR)/../netduino.mk
