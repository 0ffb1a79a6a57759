"""The transition table."""

from enum import StrEnum

import pytest

from hotline.kernel.errors import IllegalTransition
from hotline.kernel.machine import Machine


class Door(StrEnum):
    OPEN = "open"
    SHUT = "shut"
    GONE = "gone"


class Push(StrEnum):
    SHUT = "shut"
    OPEN = "open"
    KNOCK = "knock"
    BURN = "burn"


DOOR = Machine(
    "door",
    Door.OPEN,
    {
        (Door.OPEN, Push.SHUT): Door.SHUT,
        (Door.SHUT, Push.OPEN): Door.OPEN,
        (Door.SHUT, Push.KNOCK): Door.SHUT,
        (Door.SHUT, Push.BURN): Door.GONE,
    },
)


def test_a_move_in_the_table_is_made():
    assert DOOR.next(Door.OPEN, Push.SHUT) is Door.SHUT


def test_a_move_that_is_not_in_the_table_is_refused_with_its_data():
    with pytest.raises(IllegalTransition) as refused:
        DOOR.next(Door.OPEN, Push.KNOCK)

    assert (refused.value.machine, refused.value.state) == ("door", "open")
    assert refused.value.trigger == "knock"


def test_an_end_state_answers_to_nothing():
    assert DOOR.triggers_from(Door.GONE) == frozenset()


def test_every_state_of_the_table_is_known():
    assert DOOR.states() == {Door.OPEN, Door.SHUT, Door.GONE}


def test_a_history_is_replayed_to_its_state():
    assert DOOR.replay([Push.SHUT, Push.KNOCK, Push.OPEN]) is Door.OPEN


def test_an_impossible_history_is_refused():
    with pytest.raises(IllegalTransition):
        DOOR.replay([Push.KNOCK])


def test_the_table_draws_itself():
    assert DOOR.as_mermaid() == (
        "stateDiagram-v2\n"
        "    [*] --> open\n"
        "    open --> shut: shut\n"
        "    shut --> open: open\n"
        "    shut --> shut: knock\n"
        "    shut --> gone: burn\n"
        "    gone --> [*]"
    )
