"""The code tables: `schemes.yaml` and `categories.csv` as values."""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from config.data_files import read_text, read_yaml
from hotline.kernel.errors import Invalid
from hotline.sla.limit import Limit
from hotline.tickets.category import Category, CategoryKind, ConditionLimit, kind_from_word
from ivr.errors import Problem
from ivr.text import Section

SCHEMES = "schemes.yaml"
CATEGORIES = "categories.csv"
COLUMNS = (
    *("scheme", "kind", "major", "major_name", "minor"),
    *("code", "name_zh", "name_en", "status", "limits"),
)
REQUIRED = ("major", "major_name", "minor", "name_zh", "status")


@dataclass(frozen=True, slots=True)
class Scheme:
    """One version of one code table."""

    id: str
    """What stands in the column `scheme`."""
    scheme: str
    version: str
    title: str
    code: re.Pattern[str]
    in_use: bool
    """Tickets are classified by it."""


def load_schemes(folder: Path, problems: list[Problem]) -> dict[str, Scheme]:
    """Return the schemes by id; what is wrong goes to `problems`."""
    top = read_yaml(folder / SCHEMES, problems)
    schemes: dict[str, Scheme] = {}
    for section in top.sections("schemes"):
        scheme = _scheme(section)
        if scheme.id in schemes:
            section.problem(f"{scheme.id!r} is written twice", "id")
        schemes[scheme.id] = scheme
    in_use = [scheme.id for scheme in schemes.values() if scheme.in_use]
    if not in_use:
        top.problem("no scheme is in use")
    if len(in_use) > 1:
        top.problem(f"{' and '.join(in_use)} are in use; tickets are classified by one")
    top.finish()
    return schemes


def _scheme(section: Section) -> Scheme:
    pattern = section.text("code")
    try:
        code = re.compile(pattern)
    except re.error:
        section.problem(f"code: {pattern!r} is not a regular expression", "code")
        code = re.compile("")
    scheme = Scheme(
        id=section.text("id"),
        scheme=section.text("scheme"),
        version=section.text("version"),
        title=section.text("title"),
        code=code,
        in_use=section.flag("in_use", default=False),
    )
    section.finish()
    return scheme


def load_categories(
    folder: Path, schemes: Mapping[str, Scheme], problems: list[Problem]
) -> tuple[Category, ...]:
    """Return every row of `categories.csv`; what is wrong goes to `problems`."""
    table = CategoryTable(schemes, problems)
    text = read_text(folder / CATEGORIES, problems)
    if text is None:
        return ()
    lines = text.splitlines()
    if not lines or tuple(_fields(lines[0])) != COLUMNS:
        problems.append(Problem(CATEGORIES, 1, f"the columns must be {','.join(COLUMNS)}"))
        return ()
    for number, line in enumerate(lines[1:], start=2):
        if line.strip():
            table.add(number, _fields(line))
    return tuple(table.categories)


def _fields(line: str) -> list[str]:
    """Return the fields of one line; a line too long for the reader is one field."""
    try:
        return next(csv.reader([line]))
    except csv.Error:
        return [line]


class CategoryTable:
    """The rows read so far, and what is wrong with them."""

    def __init__(self, schemes: Mapping[str, Scheme], problems: list[Problem]) -> None:
        self.categories: list[Category] = []
        self._schemes = schemes
        self._problems = problems
        self._lines: dict[str, int] = {}
        self._majors: dict[tuple[str, str, str], str] = {}

    def add(self, line: int, fields: list[str]) -> None:
        """Read one row."""
        if len(fields) != len(COLUMNS):
            what = f"{len(fields)} fields instead of {len(COLUMNS)}"
            self._problems.append(Problem(CATEGORIES, line, what))
            return
        row = {name: field.strip() for name, field in zip(COLUMNS, fields, strict=True)}
        found = [Problem(CATEGORIES, line, what, column) for column, what in self._wrong(row)]
        limits = tuple(_limits(row["limits"], line, found))
        scheme, kind = self._schemes.get(row["scheme"]), kind_from_word(row["kind"])
        self._problems += found
        if found or scheme is None or kind is None:
            return
        self._keep(line, _category(row, scheme, kind, limits))

    def _wrong(self, row: dict[str, str]) -> Iterator[tuple[str, str]]:
        """Yield column and problem for what is wrong in the fields of a row."""
        for column in REQUIRED:
            if not row[column]:
                yield column, "is empty"
        scheme = self._schemes.get(row["scheme"])
        if scheme is None:
            known = ", ".join(self._schemes)
            yield "scheme", f"{row['scheme']!r} is not in {SCHEMES}; known are {known}"
        elif not scheme.code.fullmatch(row["code"]):
            yield "code", f"{row['code']!r} is not a code of {scheme.id}"
        if scheme and scheme.in_use and not row["limits"]:
            yield "limits", "is empty, but tickets are classified by this scheme"
        if kind_from_word(row["kind"]) is None:
            yield "kind", f"{row['kind']!r} is neither component (部件) nor event (事件)"
        if row["code"] != row["major"] + row["minor"]:
            yield "code", f"{row['code']!r} is not major and minor, {row['major']}{row['minor']}"
        major = (row["scheme"], row["kind"], row["major"])
        name = self._majors.setdefault(major, row["major_name"])
        if name != row["major_name"]:
            yield "major_name", f"{row['major_name']!r} was {name!r} before"

    def _keep(self, line: int, category: Category) -> None:
        first = self._lines.setdefault(category.key, line)
        if first != line:
            what = f"{category.kind} {category.code} is in line {first} already"
            self._problems.append(Problem(CATEGORIES, line, what, "code"))
            return
        self.categories.append(category)


def _category(
    row: dict[str, str], scheme: Scheme, kind: CategoryKind, limits: tuple[ConditionLimit, ...]
) -> Category:
    return Category(
        scheme=scheme.scheme,
        version=scheme.version,
        code=row["code"],
        kind=kind,
        name_zh=row["name_zh"],
        name_en=row["name_en"],
        major_name=row["major_name"],
        limits=limits,
    )


def _limits(text: str, line: int, problems: list[Problem]) -> Iterator[ConditionLimit]:
    """Yield the limits of a row, such as `HAZARD 2uh | BROKEN 4wh` or `2wd`.

    A condition may stand there several times: it then has sub-conditions with limits of their own.
    """
    for part in text.split("|") if text else ():
        condition, _, limit = part.strip().rpartition(" ")
        try:
            Limit.parse(limit)
        except Invalid as error:
            problems.append(Problem(CATEGORIES, line, error.problem, "limits"))
            continue
        yield ConditionLimit(condition.strip(), limit)
