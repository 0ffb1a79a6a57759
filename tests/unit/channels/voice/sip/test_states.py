"""The tables."""

import pytest

from channels.voice.sip.states import (
    CALL,
    CLIENT,
    INVITE_CLIENT,
    INVITE_SERVER,
    SERVER,
    CallState,
    CallTrigger,
    TransactionState,
    TransactionTrigger,
)
from hotline.kernel.errors import IllegalTransition
from hotline.kernel.machine import Machine

TRANSACTIONS = (INVITE_CLIENT, CLIENT, INVITE_SERVER, SERVER)

C = CallTrigger


@pytest.mark.parametrize("machine", TRANSACTIONS, ids=lambda machine: machine.name)
def test_every_state_of_a_transaction_leads_to_its_end(
    machine: Machine[TransactionState, TransactionTrigger],
) -> None:
    leads = {TransactionState.TERMINATED}
    for _ in machine.moves:
        leads |= {source for (source, _), target in machine.moves.items() if target in leads}

    assert leads == machine.states()


@pytest.mark.parametrize("machine", TRANSACTIONS, ids=lambda machine: machine.name)
def test_nothing_follows_the_end_of_a_transaction(
    machine: Machine[TransactionState, TransactionTrigger],
) -> None:
    assert machine.triggers_from(TransactionState.TERMINATED) == frozenset()


@pytest.mark.parametrize(
    "story",
    [
        pytest.param([C.ANSWER, C.ACKNOWLEDGED, C.BYE], id="answered, caller hangs up"),
        pytest.param([C.ANSWER, C.ACKNOWLEDGED, C.HANG_UP, C.LOST], id="answered, we hang up"),
        pytest.param([C.ANSWER, C.HANG_UP, C.ACKNOWLEDGED, C.LOST], id="hung up before the ACK"),
        pytest.param([C.ANSWER, C.LOST, C.LOST], id="no ACK"),
        pytest.param([C.CANCELLED], id="cancelled"),
        pytest.param([C.REFUSE], id="refused"),
    ],
)
def test_an_incoming_call_ends(story: list[CallTrigger]) -> None:
    assert CALL.replay(story) is CallState.ENDED


@pytest.mark.parametrize(
    "story",
    [
        pytest.param([C.PROVISIONAL, C.SUCCESS, C.BYE], id="answered"),
        pytest.param([C.RETRY, C.PROVISIONAL, C.FAILURE], id="challenged, then busy"),
        pytest.param([C.HANG_UP, C.PROVISIONAL, C.FAILURE], id="cancelled early"),
        pytest.param([C.PROVISIONAL, C.HANG_UP, C.SUCCESS, C.LOST], id="answered all the same"),
    ],
)
def test_an_outgoing_call_ends(story: list[CallTrigger]) -> None:
    state = CallState.CALLING
    for trigger in story:
        state = CALL.next(state, trigger)

    assert state is CallState.ENDED


@pytest.mark.parametrize(
    ("state", "trigger"),
    [
        (CallState.OFFERED, C.ACKNOWLEDGED),
        (CallState.ESTABLISHED, C.ANSWER),
        (CallState.ENDED, C.HANG_UP),
        (CallState.LEAVING, C.HANG_UP),
    ],
)
def test_a_move_that_is_not_in_the_table_is_refused(state: CallState, trigger: CallTrigger) -> None:
    with pytest.raises(IllegalTransition):
        CALL.next(state, trigger)
