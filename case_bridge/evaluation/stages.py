"""Whether each stage of a round was done in its time, as the stage clocks of the case say.

The page of a case and the evaluation read the same `case_stages`: working time, holidays and a
standard's own limits are in `due_at`, and nothing is reckoned a second time (R72, R73).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from case_bridge.cases.rules import Stage
from case_bridge.cases.states import CaseTrigger


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRun:
    """One run of a stage clock, as far as evaluation reads it."""

    round: int
    stage: Stage
    due_at: datetime
    ended_at: datetime | None = None
    ended_by: str | None = None

    @property
    def is_late(self) -> bool:
        """Say whether it ended after its time; of one that runs nothing is known yet."""
        return self.ended_at is not None and self.ended_at > self.due_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """The moves of a round that end its stages."""

    decided_at: datetime | None
    filed_at: datetime | None
    first_dispatched_at: datetime | None
    verified_at: datetime | None
    checked_at: datetime | None
    returned_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InTime:
    """Yes or no for each stage; None if no clock ended with it."""

    decided_in_time: bool | None = None
    filed_in_time: bool | None = None
    dispatched_in_time: bool | None = None
    verified_in_time: bool | None = None
    checked_in_time: bool | None = None
    returned_in_time: bool | None = None


NOTHING_KNOWN: Final = InTime()


def judge(runs: Iterable[StageRun], ends: Ends) -> InTime:
    """Return which stages of a round were done in time. Pure; the reference for the SQL."""
    runs = [run for run in runs if run.ended_at is not None]
    return InTime(
        decided_in_time=_all_in_time(_ended(runs, Stage.ACCEPT, ends.decided_at)),
        filed_in_time=_all_in_time(
            run
            for run in _ended(runs, Stage.ACCEPT, ends.filed_at)
            if run.ended_by == CaseTrigger.FILE
        ),
        dispatched_in_time=_all_in_time(
            run
            for run in runs
            if run.stage is Stage.DISPATCH
            and run.ended_at is not None
            and ends.first_dispatched_at is not None
            and run.ended_at <= ends.first_dispatched_at
        ),
        verified_in_time=_all_in_time(_ended(runs, Stage.VERIFY, ends.verified_at)),
        checked_in_time=_all_in_time(_ended(runs, Stage.CHECK, ends.checked_at)),
        returned_in_time=_all_in_time(
            run
            for run in _ended(runs, Stage.RETURN, ends.returned_at)
            if run.ended_by == CaseTrigger.RETURN
        ),
    )


def _ended(runs: Iterable[StageRun], stage: Stage, at: datetime | None) -> Iterable[StageRun]:
    return (run for run in runs if run.stage is stage and run.ended_at == at)


def _all_in_time(runs: Iterable[StageRun]) -> bool | None:
    late = [run.is_late for run in runs]
    return not any(late) if late else None


def _at(stage: Stage, end: str, more: str = "") -> str:
    return f"s.stage = '{stage.value}' AND s.ended_at = r.{end}{more}"


_CONDITIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "decided_in_time": _at(Stage.ACCEPT, "decided_at"),
        "filed_in_time": _at(
            Stage.ACCEPT, "filed_at", f" AND s.ended_by = '{CaseTrigger.FILE.value}'"
        ),
        # A hand-down that took too long is not made good by the district's quick dispatch.
        "dispatched_in_time": f"s.stage = '{Stage.DISPATCH.value}'"
        " AND s.ended_at <= r.first_dispatched_at",
        "verified_in_time": _at(Stage.VERIFY, "verified_at"),
        "checked_in_time": _at(Stage.CHECK, "checked_at"),
        "returned_in_time": _at(
            Stage.RETURN, "returned_at", f" AND s.ended_by = '{CaseTrigger.RETURN.value}'"
        ),
    }
)

IN_TIME: Final = tuple(_CONDITIONS)
"""The columns of `case_facts` that say so."""

JUDGED: Final = f"""
    SELECT r.case_id, r.round, r.known_from, {
    ", ".join(
        f"bool_and(s.ended_at <= s.due_at) FILTER (WHERE {condition}) AS {name}"
        for name, condition in _CONDITIONS.items()
    )
}
    FROM rounds r JOIN case_stages s ON s.case_id = r.case_id AND s.round = r.round
    WHERE s.ended_at < r.known_from GROUP BY r.case_id, r.round, r.known_from
"""  # noqa: S608 - made of the constants above
"""The same as `judge` of each of the query `rounds`."""
