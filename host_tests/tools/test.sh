#!/usr/bin/env bash
# Sets up and builds what the tests use, then runs them: test.sh [PYTEST ARGUMENT...]
#
# Every board is built and tried in short. With BOARDS=all in the environment all scripts run on all of them, and on
# stock firmware with the native module.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
tools=host_tests/tools

"$tools/setup.sh" apt:base apt:unix32 apt:arm apt:riscv apt:xtensa apt:clang apt:wasm apt:valgrind apt:node \
    apt:chromium venv micropython playwright
# Before all the builds: whether there is anything to run.
if [ $# -gt 0 ]; then
    status=0
    said=$(.venv/bin/python -m pytest --collect-only -qq "$@" 2>&1) || status=$?
    case $status in
    4)
        printf 'test: %s\n' "$(grep ERROR <<<"$said" | tail -n 1)" >&2
        exit 1
        ;;
    5)
        echo "test: no test matches '$*'; K=word takes the tests with that word in their file or name" >&2
        exit 1
        ;;
    esac
fi
.venv/bin/python "$tools/build.py" unix unix-natmod unix32 MPS2_AN385 MPS2_AN385-natmod natmod:x86 natmod:armv6m
.venv/bin/python "$tools/build.py" boards MPS2_AN385-with-c VIRT_RV32-natmod ESP32_SIM-natmod ESP8266_SIM-natmod \
    RPI_PICO-natmod
.venv/bin/python "$tools/parts.py"
if [ "${BOARDS:-}" = all ]; then
    mapfile -t targets < <(.venv/bin/python -m galloc_mp targets)
    .venv/bin/python "$tools/build.py" "${targets[@]}"
    set -- "--targets=$(IFS=,; echo "${targets[*]}")" "$@"
fi
exec .venv/bin/python -m pytest "$@"
