# What the boards on Arm's MPS2 have in common: the port keeps to the 4 MB at address 0; the SRAM bank at 0x20000000,
# another 4 MB, is free for galloc. Included by a board's mpconfigboard.mk, which says first what the processor is.

QEMU_ARCH = arm
CFLAGS += -mthumb -DQEMU_SOC_MPS2
LDSCRIPT = mcu/arm/mps2.ld
SRC_BOARD_O += shared/runtime/gchelper_native.o shared/runtime/gchelper_thumb2.o

GALLOC_BANK_ORIGIN = 0x20000000
GALLOC_BANK_SIZE = 0x400000
GALLOC_REGION_DEFAULT = 524288
include $(dir $(lastword $(MAKEFILE_LIST)))qemu.mk
