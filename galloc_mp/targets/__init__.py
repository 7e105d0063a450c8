"""Targets: machines that run MicroPython with galloc, each behind the same few methods.

    with open_target("MPS2_AN385") as target:
        print(target.exec("import galloc; print(galloc.regions())"))

A target keeps one session of MicroPython over its calls: names stay until `reset`.
"""

from galloc_mp.targets.base import Target, TargetError, TargetTimeout
from galloc_mp.targets.opening import open_target
from galloc_mp.targets.registry import Spec, find_spec, known_targets

__all__ = [
    "Spec",
    "Target",
    "TargetError",
    "TargetTimeout",
    "find_spec",
    "known_targets",
    "open_target",
]
