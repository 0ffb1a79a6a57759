"""The life of a version of a standard."""

import pytest

from case_bridge.standards.states import STANDARD, StandardState, StandardTrigger
from hotline.kernel.errors import IllegalTransition


def test_a_version_is_scheduled_in_force_replaced_and_in_force_again() -> None:
    act = StandardTrigger

    assert STANDARD.replay([act.SCHEDULE, act.ACTIVATE, act.REPLACE, act.ACTIVATE]) is (
        StandardState.IN_FORCE
    )


@pytest.mark.parametrize("state", StandardState)
@pytest.mark.parametrize("trigger", StandardTrigger)
def test_every_other_move_is_refused(state: StandardState, trigger: StandardTrigger) -> None:
    if STANDARD.allows(state, trigger):
        STANDARD.next(state, trigger)
    else:
        with pytest.raises(IllegalTransition):
            STANDARD.next(state, trigger)
