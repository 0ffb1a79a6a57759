import asyncio
from collections.abc import AsyncGenerator

import pytest

from channels.voice import leg as module
from channels.voice.leg import MAX_EVENTS, MAX_GLARES, Leg, LegEnd
from channels.voice.media.engine import LegClosed
from channels.voice.sip.events import (
    CallAnswered,
    CallCancelled,
    CallConfirmed,
    CallEnded,
    CallFailed,
    CallKey,
    CallProgressed,
    CallReoffered,
    DigitsReceived,
    EndReason,
    ReofferAnswered,
    ReofferRefused,
    SipEvent,
    TransferAsked,
    TransferKey,
)
from channels.voice.sip.sdp import Direction
from channels.voice.sip.uri import Uri
from tests.fakes.telephone import FakeMediaLeg, FakeSip

KEY = CallKey("call-1")


@pytest.fixture
def sip() -> FakeSip:
    return FakeSip()


@pytest.fixture
async def leg(sip: FakeSip) -> AsyncGenerator[Leg, None]:
    leg = Leg(sip, KEY, FakeMediaLeg())
    yield leg
    await leg.close()


def media_of(leg: Leg) -> FakeMediaLeg:
    assert isinstance(leg.media, FakeMediaLeg)
    return leg.media


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_an_answer_with_sdp_makes_the_leg_answered(leg: Leg) -> None:
    leg.receive(CallProgressed(call=KEY, status=183, sdp=b"early"))
    leg.receive(CallAnswered(call=KEY, sdp=b"answer"))
    await settle()

    assert leg.ringing.is_set()
    assert leg.answered.is_set()
    assert media_of(leg).answers == [b"early", b"answer"]


async def test_an_update_while_it_rings_is_newer_than_what_the_answer_repeats(leg: Leg) -> None:
    """RFC 3311: the session is that of the UPDATE, and the 200 says nothing about it."""
    leg.receive(CallProgressed(call=KEY, status=183, sdp=b"early"))
    leg.receive(CallReoffered(call=KEY, sdp=b"moved"))
    leg.receive(CallAnswered(call=KEY, sdp=b""))
    await settle()

    assert leg.answered.is_set()
    assert not leg.is_over
    assert media_of(leg).answers == [b"early"]


async def test_an_answer_that_says_nothing_of_sound_ends_the_call(leg: Leg) -> None:
    leg.receive(CallAnswered(call=KEY, sdp=b""))
    await settle()

    assert leg.over.result() is LegEnd.BROKEN


async def test_a_delayed_offer_is_completed_by_the_ack(leg: Leg) -> None:
    leg.receive(CallConfirmed(call=KEY, sdp=b"answer in the ACK"))
    await settle()

    assert leg.answered.is_set()
    assert media_of(leg).answers == [b"answer in the ACK"]


@pytest.mark.parametrize(
    ("event", "end", "status"),
    [
        (CallCancelled(call=KEY), LegEnd.REMOTE, None),
        (CallEnded(call=KEY, reason=EndReason.BYE), LegEnd.REMOTE, None),
        (CallEnded(call=KEY, reason=EndReason.TIMEOUT), LegEnd.BROKEN, None),
        (CallEnded(call=KEY, reason=EndReason.ERROR), LegEnd.BROKEN, None),
        (CallFailed(call=KEY, status=486, reason="Busy Here"), LegEnd.REFUSED, 486),
    ],
)
async def test_the_last_event_says_how_it_ended(
    leg: Leg, event: SipEvent, end: LegEnd, status: int | None
) -> None:
    leg.receive(event)

    assert leg.is_over
    assert (leg.over.result(), leg.status) == (end, status)


async def test_the_first_end_counts(leg: Leg) -> None:
    leg.receive(CallEnded(call=KEY, reason=EndReason.BYE))
    leg.hang_up()

    assert leg.over.result() is LegEnd.REMOTE


async def test_a_refresh_is_answered_with_our_sdp(leg: Leg, sip: FakeSip) -> None:
    leg.receive(CallReoffered(call=KEY, sdp=b"hold"))
    leg.receive(CallReoffered(call=KEY, sdp=b""))
    await settle()

    assert sip.said == [
        ("answer_reoffer", KEY, b"answer to hold"),
        ("answer_reoffer", KEY, b"our offer"),
    ]


async def test_an_unusable_refresh_is_refused_and_the_call_goes_on(leg: Leg, sip: FakeSip) -> None:
    leg.receive(CallReoffered(call=KEY, sdp=b"unusable"))
    await settle()

    assert sip.said == [("reject_reoffer", KEY, 488)]
    assert not leg.is_over


async def test_an_unusable_answer_ends_the_call(leg: Leg, sip: FakeSip) -> None:
    leg.receive(CallAnswered(call=KEY, sdp=b"unusable"))
    await settle()

    assert sip.said == [("hang_up", KEY, None)]
    assert leg.over.result() is LegEnd.BROKEN


async def test_a_refresh_of_a_call_that_ends_meanwhile_is_forgotten(leg: Leg, sip: FakeSip) -> None:
    sip.gone.add(KEY)
    leg.receive(CallReoffered(call=KEY, sdp=b"hold"))
    leg.receive(CallEnded(call=KEY, reason=EndReason.BYE))
    await settle()

    assert sip.said == []
    assert leg.over.result() is LegEnd.REMOTE


async def test_keys_in_a_sip_info_are_keys(leg: Leg) -> None:
    leg.receive(DigitsReceived(call=KEY, digits="1#", duration_ms=160))

    assert [leg.media.digits.get_nowait().key for _ in range(2)] == ["1", "#"]


async def test_holding_offers_sendonly_and_takes_the_answer(leg: Leg, sip: FakeSip) -> None:
    await leg.hold(Direction.SENDONLY)
    leg.receive(ReofferAnswered(call=KEY, sdp=b"recvonly"))
    await settle()

    assert sip.said == [("reoffer", KEY, b"our offer")]
    assert media_of(leg).answers == [b"recvonly"]
    assert leg.media.direction is Direction.SENDONLY


def refused_offer(status: int) -> ReofferRefused:
    return ReofferRefused(call=KEY, status=status, reason="")


async def offers_are(sip: FakeSip, count: int) -> None:
    async with asyncio.timeout(10):
        while len(sip.said) < count:
            await asyncio.sleep(0.001)


async def test_a_hold_that_meets_an_offer_of_the_other_side_is_tried_again(
    leg: Leg, sip: FakeSip, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GLARE_MS", (0, 1))
    await leg.hold(Direction.SENDONLY)
    leg.receive(refused_offer(491))
    # Meanwhile the offer of the other side is answered.
    leg.receive(CallReoffered(call=KEY, sdp=b"theirs"))
    await offers_are(sip, 3)

    verbs = sorted(verb for verb, _, _ in sip.said)
    assert verbs == ["answer_reoffer", "reoffer", "reoffer"]
    assert leg.media.direction is Direction.SENDONLY


async def test_two_that_meet_again_and_again_are_left_at_that(
    leg: Leg, sip: FakeSip, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GLARE_MS", (0, 0))
    await leg.hold(Direction.SENDONLY)
    for tries in range(MAX_GLARES):
        leg.receive(refused_offer(491))
        await offers_are(sip, tries + 2)
    leg.receive(refused_offer(491))
    await settle()

    assert len(sip.said) == 1 + MAX_GLARES


async def test_a_hold_that_is_refused_is_not_tried_again(leg: Leg, sip: FakeSip) -> None:
    await leg.hold(Direction.SENDONLY)
    leg.receive(refused_offer(488))
    await settle()

    assert sip.said == [("reoffer", KEY, b"our offer")]


async def test_whoever_is_not_a_seat_brings_nobody_in(leg: Leg, sip: FakeSip) -> None:
    """A citizen's phone asks us by REFER to ring somebody: only a seat's talk hears of such."""
    target = Uri.parse("sip:13900000001@192.0.2.1")
    transfer = TransferKey("t1")
    asked = TransferAsked(
        call=KEY, transfer=transfer, target=target, replaces=None, other_call=None, referred_by=""
    )

    leg.receive(asked)

    assert sip.said == [("reject_transfer", transfer, 603)]


async def test_a_peer_that_floods_the_dialog_is_hung_up(leg: Leg, sip: FakeSip) -> None:
    for _ in range(MAX_EVENTS + 1):
        leg.receive(CallReoffered(call=KEY, sdp=b"again"))

    assert ("hang_up", KEY, None) in sip.said
    assert leg.is_over


async def test_a_leg_without_media_says_so_and_loses_keys_quietly(sip: FakeSip) -> None:
    leg = Leg(sip, KEY)
    leg.receive(DigitsReceived(call=KEY, digits="1", duration_ms=100))

    with pytest.raises(LegClosed):
        _ = leg.media
    await leg.close()
    assert leg.over.result() is LegEnd.LOCAL


async def test_closing_frees_the_media(sip: FakeSip) -> None:
    media = FakeMediaLeg()
    leg = Leg(sip, KEY, media)

    await leg.close()
    await leg.close()

    assert media.is_closed
