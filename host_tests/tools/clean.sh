#!/usr/bin/env bash
# Removes what was built and keeps what was fetched: build/downloads, the sources of MicroPython and .venv.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
[ -d build ] || exit 0
find build -mindepth 1 -maxdepth 1 ! -name downloads ! -name micropython ! -name 'apt-*' ! -name node_modules \
    -exec rm -rf {} +
find . -name __pycache__ -not -path './build/*' -not -path './.venv/*' -prune -exec rm -rf {} +
rm -rf .pytest_cache .ruff_cache .hypothesis
