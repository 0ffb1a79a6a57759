"""Stories of a crossing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_bridge.bridge.states import CROSSING, CrossingState, CrossingTrigger
from hotline.kernel.errors import IllegalTransition

S, T = CrossingState, CrossingTrigger

STORIES = {
    "everything heard": ([T.SUBMIT, T.FILE, T.DISPATCH, T.HANDLE, T.CLOSE], S.DONE),
    "only the end heard": ([T.SUBMIT, T.CLOSE], S.DONE),
    "R17: declined": ([T.SUBMIT, T.DECLINE], S.DECLINED),
    "refused, mended, sent again": ([T.FAIL, T.RETRY, T.SUBMIT], S.SUBMITTED),
    "R50: returned by a unit": ([T.SUBMIT, T.FILE, T.DISPATCH, T.RETURN], S.FILED),
    "R66: reworked": ([T.SUBMIT, T.FILE, T.DISPATCH, T.HANDLE, T.REWORK], S.IN_HAND),
    "voided": ([T.SUBMIT, T.FILE, T.VOID], S.VOIDED),
    "voided, mended, sent again": ([T.SUBMIT, T.VOID, T.RETRY, T.SUBMIT], S.SUBMITTED),
}


@pytest.mark.parametrize(("triggers", "end"), STORIES.values(), ids=STORIES.keys())
def test_a_story_ends_where_it_should(triggers: list[CrossingTrigger], end: CrossingState) -> None:
    assert CROSSING.replay(triggers) is end


@given(st.sampled_from(CrossingState), st.sampled_from(CrossingTrigger))
def test_every_move_that_is_not_in_the_table_is_refused(
    state: CrossingState, trigger: CrossingTrigger
) -> None:
    if trigger in CROSSING.triggers_from(state):
        assert CROSSING.next(state, trigger) in CrossingState
    else:
        with pytest.raises(IllegalTransition):
            CROSSING.next(state, trigger)


@pytest.mark.parametrize("end", [S.DONE, S.DECLINED])
def test_a_round_that_ended_stays_ended(end: CrossingState) -> None:
    assert CROSSING.triggers_from(end) == frozenset()


def test_a_filed_case_is_no_longer_declined() -> None:
    assert not CROSSING.allows(S.FILED, T.DECLINE)


def test_the_table_draws_itself() -> None:
    assert "    pending --> submitted: submit\n" in CROSSING.as_mermaid()
