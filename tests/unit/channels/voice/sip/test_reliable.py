"""Provisional answers that arrive for sure (RFC 3262), as callee and as caller."""

import pytest

from channels.voice.sip.errors import CallGone
from channels.voice.sip.events import (
    CallAnswered,
    CallCancelled,
    CallConfirmed,
    CallEnded,
    CallKey,
    CallOffered,
    CallProgressed,
    CallReoffered,
    EndReason,
)
from channels.voice.sip.message import Request
from tests.unit.channels.voice.sip.wire import ANSWER, OFFER, Wire, reply, request

MOVED = OFFER.replace(b"m=audio 4000", b"m=audio 4002")
CAN = ("supported", "100rel")
MUST = ("require", "100rel")


def offered(wire: Wire, *extra: tuple[str, str], body: bytes = OFFER) -> CallKey:
    wire.receive(request("INVITE", body=body, extra=extra))
    event = wire.event()
    assert isinstance(event, CallOffered)
    wire.outgoing()
    return event.call


def prack(call: CallKey, rack: str = "1 1 INVITE", cseq: int = 2, **more: object) -> bytes:
    return request(
        "PRACK",
        branch=f"p{cseq}",
        to_tag=call,
        cseq=cseq,
        extra=[("rack", rack)],
        **more,  # type: ignore[arg-type]
    )


def test_ringing_is_reliable_for_a_caller_that_insists() -> None:
    wire = Wire.with_trunk()
    call = offered(wire, MUST)

    wire.agent.ring(call, wire.now)

    ringing = wire.response()
    assert (ringing.values("require"), ringing.header("rseq")) == (["100rel"], "1")
    assert wire.pass_time(4) == [(0.5, "180"), (1.5, "180"), (3.5, "180")]
    wire.receive(prack(call))
    assert wire.lines() == ["200"]
    assert wire.pass_time(20) == []


@pytest.mark.parametrize(
    ("extra", "sdp", "is_reliable"),
    [([CAN], b"", False), ([CAN], ANSWER, True), ([], ANSWER, False), ([MUST], b"", True)],
)
def test_early_media_is_reliable_for_who_can(
    extra: list[tuple[str, str]], sdp: bytes, is_reliable: bool
) -> None:
    wire = Wire()
    call = offered(wire, *extra)

    wire.agent.ring(call, wire.now, status=183, sdp=sdp)

    answer = wire.response()
    assert ("rseq" in answer.headers, answer.body) == (is_reliable, sdp)


def test_the_200_waits_for_the_prack() -> None:
    wire = Wire()
    call = offered(wire, CAN)
    wire.agent.ring(call, wire.now, status=183, sdp=ANSWER)
    wire.outgoing()

    wire.agent.answer(call, ANSWER, wire.now)
    assert wire.lines() == []
    wire.receive(prack(call))

    assert wire.lines() == ["200", "200"]  # of the PRACK, of the INVITE
    wire.receive(request("ACK", branch="a", to_tag=call))
    assert wire.event() == CallConfirmed(call=call, sdp=b"")


def test_further_provisional_answers_wait_their_turn_and_count_up() -> None:
    wire = Wire()
    call = offered(wire, MUST)
    wire.agent.ring(call, wire.now)
    wire.agent.ring(call, wire.now, status=183, sdp=ANSWER)
    assert wire.lines() == ["180"]

    wire.receive(prack(call))

    ok, progress = wire.sent()
    assert ok.header("cseq") == "2 PRACK"
    assert progress.header("rseq") == "2"
    wire.receive(prack(call, "2 1 INVITE", 3))
    assert wire.lines() == ["200"]


@pytest.mark.parametrize("rack", ["2 1 INVITE", "1 9 INVITE", "1 1 BYE", "x", "", "1 1"])
def test_a_prack_for_nothing_is_refused(rack: str) -> None:
    wire = Wire()
    call = offered(wire, MUST)
    wire.agent.ring(call, wire.now)
    wire.outgoing()

    wire.receive(prack(call, rack))

    assert wire.response().status == 481


def test_a_prack_after_the_answer_is_refused() -> None:
    wire = Wire()
    call = offered(wire)
    wire.agent.answer(call, ANSWER, wire.now)
    wire.outgoing()

    wire.receive(prack(call))

    assert wire.response().status == 481


def test_an_offer_in_a_prack_is_refused() -> None:
    wire = Wire()
    call = offered(wire, MUST)
    wire.agent.ring(call, wire.now)
    wire.outgoing()

    wire.receive(prack(call, body=OFFER))

    assert wire.response().status == 488


def test_a_caller_that_never_acknowledges_is_refused() -> None:
    """RFC 3262 3: the gaps double without end, and after 64*T1 the call is refused."""
    wire = Wire.with_trunk()
    call = offered(wire, MUST)
    wire.agent.ring(call, wire.now)
    wire.outgoing()

    sent = wire.pass_time(33)

    assert [at for at, line in sent if line == "180"] == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert (32.0, "504") in sent
    assert wire.events() == [CallEnded(call=call, reason=EndReason.TIMEOUT)]


def test_a_cancelled_call_repeats_nothing_more() -> None:
    wire = Wire.with_trunk()
    call = offered(wire, MUST)
    wire.agent.ring(call, wire.now)
    wire.outgoing()

    wire.receive(request("CANCEL", contact=""))

    assert wire.events() == [CallCancelled(call=call)]
    assert "180" not in [line for _, line in wire.pass_time(40)]


def test_a_delayed_offer_is_not_answered_early() -> None:
    wire = Wire()
    call = offered(wire, CAN, body=b"")

    wire.agent.ring(call, wire.now, status=183, sdp=ANSWER)

    answer = wire.response()
    assert (answer.body, "rseq" in answer.headers) == (b"", False)


def ringing(wire: Wire, number: str, tag: str = "callee") -> tuple[CallKey, Request]:
    call = wire.agent.invite("sip:callee@192.0.2.9", OFFER, wire.now)
    invite = wire.request()
    assert "100rel" in invite.values("supported")
    wire.receive(reply(invite, 183, to_tag=tag, body=ANSWER, extra=[MUST, ("rseq", number)]))
    return call, invite


def test_we_acknowledge_a_reliable_answer_once() -> None:
    wire = Wire()
    call, invite = ringing(wire, "776656")

    prack_sent = wire.request()

    assert prack_sent.method == "PRACK"
    assert prack_sent.header("rack") == "776656 1 INVITE"
    assert (prack_sent.to_tag, prack_sent.cseq.number) == ("callee", 2)
    assert wire.event() == CallProgressed(call=call, status=183, sdp=ANSWER)
    wire.receive(reply(prack_sent, 200, to_tag=""))
    wire.receive(reply(invite, 183, body=ANSWER, extra=[MUST, ("rseq", "776656")]))
    assert (wire.lines(), wire.events()) == ([], [])
    wire.receive(reply(invite, 180, extra=[MUST, ("rseq", "776658")]))
    assert (wire.lines(), wire.events()) == ([], [])
    wire.receive(reply(invite, 180, extra=[MUST, ("rseq", "776657")]))
    assert wire.request().header("rack") == "776657 1 INVITE"


def test_each_fork_is_acknowledged_in_its_own_dialog() -> None:
    wire = Wire()
    _, invite = ringing(wire, "1", "left")
    assert wire.request().to_tag == "left"

    wire.receive(reply(invite, 180, to_tag="right", extra=[MUST, ("rseq", "9")]))

    assert (prack_sent := wire.request()).to_tag == "right"
    assert prack_sent.header("rack") == "9 1 INVITE"


def test_the_call_goes_on_after_its_prack() -> None:
    wire = Wire()
    call, invite = ringing(wire, "1")
    wire.receive(reply(wire.request(), 200, to_tag=""))
    wire.events()

    wire.receive(reply(invite, 200, body=ANSWER))

    assert wire.event() == CallAnswered(call=call, sdp=ANSWER)
    ack = wire.request()
    assert (ack.method, ack.cseq.number) == ("ACK", 1)
    wire.agent.hang_up(call, wire.now)
    assert wire.request().cseq.number == 3


def early(wire: Wire, *extra: tuple[str, str], body: bytes = ANSWER) -> tuple[CallKey, Request]:
    """Return a call of ours that has early media, and its INVITE."""
    call = wire.agent.invite("sip:callee@192.0.2.9", OFFER, wire.now)
    invite = wire.request()
    wire.receive(reply(invite, 183, body=body, extra=extra))
    wire.events()
    wire.outgoing()
    return call, invite


def update(invite: Request, cseq: int = 1, from_tag: str = "callee") -> bytes:
    return request(
        "UPDATE",
        branch=f"u{cseq}{from_tag}",
        call_id=invite.call_id,
        from_tag=from_tag,
        to_tag=invite.from_tag,
        cseq=cseq,
        body=MOVED,
    )


def test_sound_that_moves_while_it_rings_is_agreed_by_update() -> None:
    """RFC 3311 5.2: the exchange of the INVITE is over with a reliable answer."""
    wire = Wire()
    call, invite = early(wire, MUST, ("rseq", "1"))

    wire.receive(update(invite))
    assert wire.event() == CallReoffered(call=call, sdp=MOVED)
    wire.receive(update(invite, 2))
    second = wire.response()
    wire.agent.answer_reoffer(call, ANSWER, wire.now)
    answer = wire.response()
    wire.receive(reply(invite, 183, body=ANSWER, extra=[MUST, ("rseq", "2")]))
    again = wire.event()
    wire.outgoing()
    wire.receive(reply(invite, 200, body=ANSWER))

    assert again == CallProgressed(call=call, status=183, sdp=b"")
    assert (second.status, second.header("retry-after")) == (500, "5")
    assert (answer.status, answer.header("cseq"), answer.body) == (200, "1 UPDATE", ANSWER)
    # What the 200 says again is older than the UPDATE (RFC 3261 13.2.1).
    assert wire.event() == CallAnswered(call=call, sdp=b"")
    assert wire.lines() == ["ACK"]
    wire.receive(update(invite, 3))
    assert wire.event() == CallReoffered(call=call, sdp=MOVED)


@pytest.mark.parametrize("extra", [(), (MUST, ("rseq", "1"))])
def test_an_update_waits_for_the_answer_to_our_offer(extra: tuple[tuple[str, str], ...]) -> None:
    """RFC 3311 5.2: an unreliable answer is a glimpse, and a reliable one may bring none."""
    wire = Wire()
    _, invite = early(wire, *extra, body=b"" if extra else ANSWER)

    wire.receive(update(invite))

    assert (wire.response().status, wire.events()) == (491, [])


def test_one_fork_that_has_agreed_speaks_for_itself_only() -> None:
    wire = Wire()
    call, invite = early(wire, MUST, ("rseq", "1"))
    wire.receive(reply(invite, 180, to_tag="other"))
    wire.events()
    wire.outgoing()

    wire.receive(update(invite, from_tag="other"))
    assert wire.lines() == ["491"]
    wire.receive(update(invite))
    wire.events()
    wire.receive(reply(invite, 200, to_tag="other", body=ANSWER))
    assert wire.event() == CallAnswered(call=call, sdp=ANSWER)
    wire.outgoing()
    with pytest.raises(CallGone):
        wire.agent.answer_reoffer(call, ANSWER, wire.now)

    assert wire.lines() == ["481"]


def test_an_update_that_is_answered_after_the_call_counts_too() -> None:
    wire = Wire()
    call, invite = early(wire, MUST, ("rseq", "1"))
    wire.receive(update(invite))
    wire.receive(reply(invite, 200, body=ANSWER))
    wire.outgoing()

    wire.agent.answer_reoffer(call, ANSWER, wire.now)

    assert wire.events() == [
        CallReoffered(call=call, sdp=MOVED),
        CallAnswered(call=call, sdp=b""),
    ]
    assert wire.response().status == 200


def test_an_update_before_we_have_answered_is_told_to_come_later() -> None:
    """RFC 3311 5.2: between 0 and 10 seconds."""
    wire = Wire()
    call = offered(wire, CAN)
    wire.agent.ring(call, wire.now)
    wire.outgoing()

    wire.receive(request("UPDATE", branch="u", to_tag=call, cseq=2, body=MOVED))

    answer = wire.response()
    assert (answer.status, wire.events()) == (500, [])
    assert 0 <= int(answer.header("retry-after")) <= 10


def test_a_ringing_call_with_an_update_is_given_up_in_its_time_all_the_same() -> None:
    wire = Wire()
    call, invite = early(wire, MUST, ("rseq", "1"))
    wire.receive(update(invite))
    wire.events()
    wire.agent.answer_reoffer(call, ANSWER, wire.now)
    wire.outgoing()

    assert "CANCEL" in [line for _, line in wire.pass_time(400)]


@pytest.mark.parametrize("number", ["x", "", "-1", "99999999999999"])
def test_a_senseless_rseq_is_not_acknowledged(number: str) -> None:
    wire = Wire()
    ringing(wire, number)

    assert wire.lines() == []
