"""The mistakes: each a small change of the core's text, found in its syntax tree."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import tree_sitter_c
from tree_sitter import Language, Node, Parser

from ...core.build import CORE

# galloc.h declares, galloc_config.h has what a build may choose, the others wrap what the core has
# (driver/locked.c and driver/debug.c test them).
SKIPPED = (
    "galloc.h",
    "galloc_config.h",
    "galloc_locked.h",
    "galloc_debug.h",
    "galloc_banks.h",
    "galloc_banks_locked.h",
)
# Words that stand for the compiler's attributes and hints: the parser need not see them.
HINTS = (
    rb"\bGALLOC_(INLINE|HOT|WARM|WARM_FOR_SIZE|STAGE|STAGE_FOR_SIZE|NOINLINE|COLD|MAY_ALIAS"
    rb"|UNLIKELY|LIKELY|HOLDS)\b"
)
NEVER = ("preproc_if", "preproc_ifdef", "preproc_elif", "preproc_include", "static_assert")

# Conditions that a build decides, as those of directives do.
SETTINGS = rb"GALLOC_(64BIT|HARDENING|LARGE_BLOCK|SMALL_CODE)( (==|>=|<) \d+)?"

OPERATORS = {
    "<": ("<=",),
    "<=": ("<",),
    ">": (">=",),
    ">=": (">",),
    "==": ("!=",),
    "!=": ("==",),
    "+": ("-",),
    "-": ("+",),
    "*": ("+",),
    "/": ("*",),
    "%": ("/",),
    "&": ("|",),
    "|": ("&",),
    "^": ("|",),
    "<<": (">>",),
    ">>": ("<<",),
    "&&": ("||",),
    "||": ("&&",),
    "+=": ("-=", "="),
    "-=": ("+=", "="),
    "|=": ("&=", "="),
    "&=": ("|=", "="),
    "^=": ("|=", "="),
    "<<=": (">>=",),
    ">>=": ("<<=",),
    "++": ("--",),
    "--": ("++",),
}
KINDS = {
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!="), "relation"),
    **dict.fromkeys(("+", "-", "*", "/", "%", "+=", "-=", "++", "--"), "arithmetic"),
    **dict.fromkeys(("&", "|", "^", "<<", ">>"), "bits"),
    **dict.fromkeys(("|=", "&=", "^=", "<<=", ">>="), "bits"),
    **dict.fromkeys(("&&", "||"), "logic"),
}


@dataclass(frozen=True)
class Mutant:
    """A change of one file. start, end: bytes in it; line: counts from 1.

    outer: first and last byte, + 1, of the expression or statement whose value or effect changes.
    key: file, function, the line's text with the change marked, and a number where that is not
    unique: it stays the same when lines move.
    """

    file: str
    line: int
    function: str
    kind: str
    start: int
    end: int
    text: str
    outer: tuple[int, int]
    key: str = ""

    def apply(self, source: bytes) -> bytes:
        """The file with the change in it."""
        return source[: self.start] + self.text.encode() + source[self.end :]


def parse(source: bytes) -> Node:
    """The tree of a file. Raises ValueError where it was not understood: nothing is left out."""
    lines = []
    directive = False
    for line in source.split(b"\n"):
        directive = directive or line.startswith(b"#")
        lines.append(line if directive else re.sub(HINTS, lambda m: b" " * len(m[0]), line))
        directive = directive and line.endswith(b"\\")
    root = Parser(Language(tree_sitter_c.language())).parse(b"\n".join(lines)).root_node
    if root.has_error:
        raise ValueError("the parser does not understand the file")
    return root


def by_setting(place: Node) -> bool:
    """Whether a place is in a condition that a build decides, or joins one to another."""
    node = place if place.is_named else place.parent
    node = node.parent if node.type == "number_literal" else node
    sides = [node]
    if place.text in (b"&&", b"||"):
        sides += [node.child_by_field_name(side) for side in ("left", "right")]
    return any(re.fullmatch(SETTINGS, side.text) for side in sides)


def bare(node: Node) -> Node:
    """A condition without the parentheses around it."""
    while node.type == "parenthesized_expression":
        node = node.named_children[-1]
    return node


def at_conditions(node: Node) -> Iterator[tuple[str, Node, str]]:
    """Conditions that always, never or wrongly hold."""
    condition = node.child_by_field_name("condition")
    if node.type in ("if_statement", "while_statement", "for_statement", "do_statement") or (
        node.type == "conditional_expression"
    ):
        if condition is None:
            return
        condition = bare(condition)
        yield "condition", condition, "1"
        yield "condition", condition, "0"
        # The negation of a relation, or of a negation, is an operator's change already.
        operator = condition.child_by_field_name("operator")
        if operator is None or operator.text not in (b"==", b"!=", b"!"):
            yield "negation", condition, f"!({condition.text.decode()})"
    elif node.type == "binary_expression":
        operator = node.child_by_field_name("operator").text.decode()
        if operator in ("&&", "||"):
            for side in ("left", "right"):
                part = bare(node.child_by_field_name(side))
                yield "condition", part, "1" if operator == "&&" else "0"


def at_operators(node: Node) -> Iterator[tuple[str, Node, str]]:
    """Another operator of the same kind; none where there was one that has a single operand."""
    if node.type in ("binary_expression", "assignment_expression", "update_expression"):
        operator = node.child_by_field_name("operator")
        name = operator.text.decode()
        for other in OPERATORS.get(name, ()):
            yield KINDS[name], operator, other
    elif node.type == "unary_expression":
        operator = node.child_by_field_name("operator")
        if operator.text in (b"!", b"~"):
            yield "negation", operator, ""


def at_statements(node: Node) -> Iterator[tuple[str, Node, str]]:
    """A statement that is not there."""
    # Of no effect, but on what the compiler does.
    casts = node.text.startswith((b"(void)", b"GALLOC_ONE_WIDTH("))
    if (node.type == "expression_statement" and not casts) or node.type == "break_statement":
        yield "removal", node, ";"


def at_numbers(node: Node) -> Iterator[tuple[str, Node, str]]:
    """One more and one less."""
    if node.type == "number_literal":
        word = node.text.decode()
        digits = word.rstrip("uUlL")
        suffix = word[len(digits) :]
        value = int(digits, 0)
        for other in (value + 1, value - 1) if value else (1,):
            yield "number", node, f"{other}{suffix}"


def function_of(node: Node) -> str:
    """The function that a node is in, or '-'."""
    while node is not None and node.type != "function_definition":
        node = node.parent
    if node is None:
        return "-"
    node = node.child_by_field_name("declarator")
    while node.type != "identifier":
        node = node.child_by_field_name("declarator")
    return node.text.decode()


def outer_of(node: Node) -> tuple[int, int]:
    """The expression around an operator; any other node itself."""
    if not node.is_named:
        node = node.parent
    return node.start_byte, node.end_byte


def changes(node: Node) -> Iterator[tuple[str, Node, str]]:
    """All changes in a tree."""
    # The condition of a directive chooses the build; what it encloses counts.
    guard = node.child_by_field_name("condition") if node.type in NEVER else None
    if node.type == "static_assert" or node.type.startswith("preproc_def"):
        return
    # A table: bins.c of the unit tests looks at each of its numbers.
    if node.type == "declaration" and node.text.startswith(b"static const"):
        return
    for find in (at_conditions, at_operators, at_statements, at_numbers):
        yield from (change for change in find(node) if not by_setting(change[1]))
    for child in node.children:
        if guard is None or child.id != guard.id:
            yield from changes(child)


def mutants_of(path: Path) -> list[Mutant]:
    """The mutants of one file, in the order of its text."""
    source = path.read_bytes()
    found, seen = [], Counter()
    for kind, node, text in changes(parse(source)):
        start, end = node.start_byte, node.end_byte
        if source[start:end].decode() == text:
            continue
        function = function_of(node)
        if function == "-" and "_Static_assert" in line_at(source, start):
            continue
        mutant = Mutant(
            path.name,
            source.count(b"\n", 0, start) + 1,
            function,
            kind,
            start,
            end,
            text,
            outer_of(node),
        )
        found.append(replace(mutant, key=key_of(mutant, source, seen)))
    return sorted(found, key=lambda mutant: (mutant.start, mutant.end, mutant.text))


def line_at(source: bytes, at: int) -> str:
    """The text of the line that a byte is in."""
    end = source.find(b"\n", at)
    return source[source.rfind(b"\n", 0, at) + 1 : end if end >= 0 else None].decode()


def key_of(mutant: Mutant, source: bytes, seen: Counter) -> str:
    """The name of a mutant: where it is, in words, not in numbers of lines."""
    first = source.rfind(b"\n", 0, mutant.start) + 1
    last = source.find(b"\n", mutant.end)
    before, old, after = (
        source[first : mutant.start],
        source[mutant.start : mutant.end],
        source[mutant.end : last],
    )
    change = f"{before.decode()}[{old.decode()} -> {mutant.text}]{after.decode()}"
    change = re.sub(r"\s*//.*", "", " ".join(change.split()))
    key = f"{mutant.file} {mutant.function}: {change}"
    seen[key] += 1
    return key if seen[key] == 1 else f"{key} #{seen[key]}"


def all_mutants() -> list[Mutant]:
    """The mutants of the core, file by file."""
    files = sorted(path for path in CORE.glob("*.[ch]") if path.name not in SKIPPED)
    return [mutant for path in files for mutant in mutants_of(path)]
