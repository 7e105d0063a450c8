# Reserves a region for galloc in a port that builds with cmake. Included by a board's mpconfigboard.cmake, which first
# sets:
#
#   GALLOC_REGION_DEFAULT   bytes to reserve without -DGALLOC_REGION_SIZE=n
#   GALLOC_REGION_MAX       bytes that may be reserved
#   GALLOC_REGION_ATTRIBUTES   what galloc.regions() returns about it, if it is not the main SRAM
#
# -DGALLOC_REGION_SIZE=0 reserves nothing. Sizes are decimal or 0x..., also with K or M: 64K, 1M.
#
# Regions 1 to 3, for memory in several banks: GALLOC_REGION_1_NAME, GALLOC_REGION_1_ATTRIBUTES, GALLOC_REGION_1_SIZE, and
# GALLOC_REGION_1_ORIGIN for an address that no section is put into, such as that of PSRAM; without it the region is a
# static array. -DGALLOC_REGION_1_SIZE=n reserves another size, 0 nothing. Programs take a bank by its attributes:
# galloc.alloc(n, wants="DMA").

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

foreach(number 1 2 3)
    set(size ${GALLOC_REGION_${number}_SIZE})
    if(size)
        galloc_region_size(bytes "${size}")
        if(bytes STREQUAL "")
            message(FATAL_ERROR "GALLOC_REGION_${number}_SIZE=${size} does not fit: 512 bytes at least, or 0; give them ${GALLOC_REGION_SIZE_FORMS}")
        endif()
        set(GALLOC_REGION_${number}_SIZE ${bytes})
        if(NOT GALLOC_REGION_${number}_NAME OR NOT GALLOC_REGION_${number}_ATTRIBUTES)
            message(FATAL_ERROR "GALLOC_REGION_${number}_SIZE=${size} needs GALLOC_REGION_${number}_NAME and _ATTRIBUTES")
        endif()
    endif()
endforeach()
