# Raspberry Pi Pico 2: the port's own board, its Arm cores, with a region reserved for galloc in the 512 KiB of striped
# SRAM.

set(GALLOC_REGION_DEFAULT 131072)
set(GALLOC_REGION_MAX 425984)
include(${CMAKE_CURRENT_LIST_DIR}/../region.cmake)

# Everything else, the pins and the header too, is as the port has it.
set(MICROPY_BOARD_DIR ${MICROPY_PORT_DIR}/boards/RPI_PICO2)
include(${MICROPY_BOARD_DIR}/mpconfigboard.cmake)

set(MICROPY_FROZEN_MANIFEST ${CMAKE_CURRENT_LIST_DIR}/manifest.py)
