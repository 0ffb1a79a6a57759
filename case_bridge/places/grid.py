"""Values: a unit grid, a supervision grid, what a file proposes, what is wrong with it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from case_bridge.places.geometry import Ring
from case_bridge.places.problem import Problem, Said


@dataclass(frozen=True, slots=True)
class GridDraft:
    """One unit grid as a file has it, already in WGS 84."""

    where: Said
    """The feature or row of the file, for messages."""
    code: str
    ring: Ring


@dataclass(frozen=True, slots=True)
class UnitGrid:
    """One unit grid (单元网格) with its days of validity."""

    code: str
    ring: Ring
    area_m2: float
    valid_from: date
    valid_to: date | None = None
    """The first day on which it no longer holds."""


@dataclass(frozen=True, slots=True)
class SupervisionGrid:
    """A group of unit grids (责任网格) that one or two inspectors walk (R101: 003 a10)."""

    code: str
    name: str
    members: tuple[str, ...]
    """Codes of unit grids."""


@dataclass(frozen=True, slots=True)
class GridDifference:
    """What a file would change."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    ended: tuple[str, ...]
    unchanged: int

    @property
    def is_empty(self) -> bool:
        """Say whether nothing would change."""
        return not (self.added or self.changed or self.ended)


def difference(
    held: Mapping[str, Ring], drafts: Iterable[GridDraft], *, whole: bool
) -> GridDifference:
    """Return what the drafts change; with `whole`, grids that the file leaves out end."""
    wanted = {draft.code: draft.ring for draft in drafts}
    added = tuple(sorted(code for code in wanted if code not in held))
    changed = tuple(
        sorted(code for code, ring in wanted.items() if code in held and ring != held[code])
    )
    ended = tuple(sorted(code for code in held if code not in wanted)) if whole else ()
    return GridDifference(added, changed, ended, len(wanted) - len(added) - len(changed))


def check_members(grids: Sequence[SupervisionGrid], known: frozenset[str]) -> list[Problem]:
    """Return what is wrong with supervision grids: no member, an unknown one, or one of two."""
    problems = []
    owners: dict[str, str] = {}
    for grid in grids:
        where = Said(f"责任网格{grid.code}", f"supervision grid {grid.code}")
        if not grid.members:
            problems.append(Problem(where, Said("没有单元网格", "has no unit grid")))
        for member in grid.members:
            if member not in known:
                unknown = Said(f"没有单元网格{member}", f"there is no unit grid {member}")
                problems.append(Problem(where, unknown))
            owner = owners.setdefault(member, grid.code)
            if owner != grid.code:
                zh = f"单元网格{member}已属于责任网格{owner}"
                en = f"unit grid {member} belongs to {owner} already"
                problems.append(Problem(where, Said(zh, en)))
    return problems
