# QEMU's virt for 32-bit RISC-V. The port takes the first 6 MB and 64 KiB of the memory, with its stack last; galloc
# comes right behind.

QEMU_ARCH = riscv32
QEMU_MACHINE = virt

# The instructions that read control registers belong to the base set here, as Debian 12's binutils have them.
RV32_ARCH ?= rv32imac
AFLAGS += -misa-spec=2.2
CFLAGS += -DQEMU_SOC_VIRT
CFLAGS += -DMICROPY_HW_MCU_NAME='"$(RV32_ARCH)"'

LDSCRIPT = mcu/rv32/virt.ld
SRC_BOARD_O += shared/runtime/gchelper_native.o shared/runtime/gchelper_rv32i.o
MPY_CROSS_FLAGS += -march=rv32imc

GALLOC_BANK_ORIGIN = 0x80610000
GALLOC_BANK_SIZE = 0x400000
GALLOC_REGION_DEFAULT = 524288
GALLOC_REGION_NAME = SRAM
GALLOC_REGION_ATTRIBUTES = FAST|DMA|PERSIST
include $(BOARD_DIR)/../region.mk

FROZEN_MANIFEST ?= $(BOARD_DIR)/manifest.py
