"""What the log of a case says about a round, where the moves contradict each other."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from case_bridge.cases.case import CaseSource
from case_bridge.cases.states import CASE, CaseState, CaseTrigger
from case_bridge.evaluation.counters import count
from case_bridge.evaluation.fact import CaseFact, CaseHead, LogEntry, fold
from case_bridge.evaluation.options import Options
from case_bridge.evaluation.period import Period

START = datetime(2026, 3, 11, 2, tzinfo=UTC)
UNIT, EAST = uuid4(), uuid4()
HEAD = CaseHead(
    case_id=uuid4(),
    number="T1",
    source=CaseSource.HOTLINE,
    place="人民路12号",
    registered_at=START,
)


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
    (found,) = fold(HEAD, log)
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


def test_a_wrong_dispatch_is_the_first_dispatchers_and_the_return_the_former_units() -> None:
    """R72, R79: who sent it right the second time, and who has it now, answer for neither."""
    wrong, right, other = uuid4(), uuid4(), uuid4()
    moves = [
        ("file", CaseState.FILED, None, None),
        ("dispatch", CaseState.DISPATCHED, wrong, UNIT),
        ("return", CaseState.RETURNED, None, UNIT),
        ("dispatch", CaseState.DISPATCHED, right, other),
    ]
    log = [
        LogEntry(
            sequence=sequence,
            round=1,
            trigger=trigger,
            state=state,
            occurred_at=START + timedelta(hours=sequence),
            actor_id=actor_id,
            unit_id=unit_id,
        )
        for sequence, (trigger, state, actor_id, unit_id) in enumerate(moves, start=1)
    ]

    (fact,) = fold(HEAD, log)

    assert (fact.dispatched_by, fact.unit_id) == (wrong, other)
    assert (fact.returned_at, fact.returned_by) == (START + timedelta(hours=3), UNIT)


def test_a_case_taken_up_again_is_valid_and_has_to_be_dispatched_in_the_new_month() -> None:
    """R69, R72: closed in March, reopened in April: filed once, and dispatched twice."""
    april = START + timedelta(days=25)
    log = [
        LogEntry(sequence=1, round=1, trigger="file", state=CaseState.FILED, occurred_at=START),
        LogEntry(
            sequence=2,
            round=1,
            trigger="force_close",
            state=CaseState.CLOSED,
            occurred_at=START + timedelta(days=1),
        ),
        LogEntry(sequence=3, round=2, trigger="reopen", state=CaseState.FILED, occurred_at=april),
    ]
    period = Period.parse("2026-04")

    counted = count(fold(HEAD, log, until=period.ends), period, Options())

    names = ("reported", "valid_reports", "filed", "dispatch_due")
    assert [counted[name] for name in names] == [1, 1, 0, 1]
