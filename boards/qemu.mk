# What the boards of the QEMU port have in common. Included by a board's mpconfigboard.mk, which says first where its
# region lies, as region.mk asks.

# The port has no atomic section of its own.
CFLAGS += -DGALLOC_LOCK_MASKS_INTERRUPTS=1

GALLOC_BOARDS := $(dir $(lastword $(MAKEFILE_LIST)))
FROZEN_MANIFEST ?= $(GALLOC_BOARDS)manifest.py

include $(GALLOC_BOARDS)region.mk
