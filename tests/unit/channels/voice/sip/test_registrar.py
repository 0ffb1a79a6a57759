"""Phones that register with us."""

import pytest

from channels.voice.sip.auth import Credentials, DigestClient, DigestSecret, Verdict
from channels.voice.sip.errors import CallGone, PeerError, UsageError
from channels.voice.sip.events import RegisterReceived
from channels.voice.sip.message import Request, parse_message
from channels.voice.sip.registrar import ANSWER_LIMIT, MAX_PENDING, Locations
from tests.unit.channels.voice.sip.wire import PEER, Wire, request, tokens

ADDRESS = "12345@192.0.2.1"
PHONE = "sip:phone@192.0.2.9"


def received(wire: Wire, **more: object) -> RegisterReceived:
    wire.receive(request("REGISTER", uri="sip:192.0.2.1", **more))  # type: ignore[arg-type]
    event = wire.event()
    assert isinstance(event, RegisterReceived)
    return event


def test_a_register_is_told_with_what_it_asks() -> None:
    wire = Wire()

    event = received(wire, extra=[("expires", "600"), ("contact", "<sip:b@h>;expires=60")])

    assert event.address_of_record == ADDRESS
    assert [(str(c.uri), seconds) for c, seconds in event.contacts] == [
        (PHONE, 600),
        ("sip:b@h", 60),
    ]
    assert (event.remove_all, event.username, event.source) == (False, None, wire.source)


def test_an_accepted_register_is_answered_with_every_contact() -> None:
    wire = Wire()
    event = received(wire)

    wire.agent.accept_register(event.request_key, [(PHONE, 600), ("sip:b@h", 60)], wire.now)

    answer = wire.response()
    assert answer.status == 200
    assert answer.values("contact") == [f"<{PHONE}>;expires=600", "<sip:b@h>;expires=60"]


def test_a_phone_registers_with_its_password() -> None:
    wire = Wire(realm="city")
    secret = DigestSecret.of("8001", "city", "pw")
    first = received(wire)
    assert wire.agent.authorize(first.request_key, secret, wire.now) is Verdict.MISSING
    wire.agent.challenge(first.request_key, wire.now)

    client = DigestClient(Credentials("8001", "pw"), tokens("c"), PEER.host)
    assert client.may_retry(wire.response(), PEER)
    message = parse_message(request("REGISTER", branch="b2", cseq=2))
    assert isinstance(message, Request)
    client.sign(message)
    wire.receive(message.serialise())
    second = wire.event()

    assert isinstance(second, RegisterReceived)
    assert second.username == "8001"
    assert wire.agent.authorize(second.request_key, None, wire.now) is Verdict.WRONG
    assert wire.agent.authorize(second.request_key, secret, wire.now) is Verdict.VALID


def test_a_stale_nonce_is_said_to_be_stale() -> None:
    wire = Wire()
    event = received(wire)

    wire.agent.challenge(event.request_key, wire.now, stale=True)

    (challenge,) = wire.response().headers["www-authenticate"]
    assert challenge.endswith("algorithm=MD5, stale=true")


def test_a_refused_register_says_why() -> None:
    wire = Wire()
    event = received(wire)

    wire.agent.reject_register(
        event.request_key, 423, wire.now, reason="Brief", headers=[("Min-Expires", "60")]
    )

    answer = wire.response()
    assert (answer.status, answer.reason, answer.header("min-expires")) == (423, "Brief", "60")


def test_a_register_is_answered_once() -> None:
    wire = Wire()
    event = received(wire)
    wire.agent.reject_register(event.request_key, 403, wire.now)

    with pytest.raises(CallGone):
        wire.agent.accept_register(event.request_key, [], wire.now)


def test_a_decision_that_makes_no_sense_is_a_mistake() -> None:
    wire = Wire()
    event = received(wire)

    with pytest.raises(UsageError):
        wire.agent.reject_register(event.request_key, 200, wire.now)
    with pytest.raises(UsageError):
        wire.agent.accept_register(event.request_key, [("sip:a\r\nX: y", 5)], wire.now)


def test_a_register_that_the_application_forgets_is_refused_in_time() -> None:
    wire = Wire()
    event = received(wire)

    assert wire.pass_time(ANSWER_LIMIT) == [(ANSWER_LIMIT, "503")]
    with pytest.raises(CallGone):
        wire.agent.accept_register(event.request_key, [], wire.now)


def test_too_many_registers_are_told_to_come_later() -> None:
    wire = Wire()
    for number in range(MAX_PENDING):
        wire.receive(request("REGISTER", branch=f"r{number}", call_id=f"c{number}"))

    wire.receive(request("REGISTER", branch="last", call_id="last"))

    assert wire.lines() == ["503"]


def test_a_star_removes_all() -> None:
    wire = Wire()

    event = received(wire, contact="*", extra=[("expires", "0")])

    assert (event.remove_all, event.contacts) == (True, ())


@pytest.mark.parametrize(
    ("contact", "extra"),
    [
        ("*", []),
        ("*", [("expires", "0"), ("contact", "<sip:b@h>")]),
        ("<sip:a@b", []),
        ("<tel:123>", []),
        ("<sip:a@b>", [("contact", "<sip:a@b>")] * 20),
    ],
)
def test_broken_contacts_are_refused(contact: str, extra: list[tuple[str, str]]) -> None:
    wire = Wire()

    wire.receive(request("REGISTER", contact=contact, extra=extra))

    assert (wire.lines(), wire.events()) == (["400"], [])


@pytest.mark.parametrize(
    ("text", "seconds"), [("", 3600), ("x", 3600), ("-5", 3600), ("9" * 50, 2**32 - 1), ("0", 0)]
)
def test_a_lifetime_is_read_generously(text: str, seconds: int) -> None:
    event = received(Wire(), extra=[("expires", text)])

    assert event.contacts[0][1] == seconds


def asked(wire: Wire, cseq: int, *contacts: str, call_id: str = "c1") -> RegisterReceived:
    return received(
        wire,
        branch=f"r{cseq}{call_id}",
        cseq=cseq,
        call_id=call_id,
        contact=contacts[0] if contacts else "",
        extra=[("contact", contact) for contact in contacts[1:]],
    )


def test_a_place_is_found_until_its_time_is_over() -> None:
    wire, places = Wire(), Locations(longest=1800)

    bindings = places.apply(asked(wire, 1, f"<{PHONE}>;expires=9999"), 0.0)

    assert bindings == [(PHONE, 1800)]
    (found,) = places.find(ADDRESS, 1799.0)
    assert (str(found.contact), found.source) == (PHONE, wire.source)
    assert places.find(ADDRESS, 1800.0) == []
    assert places.find("nobody@192.0.2.1", 0.0) == []


def test_asking_without_contacts_changes_nothing() -> None:
    wire, places = Wire(), Locations()
    places.apply(asked(wire, 1, f"<{PHONE}>;expires=100"), 0.0)

    assert places.apply(asked(wire, 2), 40.0) == [(PHONE, 60)]


def test_a_refresh_replaces_and_a_second_phone_adds() -> None:
    wire, places = Wire(), Locations()
    places.apply(asked(wire, 1, f"<{PHONE}>;expires=100"), 0.0)
    places.apply(asked(wire, 1, "<sip:two@h>;expires=100", call_id="c2"), 10.0)

    bindings = places.apply(asked(wire, 2, f"<{PHONE}>;expires=100"), 50.0)

    assert bindings == [("sip:two@h", 60), (PHONE, 100)]


def test_zero_removes_one_and_a_star_all() -> None:
    wire, places = Wire(), Locations()
    places.apply(asked(wire, 1, f"<{PHONE}>", "<sip:two@h>", "<sip:three@h>"), 0.0)

    bindings = places.apply(asked(wire, 2, f"<{PHONE}>;expires=0"), 1.0)
    star = received(wire, branch="s", cseq=3, contact="*", extra=[("expires", "0")])

    assert [uri for uri, _ in bindings] == ["sip:two@h", "sip:three@h"]
    assert places.apply(star, 2.0) == []
    assert places.find(ADDRESS, 2.0) == []


@pytest.mark.parametrize("late", [f"<{PHONE}>", "*"])
def test_a_register_that_comes_late_changes_nothing(late: str) -> None:
    wire, places = Wire(), Locations()
    places.apply(asked(wire, 5, f"<{PHONE}>;expires=600"), 0.0)
    extra = [("expires", "0")]
    event = received(wire, branch="late", cseq=4, contact=late, extra=extra)

    with pytest.raises(PeerError) as caught:
        places.apply(event, 1.0)

    assert caught.value.status == 500
    assert len(places.find(ADDRESS, 1.0)) == 1


def test_a_lifetime_that_is_too_short_is_refused_with_the_least() -> None:
    wire, places = Wire(), Locations(shortest=60)

    with pytest.raises(PeerError) as caught:
        places.apply(asked(wire, 1, f"<{PHONE}>;expires=59"), 0.0)

    assert (caught.value.status, caught.value.headers) == (423, (("min-expires", "60"),))


def test_an_address_has_a_limited_number_of_places() -> None:
    wire, places = Wire(), Locations()
    for group in range(2):
        contacts = [f"<sip:p{group}{n}@h>" for n in range(5)]
        places.apply(asked(wire, 1, *contacts, call_id=f"c{group}"), 0.0)

    with pytest.raises(PeerError) as caught:
        places.apply(asked(wire, 1, "<sip:more@h>", call_id="more"), 0.0)

    assert caught.value.status == 403
    assert len(places.find(ADDRESS, 0.0)) == 10
