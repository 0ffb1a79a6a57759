"""Matching of messages to transactions, and what is refused before anybody sees it."""

from channels.voice.sip.address import Hop, Transport
from channels.voice.sip.events import CallAnswered, CallFailed, CallOffered
from channels.voice.sip.message import Request, Response, parse_message
from tests.unit.channels.voice.sip.wire import ANSWER, OFFER, PEER, Wire, reply, request


def test_the_same_request_over_two_branches_is_merged() -> None:
    wire = Wire()
    wire.receive(request("INVITE", body=OFFER))
    wire.outgoing()

    wire.receive(request("INVITE", branch="other", body=OFFER))

    assert wire.lines() == ["482"]
    assert len(wire.events()) == 1


def test_a_request_may_come_again_when_its_transaction_is_over() -> None:
    wire = Wire()
    wire.receive(request("OPTIONS"))
    wire.pass_time(33)
    wire.outgoing()

    wire.receive(request("OPTIONS", branch="other"))

    assert wire.lines() == ["200"]


def test_a_peer_without_branches_is_told_apart_by_its_call() -> None:
    wire = Wire()
    via = "SIP/2.0/UDP 192.0.2.9:5060"

    wire.receive(request("INVITE", via=via, body=OFFER))
    wire.receive(request("INVITE", via=via, body=OFFER))
    wire.receive(request("INVITE", via=via, body=OFFER, call_id="c2"))

    assert wire.lines() == ["100", "100", "100"]
    assert [type(event) for event in wire.events()] == [CallOffered, CallOffered]


def test_a_100_brings_the_time_back_that_the_request_told() -> None:
    """RFC 3261 8.2.6.1: Timestamp is copied into a 100, for the caller to measure the way."""
    wire = Wire()

    wire.receive(request("INVITE", body=OFFER, extra=[("timestamp", "54.21")]))

    assert wire.response().header("timestamp") == "54.21"


def test_the_answer_to_a_cancel_has_the_tag_of_the_invites() -> None:
    """RFC 3261 9.2."""
    wire = Wire()
    wire.receive(request("INVITE", body=OFFER))
    wire.outgoing()

    wire.receive(request("CANCEL", contact=""))

    to_cancel, to_invite = wire.sent()
    assert to_cancel.to_tag == to_invite.to_tag != ""


def test_a_broken_request_is_refused_with_a_tag_that_stays_the_same() -> None:
    """RFC 3261 8.2.6.2, 8.2.7: the answer has a tag, and every repetition of it the same."""
    wire = Wire()
    broken = request("OPTIONS").replace(b"CSeq: 1 OPTIONS", b"CSeq: one OPTIONS")

    wire.receive(broken)
    wire.receive(broken)

    first, second = wire.sent()
    assert isinstance(first, Response)
    assert (first.status, first.to_tag) == (400, second.to_tag)
    assert first.to_tag


def test_an_ack_for_nothing_is_dropped() -> None:
    wire = Wire()

    wire.receive(request("ACK"))
    wire.receive(request("ACK", to_tag="nobody"))

    assert (wire.outgoing(), wire.agent.load.transactions) == ([], 0)


def test_a_request_without_via_cannot_be_answered() -> None:
    wire = Wire()
    lines = request("OPTIONS").split(b"\r\n")

    wire.receive(b"\r\n".join(line for line in lines if not line.startswith(b"Via:")))

    assert (wire.outgoing(), wire.agent.load.transactions) == ([], 0)


def test_a_broken_ack_is_not_answered() -> None:
    wire = Wire()

    wire.receive(request("ACK").replace(b"1 ACK", b"x ACK"))

    assert wire.outgoing() == []


def test_answers_go_where_the_via_says_and_rport_overrules_it() -> None:
    plain, behind = Wire(source=PEER._replace(port=40000)), Wire(source=PEER._replace(port=40000))

    plain.receive(request("OPTIONS"))
    behind.receive(request("OPTIONS", via="SIP/2.0/UDP 192.0.2.9:5060;rport;branch=z9hG4bKx"))

    assert plain.outgoing()[0].hop == PEER
    answer = behind.outgoing()[0]
    assert answer.hop == PEER._replace(port=40000)
    assert b";rport=40000;branch=z9hG4bKx;received=192.0.2.9\r\n" in answer.data


def test_every_via_comes_back_in_its_order() -> None:
    wire = Wire()
    lines = "SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKa, SIP/2.0/TCP b;branch=z9hG4bKb"

    wire.receive(request("OPTIONS", via=lines, extra=[("via", "SIP/2.0/UDP c;branch=z9hG4bKc")]))

    assert [v.split("=")[-1] for v in wire.response().values("via")] == [
        "z9hG4bKa",
        "z9hG4bKb",
        "z9hG4bKc",
    ]


def test_the_first_of_several_vias_in_a_line_gets_the_address_it_came_from() -> None:
    wire = Wire()
    lines = "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKa, SIP/2.0/TCP b;branch=z9hG4bKb"

    wire.receive(request("OPTIONS", via=lines))

    first, second = wire.response().values("via")
    assert first.endswith("branch=z9hG4bKa;received=192.0.2.9")
    assert "received" not in second


def test_a_refusal_has_a_tag_and_the_same_one_when_it_is_repeated() -> None:
    wire = Wire()
    wire.receive(request("BYE", to_tag=""))
    first = wire.outgoing()

    wire.receive(request("BYE", to_tag=""))

    assert wire.outgoing() == first
    assert b";tag=t" in first[0].data


def test_a_flood_is_dropped_unread_above_the_limit() -> None:
    wire = Wire(max_transactions=10)

    for number in range(50):
        wire.receive(request("OPTIONS", branch=f"f{number}", call_id=f"c{number}"))

    assert len(wire.lines()) == 10
    assert wire.agent.load.transactions == 10
    wire.pass_time(33)
    wire.receive(request("OPTIONS", branch="later", call_id="later"))
    assert wire.lines() == ["200"]


def test_a_lost_path_ends_what_waits_on_it_and_nothing_else() -> None:
    wire = Wire()
    wire.receive(request("INVITE", body=OFFER))
    wire.receive(request("OPTIONS", branch="o", call_id="o"))
    assert wire.agent.load.transactions == 2

    wire.agent.transport_failed(Hop(Transport.UDP, "192.0.2.200", 5060), wire.now)
    assert wire.agent.load.transactions == 2
    wire.agent.transport_failed(PEER, wire.now)

    assert wire.agent.load.transactions == 1  # the answer to OPTIONS only waits to be repeated


def test_a_cancel_comes_back_with_the_branch_of_its_invite_only() -> None:
    wire = Wire()
    wire.receive(request("OPTIONS"))
    wire.outgoing()

    wire.receive(request("CANCEL", contact=""))

    assert wire.lines() == ["481"]


BIG = OFFER + b"a=candidate:x\r\n" * 100


def test_a_request_too_big_for_a_datagram_goes_over_tcp() -> None:
    wire = Wire()

    wire.agent.invite("sip:callee@192.0.2.9", BIG, wire.now)

    (sent,) = wire.outgoing()
    assert sent.hop == PEER._replace(transport=Transport.TCP)
    assert b"Via: SIP/2.0/TCP 192.0.2.1:5060;branch=" in sent.data
    assert wire.pass_time(20) == []


def test_a_place_without_tcp_gets_big_requests_by_udp_and_is_remembered_for_a_while() -> None:
    wire = Wire()
    call = wire.agent.invite("sip:callee@192.0.2.9", BIG, wire.now)
    tcp = wire.outgoing()[0].hop

    wire.agent.transport_failed(tcp, wire.now)

    (again,) = wire.outgoing()
    assert again.hop == PEER
    assert b"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=" in again.data
    assert again.data.endswith(BIG)
    invite = parse_message(again.data)
    assert isinstance(invite, Request)
    assert wire.pass_time(0.6) == [(0.5, "INVITE")]
    wire.receive(reply(invite, 200, body=ANSWER))
    assert wire.event() == CallAnswered(call=call, sdp=ANSWER)

    wire.outgoing()
    wire.agent.invite("sip:callee@192.0.2.9", BIG, wire.now)
    assert wire.outgoing()[0].hop == PEER
    wire.pass_time(601)
    wire.outgoing()
    wire.agent.invite("sip:callee@192.0.2.9", BIG, wire.now)
    assert wire.outgoing()[0].hop == tcp


def test_a_place_that_has_neither_is_not_reached() -> None:
    wire = Wire()
    call = wire.agent.invite("sip:callee@192.0.2.9", BIG, wire.now)
    wire.agent.transport_failed(wire.outgoing()[0].hop, wire.now)

    wire.agent.transport_failed(PEER, wire.now)

    assert wire.event() == CallFailed(call=call, status=503, reason="Service Unavailable")
