# What the boards on Arm's MPS2 have in common: the port keeps to the 4 MB at address 0; the SRAM bank at 0x20000000,
# another 4 MB, is free for galloc, and so is the PSRAM at 0x21000000, or at 0x60000000 on AN500, 16 MB. Included by a board's mpconfigboard.mk, which says first what the processor is.

QEMU_ARCH = arm
CFLAGS += -mthumb -DQEMU_SOC_MPS2
LDSCRIPT = mcu/arm/mps2.ld
SRC_BOARD_O += shared/runtime/gchelper_native.o shared/runtime/gchelper_thumb2.o

GALLOC_BANK_ORIGIN = 0x20000000
GALLOC_BANK_SIZE = 0x400000
GALLOC_REGION_DEFAULT = 524288
GALLOC_BANK_ORIGIN_1 ?= 0x21000000
GALLOC_BANK_SIZE_1 = 0x1000000
GALLOC_REGION_DEFAULT_1 = 1048576
GALLOC_REGION_NAME_1 = PSRAM
GALLOC_REGION_ATTRIBUTES_1 = DMA|EXTERNAL|PERSIST
include $(dir $(lastword $(MAKEFILE_LIST)))qemu.mk
