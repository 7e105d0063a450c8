# galloc as a user C module, for ports that build with make: USER_C_MODULES=<this repository>/firmware, or a folder that has
# a link to this one or to its parent among other modules.
#
# GALLOC_REGION_SIZE=<bytes> (65536, 0x10000, 64K, 1M) reserves a static array of that size, 0 none; a board can give a bank
# of memory instead (see boards/).

# Two of the folders that MicroPython looks into may lead here.
ifndef GALLOC_FIRMWARE_DIR

# This file's own place, wherever a link to it is. USERMOD_DIR would be the place of the link.
GALLOC_USERMOD_DIR := $(patsubst %/,%,$(dir $(realpath $(lastword $(MAKEFILE_LIST)))))
GALLOC_FIRMWARE_DIR := $(patsubst %/,%,$(dir $(GALLOC_USERMOD_DIR)))
GALLOC_CORE := $(wildcard $(GALLOC_FIRMWARE_DIR)/core/*.c)

SRC_USERMOD_C += $(GALLOC_USERMOD_DIR)/modgalloc.c
SRC_USERMOD_C += $(wildcard $(GALLOC_FIRMWARE_DIR)/module/*.c)
SRC_USERMOD_LIB_C += $(GALLOC_CORE)

CFLAGS_USERMOD += -I$(GALLOC_FIRMWARE_DIR)/core -I$(GALLOC_FIRMWARE_DIR)/module
ifneq ($(GALLOC_REGION_SIZE),)
include $(GALLOC_USERMOD_DIR)/region_size.mk
GALLOC_REGION_BYTES := $(call galloc_region_size,$(GALLOC_REGION_SIZE))
ifeq ($(GALLOC_REGION_BYTES),)
$(error GALLOC_REGION_SIZE=$(GALLOC_REGION_SIZE) is no size of a region: give 0, or 512 bytes or more, $(GALLOC_REGION_SIZE_FORMS))
endif
CFLAGS_USERMOD += -DGALLOC_REGION_SIZE=$(GALLOC_REGION_BYTES)
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
# So are the calls from Python that programs make most.
GALLOC_FAST := $(patsubst %.c,core/%.o,$(notdir $(GALLOC_CORE))) $(addprefix module/,method.o raw.o block_type.o)
# Where the objects are depends on the release of MicroPython and on how USER_C_MODULES is written: $(BUILD)/core/x.o, or
# $(BUILD) followed by the absolute path.
$(foreach object,$(GALLOC_FAST),$(BUILD)%$(object)): CFLAGS += $(GALLOC_OPTIMIZE)

endif
