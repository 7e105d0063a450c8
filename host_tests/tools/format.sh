#!/usr/bin/env bash
# Lays out the C and Python sources in place, or with --check only prints what is not laid out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

mapfile -t c_files < <(git ls-files --cached --others --exclude-standard '*.c' '*.h' | sort)
if [ "${1:-}" = --check ]; then
    failed=0
    .venv/bin/ruff check --quiet --output-format concise . >&2 || failed=1
    .venv/bin/ruff format --quiet --check . >&2 || failed=1
    .venv/bin/clang-format --dry-run -Werror "${c_files[@]}" >&2 || failed=1
    [ $failed = 0 ] || echo "lint: 'make format' mends most of these; the rest is for you" >&2
    exit $failed
fi
.venv/bin/ruff check --quiet --fix . || true
.venv/bin/ruff format --quiet .
.venv/bin/clang-format -i "${c_files[@]}"
