"""The city's rules about cases: `limits.yaml` as a value."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from case_bridge.cases.rules import (
    CaseRules,
    ExtensionRule,
    FilingBase,
    ShelvingRule,
    Stage,
    StreetRule,
)
from config.data_files import read_yaml
from hotline.kernel.errors import Invalid
from hotline.sla.limit import Limit
from ivr.errors import Problem
from ivr.text import Section

LIMITS: Final = "limits.yaml"
CODES: Final = re.compile(r"(facility|incident):[0-9]{4}(-[0-9]{4})?", re.ASCII)
PLACEHOLDER: Final = Limit.parse("1wh")


def load_rules(folder: Path, problems: list[Problem]) -> CaseRules:
    """Return the rules; what is wrong goes to `problems`."""
    top = read_yaml(folder / LIMITS, problems)
    rules = CaseRules(
        stages=_stages(top.section("stages", required=True)),
        extension=_extension(top.section("extension", required=True)),
        shelving=_shelving(top.section("shelving", required=True)),
        street=_street(top.section("street", required=True)),
    )
    top.finish()
    return rules


def _stages(section: Section) -> Mapping[Stage, Limit]:
    limits = {stage: _limit(section, stage.value) for stage in Stage}
    section.finish()
    return MappingProxyType(limits)


def _extension(section: Section) -> ExtensionRule:
    base = section.text("base")
    if base not in set(FilingBase):
        section.problem(f"base: {base!r} is none of {', '.join(FilingBase)}", "base")
        base = FilingBase.OWN
    rule = ExtensionRule(
        per_case=section.integer("per_case", 1, least=0, most=9),
        percent=section.integer("percent", 10, least=0, most=100),
        base=FilingBase(base),
        blocks=section.flag("blocks", default=False),
    )
    section.finish()
    return rule


def _shelving(section: Section) -> ShelvingRule:
    rule = ShelvingRule(
        longest_days=section.integer("longest_days", 365, least=1, most=3650),
        per_case=section.integer("per_case", 1, least=0, most=9),
    )
    section.finish()
    return rule


def _street(section: Section) -> StreetRule:
    codes = section.texts("codes", required=True)
    for text in codes:
        if CODES.fullmatch(text) is None:
            section.problem(f"codes: {text!r} is not e.g. facility:0101-0112", "codes")
    rule = StreetRule(
        codes=tuple(codes),
        conditions=tuple(section.texts("conditions", required=True)),
        guard=_limit(section, "guard"),
        repair=_limit(section, "repair"),
    )
    section.finish()
    return rule


def _limit(section: Section, key: str) -> Limit:
    try:
        return Limit.parse(section.text(key))
    except Invalid as error:
        section.problem(f"{key}: {error.problem}", key)
        return PLACEHOLDER
