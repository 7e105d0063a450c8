#!/usr/bin/env bash
# Sets up and builds what the tests use, then runs them: test.sh [PYTEST ARGUMENT...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
tools=host_tests/tools

"$tools/setup.sh" apt:base apt:unix32 apt:arm apt:riscv apt:clang venv micropython
.venv/bin/python "$tools/build.py" unix unix-natmod unix32 MPS2_AN385 MPS2_AN385-natmod natmod:x86 natmod:armv6m
exec .venv/bin/python -m pytest "$@"
