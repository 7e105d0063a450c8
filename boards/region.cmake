# Reserves a region for galloc in a port that builds with cmake. Included by a board's mpconfigboard.cmake, which says
# first:
#
#   GALLOC_REGION_DEFAULT   bytes to reserve when nobody says -DGALLOC_REGION_SIZE=n
#   GALLOC_REGION_MAX       bytes that may be reserved
#   GALLOC_REGION_ATTRIBUTES   what galloc.regions() tells about it, when it is not the main SRAM
#
# -DGALLOC_REGION_SIZE=0 reserves nothing.

if(NOT GALLOC_REGION_ATTRIBUTES)
    set(GALLOC_REGION_ATTRIBUTES "FAST|DMA|PERSIST")
endif()
if(NOT DEFINED GALLOC_REGION_SIZE OR GALLOC_REGION_SIZE STREQUAL "")
    set(GALLOC_REGION_SIZE ${GALLOC_REGION_DEFAULT})
endif()
if(NOT GALLOC_REGION_SIZE MATCHES "^-?([0-9]+|0[xX][0-9a-fA-F]+)$")
    message(FATAL_ERROR "GALLOC_REGION_SIZE=${GALLOC_REGION_SIZE} is no number of bytes")
endif()
math(EXPR GALLOC_REGION_BYTES "${GALLOC_REGION_SIZE}")
# 512 bytes hold the control data and some blocks.
if(GALLOC_REGION_BYTES AND (GALLOC_REGION_BYTES LESS 512 OR GALLOC_REGION_BYTES GREATER GALLOC_REGION_MAX))
    message(FATAL_ERROR "GALLOC_REGION_SIZE=${GALLOC_REGION_BYTES} does not fit: this board can reserve 512 to ${GALLOC_REGION_MAX} bytes, or 0")
endif()
set(GALLOC_REGION_SIZE ${GALLOC_REGION_BYTES})
