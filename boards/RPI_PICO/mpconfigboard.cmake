# Raspberry Pi Pico: the port's own board with a region reserved for galloc. Of the 256 KiB of striped SRAM on RP2040
# MicroPython needs some 16 for its variables and a GC heap worth the name.

set(GALLOC_REGION_DEFAULT 65536)
set(GALLOC_REGION_MAX 196608)
# The two scratch banks are the stack of core 0, all 8 KiB, so there is no second bank to give. With the examples a part of
# the main SRAM is one, so that programs for several banks run in the emulator.
if(GALLOC_EXAMPLES AND NOT DEFINED GALLOC_REGION_1_SIZE)
    set(GALLOC_REGION_1_NAME SRAM1)
    set(GALLOC_REGION_1_ATTRIBUTES "DMA|PERSIST")
    set(GALLOC_REGION_1_SIZE 16384)
endif()
include(${CMAKE_CURRENT_LIST_DIR}/../region.cmake)

# Everything else, the pins and the header too, is as the port has it.
set(MICROPY_BOARD_DIR ${MICROPY_PORT_DIR}/boards/RPI_PICO)
include(${MICROPY_BOARD_DIR}/mpconfigboard.cmake)

set(MICROPY_FROZEN_MANIFEST ${CMAKE_CURRENT_LIST_DIR}/manifest.py)
