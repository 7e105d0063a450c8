# The C and C++ modules of the tests, for ports that build with cmake: -DUSER_C_MODULES=<this file>.

set(GALLOC_C_HEAP 1)
set(GALLOC_EXAMPLES 1)
include(${CMAKE_CURRENT_LIST_DIR}/../../../firmware/usermod/micropython.cmake)

set(TESTS_DIR ${CMAKE_CURRENT_LIST_DIR}/modules)
add_library(usermod_galloc_tests INTERFACE)
target_sources(usermod_galloc_tests INTERFACE
    ${TESTS_DIR}/client.c
    ${TESTS_DIR}/libc.c
    ${TESTS_DIR}/vectormodule.c
    ${TESTS_DIR}/vector.cpp
)
target_include_directories(usermod_galloc_tests INTERFACE ${TESTS_DIR})
target_link_libraries(usermod INTERFACE usermod_galloc_tests)
