#!/usr/bin/env bash
# Checks the layout, and compiles the core for every processor and the glue's strictest users with warnings as errors.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
failed=0

# What the contract promises to compile clean.
promised=(-std=c11 -Wall -Wextra -Werror)
# What the house asks of its own code.
house=(-std=c11 -Wall -Wextra -Werror -Wundef -Wshadow -Wsign-compare -Wcast-align -Wwrite-strings
    -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wtype-limits)
# What CircuitPython's boards are built with.
circuitpython=(-std=gnu11 -Wall -Werror -Werror=missing-prototypes -Wundef -Wshadow -Wsign-compare -Wcast-align
    -Wwrite-strings -Wfloat-equal -Wstrict-prototypes -Wnested-externs -Wtype-limits -Wold-style-definition
    -fshort-enums)

# compile NAME COMPILER FLAG...: all of the core, and the locked form's header on its own.
compile() {
    local name=$1 compiler=$2 file
    shift 2
    for file in firmware/core/*.c; do
        if ! "$compiler" "$@" -Ifirmware/core -c "$file" -o "$out/object.o"; then
            echo "lint: $file does not compile for $name: $compiler $*" >&2
            failed=1
        fi
    done
}

host_tests/tools/format.sh --check || failed=1

for warnings in promised house circuitpython; do
    declare -n flags=$warnings
    extra=()
    # GCC only knows this one.
    [ $warnings = circuitpython ] && extra=(-fsingle-precision-constant)
    compile "x86-64, $warnings" gcc "${flags[@]}" "${extra[@]}" -O2
    compile "i386, $warnings" gcc "${flags[@]}" "${extra[@]}" -O2 -m32
    for cpu in cortex-m0plus cortex-m3 "cortex-m4 -mfloat-abi=hard -mfpu=fpv4-sp-d16" cortex-m7; do
        # shellcheck disable=SC2086
        compile "$cpu, $warnings" arm-none-eabi-gcc "${flags[@]}" "${extra[@]}" -Os -mthumb -mcpu=$cpu
    done
    compile "RV32IMC, $warnings" riscv64-unknown-elf-gcc "${flags[@]}" "${extra[@]}" -Os \
        -march=rv32imc -mabi=ilp32 --specs=picolibc.specs
    [ $warnings = circuitpython ] || compile "x86-64 by clang, $warnings" clang "${flags[@]}" -O2
    [ $warnings = circuitpython ] || compile "i386 by clang, $warnings" clang "${flags[@]}" -O2 -m32
done
compile "no checksum" gcc "${house[@]}" -O2 -DGALLOC_HEADER_CHECK=0

[ $failed = 0 ] && echo "lint: clean" >&2
exit $failed
