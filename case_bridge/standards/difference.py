"""What a standard would change against another: added, changed from old to new, removed."""

from dataclasses import dataclass

from case_bridge.standards.checking import RESPONSIBLE, STAGE_COLUMNS
from case_bridge.standards.standard import Condition, Item, Standard
from hotline.sla.limit import Limit
from hotline.tickets.category import CategoryKind


@dataclass(frozen=True, slots=True)
class Change:
    """One field that changes; an empty side was not there."""

    what: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class ChangedItem:
    """A category with what changes in it."""

    item: Item
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What one standard changes against another, by kind and code."""

    added: tuple[Item, ...]
    changed: tuple[ChangedItem, ...]
    removed: tuple[Item, ...]
    unchanged: int

    @property
    def touched(self) -> frozenset[tuple[CategoryKind, str]]:
        """Return kind and code of what changes or goes."""
        return frozenset(
            [(each.item.kind, each.item.code) for each in self.changed]
            + [(item.kind, item.code) for item in self.removed]
        )


def compare(old: Standard | None, new: Standard) -> Difference:
    """Return what `new` changes against `old`; against nothing, all of it is added."""
    before = {(item.kind, item.code): item for item in old.items} if old else {}
    after = {(item.kind, item.code): item for item in new.items}
    changed = []
    unchanged = 0
    for key, item in after.items():
        if key not in before:
            continue
        changes = tuple(_changes(before[key], item))
        if changes:
            changed.append(ChangedItem(item, changes))
        else:
            unchanged += 1
    return Difference(
        added=tuple(item for key, item in after.items() if key not in before),
        changed=tuple(changed),
        removed=tuple(item for key, item in before.items() if key not in after),
        unchanged=unchanged,
    )


def _changes(old: Item, new: Item) -> list[Change]:
    fields = (
        ("小类名称", old.name_zh, new.name_zh),
        ("英文名称", old.name_en, new.name_en),
        ("大类名称", old.major_name, new.major_name),
        ("定义", old.definition, new.definition),
    )
    changes = [Change(what, was, now) for what, was, now in fields if was != now]
    before, after = _by_name(old.conditions), _by_name(new.conditions)
    for name in {**before, **after}:
        was, now = before.get(name), after.get(name)
        if was == now:
            continue
        if was and now and was.words != now.words:
            changes.append(Change("立案条件", was.words, now.words))
        if _told(was) != _told(now):
            named = now or was
            assert named is not None
            changes.append(Change(f"立案条件 {named.words}", _told(was), _told(now)))
    return changes


def _by_name(conditions: tuple[Condition, ...]) -> dict[tuple[str, int], Condition]:
    """Return conditions by code; sub-conditions of one code are told apart by their order."""
    found: dict[tuple[str, int], Condition] = {}
    for each in conditions:
        place = sum(1 for code, _ in found if code == each.code)
        found[each.code, place] = each
    return found


def _told(condition: Condition | None) -> str:
    if condition is None:
        return ""
    told = [Limit.parse(condition.limit).label()]
    told += [
        f"{column} {Limit.parse(condition.stages[stage]).label()}"
        for column, stage in STAGE_COLUMNS.items()
        if stage in condition.stages
    ]
    told += [f"结案条件：{condition.closing}"] if condition.closing else []
    told += [word for word, kind in RESPONSIBLE.items() if kind in condition.responsible]
    return "；".join(told)
