"""Transfers: REFER both ways, its news, and calls that replace others."""

import pytest

from channels.voice.sip.address import Hop, Transport
from channels.voice.sip.auth import Credentials
from channels.voice.sip.errors import CallGone, PeerError, UsageError
from channels.voice.sip.events import (
    CallConfirmed,
    CallEnded,
    CallKey,
    CallOffered,
    EndReason,
    TransferAsked,
    TransferKey,
    TransferProgressed,
)
from channels.voice.sip.replaces import Replaces
from channels.voice.sip.uri import Uri
from tests.unit.channels.voice.sip.wire import ANSWER, OFFER, Wire, reply, request


def established(wire: Wire, call_id: str = "c1") -> CallKey:
    """Return an incoming call that is answered and acknowledged."""
    wire.receive(request("INVITE", branch=f"i{call_id}", call_id=call_id, body=OFFER))
    event = wire.event()
    assert isinstance(event, CallOffered)
    wire.agent.answer(event.call, ANSWER, wire.now)
    wire.receive(request("ACK", branch=f"a{call_id}", to_tag=event.call, call_id=call_id))
    wire.events()
    wire.outgoing()
    return event.call


def inside(method: str, call: CallKey, cseq: int, *extra: tuple[str, str], body: str = "") -> bytes:
    data = request(method, branch=f"{method}{cseq}", to_tag=call, cseq=cseq, extra=extra)
    if not body:
        return data
    fragment = f"Content-Type: message/sipfrag\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    return data.replace(b"Content-Length: 0\r\n\r\n", fragment.encode())


def asked(wire: Wire, call: CallKey, refer_to: str = "<sip:12319@192.0.2.9>") -> TransferAsked:
    wire.receive(inside("REFER", call, 2, ("refer-to", refer_to), ("referred-by", "<sip:a@b>")))
    event = wire.event()
    assert isinstance(event, TransferAsked)
    assert wire.lines() == []
    return event


def test_a_blind_transfer_is_accepted_and_reported_to_its_end() -> None:
    wire = Wire()
    call = established(wire)
    event = asked(wire, call)
    assert (event.call, str(event.target), event.replaces) == (call, "sip:12319@192.0.2.9", None)
    assert event.referred_by == "<sip:a@b>"

    wire.agent.accept_transfer(event.transfer, wire.now)
    accepted, trying = wire.sent()
    assert b"SIP/2.0 202 " in accepted.serialise()
    assert (trying.header("event"), trying.body) == ("refer;id=2", b"SIP/2.0 100 Trying\r\n")
    assert trying.header("subscription-state").startswith("active")
    wire.agent.report_transfer(event.transfer, 180, wire.now)
    assert wire.request().body == b"SIP/2.0 180 Ringing\r\n"
    wire.agent.report_transfer(event.transfer, 200, wire.now)

    last = wire.request()
    assert (last.method, last.body) == ("NOTIFY", b"SIP/2.0 200 OK\r\n")
    assert last.header("subscription-state") == "terminated;reason=noresource"
    assert last.header("content-type") == "message/sipfrag;version=2.0"
    with pytest.raises(CallGone):
        wire.agent.report_transfer(event.transfer, 200, wire.now)


def test_who_does_not_know_our_news_gets_no_more_of_it() -> None:
    """RFC 6665 4.2.2: a 481 to a NOTIFY ends the subscription; another transfer may begin."""
    wire = Wire()
    call = established(wire)
    event = asked(wire, call)
    wire.agent.accept_transfer(event.transfer, wire.now)

    wire.receive(reply(wire.requests()[-1], 481, to_tag=""))

    with pytest.raises(CallGone):
        wire.agent.report_transfer(event.transfer, 200, wire.now)
    wire.receive(inside("REFER", call, 3, ("refer-to", "<sip:12319@192.0.2.9>")))
    assert isinstance(wire.event(), TransferAsked)
    assert wire.agent.load.calls == 1


def test_an_attended_transfer_names_the_other_call() -> None:
    wire = Wire()
    first, second = established(wire), established(wire, "c2")
    refer_to = f"<sip:x@192.0.2.9?Replaces=c2%3Bto-tag%3D{second}%3Bfrom-tag%3Dpeer>"

    event = asked(wire, first, refer_to)

    assert event.other_call == second
    assert event.replaces == f"c2;to-tag={second};from-tag=peer"


def test_an_attended_transfer_may_mean_a_call_of_somebody_else() -> None:
    wire = Wire()
    call = established(wire)

    event = asked(wire, call, "<sip:x@192.0.2.9?Replaces=zz%3Bto-tag%3D1%3Bfrom-tag%3D2>")

    assert (event.other_call, event.replaces) == (None, "zz;to-tag=1;from-tag=2")


@pytest.mark.parametrize(
    "refer_to", ["", "<nonsense", "<sip:a@b>, <sip:c@d>", "<sip:a@b?Replaces=x>"]
)
def test_a_broken_refer_is_refused(refer_to: str) -> None:
    wire = Wire()
    call = established(wire)

    wire.receive(inside("REFER", call, 2, ("refer-to", refer_to)))

    assert (wire.response().status, wire.events()) == (400, [])


def test_a_refer_outside_a_call_is_refused() -> None:
    wire = Wire()

    wire.receive(request("REFER", extra=[("refer-to", "<sip:a@b>")]))

    assert wire.response().status == 481


def test_a_transfer_may_be_refused_and_is_declined_when_forgotten() -> None:
    wire = Wire()
    call = established(wire)
    wire.agent.reject_transfer(asked(wire, call).transfer, wire.now, status=403)
    assert wire.response().status == 403
    wire.receive(inside("REFER", call, 3, ("refer-to", "<sip:a@b>")))
    forgotten = wire.event()
    assert isinstance(forgotten, TransferAsked)

    assert wire.pass_time(11) == [(10.0, "603")]
    with pytest.raises(CallGone):
        wire.agent.accept_transfer(forgotten.transfer, wire.now)


def test_one_transfer_of_a_call_at_a_time_so_that_one_phone_takes_no_others_place() -> None:
    wire = Wire()
    call, other = established(wire), established(wire, "c2")
    first = asked(wire, call)

    wire.receive(inside("REFER", call, 3, ("refer-to", "<sip:a@b>")))
    assert (wire.response().status, wire.events()) == (491, [])
    refer = request(
        "REFER", branch="o2", to_tag=other, cseq=2, call_id="c2",
        extra=[("refer-to", "<sip:a@b>")],
    )  # fmt: skip
    wire.receive(refer)
    assert isinstance(wire.event(), TransferAsked)

    wire.agent.reject_transfer(first.transfer, wire.now)
    wire.outgoing()
    wire.receive(inside("REFER", call, 4, ("refer-to", "<sip:a@b>")))
    assert isinstance(wire.event(), TransferAsked)


def test_an_accepted_transfer_that_is_forgotten_ends_in_failure() -> None:
    wire = Wire()
    call = established(wire)
    wire.agent.accept_transfer(asked(wire, call).transfer, wire.now)
    for message in wire.requests():
        wire.receive(reply(message, 200, to_tag=""))

    assert wire.pass_time(181)[0] == (180.0, "NOTIFY")


def test_verbs_in_a_wrong_order_are_mistakes() -> None:
    wire = Wire()
    event = asked(wire, established(wire))
    with pytest.raises(UsageError):
        wire.agent.report_transfer(event.transfer, 180, wire.now)
    wire.agent.accept_transfer(event.transfer, wire.now)
    with pytest.raises(UsageError):
        wire.agent.accept_transfer(event.transfer, wire.now)
    with pytest.raises(UsageError):
        wire.agent.reject_transfer(event.transfer, wire.now)
    with pytest.raises(UsageError):
        wire.agent.report_transfer(event.transfer, 99, wire.now)
    with pytest.raises(CallGone):
        wire.agent.accept_transfer(TransferKey("unknown"), wire.now)


def test_a_transfer_ends_with_its_call() -> None:
    wire = Wire()
    call = established(wire)
    event = asked(wire, call)
    wire.receive(inside("BYE", call, 3))
    wire.outgoing()

    with pytest.raises(CallGone):
        wire.agent.accept_transfer(event.transfer, wire.now)
    assert wire.pass_time(200)[0] == (10.0, "603")


def news(call: CallKey, cseq: int, line: str, state: str = "active") -> bytes:
    extra = (("event", "refer"), ("subscription-state", state))
    return inside("NOTIFY", call, cseq, *extra, body=line)


def test_our_transfer_is_told_how_it_goes() -> None:
    wire = Wire()
    call = established(wire)

    wire.agent.refer(call, "sip:12319@192.0.2.9", wire.now)

    refer = wire.request()
    assert refer.header("refer-to") == "<sip:12319@192.0.2.9>"
    assert refer.header("referred-by") == "<sip:12345@192.0.2.1>"
    wire.receive(reply(refer, 202, to_tag=""))
    wire.receive(news(call, 2, "SIP/2.0 180 Ringing"))
    assert wire.event() == TransferProgressed(
        call=call, status=180, reason="Ringing", is_over=False
    )
    wire.receive(news(call, 3, "SIP/2.0 200 OK\r\n", "terminated;reason=noresource"))
    assert wire.event() == TransferProgressed(call=call, status=200, reason="OK", is_over=True)
    assert wire.lines() == ["200", "200"]
    wire.receive(news(call, 4, "SIP/2.0 200 OK\r\n"))
    assert wire.response().status == 481


def test_our_attended_transfer_names_the_call_as_its_other_side_knows_it() -> None:
    wire = Wire()
    first, second = established(wire), established(wire, "c2")

    wire.agent.refer(first, "sip:x@192.0.2.9", wire.now, other=second)

    expected = f"<sip:x@192.0.2.9?Replaces=c2%3Bto-tag%3Dpeer%3Bfrom-tag%3D{second}>"
    assert wire.request().header("refer-to") == expected


def test_our_transfer_may_be_refused() -> None:
    wire = Wire()
    call = established(wire)
    wire.agent.refer(call, "sip:12319@192.0.2.9", wire.now)

    wire.receive(reply(wire.request(), 405, to_tag=""))

    assert wire.event() == TransferProgressed(
        call=call, status=405, reason="Whatever", is_over=True
    )
    wire.agent.refer(call, "sip:12319@192.0.2.9", wire.now)  # and may be tried again
    with pytest.raises(UsageError):
        wire.agent.refer(call, "sip:12319@192.0.2.9", wire.now)


def test_our_transfer_may_be_challenged() -> None:
    wire = Wire()
    call = wire.agent.invite(
        "sip:callee@192.0.2.9", OFFER, wire.now, credentials=Credentials("a", "b")
    )
    wire.receive(reply(wire.request(), 200, body=ANSWER))
    wire.outgoing()
    wire.events()
    wire.agent.refer(call, "sip:12319@192.0.2.9", wire.now)
    challenge = ("www-authenticate", 'Digest realm="x", nonce="n"')

    wire.receive(reply(wire.request(), 401, to_tag="", extra=[challenge]))

    again = wire.request()
    assert (again.method, "authorization" in again.headers) == ("REFER", True)
    assert wire.events() == []


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (lambda call: inside("NOTIFY", call, 2, ("event", "presence")), 489),
        (lambda call: news(call, 2, "nonsense"), 400),
        (lambda call: news(call, 2, "SIP/2.0 abc"), 400),
    ],
)
def test_senseless_news_are_refused(data: object, status: int) -> None:
    wire = Wire()
    call = established(wire)
    wire.agent.refer(call, "sip:12319@192.0.2.9", wire.now)
    wire.outgoing()

    wire.receive(data(call))  # type: ignore[operator]

    assert (wire.response().status, wire.events()) == (status, [])


def replacing(value: str) -> bytes:
    return request(
        "INVITE", branch="r", call_id="new", from_tag="n", body=OFFER, extra=[("replaces", value)]
    )


def test_a_call_replaces_another_when_it_is_answered() -> None:
    wire = Wire()
    old = established(wire)

    wire.receive(replacing(f"c1;to-tag={old};from-tag=peer"))

    event = wire.event()
    assert isinstance(event, CallOffered)
    assert event.replaces == old
    wire.outgoing()
    wire.agent.answer(event.call, ANSWER, wire.now)
    assert wire.lines() == ["200", "BYE"]
    assert wire.event() == CallEnded(call=old, reason=EndReason.HUNG_UP)
    wire.receive(request("ACK", branch="ra", call_id="new", from_tag="n", to_tag=event.call))
    assert wire.event() == CallConfirmed(call=event.call, sdp=b"")


def test_a_replacing_call_that_is_refused_changes_nothing() -> None:
    wire = Wire()
    old = established(wire)
    wire.receive(replacing(f"c1;to-tag={old};from-tag=peer"))
    event = wire.event()
    assert isinstance(event, CallOffered)

    wire.agent.reject(event.call, 486, wire.now)

    assert wire.events() == []
    assert wire.agent.load.calls == 1


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("c1;to-tag={};from-tag=peer;early-only", 486),
        ("c1;to-tag={};from-tag=other", 481),
        ("c2;to-tag={};from-tag=peer", 481),
        ("c1;to-tag=nobody;from-tag=peer", 481),
        ("c1;to-tag={}", 400),
    ],
)
def test_a_call_that_is_not_there_is_not_replaced(value: str, status: int) -> None:
    wire = Wire()
    old = established(wire)

    wire.receive(replacing(value.format(old)))

    assert (wire.response().status, wire.events()) == (status, [])


def test_a_call_that_has_just_ended_is_not_replaced() -> None:
    """RFC 3891 3: a dialog that has terminated is declined with 603."""
    wire = Wire()
    old = established(wire)
    wire.agent.hang_up(old, wire.now)
    wire.outgoing()
    wire.events()

    wire.receive(replacing(f"c1;to-tag={old};from-tag=peer"))

    assert (wire.response().status, wire.events()) == (603, [])


def test_only_an_invite_may_replace_a_call() -> None:
    """RFC 3891 3: Replaces in another request is refused with 400."""
    wire = Wire()
    call = established(wire)

    wire.receive(inside("INFO", call, 2, ("replaces", f"c1;to-tag={call};from-tag=peer")))

    assert wire.lines() == ["400"]


def test_a_guest_replaces_no_call_of_others() -> None:
    wire = Wire()
    old = established(wire)
    wire.source = Hop(Transport.UDP, "203.0.113.5", 5060)

    wire.receive(replacing(f"c1;to-tag={old};from-tag=peer"))

    assert (wire.response().status, wire.events()) == (481, [])


def test_a_replaces_value_is_written_as_it_is_read() -> None:
    text = "c1@x;to-tag=a;from-tag=b;early-only"

    assert str(Replaces.parse(text)) == text
    assert str(Uri.parse("sip:a@b?Replaces=x")) == "sip:a@b?Replaces=x"
    with pytest.raises(PeerError):
        Replaces.parse(";to-tag=a;from-tag=b")
