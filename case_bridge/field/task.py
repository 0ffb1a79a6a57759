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


def choose_inspector(
    candidates: list[Candidate], *, place: str, excluded: frozenset[UserId]
) -> Candidate | None:
    """Return whoever knows the area best and has least to do; None if nobody may go.

    `excluded` holds the people who handled the case: the checker is never the handler.
    """
    fitting = [
        candidate
        for candidate in candidates
        if candidate.user_id not in excluded and (candidate.area == "*" or candidate.area in place)
    ]
    if not fitting:
        return None
    return min(fitting, key=lambda c: (c.area == "*", c.open_tasks, c.name, str(c.user_id)))
