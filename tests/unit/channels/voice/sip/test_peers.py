"""Who may send what, how much of it is read, and how much is sent to the unconfirmed."""

import pytest

from channels.voice.sip.address import Hop, Transport
from channels.voice.sip.auth import Credentials, DigestClient, DigestSecret, Verdict
from channels.voice.sip.events import CallOffered, RegisterReceived
from channels.voice.sip.message import Request, Response, parse_message
from channels.voice.sip.peers import (
    AMPLIFICATION,
    MAX_SEATS,
    RATES,
    PeerClass,
    PeerOptions,
    Peers,
    Rate,
)
from tests.unit.channels.voice.sip.wire import ANSWER, OFFER, PEER, Wire, request, tokens

TRUNK = Hop(Transport.UDP, "192.0.2.50", 5060)
GUARDED = PeerOptions(trunks=frozenset({TRUNK.host}))


def guarded() -> Wire:
    """Return a wire with a stranger at its other end, in a house that has a trunk."""
    return Wire(peers=GUARDED)


def test_a_stranger_may_register_and_ask_whether_we_are_there_and_nothing_else() -> None:
    wire = guarded()

    wire.receive(request("INVITE", body=OFFER))

    answer = wire.response()
    assert (answer.status, answer.header("allow")) == (405, "OPTIONS, REGISTER")
    wire.receive(request("OPTIONS", branch="o"))
    assert wire.response().status == 200
    wire.receive(request("REGISTER", branch="r", call_id="r"))
    assert isinstance(wire.event(), RegisterReceived)
    assert wire.agent.load.calls == 0


@pytest.mark.parametrize("method", ["BYE", "INFO", "UPDATE", "INVITE"])
def test_a_stranger_inside_a_call_that_is_not_there_is_told_so(method: str) -> None:
    wire = guarded()

    wire.receive(request(method, to_tag="nobody", body=b""))

    assert wire.response().status == 481


def test_a_trunk_may_call() -> None:
    wire = guarded()
    wire.source = TRUNK

    wire.receive(request("INVITE", body=OFFER))

    assert isinstance(wire.event(), CallOffered)


def test_without_trunks_anybody_may_call() -> None:
    wire = Wire()

    wire.receive(request("INVITE", body=OFFER))

    assert isinstance(wire.event(), CallOffered)


def register(wire: Wire, *, password: str) -> None:
    """Register a phone for 60 s, challenge and all."""
    secret = DigestSecret.of("8001", "hotline", "right")
    wire.receive(request("REGISTER", branch="r1", call_id="r"))
    first = wire.event()
    assert isinstance(first, RegisterReceived)
    wire.agent.challenge(first.request_key, wire.now)
    client = DigestClient(Credentials("8001", password), tokens("c"), PEER.host)
    assert client.may_retry(wire.response(), PEER)
    signed = parse_message(request("REGISTER", branch="r2", call_id="r", cseq=2))
    assert isinstance(signed, Request)
    client.sign(signed)
    wire.receive(signed.serialise())
    second = wire.event()
    assert isinstance(second, RegisterReceived)
    verdict = wire.agent.authorize(second.request_key, secret, wire.now)
    assert (verdict is Verdict.VALID) is (password == "right")
    wire.agent.accept_register(second.request_key, [("sip:8001@192.0.2.9", 60)], wire.now)
    wire.outgoing()


def test_a_registered_phone_is_a_seat_until_its_registration_ends() -> None:
    wire = guarded()
    register(wire, password="right")

    wire.receive(request("INVITE", body=OFFER))
    assert isinstance(wire.event(), CallOffered)

    wire.outgoing()
    wire.pass_time(61)
    wire.receive(request("INVITE", branch="late", call_id="late", body=OFFER))
    assert wire.response().status == 405


def test_a_phone_that_was_accepted_without_its_password_is_no_seat() -> None:
    wire = guarded()
    register(wire, password="wrong")

    wire.receive(request("INVITE", body=OFFER))

    assert wire.response().status == 405


def test_a_source_that_sends_too_much_is_not_read_until_it_is_quiet() -> None:
    wire = guarded()
    at_once = RATES[PeerClass.STRANGER].at_once

    for n in range(200):
        wire.receive(request("OPTIONS", branch=f"n{n}", call_id=f"c{n}"))
    assert len(wire.lines()) == at_once
    assert wire.agent.load.thrown_away.over_rate == 200 - at_once

    wire.now += 1.0
    for n in range(200):
        wire.receive(request("OPTIONS", branch=f"m{n}", call_id=f"d{n}"))
    assert len(wire.lines()) == RATES[PeerClass.STRANGER].a_second


def test_one_source_that_sends_too_much_harms_no_other() -> None:
    wire = guarded()
    for n in range(500):
        wire.receive(request("OPTIONS", branch=f"n{n}", call_id=f"c{n}"))
    wire.outgoing()

    for source in (TRUNK, Hop(Transport.UDP, "198.51.100.1", 5060)):
        wire.source = source
        wire.receive(request("OPTIONS", branch="good", call_id=source.host))
        assert wire.response().status == 200


def test_many_strangers_together_are_read_no_more_than_their_share() -> None:
    peers = Peers(PeerOptions(trunks=frozenset({"t"}), strangers=Rate(10, 30)))

    read = [peers.admit(Hop(Transport.UDP, f"h{n}", 5060), 100, 0.0) for n in range(1000)]

    assert read.count(True) == 30
    assert peers.admit(Hop(Transport.UDP, "t", 5060), 100, 0.0)


def test_the_table_of_sources_is_bounded() -> None:
    peers = Peers(PeerOptions(max_sources=100))

    for n in range(1000):
        peers.admit(Hop(Transport.UDP, f"h{n}", 5060), 100, 0.0)

    assert len(peers) == 100


def test_the_table_of_seats_is_bounded() -> None:
    peers = Peers(GUARDED)

    for n in range(MAX_SEATS + 1):
        peers.note_seat(f"s{n}", 60.0)

    assert peers.class_of("s0", 0.0) is PeerClass.STRANGER
    assert peers.class_of(f"s{MAX_SEATS}", 0.0) is PeerClass.SEAT


def test_an_unconfirmed_address_is_sent_no_more_than_its_multiple() -> None:
    wire = Wire()
    invite = request("INVITE", body=OFFER)
    wire.receive(invite)
    event = wire.event()
    assert isinstance(event, CallOffered)
    wire.agent.answer(event.call, ANSWER, wire.now)
    sent = sum(len(message.data) for message in wire.outgoing())

    while (due := wire.agent.next_timer()) is not None and due < wire.now + 120:
        wire.now = due
        wire.agent.handle_timer(due)
        sent += sum(len(message.data) for message in wire.outgoing())

    assert 0 < sent <= AMPLIFICATION * len(invite)
    assert wire.agent.load.thrown_away.unconfirmed > 5
    assert wire.agent.load.calls == 0


def test_an_address_is_confirmed_by_an_ack_with_our_tag() -> None:
    wire = Wire()
    for n in range(3):
        wire.receive(request("INVITE", branch=f"b{n}", call_id=f"c{n}", body=OFFER))
        event = wire.event()
        assert isinstance(event, CallOffered)
        wire.agent.answer(event.call, ANSWER, wire.now)
        wire.outgoing()
        if n == 0:
            wire.receive(request("ACK", branch="a", to_tag=event.call, call_id="c0"))
            wire.events()

    assert [line for _, line in wire.pass_time(32)].count("200") == 20


def test_an_ack_from_another_address_confirms_nothing() -> None:
    wire = Wire()
    wire.receive(request("INVITE", body=OFFER))
    event = wire.event()
    assert isinstance(event, CallOffered)
    wire.agent.answer(event.call, ANSWER, wire.now)
    wire.outgoing()
    victim = Hop(Transport.UDP, "203.0.113.1", 5060)
    wire.source = victim
    wire.receive(request("ACK", branch="a", to_tag=event.call))
    via = "SIP/2.0/UDP 203.0.113.1:5060;branch=z9hG4bKv"
    spoofed = request("INVITE", via=via, call_id="v", from_tag="v", body=OFFER)

    wire.receive(spoofed)
    wire.agent.answer(wire.events()[-1].call, ANSWER, wire.now)  # type: ignore[union-attr]
    sent = [m for m in wire.outgoing() if m.hop == victim]
    for _ in range(40):
        wire.now += 1
        wire.agent.handle_timer(wire.now)
        sent += [m for m in wire.outgoing() if m.hop == victim]

    heard = len(spoofed) + len(request("ACK", branch="a", to_tag=event.call))
    assert sum(len(m.data) for m in sent) <= AMPLIFICATION * heard


def test_an_address_that_we_call_is_sent_what_the_call_needs() -> None:
    wire = guarded()
    wire.receive(request("OPTIONS"))
    wire.outgoing()

    wire.agent.invite("sip:8001@192.0.2.9", OFFER, wire.now)
    wire.outgoing()

    assert [line for _, line in wire.pass_time(31)] == ["INVITE"] * 5


@pytest.mark.parametrize(
    "extra",
    [
        {"contact": "<sip:victim@203.0.113.1>"},
        {"extra": [("record-route", "<sip:203.0.113.1;lr>")]},
    ],
)
def test_a_guest_cannot_point_our_requests_at_another_host(extra: dict[str, object]) -> None:
    wire = Wire()
    wire.receive(request("INVITE", body=OFFER, **extra))  # type: ignore[arg-type]
    event = wire.event()
    assert isinstance(event, CallOffered)
    wire.agent.answer(event.call, ANSWER, wire.now)
    wire.receive(request("ACK", branch="a", to_tag=event.call))
    wire.outgoing()

    wire.agent.hang_up(event.call, wire.now)

    (bye,) = wire.outgoing()
    assert (bye.hop, bye.fallback) == (PEER, None)


def test_a_guest_cannot_point_a_running_call_at_another_host() -> None:
    wire = Wire()
    wire.receive(request("INVITE", body=OFFER))
    event = wire.event()
    assert isinstance(event, CallOffered)
    wire.agent.answer(event.call, ANSWER, wire.now)
    wire.receive(request("ACK", branch="a", to_tag=event.call))
    target = "<sip:victim@203.0.113.1>"
    wire.receive(request("UPDATE", branch="u", to_tag=event.call, cseq=2, contact=target))
    wire.outgoing()

    wire.agent.hang_up(event.call, wire.now)

    assert wire.outgoing()[0].hop == PEER


def test_a_challenge_of_a_host_that_we_did_not_call_is_not_answered() -> None:
    credentials = Credentials("8001", "secret")
    wire = Wire()
    call = wire.agent.invite("sip:callee@192.0.2.9", OFFER, wire.now, credentials=credentials)
    invite = wire.request()
    headers = {name: invite.headers[name] for name in ("via", "from", "to", "call-id", "cseq")}
    headers["to"] = [f"{invite.header('to')};tag=callee"]
    headers["contact"] = ["<sip:thief@203.0.113.1>"]
    headers["content-type"] = ["application/sdp"]
    wire.receive(Response(200, "OK", headers, ANSWER).serialise())
    wire.outgoing()
    wire.agent.hang_up(call, wire.now)
    bye = wire.request()
    challenge = {name: bye.headers[name] for name in ("via", "from", "to", "call-id", "cseq")}
    challenge["www-authenticate"] = ['Digest realm="x", nonce="n"']

    wire.receive(Response(401, "Unauthorized", challenge).serialise())

    assert wire.outgoing() == []


def test_a_trunk_that_has_a_name_is_whoever_has_that_name_today() -> None:
    wire = Wire(peers=PeerOptions(trunks=frozenset({"sip.carrier.example"})))
    wire.receive(request("INVITE", branch="a", call_id="a", body=OFFER))
    assert wire.response().status == 405

    wire.agent.note_trunk("sip.carrier.example", frozenset({PEER.host, "2001:db8::5"}))
    wire.receive(request("INVITE", branch="b", call_id="b", body=OFFER))
    event = wire.event()
    assert isinstance(event, CallOffered)
    assert event.is_from_trunk

    wire.agent.note_trunk("sip.carrier.example", frozenset({"192.0.2.77"}))
    wire.outgoing()
    wire.receive(request("INVITE", branch="c", call_id="c", body=OFFER))
    assert wire.response().status == 405


def test_without_trunks_a_guest_is_no_trunk() -> None:
    wire = Wire()

    wire.receive(request("INVITE", body=OFFER))

    event = wire.event()
    assert isinstance(event, CallOffered)
    assert not event.is_from_trunk


@pytest.mark.parametrize("written", ["2001:DB8:0:0::9", "2001:db8::9"])
def test_an_address_is_the_same_however_it_is_written(written: str) -> None:
    """RFC 5952: sockets tell one form, people write many."""
    wire = Wire(
        Hop(Transport.UDP, "2001:db8::9", 5060), peers=PeerOptions(trunks=frozenset({written}))
    )

    wire.receive(request("INVITE", body=OFFER))

    assert isinstance(wire.event(), CallOffered)


def test_who_is_thrown_away_most_is_told_first() -> None:
    few = {**RATES, PeerClass.STRANGER: Rate(1, 3)}
    wire = Wire(peers=PeerOptions(trunks=GUARDED.trunks, rates=few))
    for number in range(8):
        wire.receive(request("OPTIONS", branch=f"o{number}", call_id=f"o{number}"))
    wire.source = Hop(Transport.UDP, "198.51.100.8", 5060)
    wire.receive(request("INVITE", branch="x", call_id="x", body=OFFER))

    counts = wire.agent.load.thrown_away
    assert (counts.over_rate, counts.not_allowed) == (5, 1)
    assert wire.agent.load.noisy(1) == [(PEER.host, "stranger", 5)]
    assert wire.agent.load.noisy(9) == [
        (PEER.host, "stranger", 5),
        ("198.51.100.8", "stranger", 1),
    ]


def test_requests_and_answers_are_counted_and_repetitions_are_not() -> None:
    wire = Wire()
    for data in [request("OPTIONS", branch="o")] * 3:
        wire.receive(data)
    wire.receive(request("SUBSCRIBE", branch="s", call_id="s"))

    traffic = wire.agent.load.traffic
    assert (traffic.requests["OPTIONS"], traffic.requests["OTHER"]) == (1, 1)
    assert (traffic.responses["2xx"], traffic.responses["4xx"]) == (1, 1)


def test_an_unknown_line_and_a_known_one_are_the_same_to_a_stranger() -> None:
    """Issue B 2: nobody finds out by asking which numbers there are."""
    answers = []
    for uri in ("sip:12345@192.0.2.1", "sip:nobody@192.0.2.1"):
        wire = guarded()
        wire.receive(request("INVITE", uri=uri, body=OFFER))
        answer = wire.response()
        answers.append((answer.status, answer.reason, sorted(answer.headers), wire.events()))

    assert answers[0] == answers[1]
