"""Which way requests go through proxies (RFC 3261 12.2.1.1, 16.12), and how far (8.1.1.6)."""

import pytest

from channels.voice.sip.address import Hop, Transport
from channels.voice.sip.errors import UsageError
from channels.voice.sip.events import CallFailed, CallKey, CallOffered
from channels.voice.sip.message import Request, parse_message
from tests.unit.channels.voice.sip.wire import ANSWER, OFFER, Extra, Wire, reply, request

LOOSE = "<sip:a@192.0.2.60;lr>"
LOOSE_TOO = "<sip:b@192.0.2.61:5070;lr;ftag=9>"
STRICT = "<sip:strict@192.0.2.62>"
PHONE = "sip:phone@192.0.2.9"


def taken(wire: Wire, routes: Extra, contact: str = f"<{PHONE}>") -> CallKey:
    """Return an incoming call that is answered and acknowledged."""
    wire.receive(request("INVITE", body=OFFER, extra=routes, contact=contact))
    event = wire.event()
    assert isinstance(event, CallOffered)
    wire.agent.answer(event.call, ANSWER, wire.now)
    wire.receive(request("ACK", branch="a1", to_tag=event.call))
    wire.outgoing()
    return event.call


def record_routes(*values: str) -> Extra:
    return [("record-route", value) for value in values]


def bye_of(wire: Wire, call: CallKey) -> tuple[Hop, Request]:
    """Hang up; return where the BYE goes, and the BYE."""
    wire.agent.hang_up(call, wire.now)
    (sent,) = wire.agent.messages_to_send()
    bye = parsed(sent.data)
    return sent.hop, bye


def parsed(data: bytes) -> Request:
    message = parse_message(data)
    assert isinstance(message, Request)
    return message


@pytest.mark.parametrize(
    "routes",
    [
        pytest.param([LOOSE, LOOSE_TOO], id="two lines"),
        pytest.param([f"{LOOSE}, {LOOSE_TOO}"], id="one line"),
    ],
)
def test_loose_routers_are_visited_in_order_and_the_request_names_its_target(
    routes: list[str],
) -> None:
    wire = Wire.with_trunk()

    hop, bye = bye_of(wire, taken(wire, record_routes(*routes)))

    assert hop == Hop(Transport.UDP, "192.0.2.60", 5060)
    assert bye.uri == PHONE
    assert bye.values("route") == [LOOSE, LOOSE_TOO]


def test_a_strict_router_behind_a_loose_one_is_left_to_the_loose_one() -> None:
    wire = Wire.with_trunk()

    hop, bye = bye_of(wire, taken(wire, record_routes(LOOSE, STRICT)))

    assert hop.host == "192.0.2.60"
    assert (bye.uri, bye.values("route")) == (PHONE, [LOOSE, STRICT])


def test_a_strict_router_in_front_becomes_the_request_uri_and_the_target_comes_last() -> None:
    wire = Wire.with_trunk()

    hop, bye = bye_of(wire, taken(wire, record_routes(STRICT, LOOSE)))

    assert hop.host == "192.0.2.62"
    assert (bye.uri, bye.values("route")) == ("sip:strict@192.0.2.62", [LOOSE, f"<{PHONE}>"])


def test_what_no_request_uri_may_hold_is_taken_out_of_a_strict_router_and_of_a_target() -> None:
    wire = Wire.with_trunk()
    strict = record_routes("<sip:strict@192.0.2.62;method=INVITE;x=1?Subject=no>")
    contact = f"<{PHONE};method=BYE?Subject=no>"

    _, bye = bye_of(wire, taken(wire, strict, contact))

    assert (bye.uri, bye.values("route")) == ("sip:strict@192.0.2.62;x=1", [f"<{PHONE}>"])


def test_the_routes_of_an_answered_call_lead_through_a_strict_router_too() -> None:
    wire = Wire()
    call = wire.agent.invite("sip:callee@192.0.2.9", OFFER, wire.now)
    # Seen from us the answer's last Record-Route is the first.
    routes = record_routes(LOOSE, STRICT)
    wire.receive(reply(wire.request(), 200, body=ANSWER, extra=routes))
    (sent,) = wire.agent.messages_to_send()
    ack = parsed(sent.data)

    assert sent.hop.host == "192.0.2.62"
    assert (ack.method, ack.uri) == ("ACK", "sip:strict@192.0.2.62")
    assert ack.values("route") == [LOOSE, "<sip:callee@192.0.2.9>"]
    wire.agent.hang_up(call, wire.now)


def test_a_re_invite_changes_the_target_and_never_the_routes() -> None:
    wire = Wire.with_trunk()
    call = taken(wire, record_routes(LOOSE))
    moved = request(
        "INVITE", branch="r1", to_tag=call, cseq=2, body=OFFER,
        contact="<sip:moved@192.0.2.9>", extra=record_routes(LOOSE_TOO),
    )  # fmt: skip
    wire.receive(moved)
    wire.agent.answer_reoffer(call, ANSWER, wire.now)
    wire.receive(request("ACK", branch="r2", to_tag=call, cseq=2))
    wire.outgoing()

    _, bye = bye_of(wire, call)

    assert (bye.uri, bye.values("route")) == ("sip:moved@192.0.2.9", [LOOSE])


def test_a_call_goes_along_the_path_of_a_registration() -> None:
    """RFC 3327 5.4: the Path becomes the Route of the request, and its first proxy the next hop."""
    wire = Wire()
    route = ("<sip:192.0.2.50:5070;lr;received=sip:203.0.113.7:4000>", "<sip:edge.example;lr>")

    call = wire.agent.invite("sip:8001@10.0.0.5:5060", OFFER, wire.now, route=route)

    (sent,) = wire.outgoing()
    invite = parse_message(sent.data)
    assert isinstance(invite, Request)
    assert sent.hop == Hop(Transport.UDP, "192.0.2.50", 5070)
    assert (invite.uri, tuple(invite.values("route"))) == ("sip:8001@10.0.0.5:5060", route)
    wire.receive(reply(invite, 180))
    wire.agent.hang_up(call, wire.now)
    cancel = wire.request()
    assert (cancel.method, tuple(cancel.values("route"))) == ("CANCEL", route)


def test_a_call_by_a_path_that_cannot_be_gone_is_a_mistake() -> None:
    with pytest.raises(UsageError):
        Wire().agent.invite("sip:8001@10.0.0.5", OFFER, 0.0, route=("<sip:a;transport=sctp;lr>",))


def test_a_call_that_may_go_no_further_has_arrived() -> None:
    wire = Wire()
    arrived = request("INVITE", body=OFFER).replace(b"Max-Forwards: 70", b"Max-Forwards: 0")

    wire.receive(arrived)

    assert isinstance(wire.event(), CallOffered)


def test_a_call_of_ours_that_runs_in_circles_fails_and_is_not_tried_again() -> None:
    wire = Wire()
    call = wire.agent.invite("sip:callee@192.0.2.9", OFFER, wire.now)
    invite = wire.request()
    assert invite.header("max-forwards") == "70"

    wire.receive(reply(invite, 483, "Too Many Hops"))

    failed = wire.event()
    assert isinstance(failed, CallFailed)
    assert (failed.call, failed.status) == (call, 483)
    assert wire.lines() == ["ACK"]
    assert wire.pass_time(64) == []


def test_a_call_between_ipv6_addresses_is_written_with_brackets_and_answered() -> None:
    theirs = Hop(Transport.UDP, "2001:db8::9", 5060)
    wire = Wire(theirs)
    via = "SIP/2.0/UDP [2001:db8::9]:5060;branch=z9hG4bKsix;rport"
    invite = request("INVITE", body=OFFER, via=via, contact="<sip:phone@[2001:db8::9]>")
    wire.receive(invite)
    event = wire.event()
    assert isinstance(event, CallOffered)
    wire.agent.answer(event.call, ANSWER, wire.now)
    wire.receive(request("ACK", branch="a6", to_tag=event.call))
    assert {sent.hop for sent in wire.outgoing()} == {theirs}

    hop, bye = bye_of(wire, event.call)

    assert (hop, bye.uri) == (theirs, "sip:phone@[2001:db8::9]")
