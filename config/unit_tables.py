"""Units and the responsibility matrix: `units.yaml` and `responsibility.yaml` as values."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from case_bridge.units.unit import Duty, ResponsibilityRule, Unit, UnitClass
from config.category_table import Scheme
from config.data_files import read_yaml
from hotline.tickets.category import Category, CategoryKind
from ivr.errors import Problem
from ivr.text import Section

UNITS = "units.yaml"
RESPONSIBILITY = "responsibility.yaml"
ANYWHERE = "*"
CODES = re.compile(r"([0-9]{2}|[0-9]{4})(?:-([0-9]{4}))?", re.ASCII)


def load_units(folder: Path, problems: list[Problem]) -> tuple[Unit, ...]:
    """Return the units; what is wrong goes to `problems`."""
    top = read_yaml(folder / UNITS, problems)
    sections = top.sections("units")
    units = [_unit(section) for section in sections]
    codes = [unit.code for unit in units]
    platforms = {unit.code for unit in units if unit.district_code == unit.code}
    for place, (section, unit) in enumerate(zip(sections, units, strict=True)):
        if unit.code in codes[:place]:
            section.problem(f"code {unit.code!r} is written twice", "code")
        if unit.competent_code is not None and unit.competent_code not in codes:
            section.problem(f"competent: there is no unit {unit.competent_code!r}", "competent")
        if unit.part_of is not None and unit.part_of not in codes:
            section.problem(f"part_of: there is no unit {unit.part_of!r}", "part_of")
        if unit.district_code is not None and unit.district_code not in platforms:
            section.problem(
                f"district: {unit.district_code!r} is no platform: a platform names itself",
                "district",
            )
        if unit.is_utility and unit.competent_code is None:
            section.problem(f"{unit.name} is a utility, but `competent` is missing")
    top.finish()
    return tuple(units)


def _unit(section: Section) -> Unit:
    unit_class = section.text("class")
    if unit_class not in set(UnitClass):
        section.problem(f"class: {unit_class!r} is none of {', '.join(UnitClass)}", "class")
        unit_class = UnitClass.THIRD
    unit = Unit(
        code=section.text("code"),
        name=section.text("name"),
        unit_class=UnitClass(unit_class),
        contact_name=section.text("contact", ""),
        phone=section.text("phone", ""),
        is_utility=section.flag("utility", default=False),
        competent_code=section.text("competent", "") or None,
        part_of=section.text("part_of", "") or None,
        district_code=section.text("district", "") or None,
    )
    section.finish()
    return unit


def load_responsibility(
    folder: Path,
    schemes: Mapping[str, Scheme],
    categories: Sequence[Category],
    units: Sequence[Unit],
    problems: list[Problem],
) -> tuple[ResponsibilityRule, ...]:
    """Return the matrix; what is wrong, and every category without a unit, goes to `problems`."""
    before = len(problems)
    top = read_yaml(folder / RESPONSIBILITY, problems)
    scheme = schemes.get(top.text("scheme"))
    if scheme is None:
        top.problem("scheme: is not in schemes.yaml", "scheme")
        return ()
    valid_from = _date(top, "valid_from")
    own = [c for c in categories if (c.scheme, c.version) == (scheme.scheme, scheme.version)]
    rules: list[ResponsibilityRule] = []
    for section in top.sections("rules"):
        rules += _rules(section, scheme, valid_from, own, {unit.code for unit in units})
    top.finish()
    if len(problems) == before:
        problems += [Problem(RESPONSIBILITY, 1, what) for what in _gaps(rules, own)]
    return tuple(rules)


def _date(section: Section, key: str) -> date:
    text = section.text(key)
    try:
        return date.fromisoformat(text)
    except ValueError:
        section.problem(f"{key}: {text!r} is not a date", key)
        return date.min


def _rules(
    section: Section,
    scheme: Scheme,
    valid_from: date,
    categories: Iterable[Category],
    units: set[str],
) -> list[ResponsibilityRule]:
    """Return one rule for each class that a row of the file names."""
    unit, duty = section.text("unit"), section.text("duty", Duty.MAINTAINER)
    if unit not in units:
        section.problem(f"unit: there is no unit {unit!r}", "unit")
    if duty not in set(Duty):
        section.problem(f"duty: {duty!r} is none of {', '.join(Duty)}", "duty")
        duty = Duty.MAINTAINER
    area = section.text("area", ANYWHERE)
    rules = []
    for kind in CategoryKind:
        codes = [c.code for c in categories if c.kind is kind]
        rules += [
            ResponsibilityRule(
                scheme=scheme.scheme,
                category=f"{kind}:{code}",
                area=area,
                unit_code=unit,
                duty=Duty(duty),
                valid_from=valid_from,
            )
            for text in section.texts(kind)
            for code in _codes(section, kind, text, codes)
        ]
    if not rules:
        section.problem("names neither facility nor incident")
    section.finish()
    return rules


def _codes(section: Section, kind: CategoryKind, text: str, known: list[str]) -> list[str]:
    """Return the classes that `01`, `0101` or `0128-0130` names; at least one must exist."""
    match = CODES.fullmatch(text)
    if match is None:
        section.problem(f"{kind}: {text!r} is not a class; write e.g. 01, 0101 or 0128-0130", kind)
        return []
    first, last = match[1], match[2]
    if last is not None:
        found = [code for code in known if first <= code <= last]
    else:
        found = [first] if any(code.startswith(first) for code in known) else []
    if not found:
        section.problem(f"{kind}: there is no category {text}", kind)
    return found


def _gaps(rules: Iterable[ResponsibilityRule], categories: Iterable[Category]) -> Iterator[str]:
    """Yield every category for which no unit, or more than one, answers in the whole city."""
    units: dict[tuple[str, Duty], set[str]] = {}
    for rule in rules:
        if rule.area == ANYWHERE:
            units.setdefault((rule.category, rule.duty), set()).add(rule.unit_code)
    for category in categories:
        named = f"{category.kind} {category.code} {category.name_zh}"
        minor, major = (
            [units[key, duty] for duty in Duty if (key, duty) in units]
            for key in (f"{category.kind}:{category.code}", f"{category.kind}:{category.code[:2]}")
        )
        fitting = [*minor, *major]
        if not fitting:
            yield f"no unit answers for {named}"
        elif len(fitting[0]) > 1:
            yield f"several units answer for {named}: {', '.join(sorted(fitting[0]))}"
