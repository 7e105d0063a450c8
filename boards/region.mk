# Reserves a region for galloc in a bank of memory that the port leaves alone. Included by a board's mpconfigboard.mk,
# which first sets where the bank is:
#
#   GALLOC_BANK_ORIGIN      address of the first byte that may be reserved
#   GALLOC_BANK_SIZE        bytes from there on that may be reserved
#   GALLOC_REGION_DEFAULT   bytes to reserve without GALLOC_REGION_SIZE=n
#   GALLOC_REGION_NAME, GALLOC_REGION_ATTRIBUTES   what galloc.regions() returns about it, if it is not the main SRAM
#
# GALLOC_REGION_SIZE=0 reserves nothing. Sizes are decimal or 0x..., also with K or M: 64K, 1M.
#
# A board with memory in several banks says the same of regions 1 to 3, each with its number at the end:
# GALLOC_BANK_ORIGIN_1, GALLOC_BANK_SIZE_1, GALLOC_REGION_DEFAULT_1, GALLOC_REGION_NAME_1, GALLOC_REGION_ATTRIBUTES_1; and
# GALLOC_REGION_SIZE_1=n chooses another size. Programs take a bank by its attributes: galloc.alloc(n, wants="DMA").

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

# Region $(1), a number: its size, checked, and what region.c has to know.
define galloc_further_region
GALLOC_REGION_SIZE_$(1) ?= $$(GALLOC_REGION_DEFAULT_$(1))
GALLOC_REGION_BYTES_$(1) := $$(call galloc_region_size,$$(GALLOC_REGION_SIZE_$(1)))
GALLOC_BANK_BYTES_$(1) := $$(call galloc_region_size,$$(GALLOC_BANK_SIZE_$(1)))
ifneq ($$(words $$(GALLOC_REGION_BYTES_$(1))),1)
$$(error GALLOC_REGION_SIZE_$(1)=$$(GALLOC_REGION_SIZE_$(1)) is no size of a region; give it $$(GALLOC_REGION_SIZE_FORMS))
endif
ifneq ($$(GALLOC_REGION_BYTES_$(1)),0)
ifneq ($$(shell [ $$(GALLOC_REGION_BYTES_$(1)) -ge 512 ] && [ $$(GALLOC_REGION_BYTES_$(1)) -le $$(GALLOC_BANK_BYTES_$(1)) ] && echo fits),fits)
$$(error GALLOC_REGION_SIZE_$(1)=$$(GALLOC_REGION_BYTES_$(1)) does not fit: this board can reserve 512 to $$(GALLOC_BANK_BYTES_$(1)) bytes at $$(GALLOC_BANK_ORIGIN_$(1)), or 0)
endif
GALLOC_FURTHER += $(1)
CFLAGS += -DGALLOC_REGION_$(1)_LINKED=1
CFLAGS += -DGALLOC_REGION_$(1)_NAME='"$$(GALLOC_REGION_NAME_$(1))"'
CFLAGS += -DGALLOC_REGION_$(1)_ATTRIBUTES='"$$(GALLOC_REGION_ATTRIBUTES_$(1))"'
endif
endef
GALLOC_FURTHER :=
$(foreach number,1 2 3,$(if $(GALLOC_BANK_ORIGIN_$(number)),$(eval $(call galloc_further_region,$(number)))))

# The numbers go into a script in the folder of the build: -T is the one flag that both gcc and ld take, and ports link by
# the one or by the other. It has the text of region.ld once a region, with other names.
GALLOC_BUILD_LD := $(abspath $(or $(BUILD),build))/galloc_region.ld
GALLOC_WRITTEN := $(shell mkdir -p $(dir $(GALLOC_BUILD_LD)) && { \
    printf '%s = %s;\n' galloc_region_origin $(GALLOC_BANK_ORIGIN) galloc_region_size $(GALLOC_REGION_BYTES); \
    printf 'INCLUDE "%s"\n' $(GALLOC_REGION_LD); \
    $(foreach number,$(GALLOC_FURTHER), \
        printf '%s = %s;\n' galloc_region_$(number)_origin $(GALLOC_BANK_ORIGIN_$(number)) \
            galloc_region_$(number)_size $(GALLOC_REGION_BYTES_$(number)); \
        sed 's/galloc_region/galloc_region_$(number)/g; s/GALLOC_BANK/GALLOC_BANK_$(number)/g' $(GALLOC_REGION_LD);) \
    } >$(GALLOC_BUILD_LD) && echo done)
ifneq ($(GALLOC_WRITTEN),done)
$(error cannot write $(GALLOC_BUILD_LD))
endif
LDFLAGS += -T$(GALLOC_BUILD_LD)
endif
