# What QEMU's netduino boards have in common: 128 KiB of SRAM, of which the port's variables and a GC heap of 80 KiB take
# the lower 88, the stack the upper 16. The region lies between. Included by a board's mpconfigboard.mk, which says first
# what the processor is.

QEMU_ARCH = arm
CFLAGS += -mthumb -mfloat-abi=soft -DQEMU_SOC_STM32
LDSCRIPT = mcu/arm/stm32.ld
SRC_BOARD_O += shared/runtime/gchelper_native.o shared/runtime/gchelper_thumb2.o
MPY_CROSS_FLAGS += -march=armv7m
MICROPY_HEAP_SIZE ?= 81920

GALLOC_BANK_ORIGIN = 0x20016000
GALLOC_BANK_SIZE = 0x6000
GALLOC_REGION_DEFAULT = 24576
include $(dir $(lastword $(MAKEFILE_LIST)))qemu.mk
