"""Messages have the right number: nothing can say "1 videos"."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
NOUNS = (
    "videos|frames|files|maps|items|ids|predictions|annotations|entries|categories|classes|masks|objects|rows|"
    "submissions|results|runs|methods|variants|checkpoints|models|problems|reasons|warnings|days"
)
PLURAL = re.compile(rf" (?:more |annotated |published )?(?:{NOUNS})\b")
IN_TEMPLATE = re.compile(rf"(?<!floatformat:1 )\}}\}}(?:</\w+>)? (?:{NOUNS})\b")


def _numbers_before_plurals(source: str) -> Iterator[str]:
    """The f-strings in which a number stands before a plural, unless it is a limit or has decimals."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.JoinedStr):
            continue
        for value, text in zip(node.values, node.values[1:], strict=False):
            if not isinstance(value, ast.FormattedValue) or not isinstance(text, ast.Constant):
                continue
            written = ast.unparse(value.value)
            limit = written.split(".")[-1].strip("_").isupper() or written.startswith("limits.")
            rounded = value.format_spec is not None and "f" in ast.unparse(value.format_spec)[2:]
            if PLURAL.match(str(text.value)) and not limit and not rounded:
                yield ast.unparse(node)


def test_a_number_and_its_noun_are_written_by_one_helper() -> None:
    code = [
        path
        for room in ("evaluator", "webapp", "worker", "dvis_model")
        for path in (ROOT / room).rglob("*.py")
    ]
    wrong = [
        f"{path.relative_to(ROOT)}: {text}"
        for path in code
        if path.parent.name not in {"migrations", "catalog"}  # windows of the catalog have several frames
        for text in _numbers_before_plurals(path.read_text())
    ]
    wrong += [
        f"{path.relative_to(ROOT)}: {found[0]}"
        for path in (ROOT / "webapp").rglob("*.html")
        for found in IN_TEMPLATE.finditer(path.read_text())
    ]
    assert wrong == []
