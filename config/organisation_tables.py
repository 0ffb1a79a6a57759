"""How cities are organised: `organisation/*.yaml` as values, one file for each pattern (R112)."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from case_bridge.cases.organisation import (
    MAX_COMMAND,
    SILENT,
    Assessment,
    Clause,
    Level,
    Organisation,
    Question,
    Rule,
)
from case_bridge.evaluation.definition import ObjectKind
from config.data_files import read_yaml
from hotline.accounts.roles import Role
from hotline.kernel.errors import Invalid
from ivr.errors import Problem
from ivr.text import Section

ORGANISATION: Final = "organisation"
ARTICLE: Final = re.compile(r"00[0-4][a-i]? a\d+(?:-\d+)?(?:\(\d+\))?", re.ASCII)
"""A seed and an article of it, such as 001 a10-11 or 002i a6(3)."""


def load_organisations(folder: Path, problems: list[Problem]) -> Mapping[str, Organisation]:
    """Return every organisation by its file's name; what is wrong goes to `problems`."""
    found = {}
    for file in sorted((folder / ORGANISATION).glob("*.yaml")):
        organisation = _organisation(file, problems)
        if organisation is not None:
            found[file.stem] = organisation
    if not found:
        problems.append(Problem(f"{ORGANISATION}/", 1, "there is no file in it"))
    return MappingProxyType(found)


def _organisation(file: Path, problems: list[Problem]) -> Organisation | None:
    before = len(problems)
    top = read_yaml(file, problems)
    parts: dict[str, Any] = {
        "name": top.text("name"),
        "title": top.text("title"),
        "mode": top.text("mode"),
        "command": _levels(top.section("command", required=True)),
        "climbs": _flag(top.section("feedback", required=True), "climbs"),
        "site_meeting": _flag(top.section("site_meeting", required=True), "required"),
        "assessment": tuple(_assessment(each) for each in top.sections("assessment")),
        "rules": MappingProxyType(
            {each: _rule(top.section(each.value, required=True)) for each in Question}
        ),
    }
    top.finish()
    if len(problems) > before:
        return None
    try:
        return Organisation(key=file.stem, **parts)
    except Invalid as error:
        where = "feedback" if error.field == "climbs" else error.field
        top.problem(f"{where}: {error.problem}", where)
        return None


def _levels(section: Section) -> Clause:
    value = section.integer("levels", 1, least=1, most=MAX_COMMAND)
    return _clause(section, value)


def _flag(section: Section, key: str) -> Clause:
    return _clause(section, int(section.flag(key, default=False)))


def _clause(section: Section, value: int) -> Clause:
    clause = Clause(value=value, article=_article(section), words=section.text("words"))
    section.finish()
    return clause


def _assessment(section: Section) -> Assessment:
    kinds = section.texts("kinds")
    for each in kinds:
        if each not in set(ObjectKind):
            section.problem(f"kinds: {each!r} is none of {', '.join(ObjectKind)}", "kinds")
    found = Assessment(
        by=section.text("by"),
        of=section.text("of"),
        kinds=tuple(kinds),
        article=_article(section),
    )
    section.finish()
    return found


def _rule(section: Section) -> Rule:
    level = section.text("level", Level.FIRST)
    if level not in set(Level):
        section.problem(f"level: {level!r} is none of {', '.join(Level)}", "level")
        level = Level.FIRST
    rule = Rule(
        roles=_roles(section, "roles"),
        delegates=_roles(section, "delegates"),
        level=Level(level),
        article=_article(section),
        words=section.text("words"),
    )
    if rule.roles and rule.article == SILENT:
        section.problem("article: what somebody may do needs its article", "article")
    section.finish()
    return rule


def _roles(section: Section, key: str) -> frozenset[Role]:
    roles = set()
    for text in section.texts(key, required=key == "roles"):
        if text not in set(Role):
            section.problem(f"{key}: {text!r} is none of {', '.join(Role)}", key)
        else:
            roles.add(Role(text))
    return frozenset(roles)


def _article(section: Section) -> str:
    text = section.text("article")
    if text != SILENT and not all(ARTICLE.fullmatch(part) for part in text.split("; ")):
        section.problem(f"article: {text!r} is not e.g. 001 a10-11; 002i a6(3)", "article")
    return text
