# galloc as a user C module, for ports that build with cmake:
# -DUSER_C_MODULES=<this repository>/firmware/usermod/micropython.cmake
#
# -DGALLOC_REGION_SIZE=<bytes> (65536, 0x10000, 64K, 1M) reserves that much SRAM for it, 0 none; the boards in boards/ have a
# default size.

# Wherever a link to this folder is.
get_filename_component(GALLOC_USERMOD_DIR ${CMAKE_CURRENT_LIST_DIR} REALPATH)
get_filename_component(GALLOC_FIRMWARE_DIR ${GALLOC_USERMOD_DIR}/.. ABSOLUTE)

add_library(usermod_galloc INTERFACE)

file(GLOB GALLOC_SOURCES ${GALLOC_FIRMWARE_DIR}/core/*.c ${GALLOC_FIRMWARE_DIR}/module/*.c)

target_sources(usermod_galloc INTERFACE ${GALLOC_USERMOD_DIR}/modgalloc.c ${GALLOC_SOURCES})

target_include_directories(usermod_galloc INTERFACE ${GALLOC_FIRMWARE_DIR}/core ${GALLOC_FIRMWARE_DIR}/module)

# For the one source that declares the region, so that another size recompiles little.
if(NOT "${GALLOC_REGION_SIZE}" STREQUAL "")
    include(${GALLOC_USERMOD_DIR}/region_size.cmake)
    galloc_region_size(GALLOC_REGION_BYTES "${GALLOC_REGION_SIZE}")
    if(GALLOC_REGION_BYTES STREQUAL "")
        message(FATAL_ERROR "GALLOC_REGION_SIZE=${GALLOC_REGION_SIZE} is no size of a region: give 0, or 512 bytes or more, ${GALLOC_REGION_SIZE_FORMS}")
    endif()
    set_property(SOURCE ${GALLOC_FIRMWARE_DIR}/module/region.c APPEND PROPERTY COMPILE_DEFINITIONS
        GALLOC_REGION_SIZE=${GALLOC_REGION_BYTES}
    )
endif()
if(GALLOC_REGION_ATTRIBUTES)
    set_property(SOURCE ${GALLOC_FIRMWARE_DIR}/module/region.c APPEND PROPERTY COMPILE_DEFINITIONS
        "GALLOC_BOARD_REGION_ATTRIBUTES=\"${GALLOC_REGION_ATTRIBUTES}\""
    )
endif()

foreach(number 1 2 3)
    if(GALLOC_REGION_${number}_SIZE)
        set_property(SOURCE ${GALLOC_FIRMWARE_DIR}/module/region.c APPEND PROPERTY COMPILE_DEFINITIONS
            "GALLOC_REGION_${number}_NAME=\"${GALLOC_REGION_${number}_NAME}\""
            "GALLOC_REGION_${number}_ATTRIBUTES=\"${GALLOC_REGION_${number}_ATTRIBUTES}\""
            GALLOC_REGION_${number}_SIZE=${GALLOC_REGION_${number}_SIZE}
        )
        if(GALLOC_REGION_${number}_ORIGIN)
            set_property(SOURCE ${GALLOC_FIRMWARE_DIR}/module/region.c APPEND PROPERTY COMPILE_DEFINITIONS
                GALLOC_REGION_${number}_ORIGIN=${GALLOC_REGION_${number}_ORIGIN}
            )
        endif()
    endif()
endforeach()

if(GALLOC_EXAMPLES)
    include(${GALLOC_FIRMWARE_DIR}/examples/micropython.cmake)
endif()

# -DGALLOC_C_HEAP=1 makes the shared heap the C heap of other modules: malloc and its kin, new and delete of C++.
if(GALLOC_C_HEAP)
    set_property(SOURCE ${GALLOC_FIRMWARE_DIR}/module/c_heap.c APPEND PROPERTY COMPILE_DEFINITIONS GALLOC_C_HEAP=1)
    # The SDK of RP2 has functions of its own before these, which stop the chip when malloc returns NULL (for realloc(p, 0),
    # too) and take a mutex that an interrupt handler would wait for without end.
    target_compile_definitions(usermod_galloc INTERFACE
        PICO_MALLOC_PANIC=0 PICO_USE_MALLOC_MUTEX=0 PICO_CXX_DISABLE_ALLOCATION_OVERRIDES=1)
endif()

# -DGALLOC_RECORD=0 leaves galloc.record() out.
if(DEFINED GALLOC_RECORD)
    target_compile_definitions(usermod_galloc INTERFACE GALLOC_RECORD=${GALLOC_RECORD})
endif()

# The core is compiled for speed, whatever the port is compiled for: interrupts are held off for a third fewer
# instructions. -DGALLOC_OPTIMIZE=-Os makes it smaller; README.md says by how much.
if(NOT GALLOC_OPTIMIZE)
    set(GALLOC_OPTIMIZE -O2)
endif()
file(GLOB GALLOC_FAST ${GALLOC_FIRMWARE_DIR}/core/*.c)
# So are the calls from Python that programs make most.
foreach(source method raw block_type)
    list(APPEND GALLOC_FAST ${GALLOC_FIRMWARE_DIR}/module/${source}.c)
endforeach()
set_property(SOURCE ${GALLOC_FAST} APPEND PROPERTY COMPILE_OPTIONS ${GALLOC_OPTIMIZE})

target_link_libraries(usermod INTERFACE usermod_galloc)
