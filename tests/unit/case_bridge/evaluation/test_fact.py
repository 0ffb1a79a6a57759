"""What the log of a case says about a round, where the moves contradict each other."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from case_bridge.cases.case import CaseSource
from case_bridge.cases.states import CASE, CaseTrigger
from case_bridge.evaluation.counters import count
from case_bridge.evaluation.fact import CaseFact, CaseHead, LogEntry, fold
from case_bridge.evaluation.options import Options
from case_bridge.evaluation.period import Period

START = datetime(2026, 3, 11, 2, tzinfo=UTC)
UNIT, EAST = uuid4(), uuid4()


def folded(*triggers: str, level: UUID | None = None, names_level: bool = False) -> CaseFact:
    """Fold one move an hour; the unit is ordered to be done in three days."""
    log, unit, state = [], None, CASE.initial
    for sequence, trigger in enumerate(triggers, start=1):
        is_order = trigger == "dispatch"
        unit = UNIT if is_order else unit
        state = CASE.next(state, CaseTrigger(trigger))
        log.append(
            LogEntry(
                sequence=sequence,
                round=1,
                trigger=trigger,
                state=state,
                occurred_at=START + timedelta(hours=sequence),
                unit_id=unit,
                due_at=START + timedelta(days=3) if is_order else None,
                district_id=level if is_order or trigger == "hand_down" else None,
                names_level=is_order and names_level,
            )
        )
    head = CaseHead(
        case_id=uuid4(),
        number="T1",
        source=CaseSource.HOTLINE,
        place="人民路12号",
        registered_at=START,
    )
    (found,) = fold(head, log)
    return found


def test_what_the_check_refused_is_not_handled_in_time_when_a_leader_forces_the_end() -> None:
    """R71, R73: closed, but not on time: nobody found the work to be done."""
    fact = folded("file", "dispatch", "handle", "inspect", "rework", "force_close")

    counted = count([fact], Period.parse("2026-03"), Options())

    assert fact.handled_at is None
    assert (counted["closed"], counted["closed_on_time"], counted["handled"]) == (1, 0, 0)


def test_the_feedback_that_stands_is_the_last_one() -> None:
    """R71: handled again after the check had refused it."""
    fact = folded("file", "dispatch", "handle", "inspect", "rework", "handle", "inspect", "pass")

    assert fact.handled_at == START + timedelta(hours=6)


def test_a_dispatch_across_levels_says_whose_the_case_is() -> None:
    """R59, R87: the last word counts, also where it is "nobody below"."""
    assert folded("file", "dispatch", level=EAST, names_level=True).district_id == EAST
    assert folded("file", "dispatch", level=None, names_level=True).district_id is None
    assert folded("file", "hand_down", "dispatch", level=EAST).district_id == EAST
