import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.contacts.contact import MessageState
from hotline.contacts.states import MESSAGE, MessageTrigger
from hotline.kernel.errors import IllegalTransition

T = MessageTrigger


@pytest.mark.parametrize(
    ("story", "end"),
    [
        pytest.param([T.SEND, T.CONFIRM], "sent", id="accepted"),
        pytest.param([T.SEND, T.POSTPONE, T.SEND, T.CONFIRM], "sent", id="relay was down"),
        pytest.param([T.SEND, T.REFUSE], "failed", id="no such mailbox"),
        pytest.param([T.SEND, T.LOSE, T.SEND, T.CONFIRM], "sent", id="unknown, repeated once"),
        pytest.param([T.SEND, T.LOSE, T.SEND, T.LOSE, T.GIVE_UP], "lost", id="unknown twice"),
    ],
)
def test_a_message_goes_the_way_of_its_story(story: list[MessageTrigger], end: str) -> None:
    assert MESSAGE.replay(story) == end


@given(st.sampled_from(MessageState), st.sampled_from(MessageTrigger))
def test_every_other_move_is_refused(state: MessageState, trigger: MessageTrigger) -> None:
    if trigger in MESSAGE.triggers_from(state):
        assert MESSAGE.next(state, trigger) in MessageState
    else:
        with pytest.raises(IllegalTransition):
            MESSAGE.next(state, trigger)
