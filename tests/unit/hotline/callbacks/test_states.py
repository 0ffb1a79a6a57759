import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.callbacks.states import CALLBACK, CallbackState, CallbackTrigger
from hotline.kernel.errors import IllegalTransition

T = CallbackTrigger


@pytest.mark.parametrize(
    ("story", "end"),
    [
        pytest.param([T.ATTEMPT, T.ANSWER, T.ANSWER], "answered", id="answers both questions"),
        pytest.param(
            [T.ATTEMPT, T.MISS, T.ATTEMPT, T.MISS, T.ATTEMPT, T.ASK, T.ANSWER],
            "answered",
            id="two calls in vain, then a letter",
        ),
        pytest.param([T.ATTEMPT, T.GIVE_UP], "not_reached", id="the ladder ends"),
        pytest.param(
            [T.ATTEMPT, T.GIVE_UP, T.ANSWER], "answered", id="answers after all, by the link"
        ),
        pytest.param(
            [T.ATTEMPT, T.LOSE, T.ATTEMPT, T.LOSE, T.GIVE_UP],
            "not_reached",
            id="unknown, repeated once, unknown again",
        ),
        pytest.param([T.ATTEMPT, T.LOSE, T.ANSWER], "answered", id="answered before the crash"),
        pytest.param([T.ASK, T.GIVE_UP], "not_reached", id="only the status page could ask"),
        pytest.param([T.CANCEL], "cancelled", id="somebody else reopened the ticket"),
    ],
)
def test_a_callback_goes_the_way_of_its_story(story: list[CallbackTrigger], end: str) -> None:
    assert CALLBACK.replay(story) == end


@given(st.sampled_from(CallbackState), st.sampled_from(CallbackTrigger))
def test_every_other_move_is_refused(state: CallbackState, trigger: CallbackTrigger) -> None:
    if trigger in CALLBACK.triggers_from(state):
        assert CALLBACK.next(state, trigger) in CallbackState
    else:
        with pytest.raises(IllegalTransition):
            CALLBACK.next(state, trigger)
