"""Dialling by one trunk: what is left of a call that was not dialled, and what a refusal says."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

import pytest

from channels.voice.dialling import dial, has_no_path, note_no_path
from channels.voice.exchange import Exchange
from channels.voice.leg import Leg
from channels.voice.options import LineOptions, OutboundOptions, TrunkOptions
from channels.voice.sip.errors import UsageError
from channels.voice.sip.events import CallFailed, CallKey, CallProgressed
from channels.voice.sip.outgoing import SILENT
from channels.voice.trunks import FAILURES, TrunkRegistrations, hop_of
from hotline.kernel.errors import Unavailable
from tests.fakes.telephone import FakeMediaLeg, FakeSip

FIRST = TrunkOptions(name="first", host="192.0.2.1")
SECOND = TrunkOptions(name="second", host="192.0.2.2")
KEY = CallKey("ours")
NOW = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)


@dataclass
class House:
    """The parts of a voice process that dialling uses; its switchboard fails."""

    media: FakeMediaLeg = field(default_factory=FakeMediaLeg)
    trunks: TrunkRegistrations = field(
        default_factory=lambda: TrunkRegistrations((FIRST, SECOND), clock=lambda: NOW)
    )

    @property
    def exchange(self) -> Exchange:
        options = SimpleNamespace(lines=(LineOptions(number="12345"),), outbound=OutboundOptions())
        made = SimpleNamespace(media=self, switchboard=self, options=options, trunks=self.trunks)
        return cast(Exchange, made)

    async def offer(self, _name: str, *, srtp: object) -> tuple[FakeMediaLeg, bytes]:
        assert srtp is not None
        return self.media, b"offer"

    def dial(self, *_: object, **__: object) -> Leg:
        raise UsageError("no URI")

    def names(self) -> list[str]:
        return [trunk.name for trunk in self.trunks.in_order]


async def refused(status: int, retry_after: int | None = None, *, rang: bool = False) -> Leg:
    leg = Leg(FakeSip(), KEY, FakeMediaLeg())
    if rang:
        leg.receive(CallProgressed(call=KEY, status=180, sdp=b""))
        await leg.ringing.wait()
    leg.receive(CallFailed(call=KEY, status=status, reason="", retry_after=retry_after))
    return leg


async def test_sound_that_was_opened_for_a_number_that_is_none_is_closed() -> None:
    house = House()

    with pytest.raises(UsageError):
        await dial(house.exchange, FIRST, hop_of(FIRST), "a b", name="x")

    assert house.media.is_closed


async def test_sound_is_closed_when_the_call_may_not_be_dialled_after_all() -> None:
    house = House()

    async def refuse() -> None:
        raise Unavailable("the database")

    with pytest.raises(Unavailable):
        await dial(house.exchange, FIRST, hop_of(FIRST), "1", name="x", before_invite=refuse)

    assert house.media.is_closed


@pytest.mark.parametrize(
    ("status", "rang", "expected"),
    [(503, False, True), (503, True, False), (486, False, False), (SILENT, False, True)],
)
async def test_the_next_trunk_is_tried_only_if_this_one_reached_nobody(
    status: int, rang: bool, expected: bool
) -> None:
    leg = await refused(status, rang=rang)

    assert has_no_path(leg) is expected
    await leg.close()


async def test_a_trunk_that_says_when_to_come_again_is_left_alone_until_then() -> None:
    house = House()
    leg = await refused(503, 30)

    note_no_path(house.exchange, FIRST, leg)

    assert house.names() == ["second", "first"]
    await leg.close()


async def test_a_trunk_that_was_silent_is_doubted() -> None:
    house = House()
    for _ in range(FAILURES):
        leg = await refused(SILENT)
        note_no_path(house.exchange, FIRST, leg)
        await leg.close()

    assert house.names() == ["second", "first"]
