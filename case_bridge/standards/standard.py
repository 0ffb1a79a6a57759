"""A standard as a value: categories, filing conditions and limits (R16, R22-R25)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Self

from hotline.tickets.category import Category, CategoryKind, ConditionLimit
from hotline.tickets.conditions import condition_words

WHOLE: Final = "-"
"""Stands in a file for the code of a condition that has none: the category itself."""
WHOLE_WORDS: Final = "出现该类情形"
STAGES: Final = ("accept", "verify", "dispatch", "check", "close")
"""The stages whose limit a condition may set, as `case_bridge.cases.rules.Stage` names them."""


class Responsible(StrEnum):
    """What makes a unit responsible for a category (R25: 002i a6)."""

    OWNER = "owner"  # 产权单位
    MANAGER = "manager"  # 管理单位
    MAINTAINER = "maintainer"  # 养护单位
    COMPETENT = "competent"  # 主管部门
    TERRITORY = "territory"  # 属地
    ENFORCEMENT = "enforcement"  # 执法部门


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One state of a category in which a case is filed, and how long each stage may take."""

    code: str
    """Its tag, stored with each case; empty for the category itself."""
    words: str
    """立案条件."""
    closing: str = ""
    """结案条件: when the case may be closed."""
    limit: str
    """The handling limit, as `hotline.sla.limit` writes it."""
    stages: Mapping[str, str]
    """Limits of other stages, where they differ from the city's."""
    responsible: tuple[Responsible, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One minor class (小类) with its conditions."""

    kind: CategoryKind
    major: str
    major_name: str
    code: str
    name_zh: str
    name_en: str = ""
    definition: str = ""
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """One version of one scheme, whole."""

    scheme: str
    version: str
    title: str
    items: tuple[Item, ...]

    def categories(self) -> tuple[Category, ...]:
        """Return what tickets and cases are classified by while it is in force."""
        return tuple(
            Category(
                scheme=self.scheme,
                version=self.version,
                code=item.code,
                kind=item.kind,
                name_zh=item.name_zh,
                name_en=item.name_en,
                major_name=item.major_name,
                limits=tuple(
                    ConditionLimit(each.code, each.limit, each.words) for each in item.conditions
                ),
            )
            for item in self.items
        )

    def to_payload(self) -> dict[str, Any]:
        """Return the standard as JSON values."""
        return {
            "scheme": self.scheme,
            "version": self.version,
            "title": self.title,
            "items": [_item_payload(item) for item in self.items],
        }

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        """Read what `to_payload` wrote."""
        return cls(
            scheme=payload["scheme"],
            version=payload["version"],
            title=payload["title"],
            items=tuple(item_in(each) for each in payload["items"]),
        )


def standard_of(title: str, categories: Iterable[Category]) -> Standard:
    """Return categories that came without a standard's file as one.

    Where a tag has several limits its sub-conditions are numbered in their words.

    Raises:
        ValueError: if they are not of one scheme and version.
    """
    found = list(categories)
    versions = {(each.scheme, each.version) for each in found}
    if len(versions) != 1:
        raise ValueError(f"a standard is one version of one scheme, not {sorted(versions)}")
    ((scheme, version),) = versions
    items = tuple(
        Item(
            kind=each.kind,
            major=each.code[:2],
            major_name=each.major_name,
            code=each.code,
            name_zh=each.name_zh,
            name_en=each.name_en,
            conditions=tuple(_worded(each.limits)),
        )
        for each in found
    )
    return Standard(scheme=scheme, version=version, title=title, items=items)


def _worded(limits: Iterable[ConditionLimit]) -> Iterable[Condition]:
    seen: dict[str, int] = {}
    for item in limits:
        count = seen[item.condition] = seen.get(item.condition, 0) + 1
        words = item.words or condition_words(item.condition) or WHOLE_WORDS
        if count > 1:
            words = f"{words}（情形{count}）"
        yield Condition(code=item.condition, words=words, limit=item.limit, stages={})


def _item_payload(item: Item) -> dict[str, Any]:
    return {
        "kind": item.kind.value,
        "major": item.major,
        "major_name": item.major_name,
        "code": item.code,
        "name_zh": item.name_zh,
        "name_en": item.name_en,
        "definition": item.definition,
        "conditions": [
            {
                "code": each.code,
                "words": each.words,
                "closing": each.closing,
                "limit": each.limit,
                "stages": dict(each.stages),
                "responsible": [kind.value for kind in each.responsible],
            }
            for each in item.conditions
        ],
    }


def item_in(payload: Mapping[str, Any]) -> Item:
    """Read one item of what `Standard.to_payload` wrote."""
    return Item(
        **{**payload, "kind": CategoryKind(payload["kind"])}
        | {
            "conditions": tuple(
                Condition(
                    **{
                        **each,
                        "responsible": tuple(Responsible(kind) for kind in each["responsible"]),
                    }
                )
                for each in payload["conditions"]
            )
        }
    )
