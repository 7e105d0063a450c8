# Reads GALLOC_REGION_SIZE: galloc_region_size(OUT TEXT) sets OUT to the number of bytes, in decimal, or to "" when TEXT is no
# size of a region. A number is decimal or 0x...; K and M after it mean KiB and MiB. 0 is no region, 512 the least that holds
# the control data and some blocks.

set(GALLOC_REGION_SIZE_FORMS "in decimal or as 0x..., with K or M for KiB or MiB")

function(galloc_region_size out text)
    set(${out} "" PARENT_SCOPE)
    if(text MATCHES "^(0|[1-9][0-9]*|0[xX][0-9a-fA-F]+)([KkMm]?)$")
        set(number ${CMAKE_MATCH_1})
        set(suffix "${CMAKE_MATCH_2}")
        set(unit 1)
        if(suffix MATCHES "[Kk]")
            set(unit 1024)
        elseif(suffix MATCHES "[Mm]")
            set(unit 1048576)
        endif()
        # Not more than ten digits: arithmetic wraps around.
        string(LENGTH ${number} digits)
        if(digits LESS_EQUAL 10)
            math(EXPR bytes "${number} * ${unit}")
            if(bytes EQUAL 0 OR bytes GREATER_EQUAL 512)
                set(${out} ${bytes} PARENT_SCOPE)
            endif()
        endif()
    endif()
endfunction()
