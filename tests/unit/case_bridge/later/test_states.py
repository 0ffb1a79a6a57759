"""Applications for more time through their table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_bridge.later.states import REQUEST, RequestState, RequestTrigger
from hotline.kernel.errors import IllegalTransition

S, T = RequestState, RequestTrigger


@pytest.mark.parametrize(
    ("triggers", "end"),
    [
        ([T.APPROVE], S.APPROVED),
        ([T.VERIFY, T.APPROVE], S.APPROVED),
        ([T.VERIFY, T.REFUSE], S.REFUSED),
        ([T.WITHDRAW], S.WITHDRAWN),
    ],
    ids=["granted", "R56: verified and granted", "verified and refused", "taken back"],
)
def test_an_application_ends_where_it_should(
    triggers: list[RequestTrigger], end: RequestState
) -> None:
    assert REQUEST.replay(triggers) is end


@given(st.sampled_from(RequestState), st.sampled_from(RequestTrigger))
def test_what_is_not_in_the_table_is_refused(state: RequestState, trigger: RequestTrigger) -> None:
    if REQUEST.allows(state, trigger):
        assert REQUEST.next(state, trigger) in RequestState
    else:
        with pytest.raises(IllegalTransition):
            REQUEST.next(state, trigger)
