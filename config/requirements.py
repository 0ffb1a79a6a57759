"""The page `docs/requirements.md`: which requirement of the regulations is met, and by which test.

`python -m config.requirements` writes it from `config/data/requirements.csv` and the tests: a test
speaks for a requirement when its name, its docstring or a comment in it says so (R71, or
`test_r71_…`); the docstring of a module speaks for the whole module. A test compares.
"""

import ast
import csv
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from config.data_files import DATA

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs" / "requirements.md"
TABLE: Final = DATA / "requirements.csv"

GROUPS: Final[Mapping[str, str]] = {
    "A": "Intake channels and registration",
    "B": "Confirmation, filing, refusal, standards",
    "C": "Dispatch",
    "D": "Handling, limits, extension, return, dispute",
    "E": "Check, close, rework, tell the reporter",
    "F": "Evaluation, reports, satisfaction",
    "G": "Publication, participation",
    "H": "Privacy, security, evidence",
    "I": "Integration and data sharing",
    "J": "Map, command, inspector's terminal, base data",
    "K": "Law and accountability",
}

SHOWN: Final = 5
"""Tests named for one requirement; of more only the number is told."""

HEAD: Final = """# Requirements

What five Chinese regulations on digital urban management ask of the software, in our own words,
with the test that shows it. Written by `make docs` from `config/data/requirements.csv` and the
tests; edit those, not this page. The source names the regulation (000 to 004) and its article.
*S*: the software can do it; *P*: the software helps people to do it.
"""

_NUMBER: Final = re.compile(r"\bR(\d{1,3})(?:\s*[-–]\s*R?(\d{1,3}))?\b")
_IN_NAME: Final = re.compile(r"(?:^|_)r(\d{1,3})(?=_|$)")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One row of the table."""

    number: int
    group: str
    source: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True, order=True)
class Proof:
    """One test, or one module of tests, that speaks for requirements."""

    path: str
    name: str
    """Empty for a whole module."""

    def link(self) -> str:
        """Return it as a link of Markdown."""
        return f"[`{self.name or Path(self.path).name}`](../{self.path})"


def requirements(table: Path = TABLE) -> tuple[Requirement, ...]:
    """Return every requirement in the order of its number."""
    with table.open(encoding="utf-8", newline="") as source:
        rows = [
            Requirement(
                int(row["number"][1:]), row["group"], row["source"], row["kind"], row["text"]
            )
            for row in csv.DictReader(source)
        ]
    return tuple(sorted(rows, key=lambda row: row.number))


def proofs(folder: Path = ROOT / "tests") -> dict[int, list[Proof]]:
    """Return what speaks for each requirement, in the order of paths and names."""
    found: dict[int, set[Proof]] = defaultdict(set)
    for path in sorted(folder.rglob("test_*.py")):
        for number, proof in _proofs_in(path):
            found[number].add(proof)
    return {number: sorted(each) for number, each in found.items()}


def _proofs_in(path: Path) -> Iterator[tuple[int, Proof]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
    for number in _numbers(ast.get_docstring(tree) or ""):
        yield number, Proof(name, "")
    comments = _comments(path)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith(
            "test_"
        ):
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            # The line above the decorators belongs to the test too.
            lines = range(first - 1, (node.end_lineno or node.lineno) + 1)
            said = [ast.get_docstring(node) or "", *(comments.get(line, "") for line in lines)]
            numbers = {each for text in said for each in _numbers(text)}
            numbers |= {int(each) for each in _IN_NAME.findall(node.name)}
            yield from ((number, Proof(name, node.name)) for number in sorted(numbers))


def _comments(path: Path) -> dict[int, str]:
    with path.open("rb") as source:
        return {
            token.start[0]: token.string
            for token in tokenize.tokenize(source.readline)
            if token.type == tokenize.COMMENT
        }


def _numbers(text: str) -> Iterator[int]:
    """Yield the numbers in a text; a range such as R42–R44 means each of them."""
    for match in _NUMBER.finditer(text):
        first = int(match[1])
        last = int(match[2]) if match[2] else first
        yield from range(first, last + 1) if first <= last <= 112 else (first,)


def page(rows: Sequence[Requirement], found: Mapping[int, Sequence[Proof]]) -> str:
    """Return the page: what is not met first, then every requirement with its tests."""
    unmet = [row for row in rows if row.number not in found]
    missing = [row for row in unmet if row.kind == "S"]
    supported = [row for row in unmet if row.kind == "P"]
    software = [row for row in rows if row.kind == "S"]
    parts = [
        HEAD,
        f"{len(software) - len(missing)} of {len(software)} S-requirements have a test.\n",
    ]
    parts.append("## Not met\n\n" + (_plain(missing) if missing else "None.\n"))
    if supported:
        parts.append("## Left to people so far\n\n" + _plain(supported))
    for letter, title in GROUPS.items():
        met = [row for row in rows if row.group == letter and row.number in found]
        if met:
            parts.append(f"## {letter}. {title}\n\n{_proved(met, found)}")
    return "\n".join(parts)


def _plain(rows: Sequence[Requirement]) -> str:
    lines = [f"| R{row.number} | {row.text} | {row.source} | {row.kind} |" for row in rows]
    return "\n".join(["| No | requirement | source | |", "|---|---|---|---|", *lines, ""])


def _proved(rows: Sequence[Requirement], found: Mapping[int, Sequence[Proof]]) -> str:
    lines = []
    for row in rows:
        every = found[row.number]
        named = "<br>".join(each.link() for each in every[:SHOWN])
        more = f"<br>and {len(every) - SHOWN} more" if len(every) > SHOWN else ""
        lines.append(f"| R{row.number} | {row.text} | {row.source} | {row.kind} | {named}{more} |")
    head = ["| No | requirement | source | | tests |", "|---|---|---|---|---|"]
    return "\n".join([*head, *lines, ""])


def current_page() -> str:
    """Return the page of this tree."""
    return page(requirements(), proofs())


if __name__ == "__main__":
    PAGE.write_text(current_page(), encoding="utf-8")
