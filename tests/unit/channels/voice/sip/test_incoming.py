"""Calls that others make to us."""

import pytest

from channels.voice.sip.address import Hop, Transport
from channels.voice.sip.auth import Credentials, DigestClient, DigestSecret, Verdict
from channels.voice.sip.errors import CallGone, UsageError
from channels.voice.sip.events import (
    CallCancelled,
    CallConfirmed,
    CallEnded,
    CallKey,
    CallOffered,
    EndReason,
)
from channels.voice.sip.message import Request, Response, parse_message
from tests.unit.channels.voice.sip.wire import ANSWER, OFFER, PEER, Wire, request, tokens


def offered(wire: Wire, data: bytes = b"") -> CallOffered:
    """Let an INVITE arrive."""
    wire.receive(data or request("INVITE", body=OFFER))
    event = wire.event()
    assert isinstance(event, CallOffered)
    return event


def ack(call: CallKey, body: bytes = b"", cseq: int = 1) -> bytes:
    return request("ACK", branch=f"ack{cseq}", to_tag=call, cseq=cseq, body=body)


def answered(wire: Wire) -> CallKey:
    """Answer a call, before its ACK."""
    call = offered(wire).call
    wire.agent.answer(call, ANSWER, wire.now)
    wire.outgoing()
    return call


def test_an_invite_is_offered_with_what_it_says_and_answered_100_at_once() -> None:
    wire = Wire()

    event = offered(wire)

    assert (event.caller.display, event.caller.uri.number) == ("Zhang", "13800001234")
    assert (event.called.uri.number, event.target.number) == ("12345", "12345")
    assert (event.sdp, event.source, event.sip_call_id) == (OFFER, wire.source, "c1")
    assert (event.asserted, event.username) == (None, None)
    assert wire.lines() == ["100"]


def test_the_life_of_an_answered_call() -> None:
    wire = Wire()
    call = offered(wire).call
    wire.outgoing()

    wire.agent.ring(call, wire.now)
    wire.agent.answer(call, ANSWER, wire.now)
    assert wire.lines() == ["180", "200"]
    wire.receive(ack(call))
    assert wire.event() == CallConfirmed(call=call, sdp=b"")
    wire.receive(request("BYE", branch="bye", to_tag=call, cseq=2))

    assert wire.lines() == ["200"]
    assert wire.event() == CallEnded(call=call, reason=EndReason.BYE)
    assert wire.agent.load.calls == 0


def test_the_answer_makes_a_dialog() -> None:
    wire = Wire()
    route = ("record-route", "<sip:192.0.2.50;lr>")
    call = offered(wire, request("INVITE", body=OFFER, extra=[route])).call

    wire.agent.answer(call, ANSWER, wire.now)

    answer = wire.response()
    assert (answer.status, answer.to_tag, answer.body) == (200, call, ANSWER)
    assert answer.header("contact") == "<sip:hotline@192.0.2.1:5060>"
    assert answer.header("record-route") == "<sip:192.0.2.50;lr>"
    assert "INVITE" in answer.header("allow")
    assert answer.header("content-type") == "application/sdp"


def test_early_media_goes_with_183() -> None:
    wire = Wire()
    call = offered(wire).call

    wire.agent.ring(call, wire.now, status=183, sdp=ANSWER)

    assert (wire.response().status, wire.agent.load.calls) == (183, 1)


def test_a_repeated_invite_is_offered_once_and_answered_again() -> None:
    wire = Wire()
    call = offered(wire).call
    wire.agent.ring(call, wire.now)
    wire.outgoing()

    wire.receive(request("INVITE", body=OFFER))

    assert (wire.lines(), wire.events()) == (["180"], [])


def test_a_200_is_repeated_until_the_ack() -> None:
    wire = Wire.with_trunk()
    call = answered(wire)

    sent = wire.pass_time(8)
    wire.receive(ack(call))

    assert sent == [(0.5, "200"), (1.5, "200"), (3.5, "200"), (7.5, "200")]
    assert wire.event() == CallConfirmed(call=call, sdp=b"")
    assert wire.pass_time(60) == []


def test_a_call_that_nobody_acknowledges_ends_with_bye() -> None:
    wire = Wire.with_trunk()
    call = answered(wire)

    sent = wire.pass_time(32)

    assert [line for _, line in sent].count("200") == 10
    assert sent[-1] == (32.0, "BYE")
    assert wire.event() == CallEnded(call=call, reason=EndReason.TIMEOUT)


def test_a_repeated_ack_says_nothing_new() -> None:
    wire = Wire()
    call = answered(wire)
    wire.receive(ack(call))
    wire.events()

    wire.receive(ack(call))

    assert wire.events() == []


def test_an_ack_of_another_cseq_does_not_count() -> None:
    wire = Wire()
    call = answered(wire)

    wire.receive(ack(call, cseq=7))

    assert wire.events() == []


def test_an_ack_in_the_branch_of_its_invite_counts() -> None:
    wire = Wire()
    call = answered(wire)

    wire.receive(request("ACK", to_tag=call))

    assert wire.event() == CallConfirmed(call=call, sdp=b"")


def test_an_ack_that_repeats_the_offer_answers_nothing() -> None:
    """RFC 3261 13.2.1: the 200 has answered the INVITE, and the ACK has nothing to say."""
    wire = Wire()
    wire.receive(request("INVITE", body=OFFER))
    offered = wire.event()
    assert isinstance(offered, CallOffered)
    wire.agent.answer(offered.call, ANSWER, wire.now)

    wire.receive(request("ACK", branch="a1", to_tag=offered.call, body=OFFER))

    assert wire.event() == CallConfirmed(call=offered.call, sdp=b"")


def test_an_invite_without_sdp_gets_the_answer_in_the_ack() -> None:
    wire = Wire()
    event = offered(wire, request("INVITE"))
    wire.agent.answer(event.call, OFFER, wire.now)

    wire.receive(ack(event.call, ANSWER))

    assert event.sdp == b""
    assert wire.event() == CallConfirmed(call=event.call, sdp=ANSWER)


def test_a_cancelled_call_is_answered_200_and_487() -> None:
    wire = Wire()
    call = offered(wire).call
    wire.outgoing()

    wire.receive(request("CANCEL", contact=""))

    cancel, invite = wire.sent()
    assert isinstance(cancel, Response)
    assert isinstance(invite, Response)
    assert (cancel.status, cancel.cseq.method) == (200, "CANCEL")
    assert (invite.status, invite.cseq.method, invite.to_tag) == (487, "INVITE", call)
    assert wire.event() == CallCancelled(call=call)
    with pytest.raises(CallGone):
        wire.agent.answer(call, ANSWER, wire.now)


def test_a_cancel_after_the_answer_changes_nothing() -> None:
    wire = Wire()
    call = answered(wire)

    wire.receive(request("CANCEL", contact=""))

    assert (wire.lines(), wire.events()) == (["200"], [])
    wire.receive(ack(call))
    assert wire.event() == CallConfirmed(call=call, sdp=b"")


def test_a_cancel_for_nothing_is_answered_481() -> None:
    wire = Wire()

    wire.receive(request("CANCEL", contact=""))

    assert wire.lines() == ["481"]


def test_a_bye_before_the_answer_is_a_cancel() -> None:
    wire = Wire()
    call = offered(wire).call
    wire.outgoing()

    wire.receive(request("BYE", branch="bye", to_tag=call, cseq=2))

    assert wire.lines() == ["200", "487"]
    assert wire.event() == CallCancelled(call=call)


def test_a_refusal_says_why_and_is_repeated_until_the_ack() -> None:
    wire = Wire()
    call = offered(wire).call

    wire.agent.reject(call, 503, wire.now, reason="Closed", headers=[("Retry-After", "5")])

    answer = wire.response()
    assert (answer.status, answer.reason, answer.header("retry-after")) == (503, "Closed", "5")
    assert wire.pass_time(1) == [(0.5, "503")]
    wire.receive(request("ACK", to_tag=call))
    assert (wire.pass_time(60), wire.events(), wire.agent.load.calls) == ([], [], 0)


def test_a_call_can_be_sent_elsewhere() -> None:
    wire = Wire()
    call = offered(wire).call

    wire.agent.reject(call, 302, wire.now, headers=[("Contact", "<sip:other@example.com>")])

    assert wire.response().header("contact") == "<sip:other@example.com>"


def test_hanging_up_before_the_answer_refuses() -> None:
    wire = Wire()
    call = offered(wire).call
    wire.outgoing()

    wire.agent.hang_up(call, wire.now)

    assert wire.lines() == ["480"]
    assert wire.event() == CallEnded(call=call, reason=EndReason.HUNG_UP)


def test_hanging_up_before_the_ack_waits_for_it() -> None:
    wire = Wire()
    call = answered(wire)

    wire.agent.hang_up(call, wire.now)
    assert wire.lines() == []
    wire.receive(ack(call))

    assert wire.lines() == ["BYE"]
    assert wire.event() == CallEnded(call=call, reason=EndReason.HUNG_UP)


def test_hanging_up_without_an_ack_says_bye_in_the_end_and_ends_once() -> None:
    wire = Wire.with_trunk()
    call = answered(wire)
    wire.agent.hang_up(call, wire.now)

    sent = wire.pass_time(32)

    assert sent[-1] == (32.0, "BYE")
    assert wire.event() == CallEnded(call=call, reason=EndReason.HUNG_UP)


def test_a_call_that_the_application_forgets_is_refused_in_the_end() -> None:
    wire = Wire(ring_limit=180.0)
    call = offered(wire).call
    wire.outgoing()

    sent = wire.pass_time(180)

    assert sent[0] == (180.0, "480")
    assert wire.event() == CallEnded(call=call, reason=EndReason.TIMEOUT)


def test_too_many_calls_are_refused_with_a_time_to_come_again() -> None:
    wire = Wire(max_calls=1, busy_retry_after=7)
    offered(wire)
    wire.outgoing()

    wire.receive(request("INVITE", branch="b2", call_id="c2", from_tag="two", body=OFFER))

    answer = wire.response()
    assert (answer.status, answer.header("retry-after")) == (503, "7")
    assert wire.events() == []


def test_a_draining_agent_takes_no_new_calls_and_keeps_the_old() -> None:
    wire = Wire()
    call = answered(wire)
    wire.receive(ack(call))
    wire.events()

    wire.agent.drain()
    wire.receive(request("INVITE", branch="b2", call_id="c2", from_tag="two", body=OFFER))
    wire.receive(request("OPTIONS", branch="b3", call_id="c3", from_tag="three"))

    assert wire.lines() == ["503", "503"]
    assert wire.agent.load.calls == 1


def test_a_challenged_call_comes_again_as_another() -> None:
    wire = Wire()
    first = offered(wire)
    wire.outgoing()
    secret = DigestSecret.of("8001", "hotline", "pw")
    assert wire.agent.authorize(first.call, secret, wire.now) is Verdict.MISSING

    wire.agent.challenge(first.call, wire.now)
    refusal = wire.response()
    client = DigestClient(Credentials("8001", "pw"), tokens("c"), PEER.host)
    assert client.may_retry(refusal, PEER)
    signed = parse_message(request("INVITE", branch="b2", cseq=2, body=OFFER))
    assert isinstance(signed, Request)
    client.sign(signed)
    second = offered(wire, signed.serialise())

    assert (refusal.status, refusal.to_tag, second.username) == (401, first.call, "8001")
    assert wire.agent.authorize(second.call, secret, wire.now) is Verdict.VALID


def test_the_asserted_identity_is_told_and_a_broken_one_is_not() -> None:
    identity = ("p-asserted-identity", '"City" <tel:+861012345>, <sip:a@b>')
    broken = ("p-asserted-identity", "<nothing")

    good = offered(Wire(), request("INVITE", body=OFFER, extra=[identity]))
    bad = offered(Wire(), request("INVITE", body=OFFER, extra=[broken]))

    assert good.asserted is not None
    assert (good.asserted.uri.number, bad.asserted) == ("+861012345", None)


def test_an_invite_without_contact_is_refused() -> None:
    wire = Wire()

    wire.receive(request("INVITE", body=OFFER, contact=""))

    assert (wire.lines(), wire.agent.load.calls) == (["400"], 0)


@pytest.mark.parametrize("status", [100, 200, 99])
def test_ringing_with_another_status_is_a_mistake(status: int) -> None:
    wire = Wire()
    call = offered(wire).call

    with pytest.raises(UsageError):
        wire.agent.ring(call, wire.now, status=status)


def test_an_answered_call_can_be_neither_answered_nor_refused_nor_rung() -> None:
    wire = Wire()
    call = answered(wire)

    with pytest.raises(UsageError):
        wire.agent.answer(call, ANSWER, wire.now)
    with pytest.raises(UsageError):
        wire.agent.reject(call, 486, wire.now)
    with pytest.raises(UsageError):
        wire.agent.ring(call, wire.now)


def test_an_answer_needs_sdp_and_a_refusal_a_refusing_status() -> None:
    wire = Wire()
    call = offered(wire).call

    with pytest.raises(UsageError):
        wire.agent.answer(call, b"", wire.now)
    with pytest.raises(UsageError):
        wire.agent.reject(call, 200, wire.now)


@pytest.mark.parametrize(
    "header", [("Via", "x"), ("Reason", "a\r\nX: y"), ("Bad Name", "x"), ("Call-ID", "x")]
)
def test_headers_that_would_break_the_message_are_a_mistake(header: tuple[str, str]) -> None:
    wire = Wire()
    call = offered(wire).call

    with pytest.raises(UsageError):
        wire.agent.reject(call, 486, wire.now, headers=[header])


def test_a_phone_behind_a_translator_is_called_back_where_it_called_from() -> None:
    wire = Wire.with_trunk(source=Hop(Transport.UDP, "203.0.113.5", 40123))
    via = "SIP/2.0/UDP 10.0.0.9:5060;rport;branch=z9hG4bKn1"
    call = offered(wire, request("INVITE", body=OFFER, via=via, contact="<sip:p@10.0.0.9>")).call
    wire.agent.answer(call, ANSWER, wire.now)
    assert {message.hop for message in wire.outgoing()} == {wire.source}
    wire.receive(request("ACK", branch="a", to_tag=call, via=via.replace("n1", "n2")))

    wire.agent.hang_up(call, wire.now)

    (bye,) = wire.outgoing()
    assert bye.hop == wire.source
    assert bye.fallback == Hop(Transport.UDP, "10.0.0.9", 5060)
    assert bye.data.startswith(b"BYE sip:p@10.0.0.9 SIP/2.0\r\n")


def test_requests_in_a_call_over_tcp_use_its_connection() -> None:
    wire = Wire(source=Hop(Transport.TCP, "192.0.2.9", 40123))
    via = "SIP/2.0/TCP 192.0.2.9:5060;branch=z9hG4bKt1"
    contact = "<sip:p@192.0.2.9;transport=tcp>"
    call = offered(wire, request("INVITE", body=OFFER, via=via, contact=contact)).call
    wire.agent.answer(call, ANSWER, wire.now)
    answer = wire.outgoing()[-1]
    wire.receive(request("ACK", to_tag=call, via=via.replace("t1", "t2")))

    wire.agent.hang_up(call, wire.now)

    (bye,) = wire.outgoing()
    assert (answer.hop, answer.fallback) == (wire.source, Hop(Transport.TCP, "192.0.2.9", 5060))
    assert (bye.hop, bye.fallback) == (wire.source, Hop(Transport.TCP, "192.0.2.9", 5060))
    assert b"Via: SIP/2.0/TCP 192.0.2.1:5060;branch=" in bye.data
