# The examples, C and C++ on the shared heap, for ports that build with cmake: -DGALLOC_EXAMPLES=1. Included by galloc's
# own file.

add_library(usermod_galloc_examples INTERFACE)

target_sources(usermod_galloc_examples INTERFACE
    ${CMAKE_CURRENT_LIST_DIR}/client.c
    ${CMAKE_CURRENT_LIST_DIR}/libc.c
    ${CMAKE_CURRENT_LIST_DIR}/vectormodule.c
    ${CMAKE_CURRENT_LIST_DIR}/vector.cpp
)

target_include_directories(usermod_galloc_examples INTERFACE ${CMAKE_CURRENT_LIST_DIR})

set(GALLOC_C_HEAP 1)

target_link_libraries(usermod INTERFACE usermod_galloc_examples)
