import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.kernel.errors import IllegalTransition
from hotline.queues.states import (
    OFFER,
    QUEUED,
    SEAT,
    OfferState,
    OfferTrigger,
    QueuedState,
    QueuedTrigger,
    SeatState,
    SeatTrigger,
)

T = SeatTrigger


@pytest.mark.parametrize(
    ("story", "end"),
    [
        pytest.param(
            [T.SIGN_IN, T.OFFER, T.ANSWER, T.FINISH, T.MAKE_AVAILABLE, T.SIGN_OUT],
            SeatState.SIGNED_OUT,
            id="one call and home",
        ),
        pytest.param(
            [T.SIGN_IN, T.OFFER, T.MISS, T.MAKE_AVAILABLE],
            SeatState.AVAILABLE,
            id="back from a missed call",
        ),
        pytest.param(
            [T.SIGN_IN, T.OFFER, T.WITHDRAW], SeatState.AVAILABLE, id="the caller gave up"
        ),
        pytest.param(
            [T.SIGN_IN, T.OFFER, T.ANSWER, T.FINISH, T.TAKE_BREAK, T.TAKE_BREAK],
            SeatState.ON_BREAK,
            id="a break out of wrap-up, then another reason",
        ),
    ],
)
def test_a_seat_lives_its_day(story: list[SeatTrigger], end: SeatState) -> None:
    assert SEAT.replay(story) is end


def test_a_talking_seat_cannot_leave() -> None:
    assert SEAT.triggers_from(SeatState.TALKING) == {T.FINISH}


@given(st.sampled_from(SeatState), st.sampled_from(SeatTrigger))
def test_a_seat_refuses_every_other_move(state: SeatState, trigger: SeatTrigger) -> None:
    if trigger in SEAT.triggers_from(state):
        SEAT.next(state, trigger)
    else:
        with pytest.raises(IllegalTransition):
            SEAT.next(state, trigger)


def test_a_missed_caller_waits_again() -> None:
    story = [QueuedTrigger.OFFER, QueuedTrigger.RETURN, QueuedTrigger.OFFER, QueuedTrigger.ANSWER]

    assert QUEUED.replay(story) is QueuedState.ANSWERED


@pytest.mark.parametrize(
    "end",
    [QueuedState.ANSWERED, QueuedState.ABANDONED, QueuedState.TIMED_OUT, QueuedState.DROPPED],
)
def test_who_has_left_the_queue_does_not_come_back(end: QueuedState) -> None:
    assert QUEUED.triggers_from(end) == frozenset()


@pytest.mark.parametrize("end", [OfferState.FINISHED, OfferState.MISSED, OfferState.WITHDRAWN])
def test_an_offer_ends_once(end: OfferState) -> None:
    assert OFFER.triggers_from(end) == frozenset()


def test_an_answered_offer_can_only_finish() -> None:
    assert OFFER.triggers_from(OfferState.ANSWERED) == {OfferTrigger.FINISH}
