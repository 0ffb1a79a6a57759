from datetime import UTC, datetime, timedelta

import pytest

from hotline.contacts.calls.states import CallDirection, CallEnd, CallResult, CallState
from hotline.contacts.calls.values import CallView
from hotline.kernel.ids import CallId, new_id
from hotline.queues.returns.policy import (
    DEFAULT_RETURNS,
    HEAD_START,
    NextStep,
    after_attempt,
    is_expired,
    is_owed,
    may_ring,
    place_of,
    room,
)
from hotline.queues.returns.states import ReturnReason, ReturnTrigger

NOON = datetime(2026, 3, 11, 4, 0, tzinfo=UTC)


def call(
    *,
    direction: CallDirection = CallDirection.INBOUND,
    answered: bool = True,
    connected: bool = False,
    end: CallEnd | None = None,
) -> CallView:
    return CallView(
        call_id=CallId(new_id()),
        direction=direction,
        line="12345",
        number="13800001234",
        number_hash="h",
        state=CallState.ENDED,
        started_at=NOON,
        answered_at=NOON if answered else None,
        connected_at=NOON if connected else None,
        ended_at=NOON,
        end=end,
        seat_id=None,
        contact_id=None,
        notice_version=None,
        recording_id=None,
    )


def owed(asked: CallView, reason: ReturnReason, seconds: float) -> bool:
    return is_owed(asked, reason, timedelta(seconds=seconds), DEFAULT_RETURNS)


def test_who_gives_up_after_a_while_is_owed_a_call_and_who_hangs_up_at_once_is_not() -> None:
    """R-hotline 66号(四): missed calls become return calls."""
    assert owed(call(), ReturnReason.MISSED, 10)
    assert not owed(call(), ReturnReason.MISSED, 9.9)


def test_whom_we_dropped_is_owed_a_call_however_short_the_wait() -> None:
    assert owed(call(), ReturnReason.DROPPED, 0)


def test_nobody_is_owed_a_call_for_a_call_of_ours() -> None:
    assert not owed(call(direction=CallDirection.OUTBOUND), ReturnReason.DROPPED, 60)


def test_a_requested_call_keeps_the_exact_place_and_a_dropped_one_the_head() -> None:
    assert place_of(ReturnReason.REQUESTED, NOON) == NOON
    assert place_of(ReturnReason.DROPPED, NOON) == NOON - HEAD_START


@pytest.mark.parametrize(
    ("hour", "minutes_ago", "rings"),
    [(20, 200, True), (21, 29, True), (21, 31, False), (7, 31, False), (8, 31, True)],
)
def test_at_night_only_who_rang_a_short_while_ago_is_rung(
    hour: int, minutes_ago: int, *, rings: bool
) -> None:
    now = datetime(2026, 3, 11, 0, 0, tzinfo=UTC) + timedelta(hours=hour - 8)

    assert may_ring(now - timedelta(minutes=minutes_ago), now, DEFAULT_RETURNS) is rings


def test_after_hours_nobody_expects_our_call() -> None:
    assert is_expired(NOON - timedelta(hours=4), NOON, DEFAULT_RETURNS)
    assert not is_expired(NOON - timedelta(hours=3), NOON, DEFAULT_RETURNS)


@pytest.mark.parametrize(
    ("free", "ahead", "dialling", "expected"),
    [(0, 0, 0, 1), (0, 1, 0, 0), (0, 0, 1, 0), (3, 1, 1, 1), (3, 0, 0, 3)],
)
def test_as_many_are_dialled_as_seats_will_be_there_for(
    free: int, ahead: int, dialling: int, expected: int
) -> None:
    assert room(free, ahead, dialling) == expected


def after(result: CallResult, ended: CallView | None, attempts: int = 1) -> NextStep:
    return after_attempt(result, ended, attempts, DEFAULT_RETURNS)


def test_who_talked_with_a_seat_has_been_reached() -> None:
    ended = call(connected=True, end=CallEnd.SEAT_HUNG_UP)

    assert after(CallResult.ANSWERED, ended).trigger is ReturnTrigger.CONNECT


def test_who_hangs_up_while_waiting_again_is_not_rung_again() -> None:
    ended = call(end=CallEnd.CALLER_HUNG_UP)

    assert after(CallResult.ANSWERED, ended).trigger is ReturnTrigger.CANCEL


@pytest.mark.parametrize("end", [CallEnd.CRASHED, CallEnd.SHUTDOWN, CallEnd.FLOW_ENDED])
def test_who_was_on_the_line_when_we_lost_it_is_rung_again_at_once(end: CallEnd) -> None:
    step = after(CallResult.UNKNOWN, call(end=end))

    assert step == NextStep(ReturnTrigger.RETRY, "dropped", timedelta(0))


def test_a_talk_that_crashed_counts_as_lost() -> None:
    ended = call(connected=True, end=CallEnd.CRASHED)

    assert after(CallResult.UNKNOWN, ended).trigger is ReturnTrigger.RETRY


def test_a_number_that_may_have_rung_is_not_dialled_on_a_guess() -> None:
    ended = call(answered=False, end=CallEnd.CRASHED)

    assert after(CallResult.UNKNOWN, ended).trigger is ReturnTrigger.LOSE
    assert after(CallResult.UNKNOWN, None).trigger is ReturnTrigger.LOSE


def test_the_ladder_tries_three_times_and_then_says_not_reached() -> None:
    unanswered = call(answered=False, end=CallEnd.NOT_ANSWERED)

    steps = [after(CallResult.NO_ANSWER, unanswered, attempts) for attempts in (1, 2, 3)]

    assert steps == [
        NextStep(ReturnTrigger.RETRY, "no_answer", timedelta(minutes=2)),
        NextStep(ReturnTrigger.RETRY, "no_answer", timedelta(minutes=10)),
        NextStep(ReturnTrigger.GIVE_UP, "no_answer"),
    ]
