"""How a city organises its cases: levels, and who dispatches, checks, closes and settles (R112).

The regulations answer these questions differently (conflict table, domain 9). Which answer holds is
data, `config/data/organisation`; every answer names its article. The default here is the same as
`lianchi.yaml`, so that a house without data still has an organisation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, Self

from hotline.accounts.roles import Role
from hotline.kernel.errors import Invalid

SILENT: Final = "-"
"""The article of a question that a regulation does not answer."""

MAX_COMMAND: Final = 2
MAX_ASSESSMENT: Final = 4


class Level(StrEnum):
    """Which platform's people do something (001 a10-11)."""

    FIRST = "first"  # 一级平台
    SECOND = "second"  # 二级平台
    EITHER = "either"  # 案卷所在的一级


class Question(StrEnum):
    """What the regulations answer differently."""

    DISPATCHES = "dispatches"  # 派遣
    CHECKS = "checks"  # 核查
    CLOSES = "closes"  # 结案
    SETTLES = "settles"  # 争议裁定
    EXTENDS = "extends"  # 延期
    DEFERS = "defers"  # 缓办
    SHELVES = "shelves"  # 挂账


POSSIBLE: Final[Mapping[Question, frozenset[Role]]] = MappingProxyType(
    {
        Question.DISPATCHES: frozenset({Role.DISPATCHER, Role.SHIFT_LEADER}),
        Question.CHECKS: frozenset({Role.INSPECTOR, Role.SEAT, Role.SHIFT_LEADER, Role.DISPATCHER}),
        Question.CLOSES: frozenset({Role.SEAT, Role.SHIFT_LEADER, Role.DISPATCHER, Role.LEADER}),
        Question.SETTLES: frozenset({Role.DISPATCHER, Role.SHIFT_LEADER, Role.LEADER}),
        Question.EXTENDS: frozenset({Role.SHIFT_LEADER, Role.LEADER}),
        Question.DEFERS: frozenset({Role.LEADER}),  # 003 a27: the county leader in charge
        Question.SHELVES: frozenset({Role.SHIFT_LEADER, Role.LEADER}),
    }
)
"""Who may be given a duty at all: nobody of a unit judges its own work."""

MAY_BE_NOBODY: Final = frozenset({Question.EXTENDS, Question.DEFERS, Question.SHELVES})
"""A regulation may know no such thing; then nobody can apply for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One answer, with where it stands."""

    roles: frozenset[Role]
    level: Level = Level.FIRST
    delegates: frozenset[Role] = frozenset()
    """Who does it only on somebody's delegation (R68: 002i a6(3))."""
    article: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """A yes, no or number, with where it stands."""

    value: int
    article: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """Who assesses whom (R79: 002i a7)."""

    by: str
    of: str
    kinds: tuple[str, ...]
    """What is assessed on this level: kinds of object that evaluation knows, in their order."""
    article: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """Everything of the above, under the name of the regulation that it follows."""

    key: str
    name: str
    title: str
    mode: str
    """The regulation's own words for its pattern, such as 一级监督、一级指挥、二级管理."""
    command: Clause
    """One or two command levels."""
    climbs: Clause
    """1 if feedback goes through the second level to the first (R43: 001 a16)."""
    site_meeting: Clause
    """1 if the units meet on the site before a dispute is decided (003 a19)."""
    assessment: tuple[Assessment, ...]
    rules: Mapping[Question, Rule]

    def __post_init__(self) -> None:
        """Refuse what contradicts itself.

        Raises:
            Invalid: naming the question.
        """
        if not 1 <= self.command.value <= MAX_COMMAND:
            raise Invalid("command", f"has 1 to {MAX_COMMAND} levels")
        if not 1 <= len(self.assessment) <= MAX_ASSESSMENT:
            raise Invalid("assessment", f"has 1 to {MAX_ASSESSMENT} levels")
        kinds = [kind for each in self.assessment for kind in each.kinds]
        if not all(each.kinds for each in self.assessment):
            raise Invalid("assessment", "each level assesses something")
        if len(kinds) != len(set(kinds)):
            raise Invalid("assessment", "what one level assesses no other does")
        if not self.has_districts and self.climbs.value:
            raise Invalid("climbs", "needs two command levels")
        for question in Question:
            self._check(question)

    def _check(self, question: Question) -> None:
        if question not in self.rules:
            raise Invalid(question, "is not answered")
        rule = self.rules[question]
        if beyond := (rule.roles | rule.delegates) - POSSIBLE[question]:
            raise Invalid(question, f"cannot be the duty of {', '.join(sorted(beyond))}")
        if rule.delegates and question is not Question.CLOSES:
            raise Invalid(question, "only closing can be delegated")
        if rule.delegates & rule.roles:
            raise Invalid(question, "whose duty it is needs no delegation")
        if not rule.roles and question not in MAY_BE_NOBODY:
            raise Invalid(question, "is the duty of nobody")
        if rule.level is not Level.FIRST and not self.has_districts:
            raise Invalid(question, f"level {rule.level} needs two command levels")
        if rule.level is Level.SECOND and question is not Question.DISPATCHES:
            raise Invalid(question, "is done by the first level, or by either")

    @property
    def has_districts(self) -> bool:
        """Say whether second-level platforms command below the city's."""
        return self.command.value == MAX_COMMAND

    def to_payload(self) -> dict[str, Any]:
        """Return the organisation as JSON values."""
        return {
            "key": self.key,
            "name": self.name,
            "title": self.title,
            "mode": self.mode,
            "command": _clause_payload(self.command),
            "climbs": _clause_payload(self.climbs),
            "site_meeting": _clause_payload(self.site_meeting),
            "assessment": [
                {
                    "by": each.by,
                    "of": each.of,
                    "kinds": list(each.kinds),
                    "article": each.article,
                }
                for each in self.assessment
            ],
            "rules": {
                question.value: {
                    "roles": sorted(rule.roles),
                    "level": rule.level.value,
                    "delegates": sorted(rule.delegates),
                    "article": rule.article,
                    "words": rule.words,
                }
                for question, rule in self.rules.items()
            },
        }

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        """Read what `to_payload` wrote.

        Raises:
            Invalid: if it contradicts itself.
        """
        return cls(
            key=payload["key"],
            name=payload["name"],
            title=payload["title"],
            mode=payload["mode"],
            command=Clause(**payload["command"]),
            climbs=Clause(**payload["climbs"]),
            site_meeting=Clause(**payload["site_meeting"]),
            assessment=tuple(
                Assessment(**each | {"kinds": tuple(each["kinds"])})
                for each in payload["assessment"]
            ),
            rules=MappingProxyType(
                {
                    Question(name): Rule(
                        roles=frozenset(map(Role, rule["roles"])),
                        level=Level(rule["level"]),
                        delegates=frozenset(map(Role, rule["delegates"])),
                        article=rule["article"],
                        words=rule["words"],
                    )
                    for name, rule in payload["rules"].items()
                }
            ),
        )


def _clause_payload(clause: Clause) -> dict[str, Any]:
    return {"value": clause.value, "article": clause.article, "words": clause.words}


DEFAULT: Final = Organisation(
    key="lianchi",
    name="莲池市",
    title="莲池市数字化城市管理办法（示例）",
    mode="一级监督、一级指挥、二级管理",
    command=Clause(value=1, article="003 a12", words="监督中心、指挥中心两个轴心"),
    climbs=Clause(value=0, article="003 a16", words="处置结果直接反馈至中心"),
    site_meeting=Clause(value=1, article="003 a19", words="组织相关责任单位到现场确认"),
    assessment=(
        Assessment(
            by="监督指挥中心",
            of="责任单位",
            kinds=(
                *("unit", "department", "region", "post"),
                *("inspector", "contractor", "centre"),
            ),
            article="003 a22",
        ),
    ),
    rules=MappingProxyType(
        {
            Question.DISPATCHES: Rule(
                roles=frozenset({Role.DISPATCHER}),
                article="003 a15",
                words="指挥中心派遣到责任单位",
            ),
            Question.CHECKS: Rule(
                roles=frozenset({Role.INSPECTOR}), article="003 a17", words="信息采集员现场核查"
            ),
            Question.CLOSES: Rule(
                roles=frozenset({Role.SHIFT_LEADER}),
                article="003 a18",
                words="核查结果与派遣要求一致，由值班长结案",
            ),
            Question.SETTLES: Rule(
                roles=frozenset({Role.DISPATCHER, Role.SHIFT_LEADER, Role.LEADER}),
                article="003 a19; 000 a24",
                words="中心现场确认，重大事项由领导小组决定",
            ),
            Question.EXTENDS: Rule(
                roles=frozenset({Role.SHIFT_LEADER}), article="003 a27", words="报中心审核批准"
            ),
            Question.DEFERS: Rule(
                roles=frozenset({Role.LEADER}), article="003 a27", words="主管领导同意并签字"
            ),
            Question.SHELVES: Rule(
                roles=frozenset({Role.SHIFT_LEADER}),
                article="002i a8",
                words="中心核实后挂账存入问题库",
            ),
        }
    ),
)
"""One axis of supervision, one of command, as in 003, with shelving as in 002i."""
