# Reserves a region for galloc in a port that builds with cmake. Included by a board's mpconfigboard.cmake, which first
# sets:
#
#   GALLOC_REGION_DEFAULT   bytes to reserve without -DGALLOC_REGION_SIZE=n
#   GALLOC_REGION_MAX       bytes that may be reserved
#   GALLOC_REGION_ATTRIBUTES   what galloc.regions() returns about it, if it is not the main SRAM
#
# -DGALLOC_REGION_SIZE=0 reserves nothing. Sizes are decimal or 0x..., also with K or M: 64K, 1M.

if(NOT GALLOC_REGION_ATTRIBUTES)
    set(GALLOC_REGION_ATTRIBUTES "FAST|DMA|PERSIST")
endif()
if(NOT DEFINED GALLOC_REGION_SIZE OR GALLOC_REGION_SIZE STREQUAL "")
    set(GALLOC_REGION_SIZE ${GALLOC_REGION_DEFAULT})
endif()
include(${CMAKE_CURRENT_LIST_DIR}/../firmware/usermod/region_size.cmake)
galloc_region_size(GALLOC_REGION_BYTES "${GALLOC_REGION_SIZE}")
if(GALLOC_REGION_BYTES STREQUAL "" OR GALLOC_REGION_BYTES GREATER GALLOC_REGION_MAX)
    message(FATAL_ERROR "GALLOC_REGION_SIZE=${GALLOC_REGION_SIZE} does not fit: this board can reserve 512 to ${GALLOC_REGION_MAX} bytes, or 0; give them ${GALLOC_REGION_SIZE_FORMS}")
endif()
set(GALLOC_REGION_SIZE ${GALLOC_REGION_BYTES})
