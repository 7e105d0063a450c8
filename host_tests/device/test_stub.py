"""galloc.pyi, for editors and type checkers, has the names that the module has."""

import ast
import json
import re

from galloc_mp.core import Stats
from galloc_mp.replay.session import FIELDS
from galloc_mp.targets.registry import ROOT

STUB = ROOT / "galloc_mp" / "device" / "galloc.pyi"

NAMES = """
import galloc, json
h = galloc.Heap(bytearray(2000))
with h.arena() as arena:
    objects = dict(Heap=h, Block=arena.alloc(8), Arena=arena, Roots=h.root)
    names = {key: [n for n in dir(x) if n[:1] != "_"] for key, x in objects.items()}
names["module"] = [n for n in dir(galloc) if n[:1] != "_"]
names["module"] += ["Stats"] if hasattr(galloc, "Stats") else []
names["fields"] = galloc._galloc.stats_fields().split() + ["fragmentation"]
s = h.stats()
assert [getattr(s, n) for n in names["fields"]] == list(s)
print(json.dumps(names))
"""

# Not in dir() of MicroPython: found by the object's own look-up.
BY_ATTR = {"root", "address", "offset", "size"}


def names_of(body: list) -> set[str]:
    """What a module or class defines without an underscore in front."""
    found = set()
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.AnnAssign):
            found.add(node.target.id)
    return {name for name in found if not name.startswith("_")}


def test_stub(target):
    said = json.loads(target.exec(NAMES))
    tree = ast.parse(STUB.read_text())
    classes = {n.name: n.body for n in tree.body if isinstance(n, ast.ClassDef)}
    for kind in ("Heap", "Block", "Arena", "Roots"):
        assert names_of(classes[kind]) - BY_ATTR == set(said[kind]) - BY_ATTR, kind
    assert names_of(tree.body) - {"Roots"} == set(said["module"])
    fields = [n.target.id for n in classes["Stats"] if isinstance(n, ast.AnnAssign)]
    assert fields == said["fields"] == list(FIELDS)


def test_statistics_are_the_cores():
    """The list of the module and that of the tools against the struct."""
    header = (ROOT / "firmware" / "core" / "galloc.h").read_text()
    (struct,) = re.findall(r"typedef struct \{([^}]*)\} galloc_stats_t;", header)
    declared = tuple(re.findall(r"^ *size_t (\w+);", struct, re.MULTILINE))
    names = (ROOT / "firmware" / "module" / "names.h").read_text()
    listed = re.findall(r"X\((\w+)\)", names.partition("GALLOC_STATS(X)")[2])
    assert declared == Stats._fields and len(declared) >= 11
    assert tuple(listed[: len(declared)]) == declared
