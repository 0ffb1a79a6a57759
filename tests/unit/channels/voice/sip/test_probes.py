"""Asking peers whether they are there."""

import pytest

from channels.voice.sip.errors import UsageError
from channels.voice.sip.events import PeerProbed
from tests.unit.channels.voice.sip.wire import PEER, Wire, reply


@pytest.mark.parametrize("status", [200, 404, 405, 503])
def test_any_answer_is_told(status: int) -> None:
    wire = Wire()
    key = wire.agent.probe("sip:192.0.2.9", wire.now)
    options = wire.request()
    assert (options.method, options.uri) == ("OPTIONS", "sip:192.0.2.9")

    wire.receive(reply(options, 100))
    wire.receive(reply(options, status))

    assert wire.events() == [PeerProbed(probe=key, status=status, is_answered=True)]


def test_silence_is_told_after_its_time() -> None:
    wire = Wire()
    key = wire.agent.probe("sip:trunk.example", wire.now, destination=PEER)
    assert wire.outgoing()[0].hop == PEER

    wire.pass_time(33)

    assert wire.events() == [PeerProbed(probe=key, status=408, is_answered=False)]


def test_a_place_that_is_none_is_a_mistake() -> None:
    with pytest.raises(UsageError):
        Wire().agent.probe("nonsense", 0.0)
