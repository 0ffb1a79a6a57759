"""Values: a unit grid, a supervision grid, what a file proposes, what is wrong with it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from case_bridge.places.geometry import Ring


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a file: where, and what to correct."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True, slots=True)
class GridDraft:
    """One unit grid as a file has it, already in WGS 84."""

    where: str
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
        where = f"supervision grid {grid.code}"
        if not grid.members:
            problems.append(Problem(where, "has no unit grid"))
        for member in grid.members:
            if member not in known:
                problems.append(Problem(where, f"there is no unit grid {member}"))
            if owners.setdefault(member, grid.code) != grid.code:
                problems.append(
                    Problem(where, f"unit grid {member} belongs to {owners[member]} already")
                )
    return problems
