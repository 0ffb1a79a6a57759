"""Categories (大类/小类): standards kept as data, found by name, pinyin, code or English.

Codes of two generations contradict each other, and components and events share numbers, so a
category is named by scheme, version, kind and code together (domain notes 0.2, R21, R23).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from pypinyin import Style, lazy_pinyin
from rapidfuzz import fuzz


class CategoryKind(StrEnum):
    """The two families of things a city looks after."""

    FACILITY = "facility"  # 部件
    INCIDENT = "incident"  # 事件


@dataclass(frozen=True, slots=True)
class ConditionLimit:
    """How long handling may take, for one condition of a category.

    An empty `condition` is the limit of the category itself. `limit` is text for
    `hotline.sla.limit.Limit.parse`, such as `2uh`, `4wh`, `5wd`.
    """

    condition: str
    limit: str
    words: str = ""
    """The filing condition as the city's standard writes it; empty where it has only tags."""


@dataclass(frozen=True, slots=True)
class Category:
    """One minor class (小类) of one version of one scheme."""

    scheme: str
    version: str
    code: str
    kind: CategoryKind
    name_zh: str
    name_en: str = ""
    major_name: str = ""
    limits: tuple[ConditionLimit, ...] = ()

    @property
    def key(self) -> str:
        """The name that tickets use: `scheme[@version]:kind:code`."""
        return category_key(self.scheme, self.version, self.kind, self.code)


def category_key(scheme: str, version: str, kind: CategoryKind, code: str) -> str:
    """Return the key of a category; an empty version leaves no mark."""
    return f"{scheme}@{version}:{kind}:{code}" if version else f"{scheme}:{kind}:{code}"


@dataclass(frozen=True, slots=True)
class SearchText:
    """What a category is found by, computed once when it is loaded."""

    name: str
    pinyin: str
    initials: str
    english: str
    code: str
    major: str


def search_text(category: Category) -> SearchText:
    """Return the searchable forms of a category."""
    return SearchText(
        name=category.name_zh,
        pinyin="".join(lazy_pinyin(category.name_zh)),
        initials="".join(lazy_pinyin(category.name_zh, style=Style.FIRST_LETTER)),
        english=category.name_en.lower(),
        code=category.code,
        major=category.major_name,
    )


EXACT, PREFIX, INSIDE, SPREAD = 100, 90, 80, 60


def score(query: str, text: SearchText) -> float:
    """Say how well a query fits, 0 (not at all) to about 100 (the very name or code).

    Ties between equally good places of the match go to the shorter name: 井盖 before 井盖标识.
    """
    query = "".join(query.lower().split())
    if not query:
        return 0
    best = max(
        _place(query, text.code) if query.isdigit() else 0.0,
        _place(query, text.name.lower()),
        _place(query, text.pinyin) - 2,
        _place(query, text.initials) - 4,
        _place(query, text.english.replace(" ", "")) - 6,
        _place(query, text.major.lower()) - 30,
        _fuzzy(query, text),
    )
    return best - min(len(text.name), 20) / 100 if best > 0 else 0


def _place(query: str, text: str) -> float:
    if not text or query not in text:
        return 0
    if query == text:
        return EXACT
    return PREFIX if text.startswith(query) else INSIDE


def _fuzzy(query: str, text: SearchText) -> float:
    """Fit several characters that are all there but not side by side, or a slip of the key."""
    if len(query) < 3:
        return 0
    against = text.pinyin if query.isascii() and query.isalpha() else text.name
    ratio = fuzz.partial_ratio(query, against)
    return ratio * SPREAD / 100 if ratio >= 75 else 0


def rank(query: str, entries: Iterable[tuple[str, SearchText]], *, limit: int) -> list[str]:
    """Return the keys of the best entries, best first; equal scores in order of the key."""
    scored = [(score(query, text), key) for key, text in entries]
    found = sorted(((-points, key) for points, key in scored if points > 0))
    return [key for _, key in found[:limit]]


@cache
def _kind_words() -> dict[str, CategoryKind]:
    return {
        "component": CategoryKind.FACILITY,
        "facility": CategoryKind.FACILITY,
        "部件": CategoryKind.FACILITY,
        "event": CategoryKind.INCIDENT,
        "incident": CategoryKind.INCIDENT,
        "事件": CategoryKind.INCIDENT,
    }


def kind_from_word(word: str) -> CategoryKind | None:
    """Return the kind that a data file names by `component`, `event`, 部件 or 事件."""
    return _kind_words().get(word.strip().lower())
