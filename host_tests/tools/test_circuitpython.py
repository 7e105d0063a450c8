"""What CircuitPython lacks is not relied on. Its source is in no registry, so this goes by names;
`make lint` compiles with the warnings of its boards.
"""

import ast
import re

import pytest

from galloc_mp.targets.registry import ROOT

WRAPPER = sorted((ROOT / "galloc_mp" / "device").glob("galloc*.py"))
GLUE = sorted((ROOT / "firmware" / "module").glob("*.[ch]"))
# What a board of CircuitPython has of what a wrapper might import.
MODULES = {"array", "collections", "gc", "io", "micropython", "struct", "sys"}
MODULES |= {"_galloc", "galloc", "galloc_more"}
# Names of MicroPython's C that it has not, or has with other arguments.
C_NAMES = (
    "mp_obj_new_type",
    "mp_map_new",
    "m_free",
    "mp_obj_malloc_var_with_finaliser",
    "mp_hal_ticks_us",
    "mp_sched_schedule",
    "MP_THREAD_GIL_EXIT",
)


def guarded(tree: ast.AST) -> set[ast.AST]:
    """What is inside a `try`, where a name may be missing."""
    return {node for t in ast.walk(tree) if isinstance(t, ast.Try) for node in ast.walk(t)}


@pytest.mark.parametrize("wrapper", WRAPPER, ids=lambda path: path.name)
def test_wrapper_imports_what_is_there(wrapper):
    tree = ast.parse(wrapper.read_text())
    optional = guarded(tree)
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and node not in optional:
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node not in optional:
            imported.add(node.module)
    assert imported and imported <= MODULES


@pytest.mark.parametrize("wrapper", WRAPPER, ids=lambda path: path.name)
def test_wrapper_uses_what_is_there(wrapper):
    """No native code, no finaliser, nothing of `micropython` but `const`, unless it is guarded."""
    tree = ast.parse(wrapper.read_text())
    optional = guarded(tree)
    attributes = [
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node not in optional
    ]
    assert attributes
    wrong = ("micropython.", "gc.threshold", "time.")
    assert [x for x in attributes if x.startswith(wrong) and x != "micropython.const"] == []
    text = wrapper.read_text()
    for word in ("__del__", "_asdict", "._fields", ".itemsize", ".nbytes", "@native", "@viper"):
        assert word not in text


@pytest.mark.parametrize("name", C_NAMES)
def test_glue_calls_what_is_there(name):
    users = [f.name for f in GLUE if re.search(rf"\b{name}\b *\(", f.read_text())]
    assert users == []
