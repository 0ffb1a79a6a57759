import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.kernel.errors import IllegalTransition
from hotline.tickets.states import TICKET, TicketState, TicketTrigger

T = TicketTrigger


@pytest.mark.parametrize(
    ("story", "end"),
    [
        pytest.param([], "open", id="a report that nobody has looked at (R12)"),
        pytest.param([T.ANSWER], "closed", id="an enquiry answered at once (R11)"),
        pytest.param([T.AMEND, T.CANCEL], "cancelled", id="opened by mistake"),
        pytest.param([T.TRANSFER], "transferred", id="handed on is not done"),
        pytest.param([T.TRANSFER, T.RESOLVE, T.CLOSE], "closed", id="solved and confirmed (R69)"),
        pytest.param(
            [T.TRANSFER, T.RESOLVE, T.REOPEN, T.RESOLVE, T.CLOSE],
            "closed",
            id="not solved at first",
        ),
        pytest.param(
            [T.TRANSFER, T.RETURN, T.AMEND, T.TRANSFER, T.REMIND],
            "transferred",
            id="returned (R50)",
        ),
        pytest.param(
            [T.TRANSFER, T.RESOLVE, T.CLOSE, T.CONFIRM, T.REOPEN],
            "transferred",
            id="archived, confirmed, and broken again",
        ),
    ],
)
def test_a_ticket_goes_the_way_of_its_story(story: list[TicketTrigger], end: str) -> None:
    assert TICKET.replay(story) == end


@given(st.sampled_from(TicketState), st.sampled_from(TicketTrigger))
def test_every_other_move_is_refused(state: TicketState, trigger: TicketTrigger) -> None:
    if trigger in TICKET.triggers_from(state):
        assert TICKET.next(state, trigger) in TicketState
    else:
        with pytest.raises(IllegalTransition):
            TICKET.next(state, trigger)


def test_a_cancelled_ticket_stays_cancelled() -> None:
    assert TICKET.triggers_from(TicketState.CANCELLED) == frozenset()
