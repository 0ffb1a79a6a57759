"""Thousands of wounded messages leave the user agent whole (100,000 by the benchmark)."""

import random

import pytest

from benchmarks.voice.mutate import attack, wound
from channels.voice.sip.errors import PeerError
from channels.voice.sip.message import parse_message
from tests.unit.channels.voice.sip.wire import OFFER, request


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_wounded_messages_are_answered_or_dropped_and_forgotten(seed: int) -> None:
    told = attack(1000, seed)

    assert (told["calls_left"], told["transactions_left"]) == (0, 0)
    # The attack reached what it was meant for: dialogs began, were confirmed and ended.
    for happened in ("unreadable", "sent", "CallOffered", "CallConfirmed", "CallEnded"):
        assert told[happened], happened


def test_the_parser_raises_its_own_error_and_no_other() -> None:
    rng = random.Random(7)
    sound = request("INVITE", body=OFFER)
    refused = 0
    for _ in range(2000):
        data = sound
        for _ in range(rng.randrange(1, 5)):
            data = wound(data, [sound], rng)
        try:
            parse_message(data)
        except PeerError:
            refused += 1

    assert 0 < refused < 2000
