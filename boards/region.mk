# Reserves a region for galloc in a bank of memory that the port leaves alone. Included by a board's mpconfigboard.mk,
# which first sets where the bank is:
#
#   GALLOC_BANK_ORIGIN      address of the first byte that may be reserved
#   GALLOC_BANK_SIZE        bytes from there on that may be reserved
#   GALLOC_REGION_DEFAULT   bytes to reserve without GALLOC_REGION_SIZE=n
#   GALLOC_REGION_NAME, GALLOC_REGION_ATTRIBUTES   what galloc.regions() returns about it, if it is not the main SRAM
#
# GALLOC_REGION_SIZE=0 reserves nothing. Sizes are decimal or 0x..., also with K or M: 64K, 1M.

GALLOC_REGION_NAME ?= SRAM
GALLOC_REGION_ATTRIBUTES ?= FAST|DMA|PERSIST
GALLOC_REGION_LD := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))region.ld)
GALLOC_REGION_SIZE ?= $(GALLOC_REGION_DEFAULT)
include $(dir $(GALLOC_REGION_LD))../firmware/usermod/region_size.mk
GALLOC_REGION_BYTES := $(call galloc_region_size,$(GALLOC_REGION_SIZE))
GALLOC_BANK_BYTES := $(call galloc_region_size,$(GALLOC_BANK_SIZE))

ifneq ($(shell [ "$(GALLOC_REGION_BYTES)" -le $(GALLOC_BANK_BYTES) ] 2>/dev/null && echo fits),fits)
$(error GALLOC_REGION_SIZE=$(GALLOC_REGION_SIZE) does not fit: this board can reserve 512 to $(GALLOC_BANK_BYTES) bytes at $(GALLOC_BANK_ORIGIN), or 0; give them $(GALLOC_REGION_SIZE_FORMS))
endif

ifneq ($(GALLOC_REGION_BYTES),0)
CFLAGS += -DGALLOC_BOARD_REGION_LINKED=1
CFLAGS += -DGALLOC_BOARD_REGION_NAME='"$(GALLOC_REGION_NAME)"'
CFLAGS += -DGALLOC_BOARD_REGION_ATTRIBUTES='"$(GALLOC_REGION_ATTRIBUTES)"'
# The numbers go into a script in the folder of the build: -T is the one flag that both gcc and ld take, and ports link by
# the one or by the other.
GALLOC_BUILD_LD := $(abspath $(or $(BUILD),build))/galloc_region.ld
GALLOC_WRITTEN := $(shell mkdir -p $(dir $(GALLOC_BUILD_LD)) && printf '%s = %s;\n' galloc_region_origin $(GALLOC_BANK_ORIGIN) \
    galloc_region_size $(GALLOC_REGION_BYTES) >$(GALLOC_BUILD_LD) && \
    printf 'INCLUDE "%s"\n' $(GALLOC_REGION_LD) >>$(GALLOC_BUILD_LD) && echo done)
ifneq ($(GALLOC_WRITTEN),done)
$(error cannot write $(GALLOC_BUILD_LD))
endif
LDFLAGS += -T$(GALLOC_BUILD_LD)
endif
