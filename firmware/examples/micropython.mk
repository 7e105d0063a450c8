# The examples, C and C++ on the shared heap, for ports that build with make: GALLOC_EXAMPLES=1.

ifeq ($(GALLOC_EXAMPLES),1)
GALLOC_EXAMPLES_DIR := $(patsubst %/,%,$(dir $(realpath $(lastword $(MAKEFILE_LIST)))))
CFLAGS_USERMOD += -DGALLOC_C_HEAP=1 -I$(GALLOC_EXAMPLES_DIR)
SRC_USERMOD_C += $(addprefix $(GALLOC_EXAMPLES_DIR)/,client.c libc.c ticker.c vectormodule.c)
SRC_USERMOD_LIB_CXX += $(GALLOC_EXAMPLES_DIR)/vector.cpp
# Some ports have no flags for C++; the processor is the same.
CXXFLAGS_USERMOD += $(filter -m%,$(CFLAGS)) -Os -std=c++17 -fno-exceptions -fno-rtti -fno-threadsafe-statics
CXXFLAGS_USERMOD += -ffunction-sections -fdata-sections -I$(GALLOC_EXAMPLES_DIR)
endif
