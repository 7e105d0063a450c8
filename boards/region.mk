# Reserves a region for galloc in a bank of memory that the port leaves alone. Included by a board's mpconfigboard.mk,
# which says first where the bank lies:
#
#   GALLOC_BANK_ORIGIN      address of the first byte that may be reserved
#   GALLOC_BANK_SIZE        bytes from there on that may be reserved
#   GALLOC_REGION_DEFAULT   bytes to reserve when nobody says GALLOC_REGION_SIZE=n
#   GALLOC_REGION_NAME, GALLOC_REGION_ATTRIBUTES   what galloc.regions() tells about it, when it is not the main SRAM
#   GALLOC_WL               empty for a port that links by ld itself (mimxrt, renesas-ra, samd), not through gcc
#
# GALLOC_REGION_SIZE=0 reserves nothing.

GALLOC_REGION_NAME ?= SRAM
GALLOC_REGION_ATTRIBUTES ?= FAST|DMA|PERSIST
GALLOC_WL ?= -Wl,
GALLOC_REGION_LD := $(dir $(lastword $(MAKEFILE_LIST)))region.ld
GALLOC_REGION_SIZE ?= $(GALLOC_REGION_DEFAULT)
galloc_number = $(shell printf '%d' '$(1)' 2>/dev/null || echo ' bad')
GALLOC_REGION_BYTES := $(call galloc_number,$(GALLOC_REGION_SIZE))
GALLOC_BANK_BYTES := $(call galloc_number,$(GALLOC_BANK_SIZE))

ifneq ($(words $(GALLOC_REGION_BYTES)),1)
$(error GALLOC_REGION_SIZE=$(GALLOC_REGION_SIZE) is no number of bytes)
endif

ifneq ($(GALLOC_REGION_BYTES),0)
# 512 bytes hold the control data and some blocks.
ifneq ($(shell [ $(GALLOC_REGION_BYTES) -ge 512 ] && [ $(GALLOC_REGION_BYTES) -le $(GALLOC_BANK_BYTES) ] && echo fits),fits)
$(error GALLOC_REGION_SIZE=$(GALLOC_REGION_BYTES) does not fit: this board can reserve 512 to $(GALLOC_BANK_BYTES) bytes at $(GALLOC_BANK_ORIGIN), or 0)
endif
CFLAGS += -DGALLOC_BOARD_REGION_LINKED=1
CFLAGS += -DGALLOC_BOARD_REGION_NAME='"$(GALLOC_REGION_NAME)"'
CFLAGS += -DGALLOC_BOARD_REGION_ATTRIBUTES='"$(GALLOC_REGION_ATTRIBUTES)"'
LDFLAGS += $(GALLOC_WL)--defsym=galloc_region_origin=$(GALLOC_BANK_ORIGIN)
LDFLAGS += $(GALLOC_WL)--defsym=galloc_region_size=$(GALLOC_REGION_BYTES)
LDFLAGS += $(GALLOC_WL)-T$(GALLOC_REGION_LD)
endif
