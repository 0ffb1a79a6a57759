"""Which unit answers for a category at a place: pure, with its reason (R26, R31, R32)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from case_bridge.units.unit import Duty, Responsibility, Suggestion
from hotline.kernel.ids import UnitId

ANY = "*"

_DUTY_ORDER = (Duty.MAINTAINER, Duty.MANAGER, Duty.OWNER)
_DUTY_WORDS = {
    Duty.MAINTAINER: "维护单位",
    Duty.MANAGER: "管理单位",
    Duty.OWNER: "权属单位",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What a unit is wanted for."""

    scheme: str
    kind: str
    code: str
    place: str
    returned_by: frozenset[UnitId] = frozenset()
    """Units that have given it back: they are not asked again."""
    beyond: frozenset[UnitId] = frozenset()
    """Units of second-level platforms that have given it back: nor are they."""
    within: frozenset[UnitId] | None = None
    """The units that whoever holds it commands; None: any may be asked."""


def suggest_unit(rules: Iterable[Responsibility], matter: Matter, *, on: date) -> Suggestion | None:
    """Return the unit of the narrowest rule in force, or None if no rule fits.

    The category outweighs the area, the area outweighs the duty; among duties the maintainer
    comes before the manager and the owner. Two units of equal standing are named in the reason,
    the first by name is suggested: a dispatcher decides. Units that returned the matter are
    passed over, those of a platform that gave it back too, and the reason says so.
    """
    named = [rule for rule in rules if _fits(rule, matter, on)]
    fitting = [rule for rule in named if rule.unit_id not in matter.returned_by | matter.beyond]
    if not fitting:
        return None
    best_rank = max(_rank(rule) for rule in fitting)
    best = sorted((r for r in fitting if _rank(r) == best_rank), key=lambda rule: rule.unit_name)
    reason = _reason(best) + _passed_over(named, matter)
    return Suggestion(best[0].unit_id, best[0].unit_name, reason)


def categories_over(matter: Matter) -> Sequence[str]:
    """Return how a rule may name the matter's category: each beginning of its code, or any code."""
    if not matter.kind:
        return ()
    beginnings = (matter.code[:length] for length in range(1, len(matter.code) + 1))
    return [f"{matter.kind}:{each}" for each in (ANY, *beginnings)]


def _fits(rule: Responsibility, matter: Matter, on: date) -> bool:
    if matter.within is not None and rule.unit_id not in matter.within:
        return False
    if rule.scheme not in {ANY, matter.scheme}:
        return False
    if on < rule.valid_from or (rule.valid_to is not None and on >= rule.valid_to):
        return False
    kind, _, code = rule.category.partition(":")
    if kind != matter.kind or not (code == ANY or matter.code.startswith(code)):
        return False
    return rule.area == ANY or rule.area in matter.place


def _rank(rule: Responsibility) -> tuple[int, int, int, int]:
    code = rule.category.partition(":")[2]
    return (
        0 if code == ANY else len(code),
        0 if rule.area == ANY else len(rule.area),
        0 if rule.scheme == ANY else 1,
        -_DUTY_ORDER.index(rule.duty),
    )


def _reason(best: list[Responsibility]) -> str:
    first = best[0]
    code = first.category.partition(":")[2]
    category = "全部类别" if code == ANY else f"类别 {code}"
    area = "全域" if first.area == ANY else first.area
    reason = (
        f"责任矩阵：{category} × {area} → {first.unit_name}"
        f"（{_DUTY_WORDS[first.duty]}，自 {first.valid_from.isoformat()} 起）"
    )
    others = sorted({rule.unit_name for rule in best[1:]} - {first.unit_name})
    if others:
        reason += f"；同级还有 {'、'.join(others)}"
    return reason


def _passed_over(named: Iterable[Responsibility], matter: Matter) -> str:
    """Return who is not asked again, and why."""
    returned = sorted({r.unit_name for r in named if r.unit_id in matter.returned_by})
    beyond = sorted({r.unit_name for r in named if r.unit_id in matter.beyond} - set(returned))
    words = f"；{'、'.join(returned)}本轮已退回，不再建议" if returned else ""
    if beyond:
        words += f"；{'、'.join(beyond)}所属二级平台本轮已退回，不再建议"
    return words
