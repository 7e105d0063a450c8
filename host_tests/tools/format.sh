#!/usr/bin/env bash
# Lays out the C and Python sources in place, or with --check only tells what is not laid out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

mapfile -t c_files < <(find firmware host_tests boards \( -name '*.c' -o -name '*.h' \) | sort)
if [ "${1:-}" = --check ]; then
    .venv/bin/ruff check --quiet .
    .venv/bin/ruff format --quiet --check .
    .venv/bin/clang-format --dry-run -Werror "${c_files[@]}"
else
    .venv/bin/ruff check --quiet --fix .
    .venv/bin/ruff format --quiet .
    .venv/bin/clang-format -i "${c_files[@]}"
fi
