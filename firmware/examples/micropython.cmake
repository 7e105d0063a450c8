# The example in C, for ports that build with cmake: -DGALLOC_EXAMPLES=1. Included by galloc's own file.

add_library(usermod_galloc_examples INTERFACE)
target_sources(usermod_galloc_examples INTERFACE ${CMAKE_CURRENT_LIST_DIR}/median.c)
target_link_libraries(usermod INTERFACE usermod_galloc_examples)
