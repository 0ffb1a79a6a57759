"""Values of the field: a task, its result, an inspector's load."""

from dataclasses import dataclass
from enum import StrEnum

from hotline.kernel.ids import UserId


class TaskKind(StrEnum):
    """What an inspector goes out for. The two are never the same word (domain 2.1)."""

    VERIFY = "verify"  # 核实: before filing, is it true?
    INSPECT = "inspect"  # 核查: after handling, is it done?


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldResult:
    """What the inspector found; handed in once, whatever the network does."""

    key: str
    """Made by the inspector's page: the same key is the same submission."""
    passed: bool
    """Verify: it is true. Inspect: what is there equals the order (R65)."""
    text: str
    longitude: float | None = None
    latitude: float | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """An inspector who could take a task."""

    user_id: UserId
    name: str
    area: str
    """A street or district as it stands in addresses, or `*`."""
    open_tasks: int
    walks_there: bool = False
    """The place lies in a supervision grid of theirs."""


def choose_inspector(
    candidates: list[Candidate], *, place: str, excluded: frozenset[UserId]
) -> Candidate | None:
    """Return whoever knows the place best and has least to do; None if nobody may go.

    Those who walk the supervision grid come first, then those of the street, then all others.
    `excluded` holds the people who handled the case: the checker is never the handler.
    """
    fitting = [
        candidate
        for candidate in candidates
        if candidate.user_id not in excluded
        and (candidate.walks_there or candidate.area == "*" or candidate.area in place)
    ]
    if not fitting:
        return None
    return min(fitting, key=_order)


def _order(candidate: Candidate) -> tuple[bool, bool, int, str, str]:
    return (
        not candidate.walks_there,
        candidate.area == "*",
        candidate.open_tasks,
        candidate.name,
        str(candidate.user_id),
    )
