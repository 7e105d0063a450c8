# galloc itself with the example, in a folder among other modules, and as their C heap.
GALLOC_C_HEAP := 1
GALLOC_EXAMPLES := 1
GALLOC_TESTS_FIRMWARE := $(abspath $(dir $(realpath $(lastword $(MAKEFILE_LIST))))../../../../firmware)
include $(GALLOC_TESTS_FIRMWARE)/micropython.mk
include $(GALLOC_TESTS_FIRMWARE)/examples/micropython.mk
