#!/usr/bin/env bash
# Checks the layout, and compiles core and glue with warnings as errors: the core for every processor, both also as
# CircuitPython's boards compile them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# What the contract promises, -Wall -Wextra -Werror, and what the house asks beyond.
house=(-std=c11 -Wall -Wextra -Werror -Wundef -Wshadow -Wsign-compare -Wcast-align -Wwrite-strings
    -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wtype-limits)
circuitpython=(-std=gnu11 -Wall -Werror -Werror=missing-prototypes -Wundef -Wshadow -Wsign-compare -Wcast-align
    -Wwrite-strings -Wfloat-equal -Wstrict-prototypes -Wnested-externs -Wtype-limits -Wold-style-definition
    -fshort-enums -fsingle-precision-constant)
# The glue needs MicroPython's headers, which are not ours to warn about, and the ones that a build generates.
mpy=${MPY_DIR:-build/micropython}
glue=(-isystem "$mpy" -isystem "$mpy/ports/qemu" -isystem "$1" -Ifirmware/module -DQEMU_SOC_MPS2
    -DMICROPY_HEAP_SIZE=143360 -DGALLOC_BOARD_REGION_LINKED=1)

core_files=(firmware/core/*.c)
glue_files=(firmware/module/*.c firmware/usermod/*.c)
cortex_m0=(arm-none-eabi-gcc -Os -mthumb -mcpu=cortex-m0plus)
cortex_m3=(arm-none-eabi-gcc -Os -mthumb -mcpu=cortex-m3)
cortex_m4=(arm-none-eabi-gcc -Os -mthumb -mcpu=cortex-m4 -mfloat-abi=hard -mfpu=fpv4-sp-d16)
cortex_m7=(arm-none-eabi-gcc -Os -mthumb -mcpu=cortex-m7)
rv64=(riscv64-unknown-elf-gcc -Os -march=rv64imc -mabi=lp64 --specs=picolibc.specs)
rv32=(riscv64-unknown-elf-gcc -Os -march=rv32imc -mabi=ilp32 --specs=picolibc.specs)

jobs=()
# compile NAME FLAG... -- FILE...: in the background; its name is printed when it fails.
compile() {
    local name=$1 root=$PWD flags=() file
    shift
    while [ "$1" != -- ]; do
        flags+=("$1")
        shift
    done
    shift
    (
        for file in "$@"; do
            "${flags[@]}" -Ifirmware/core -c "$file" -o "$out/$BASHPID.o" || {
                echo "lint: $file does not compile for $name; in $root: ${flags[*]} -Ifirmware/core -c $file" >&2
                exit 1
            }
        done
    ) &
    jobs+=($!)
    # Two at a time.
    [ $((${#jobs[@]} % 2)) = 1 ] || settle
}

failed=0
settle() {
    local job
    for job in "${jobs[@]}"; do
        wait "$job" || failed=1
    done
    jobs=()
}

host_tests/tools/format.sh --check || failed=1

for optimised in -O2 -Os; do
    compile x86-64 gcc "${house[@]}" $optimised -- "${core_files[@]}"
    compile i386 gcc "${house[@]}" $optimised -m32 -- "${core_files[@]}"
done
compile "x86-64 by clang" clang "${house[@]}" -O2 -- "${core_files[@]}"
compile "i386 by clang" clang "${house[@]}" -O2 -m32 -- "${core_files[@]}"
for level in 1 0; do
    compile "x86-64, hardening $level" gcc "${house[@]}" -O2 -DGALLOC_HARDENING=$level -- "${core_files[@]}"
    compile "Cortex-M0+, hardening $level" "${cortex_m0[@]}" "${house[@]}" -DGALLOC_HARDENING=$level -- "${core_files[@]}"
done
compile Cortex-M0+ "${cortex_m0[@]}" "${house[@]}" -- "${core_files[@]}"
compile Cortex-M3 "${cortex_m3[@]}" "${house[@]}" -- "${core_files[@]}"
compile Cortex-M4F "${cortex_m4[@]}" "${house[@]}" -- "${core_files[@]}"
compile Cortex-M7 "${cortex_m7[@]}" "${house[@]}" -- "${core_files[@]}"
compile RV32IMC "${rv32[@]}" "${house[@]}" -- "${core_files[@]}"
compile RV64IMC "${rv64[@]}" "${house[@]}" -- "${core_files[@]}"
compile "CircuitPython on x86-64" gcc "${circuitpython[@]}" -Os -- "${core_files[@]}"
compile "CircuitPython on Cortex-M0+" "${cortex_m0[@]}" "${circuitpython[@]}" -- "${core_files[@]}"
compile "CircuitPython on Cortex-M4F" "${cortex_m4[@]}" "${circuitpython[@]}" -- "${core_files[@]}"
compile "CircuitPython's warnings, glue" "${cortex_m3[@]}" "${circuitpython[@]}" "${glue[@]}" -- "${glue_files[@]}"
settle

[ $failed = 0 ] && echo "lint: clean" >&2
exit $failed
