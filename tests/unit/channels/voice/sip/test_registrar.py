"""Phones that register with us."""

import pytest

from channels.voice.sip.auth import Credentials, DigestClient, DigestSecret, Verdict
from channels.voice.sip.errors import CallGone, UsageError
from channels.voice.sip.events import RegisterReceived
from channels.voice.sip.message import Request, parse_message
from channels.voice.sip.registrar import ANSWER_LIMIT, MAX_PENDING
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


PATH = ("<sip:192.0.2.9;lr;received=sip:203.0.113.7:40000>", "<sip:edge.example:5070;lr>")


def test_the_path_of_a_phone_behind_a_trunk_is_told_and_said_back() -> None:
    """RFC 3327 5.3: the proxies that a call to the phone goes through, the nearest first."""
    wire = Wire.with_trunk()
    extra = [("path", PATH[0]), ("path", PATH[1]), ("require", "path")]

    event = received(wire, extra=extra)
    wire.agent.accept_register(event.request_key, [(PHONE, 600)], wire.now)

    assert event.path == PATH
    assert wire.response().headers["path"] == list(PATH)


def test_the_path_that_a_stranger_names_is_not_gone() -> None:
    """RFC 3327 6: a Path is as good as who added it; a phone could point our calls anywhere."""
    wire = Wire()

    event = received(wire, extra=[("path", PATH[0])])
    wire.agent.accept_register(event.request_key, [(PHONE, 600)], wire.now)

    assert event.path == ()
    assert "path" not in wire.response().headers


@pytest.mark.parametrize(
    "path",
    ["<sip:192.0.2.9>", "<sip:a;lr;transport=sctp>", "<broken", "<tel:1>", '"\x00" <sip:a;lr>'],
)
def test_a_path_that_cannot_be_gone_is_refused(path: str) -> None:
    """RFC 3327 5.2: every proxy of a Path is a loose router."""
    wire = Wire.with_trunk()

    wire.receive(request("REGISTER", uri="sip:192.0.2.1", extra=[("path", path)]))

    assert (wire.lines(), wire.events()) == (["400"], [])
