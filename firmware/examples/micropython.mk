# The example in C, for ports that build with make: GALLOC_EXAMPLES=1.

ifeq ($(GALLOC_EXAMPLES),1)
SRC_USERMOD_C += $(patsubst %/,%,$(dir $(realpath $(lastword $(MAKEFILE_LIST)))))/median.c
endif
