# The C and C++ modules of the tests, for ports that build with make: USER_C_MODULES=<the folder above>.
GALLOC_TESTS_DIR := $(patsubst %/,%,$(dir $(realpath $(lastword $(MAKEFILE_LIST)))))
CFLAGS_USERMOD += -I$(GALLOC_TESTS_DIR)
SRC_USERMOD_C += $(addprefix $(GALLOC_TESTS_DIR)/,client.c libc.c ticker.c vectormodule.c)
SRC_USERMOD_LIB_CXX += $(GALLOC_TESTS_DIR)/vector.cpp
# Some ports have no flags for C++; the processor is the same.
CXXFLAGS_USERMOD += $(filter -m%,$(CFLAGS)) -Os -std=c++17 -fno-exceptions -fno-rtti -fno-threadsafe-statics
CXXFLAGS_USERMOD += -ffunction-sections -fdata-sections -I$(GALLOC_TESTS_DIR)
