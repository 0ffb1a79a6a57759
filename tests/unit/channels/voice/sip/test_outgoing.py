"""Calls that we make."""

import pytest

from channels.voice.sip.address import Hop, Transport
from channels.voice.sip.auth import Credentials
from channels.voice.sip.errors import UsageError
from channels.voice.sip.events import (
    CallAnswered,
    CallEnded,
    CallFailed,
    CallKey,
    CallProgressed,
    EndReason,
)
from channels.voice.sip.message import Request
from tests.unit.channels.voice.sip.wire import ANSWER, OFFER, PEER, Wire, reply, request

CHALLENGE = 'Digest realm="carrier", nonce="{}", qop="auth", algorithm=MD5'


def invited(wire: Wire, **options: object) -> tuple[CallKey, Request]:
    """Call somebody; return the key and the INVITE that went out."""
    call = wire.agent.invite("sip:callee@192.0.2.9", OFFER, wire.now, **options)  # type: ignore[arg-type]
    return call, wire.request()


def answered(wire: Wire) -> tuple[CallKey, Request]:
    """Make a call that is answered; return the key and the INVITE."""
    call, invite = invited(wire)
    wire.receive(reply(invite, 200, body=ANSWER))
    wire.outgoing()
    wire.events()
    return call, invite


def test_an_invite_says_who_calls_whom() -> None:
    wire = Wire()

    call = wire.agent.invite(
        "sip:13800001234@192.0.2.9",
        OFFER,
        wire.now,
        caller='"12345 热线" <sip:12345@city.example>',
        headers=[("X-Order", "7")],
    )

    invite = wire.request()
    assert (invite.method, invite.uri, invite.body) == (
        "INVITE",
        "sip:13800001234@192.0.2.9",
        OFFER,
    )
    assert invite.header("from") == f'"12345 热线" <sip:12345@city.example>;tag={call}'
    assert invite.header("to") == "<sip:13800001234@192.0.2.9>"
    assert invite.header("contact") == "<sip:hotline@192.0.2.1:5060>"
    assert invite.header("x-order") == "7"
    assert invite.via[:3] == ("UDP", "192.0.2.1", 5060)
    assert "rport" in invite.via.params


def test_the_life_of_an_answered_call() -> None:
    wire = Wire()
    call, invite = invited(wire)

    wire.receive(reply(invite, 100, to_tag="", contact=""))
    wire.receive(reply(invite, 180))
    wire.receive(reply(invite, 200, body=ANSWER))

    ack = wire.request()
    assert (ack.method, ack.uri, ack.to_tag) == ("ACK", "sip:callee@192.0.2.9", "callee")
    assert ack.via.branch != invite.via.branch
    assert wire.events() == [
        CallProgressed(call=call, status=180, sdp=b""),
        CallAnswered(call=call, sdp=ANSWER),
    ]
    wire.agent.hang_up(call, wire.now)
    bye = wire.request()
    assert (bye.method, bye.cseq.number) == ("BYE", 2)
    assert wire.event() == CallEnded(call=call, reason=EndReason.HUNG_UP)
    wire.receive(reply(bye, 200))
    assert wire.agent.load.calls == 0


def test_early_media_is_the_answer_if_the_200_brings_none() -> None:
    wire = Wire()
    call, invite = invited(wire)

    wire.receive(reply(invite, 183, body=ANSWER))
    wire.receive(reply(invite, 200))

    assert wire.events() == [
        CallProgressed(call=call, status=183, sdp=ANSWER),
        CallAnswered(call=call, sdp=ANSWER),
    ]


def test_a_repeated_200_is_acknowledged_again_with_the_same_ack() -> None:
    wire = Wire()
    _, invite = invited(wire)
    wire.receive(reply(invite, 200, body=ANSWER))
    first = wire.outgoing()
    wire.events()

    wire.receive(reply(invite, 200, body=ANSWER))

    assert wire.outgoing() == first
    assert wire.events() == []


def test_a_repeated_200_is_acknowledged_even_after_the_call() -> None:
    wire = Wire()
    call, invite = answered(wire)
    wire.agent.hang_up(call, wire.now)
    wire.receive(reply(wire.request(), 200))

    wire.receive(reply(invite, 200, body=ANSWER))

    assert wire.lines() == ["ACK"]


def test_the_200_of_another_fork_is_acknowledged_and_ended() -> None:
    wire = Wire()
    call, invite = answered(wire)

    wire.receive(reply(invite, 200, to_tag="fork", body=ANSWER))

    ack, bye = wire.requests()
    assert (ack.method, ack.to_tag, bye.method, bye.to_tag) == ("ACK", "fork", "BYE", "fork")
    wire.receive(reply(bye, 200))
    assert (wire.events(), wire.agent.load.calls) == ([], 1)
    wire.agent.hang_up(call, wire.now)
    assert wire.request().to_tag == "callee"


def test_every_fork_may_ring() -> None:
    wire = Wire()
    call, invite = invited(wire)

    for tag in ("one", "two"):
        wire.receive(reply(invite, 180, to_tag=tag))
    wire.receive(reply(invite, 200, to_tag="two", body=ANSWER))

    assert [type(event) for event in wire.events()] == [
        CallProgressed,
        CallProgressed,
        CallAnswered,
    ]
    assert wire.request().to_tag == "two"
    assert wire.agent.load.calls == 1
    wire.agent.hang_up(call, wire.now)
    assert wire.request().to_tag == "two"


def test_forks_without_end_are_not_followed() -> None:
    wire = Wire()
    _, invite = invited(wire)

    for number in range(500):
        wire.receive(reply(invite, 200, to_tag=f"f{number}", body=ANSWER))

    assert wire.lines().count("ACK") == 100


def test_a_fork_that_answers_is_acknowledged_however_many_rang_before_it() -> None:
    """RFC 3261 13.2.2.4: every 2xx is acknowledged, that of the twelfth telephone too."""
    wire = Wire()
    call, invite = invited(wire)
    for number in range(11):
        wire.receive(reply(invite, 180, to_tag=f"f{number}"))
    wire.events()

    wire.receive(reply(invite, 200, to_tag="late", body=ANSWER))

    assert (wire.request().to_tag, wire.event()) == ("late", CallAnswered(call=call, sdp=ANSWER))


def test_the_early_media_of_one_fork_is_no_answer_of_another() -> None:
    """RFC 3261 13.2.1: an answer belongs to the dialog in which it came."""
    wire = Wire()
    call, invite = invited(wire)
    wire.receive(reply(invite, 183, to_tag="one", body=ANSWER))
    wire.receive(reply(invite, 183, to_tag="two", body=OFFER))
    wire.events()

    wire.receive(reply(invite, 200, to_tag="one"))

    assert wire.event() == CallAnswered(call=call, sdp=ANSWER)


@pytest.mark.parametrize(
    ("method", "status"), [("BYE", 200), ("INFO", 481), ("INVITE", 481), ("UPDATE", 481)]
)
def test_what_another_fork_asks_does_not_touch_the_call(method: str, status: int) -> None:
    """RFC 3261 12.2.2, 13.2.2.4: a dialog is its Call-ID and both tags; one of them is ours."""
    wire = Wire()
    call, invite = answered(wire)
    wire.receive(reply(invite, 200, to_tag="fork", body=ANSWER))
    wire.outgoing()
    asks = request(method, call_id=invite.call_id, to_tag=call, from_tag="fork", cseq=7, body=OFFER)

    wire.receive(asks)

    assert (wire.response().status, wire.events(), wire.agent.load.calls) == (status, [], 1)
    wire.agent.hang_up(call, wire.now)
    assert wire.request().to_tag == "callee"


@pytest.mark.parametrize("status", [404, 486, 503, 603])
def test_a_refusal_is_told_and_acknowledged(status: int) -> None:
    wire = Wire()
    call, invite = invited(wire)

    wire.receive(reply(invite, status, "No", extra=[("retry-after", "120 (later);duration=9")]))

    assert wire.lines() == ["ACK"]
    assert wire.event() == CallFailed(call=call, status=status, reason="No", retry_after=120)
    assert wire.agent.load.calls == 0


def test_100_and_then_486_is_busy() -> None:
    wire = Wire()
    call, invite = invited(wire)

    wire.receive(reply(invite, 100, to_tag="", contact=""))
    wire.receive(reply(invite, 486, "Busy"))

    assert wire.event() == CallFailed(call=call, status=486, reason="Busy")


def test_a_redirection_says_where() -> None:
    wire = Wire()
    _, invite = invited(wire)

    wire.receive(reply(invite, 302, contact="<sip:other@example.com>;q=0.5"))

    event = wire.event()
    assert isinstance(event, CallFailed)
    assert [str(contact.uri) for contact in event.contacts] == ["sip:other@example.com"]


def test_a_redirection_that_cannot_be_read_says_nowhere() -> None:
    wire = Wire()
    _, invite = invited(wire)

    wire.receive(reply(invite, 302, contact="<broken"))

    event = wire.event()
    assert isinstance(event, CallFailed)
    assert (event.status, event.contacts) == (302, ())


def test_a_cancel_takes_the_route_of_its_invite() -> None:
    wire = Wire()
    call, invite = invited(wire, headers=[("Route", "<sip:192.0.2.9;lr>")])
    wire.receive(reply(invite, 180))

    wire.agent.hang_up(call, wire.now)

    assert wire.request().values("route") == ["<sip:192.0.2.9;lr>"]


@pytest.mark.parametrize("retry_after", ["soon", "-1", "999999999"])
def test_a_senseless_retry_after_is_none(retry_after: str) -> None:
    wire = Wire()
    _, invite = invited(wire)

    wire.receive(reply(invite, 503, extra=[("retry-after", retry_after)]))

    event = wire.event()
    assert isinstance(event, CallFailed)
    assert event.retry_after is None


def test_a_call_that_nobody_answers_is_resent_and_fails_after_32_seconds() -> None:
    wire = Wire()
    call, _ = invited(wire)

    sent = wire.pass_time(40)

    assert [at for at, _ in sent] == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert wire.event() == CallFailed(call=call, status=408, reason="Request Timeout")


def test_a_call_without_a_path_fails_at_once() -> None:
    wire = Wire()
    call, _ = invited(wire)

    wire.agent.transport_failed(PEER, wire.now)

    assert wire.event() == CallFailed(call=call, status=503, reason="Service Unavailable")
    assert wire.agent.load.transactions == 0


def test_a_challenge_is_answered_with_credentials_and_the_next_cseq() -> None:
    wire = Wire()
    call, first = invited(wire, credentials=Credentials("8001", "pw"))

    wire.receive(reply(first, 407, extra=[("proxy-authenticate", CHALLENGE.format("n1"))]))
    ack, second = wire.requests()
    wire.receive(reply(second, 200, body=ANSWER))

    assert (ack.method, second.method, second.cseq.number) == ("ACK", "INVITE", 2)
    assert (second.call_id, second.from_tag) == (first.call_id, first.from_tag)
    assert 'username="8001"' in second.header("proxy-authorization")
    assert second.body == OFFER
    last = wire.request()
    assert last.cseq == (2, "ACK")
    assert last.header("proxy-authorization") == second.header("proxy-authorization")
    assert wire.event() == CallAnswered(call=call, sdp=ANSWER)


def test_a_challenge_without_credentials_is_a_refusal() -> None:
    wire = Wire()
    call, invite = invited(wire)

    wire.receive(reply(invite, 401, "No", extra=[("www-authenticate", CHALLENGE.format("n1"))]))

    assert wire.event() == CallFailed(call=call, status=401, reason="No")


def test_wrong_credentials_are_tried_once() -> None:
    wire = Wire()
    call, first = invited(wire, credentials=Credentials("8001", "guess"))

    wire.receive(reply(first, 401, extra=[("www-authenticate", CHALLENGE.format("n1"))]))
    second = wire.requests()[-1]
    wire.receive(reply(second, 401, "No", extra=[("www-authenticate", CHALLENGE.format("n2"))]))

    assert wire.lines() == ["ACK"]
    assert wire.event() == CallFailed(call=call, status=401, reason="No")


def test_a_challenged_bye_is_sent_again_with_credentials() -> None:
    wire = Wire()
    call, invite = invited(wire, credentials=Credentials("8001", "pw"))
    wire.receive(reply(invite, 200, body=ANSWER))
    wire.outgoing()
    wire.agent.hang_up(call, wire.now)

    wire.receive(reply(wire.request(), 407, extra=[("proxy-authenticate", CHALLENGE.format("n1"))]))

    bye = wire.request()
    assert (bye.cseq, "proxy-authorization" in bye.headers) == ((3, "BYE"), True)
    wire.receive(reply(bye, 200))
    assert wire.agent.load.calls == 0


def test_giving_up_after_ringing_cancels() -> None:
    wire = Wire()
    call, invite = invited(wire)
    wire.receive(reply(invite, 180))
    wire.events()

    wire.agent.hang_up(call, wire.now)
    cancel = wire.request()
    wire.receive(reply(cancel, 200))
    wire.receive(reply(invite, 487))

    assert (cancel.method, cancel.via.branch, cancel.cseq) == (
        "CANCEL",
        invite.via.branch,
        (1, "CANCEL"),
    )
    assert wire.lines() == ["ACK"]
    assert wire.event() == CallFailed(call=call, status=487, reason="Request Terminated")


def test_giving_up_before_any_answer_cancels_when_one_comes() -> None:
    wire = Wire()
    call, invite = invited(wire)

    wire.agent.hang_up(call, wire.now)
    assert wire.lines() == []
    wire.receive(reply(invite, 100, to_tag="", contact=""))

    assert wire.lines() == ["CANCEL"]
    wire.receive(reply(invite, 487))
    assert wire.event() == CallFailed(call=call, status=487, reason="Request Terminated")


def test_giving_up_when_nobody_answers_at_all_ends_with_the_invite() -> None:
    wire = Wire()
    call, _ = invited(wire)

    wire.agent.hang_up(call, wire.now)
    wire.pass_time(40)

    assert wire.event() == CallFailed(call=call, status=487, reason="Request Terminated")


def test_an_answer_that_crosses_the_cancel_is_acknowledged_and_ended() -> None:
    wire = Wire()
    call, invite = invited(wire)
    wire.receive(reply(invite, 180))
    wire.agent.hang_up(call, wire.now)
    wire.outgoing()
    wire.events()

    wire.receive(reply(invite, 200, body=ANSWER))

    assert wire.lines() == ["ACK", "BYE"]
    assert wire.event() == CallFailed(call=call, status=487, reason="Request Terminated")


def test_a_cancel_that_is_ignored_ends_all_the_same() -> None:
    wire = Wire()
    call, invite = invited(wire)
    wire.receive(reply(invite, 180))
    wire.agent.hang_up(call, wire.now)
    wire.events()

    wire.pass_time(40)

    assert wire.event() == CallFailed(call=call, status=487, reason="Request Terminated")
    assert (wire.agent.load.calls, wire.agent.load.transactions) == (0, 0)


def test_a_call_that_rings_too_long_is_cancelled() -> None:
    wire = Wire()
    call, invite = invited(wire, ring_limit=30.0)
    wire.receive(reply(invite, 180))
    wire.events()

    sent = wire.pass_time(30)
    wire.receive(reply(invite, 487))

    assert sent == [(30.0, "CANCEL")]
    assert wire.event() == CallFailed(call=call, status=408, reason="Request Timeout")


def test_an_answered_call_has_no_ring_limit() -> None:
    wire = Wire()
    invited_call, invite = invited(wire, ring_limit=30.0)
    wire.receive(reply(invite, 200, body=ANSWER))
    wire.events()
    wire.outgoing()

    assert wire.pass_time(3600) == []
    assert (wire.agent.load.calls, wire.events()) == (1, [])
    wire.agent.hang_up(invited_call, wire.now)


def test_a_bye_while_it_rings_ends_nothing() -> None:
    wire = Wire()
    call, invite = invited(wire)
    wire.receive(reply(invite, 180))
    wire.events()
    wire.outgoing()

    wire.receive(request("BYE", branch="x", call_id=invite.call_id, from_tag="callee", to_tag=call))

    assert wire.lines() == ["200"]
    wire.receive(reply(invite, 200, to_tag="fork", body=ANSWER))
    assert wire.event() == CallAnswered(call=call, sdp=ANSWER)


def test_a_call_goes_where_it_is_sent_whatever_its_target_says() -> None:
    wire = Wire()
    proxy = Hop(Transport.TCP, "198.51.100.7", 5070)

    call = wire.agent.invite("tel:+8613800001234", OFFER, wire.now, destination=proxy)

    (invite,) = wire.outgoing()
    assert invite.hop == proxy
    assert invite.data.startswith(b"INVITE tel:+8613800001234 SIP/2.0\r\nVia: SIP/2.0/TCP ")
    assert b"Contact: <sip:hotline@192.0.2.1:5060;transport=tcp>" in invite.data
    wire.agent.hang_up(call, wire.now)


@pytest.mark.parametrize(
    ("target", "transport"),
    [
        ("sip:a@192.0.2.9;transport=TCP", Transport.TCP),
        ("sip:a@192.0.2.9;transport=UDP", Transport.UDP),
        ("sip:a@192.0.2.9", Transport.UDP),
    ],
)
def test_the_target_chooses_the_transport(target: str, transport: Transport) -> None:
    wire = Wire()

    wire.agent.invite(target, OFFER, wire.now)

    assert wire.outgoing()[0].hop == Hop(transport, "192.0.2.9", 5060)


@pytest.mark.parametrize(
    ("target", "caller", "sdp"),
    [
        ("nonsense", "", OFFER),
        ("sip:a@192.0.2.9;transport=ws", "", OFFER),
        ("sip:a@192.0.2.9;transport=sctp", "", OFFER),
        ("tel:12345", "", OFFER),
        ("sip:a@192.0.2.9", "<broken", OFFER),
        ("sip:a@192.0.2.9", "", b""),
    ],
)
def test_a_call_that_makes_no_sense_is_a_mistake(target: str, caller: str, sdp: bytes) -> None:
    wire = Wire()

    with pytest.raises(UsageError):
        wire.agent.invite(target, sdp, wire.now, caller=caller)

    assert wire.agent.load.calls == 0


def test_a_header_that_the_core_writes_is_a_mistake_and_leaves_no_call() -> None:
    wire = Wire()

    with pytest.raises(UsageError):
        wire.agent.invite("sip:a@192.0.2.9", OFFER, wire.now, headers=[("CSeq", "1 X")])

    assert (wire.agent.load.calls, wire.outgoing()) == (0, [])


def test_an_answer_without_contact_can_be_acknowledged_and_ended() -> None:
    wire = Wire()
    call, invite = invited(wire)

    wire.receive(reply(invite, 200, body=ANSWER, contact=""))
    wire.agent.hang_up(call, wire.now)

    assert [(m.data.split(b" ")[0], m.hop) for m in wire.outgoing()] == [
        (b"ACK", PEER),
        (b"BYE", PEER),
    ]


def test_a_route_set_is_followed_in_reverse() -> None:
    wire = Wire()
    call, invite = invited(wire)
    routes = [("record-route", "<sip:p2@192.0.2.52;lr>, <sip:p1@192.0.2.51:5070;lr>")]

    wire.receive(reply(invite, 200, body=ANSWER, extra=routes))

    (ack,) = wire.outgoing()
    assert ack.hop == Hop(Transport.UDP, "192.0.2.51", 5070)
    assert b"Route: <sip:p1@192.0.2.51:5070;lr>\r\nRoute: <sip:p2@192.0.2.52;lr>" in ack.data
    wire.agent.hang_up(call, wire.now)


@pytest.mark.parametrize(
    "old_new",
    [(b"SIP/2.0 200", b"SIP/2.0 20"), (b";tag=callee", b';tag="callee'), (b"Via:", b"Vi:")],
)
def test_a_broken_answer_is_none(old_new: tuple[bytes, bytes]) -> None:
    wire = Wire()
    _, invite = invited(wire)

    wire.receive(reply(invite, 200, body=ANSWER).replace(*old_new))

    assert (wire.events(), wire.outgoing()) == ([], [])


def test_an_answer_for_another_is_none() -> None:
    wire = Wire()
    call, invite = invited(wire)
    data = reply(invite, 200, body=ANSWER)

    wire.receive(data.replace(invite.via.branch.encode(), b"z9hG4bKother"))
    wire.receive(data.replace(f";tag={call}".encode(), b";tag=other"))
    wire.receive(data.replace(b"From:", b"Via: SIP/2.0/UDP x;branch=z9hG4bKy\r\nFrom:"))

    assert wire.events() == []


def silent_call(wire: Wire) -> tuple[CallKey, Request]:
    call, invite = invited(wire, patience=4.0)
    wire.pass_time(4.0)
    assert wire.event() == CallFailed(call=call, status=504, reason="Server Time-out")
    return call, invite


def test_who_says_not_a_word_is_given_up_and_not_called_again() -> None:
    wire = Wire()
    silent_call(wire)

    assert wire.pass_time(40) == []
    assert wire.events() == []
    assert wire.agent.load.calls == 0


def test_a_late_first_word_is_cancelled() -> None:
    """RFC 3261 9.1: nobody rings for nothing."""
    wire = Wire()
    _, invite = silent_call(wire)

    wire.receive(reply(invite, 180))
    cancel = wire.request()
    assert (cancel.method, cancel.via.branch) == ("CANCEL", invite.via.branch)
    wire.receive(reply(cancel, 200))
    wire.receive(reply(invite, 487))

    assert [message.method for message in wire.requests()] == ["ACK"]
    assert wire.events() == []
    assert wire.agent.load.calls == 0


def test_a_late_answer_is_acknowledged_and_ended() -> None:
    wire = Wire()
    _, invite = silent_call(wire)

    wire.receive(reply(invite, 200, body=ANSWER))

    assert [message.method for message in wire.requests()] == ["ACK", "BYE"]
    assert wire.events() == []


def test_a_word_in_time_leaves_all_the_time_to_ring() -> None:
    wire = Wire()
    call, invite = invited(wire, patience=4.0, ring_limit=30.0)
    wire.pass_time(3.9)
    wire.receive(reply(invite, 100, to_tag="", contact=""))

    assert wire.pass_time(26) == []
    assert wire.pass_time(0.2) == [(0.1, "CANCEL")]
    wire.receive(reply(invite, 487))
    assert wire.event() == CallFailed(call=call, status=408, reason="Request Timeout")


def test_a_challenge_is_a_word_too() -> None:
    wire = Wire()
    credentials = Credentials("city", "hush")
    call, invite = invited(wire, patience=4.0, credentials=credentials)
    wire.pass_time(3.9)
    challenge = ("www-authenticate", 'Digest realm="r", nonce="n1", qop="auth"')
    wire.receive(reply(invite, 401, extra=[challenge]))
    again = wire.requests()[-1]

    wire.pass_time(10)
    assert wire.events() == []
    wire.receive(reply(again, 200, body=ANSWER))

    assert wire.event() == CallAnswered(call=call, sdp=ANSWER)
