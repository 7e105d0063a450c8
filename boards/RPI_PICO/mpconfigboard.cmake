# Raspberry Pi Pico: the port's own board with a region reserved for galloc. Of the 256 KiB of striped SRAM on RP2040
# MicroPython needs some 16 for its variables and a GC heap worth the name.

set(GALLOC_REGION_DEFAULT 65536)
set(GALLOC_REGION_MAX 196608)
include(${CMAKE_CURRENT_LIST_DIR}/../region.cmake)

# Everything else, the pins and the header too, is as the port has it.
set(MICROPY_BOARD_DIR ${MICROPY_PORT_DIR}/boards/RPI_PICO)
include(${MICROPY_BOARD_DIR}/mpconfigboard.cmake)

set(MICROPY_FROZEN_MANIFEST ${CMAKE_CURRENT_LIST_DIR}/manifest.py)
