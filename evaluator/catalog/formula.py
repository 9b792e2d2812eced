r"""Formulas, written in a small part of LaTeX, as MathML for pages and as plain text for terminals.

Understood are letters, numbers and operators, {groups}, _ and ^, \frac{a}{b}, \sqrt{a}, \mathrm{name},
\text{words} and the commands of `SYMBOLS`. Markdown takes the source as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Final

SYMBOLS: Final = {
    "sum": "∑", "max": "max", "cap": "∩", "cup": "\N{UNION}", "in": "∈", "le": "≤", "ge": "≥", "cdot": "·",
    "tau": "τ", "alpha": "\N{GREEK SMALL LETTER ALPHA}", "mid": "\N{DIVIDES}", "{": "{", "}": "}",
}  # fmt: skip
_LARGE: Final = ("∑", "max")
_WORDS: Final = ("mathrm", "text")
_SHORT: Final = 3
_MINUS: Final = "\N{MINUS SIGN}"
_PRIME: Final = "\N{PRIME}"
_OPERATORS: Final = {"-": _MINUS, "'": _PRIME}
_SPACED: Final = f"=+·≤≥∈∩\N{UNION}{_MINUS}"
_TOKEN: Final = re.compile(r"\\([A-Za-z]+|[{}])|(\d+(?:\.\d+)?)|(\s+)|(.)")


@dataclass(frozen=True, slots=True)
class Node:
    """`kind` is a tag of MathML; leaves have a text, the others parts."""

    kind: str
    text: str = ""
    parts: tuple[Node, ...] = ()


def to_mathml(latex: str, *, is_block: bool = True) -> str:
    """Return a formula as MathML. Raises ValueError for LaTeX that is not understood."""
    return ("<math display='block'>" if is_block else "<math>") + f"{_mathml(_parse(latex))}</math>"


def to_text(latex: str) -> str:
    """Return a formula on one line of plain text. Raises ValueError for LaTeX that is not understood."""
    return " ".join(_text(_parse(latex)).split())


def render_inline(text: str, words: Callable[[str], str], formula: Callable[[str], str]) -> str:
    """Return text with its words and the formulas between its dollar signs rendered."""
    return "".join((formula if n % 2 else words)(part) for n, part in enumerate(text.split("$")))


def _parse(latex: str) -> Node:
    return _Parser(latex).row(closing=False)


class _Parser:
    def __init__(self, latex: str) -> None:
        self._latex = latex
        self._tokens = [match for match in _TOKEN.finditer(latex) if not match[3]]
        self._at = 0

    def row(self, *, closing: bool) -> Node:
        """Read to the end, or to the brace that closes a group."""
        parts: list[Node] = []
        while self._at < len(self._tokens):
            token = self._tokens[self._at][0]
            if token == "}":
                if not closing:
                    raise ValueError(f"Expected no }} at the top of {self._latex!r}")
                self._at += 1
                return _row(parts)
            if token in "_^":
                if not parts:
                    raise ValueError(f"Expected something before {token} in {self._latex!r}")
                self._at += 1
                parts[-1] = self._script(parts[-1], token)
            else:
                parts.append(self._atom())
        if closing:
            raise ValueError(f"Expected a closing brace in {self._latex!r}")
        return _row(parts)

    def _script(self, base: Node, mark: str) -> Node:
        script = self._atom()
        if base.kind in ("msub", "munder") and mark == "^":
            return Node(f"{base.kind}sup" if base.kind == "msub" else "munderover", "", (*base.parts, script))
        if base.text in _LARGE:
            return Node("munder" if mark == "_" else "mover", "", (base, script))
        return Node("msub" if mark == "_" else "msup", "", (base, script))

    def _atom(self) -> Node:
        if self._at == len(self._tokens):
            raise ValueError(f"Expected more at the end of {self._latex!r}")
        command, number, _, character = self._tokens[self._at].groups()
        self._at += 1
        if number:
            return Node("mn", number)
        if command:
            return self._command(command)
        if character == "{":
            return self.row(closing=True)
        return Node("mi" if character.isalpha() else "mo", _OPERATORS.get(character, character))

    def _command(self, name: str) -> Node:
        if name == "frac":
            return Node("mfrac", "", (self._atom(), self._atom()))
        if name == "sqrt":
            return Node("msqrt", "", (self._atom(),))
        if name in _WORDS:
            return self._words("mi" if name == "mathrm" else "mtext")
        if name not in SYMBOLS:
            raise ValueError(f"Expected a known command, but got \\{name} in {self._latex!r}")
        symbol = SYMBOLS[name]
        return Node("mi" if name in ("tau", "alpha") else "mo", symbol)

    def _words(self, kind: str) -> Node:
        begin = self._tokens[self._at].end() if self._at < len(self._tokens) else len(self._latex)
        end = self._latex.find("}", begin)
        if end < 0 or self._tokens[self._at][0] != "{":
            raise ValueError(f"Expected words between braces in {self._latex!r}")
        while self._tokens[self._at].start() < end:
            self._at += 1
        self._at += 1
        return Node(kind, self._latex[begin:end])


def _row(parts: list[Node]) -> Node:
    return parts[0] if len(parts) == 1 else Node("mrow", "", tuple(parts))


def _mathml(node: Node) -> str:
    if node.parts or node.kind == "mrow":
        return f"<{node.kind}>{''.join(map(_mathml, node.parts))}</{node.kind}>"
    if node.kind == "mtext":  # spaces at its ends would be dropped
        return f"<mtext>{escape(node.text).replace(' ', chr(0xA0))}</mtext>"
    # MathML would take a bar for an operator between two things, and let it grow like a brace.
    still = ' stretchy="false"' if node.kind == "mo" and node.text in "|(){}" else ""
    tight = ' lspace="0" rspace="0"' if node.kind == "mo" and node.text in f"|{_PRIME}" else ""
    return f"<{node.kind}{still}{tight}>{escape(node.text)}</{node.kind}>"


def _text(node: Node) -> str:
    parts = [_text(part) for part in node.parts]
    if node.kind == "mfrac":
        if all(len(text) <= _SHORT for text in parts) and not any(part.parts for part in node.parts):
            return f" {'/'.join(parts)} "
        both = (_grouped(part, text) for part, text in zip(node.parts, parts, strict=True))
        return f" {' / '.join(both)} "
    if node.kind == "msqrt":
        return f"√({parts[0]})"
    if node.kind in ("msub", "msup", "msubsup", "munder", "mover", "munderover"):
        marks = {"msup": "^", "mover": "^"}.get(node.kind, "_") + "^"
        scripts = zip(marks, node.parts[1:], parts[1:], strict=False)
        return parts[0] + "".join(mark + _grouped(part, text) for mark, part, text in scripts) + _after(node)
    if node.kind == "mrow":
        return "".join(parts)
    return f" {node.text} " if node.kind == "mo" and node.text in _SPACED else node.text


def _after(node: Node) -> str:
    return " " if node.kind in ("munder", "munderover") else ""


def _grouped(node: Node, text: str) -> str:
    return f"({text.strip()})" if node.kind in ("mrow", "mfrac") else text
