from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hotline.kernel.ids import SeatId, new_id
from hotline.queues.abuse import PROTECTION
from hotline.queues.states import SeatState
from hotline.queues.thresholds import AlarmKind, Thresholds, alarms
from hotline.queues.values import Board, QueueLine, SeatLine

NOW = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
LIMITS = Thresholds()
SEAT = SeatLine(
    seat_id=SeatId(new_id()),
    name="一号坐席",
    extension="801",
    queue="main",
    state=SeatState.AVAILABLE,
    since=NOW - timedelta(hours=1),
    break_reason=None,
    phone_until=NOW + timedelta(minutes=1),
)


def kinds(*seats: SeatLine, queue: QueueLine | None = None) -> list[AlarmKind]:
    board = Board(queues=(queue,) if queue else (), seats=seats)
    return [alarm.kind for alarm in alarms(board, LIMITS, NOW)]


def waiting(count: int, seconds: float) -> QueueLine:
    return QueueLine(queue="main", waiting=count, longest_since=NOW - timedelta(seconds=seconds))


def test_a_quiet_board_raises_nothing() -> None:
    assert kinds(SEAT, queue=waiting(5, 60)) == []


def test_one_caller_more_and_one_second_longer_raise_both() -> None:
    assert kinds(SEAT, queue=waiting(6, 61)) == [AlarmKind.WAITING, AlarmKind.LONGEST_WAIT]


def test_callers_with_nobody_at_work_raise_at_once() -> None:
    resting = replace(SEAT, state=SeatState.ON_BREAK, since=NOW)

    assert kinds(resting, queue=waiting(1, 1)) == [AlarmKind.NOBODY_TO_ANSWER]


@pytest.mark.parametrize(
    ("state", "limit", "kind"),
    [
        (SeatState.TALKING, LIMITS.talking, AlarmKind.TALKING),
        (SeatState.WRAP_UP, LIMITS.wrap_up, AlarmKind.WRAP_UP),
        (SeatState.ON_BREAK, LIMITS.on_break, AlarmKind.ON_BREAK),
    ],
)
def test_a_seat_over_its_limit_raises(state: SeatState, limit: timedelta, kind: AlarmKind) -> None:
    at_limit = replace(SEAT, state=state, since=NOW - limit)
    over = replace(at_limit, since=NOW - limit - timedelta(seconds=1))

    assert kinds(at_limit) == []
    assert kinds(over) == [kind]


def test_an_available_seat_without_a_phone_raises_and_a_page_is_a_phone() -> None:
    without = replace(SEAT, phone_until=NOW)

    assert kinds(without) == [AlarmKind.NO_PHONE]
    assert kinds(replace(without, browser_until=NOW + timedelta(seconds=20))) == []


def test_a_rest_after_an_abusive_call_raises_nothing_however_long() -> None:
    """Issue B 6: the protected person is not called back to work by a red board."""
    resting = replace(SEAT, state=SeatState.ON_BREAK, since=NOW - timedelta(hours=2))

    assert kinds(replace(resting, break_reason=PROTECTION)) == []
    assert kinds(replace(resting, break_reason="rest")) == [AlarmKind.ON_BREAK]
