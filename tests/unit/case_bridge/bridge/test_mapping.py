"""A ticket as a filing."""

from case_bridge.bridge.mapping import TRIGGERS
from case_bridge.platform import ProgressKind


def test_every_message_of_a_platform_is_a_move() -> None:
    assert set(TRIGGERS) == set(ProgressKind)
    assert len(set(TRIGGERS.values())) == len(ProgressKind)
