# galloc as a user C module, for ports that build with make: USER_C_MODULES=<this repository>/firmware
#
# A board's own region: set GALLOC_REGION_SIZE (bytes of a static array), or let the board define
# GALLOC_BOARD_REGION_LINKED and give the two symbols by a linker fragment (see boards/).

GALLOC_USERMOD_DIR := $(USERMOD_DIR)
GALLOC_FIRMWARE_DIR := $(abspath $(GALLOC_USERMOD_DIR)/..)

SRC_USERMOD_C += $(GALLOC_USERMOD_DIR)/modgalloc.c
SRC_USERMOD_C += $(wildcard $(GALLOC_FIRMWARE_DIR)/module/*.c)
SRC_USERMOD_LIB_C += $(wildcard $(GALLOC_FIRMWARE_DIR)/core/*.c)

CFLAGS_USERMOD += -I$(GALLOC_FIRMWARE_DIR)/core -I$(GALLOC_FIRMWARE_DIR)/module
ifneq ($(GALLOC_REGION_SIZE),)
CFLAGS_USERMOD += -DGALLOC_REGION_SIZE=$(GALLOC_REGION_SIZE)
endif

# GALLOC_C_HEAP=1 makes the shared heap the C heap of other modules: malloc and its kin, new and delete of C++.
ifeq ($(GALLOC_C_HEAP),1)
CFLAGS_USERMOD += -DGALLOC_C_HEAP=1
endif

# GALLOC_RECORD=0 leaves galloc.record() out.
ifneq ($(GALLOC_RECORD),)
CFLAGS_USERMOD += -DGALLOC_RECORD=$(GALLOC_RECORD)
endif

# The core is compiled for speed, whatever the port is compiled for: interrupts are held off for a third fewer
# instructions. GALLOC_OPTIMIZE=-Os makes it smaller; README.md says by how much.
GALLOC_OPTIMIZE ?= -O2
$(BUILD)/core/%.o: CFLAGS += $(GALLOC_OPTIMIZE)
