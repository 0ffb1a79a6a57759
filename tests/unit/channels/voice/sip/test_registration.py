"""Our registrations."""

import pytest

from channels.voice.sip.address import Hop, Transport
from channels.voice.sip.auth import Credentials
from channels.voice.sip.errors import CallGone, UsageError
from channels.voice.sip.events import RegistrationChanged, RegistrationKey, RegistrationState
from channels.voice.sip.message import Request, parse_message
from tests.unit.channels.voice.sip.wire import PEER, Wire, reply

CHALLENGE = ("www-authenticate", 'Digest realm="carrier", nonce="n", qop="auth"')


def registering(wire: Wire, **options: object) -> tuple[RegistrationKey, Request]:
    key = wire.agent.register(
        "sip:12345@city.example",
        "sip:192.0.2.9",
        wire.now,
        **options,  # type: ignore[arg-type]
    )
    return key, wire.request()


def granted(register: Request, seconds: int) -> bytes:
    contact = register.header("contact").partition(";expires")[0]
    return reply(register, 200, "OK", contact=f"{contact};expires={seconds}")


def changed(
    key: RegistrationKey, state: RegistrationState, expires: int, status: int, reason: str
) -> RegistrationChanged:
    return RegistrationChanged(
        registration=key, state=state, expires=expires, status=status, reason=reason
    )


def test_a_register_names_the_address_and_where_it_can_be_reached() -> None:
    wire = Wire()

    key, register = registering(wire)

    assert (register.method, register.uri) == ("REGISTER", "sip:192.0.2.9")
    assert register.header("to") == "<sip:12345@city.example>"
    assert register.header("from") == f"<sip:12345@city.example>;tag={key}"
    assert register.header("contact") == "<sip:12345@192.0.2.1:5060>;expires=3600"
    assert register.header("expires") == "3600"


def test_a_registration_is_refreshed_a_minute_before_its_end() -> None:
    wire = Wire()
    key, first = registering(wire)

    wire.receive(granted(first, 1800))

    assert wire.event() == changed(key, RegistrationState.REGISTERED, 1800, 200, "OK")
    assert wire.pass_time(1739) == []
    wire.agent.handle_timer(wire.now + 1)
    second = wire.request()
    assert (second.call_id, second.cseq.number) == (first.call_id, 2)


def test_a_short_registration_is_refreshed_at_half_time() -> None:
    wire = Wire()
    _, first = registering(wire)

    wire.receive(granted(first, 60))

    assert wire.pass_time(30.1)[0] == (30.0, "REGISTER")


@pytest.mark.parametrize(
    ("contact", "extra", "expires"),
    [
        ("<sip:other@192.0.2.77>;expires=60", [("expires", "900")], 900),
        ("<sip:12345@192.0.2.1:5060>;expires=700", [("expires", "900")], 700),
        ("<sip:12345@192.0.2.1:5060>", [], 3600),
        ("<sip:12345@192.0.2.1:5060>;expires=x", [("expires", "y")], 3600),
        ("<broken", [("expires", "900")], 3600),
        ("", [("expires", "99999999")], 86400),
    ],
)
def test_what_was_granted_is_read_from_our_contact(
    contact: str, extra: list[tuple[str, str]], expires: int
) -> None:
    wire = Wire()
    _, register = registering(wire)

    wire.receive(reply(register, 200, contact=contact, extra=extra))

    event = wire.event()
    assert isinstance(event, RegistrationChanged)
    assert event.expires == expires


def test_a_challenge_is_answered_and_the_answer_kept_for_the_refresh() -> None:
    wire = Wire()
    key, first = registering(wire, credentials=Credentials("12345", "pw"))

    wire.receive(reply(first, 401, extra=[CHALLENGE]))
    second = wire.request()
    wire.receive(granted(second, 1800))
    wire.agent.handle_timer(wire.now + 1740)
    third = wire.request()

    assert "nc=00000001" in second.header("authorization")
    assert "nc=00000002" in third.header("authorization")
    assert wire.event() == changed(key, RegistrationState.REGISTERED, 1800, 200, "OK")


def test_a_refresh_may_be_challenged_with_a_new_nonce() -> None:
    wire = Wire()
    _, first = registering(wire, credentials=Credentials("12345", "pw"))
    wire.receive(reply(first, 401, extra=[CHALLENGE]))
    wire.receive(granted(wire.request(), 1800))
    wire.agent.handle_timer(wire.now + 1740)

    newer = (CHALLENGE[0], CHALLENGE[1].replace('"n"', '"n2"'))
    wire.receive(reply(wire.request(), 401, extra=[newer]))

    assert 'nonce="n2"' in wire.request().header("authorization")


def test_wrong_credentials_fail_and_are_tried_again_later_and_later() -> None:
    wire = Wire()
    key, first = registering(wire, credentials=Credentials("12345", "guess"))
    wire.receive(reply(first, 401, extra=[CHALLENGE]))
    waits: list[float] = []
    register = wire.request()
    for _ in range(8):
        wire.receive(reply(register, 403, "No"))
        assert wire.event() == changed(key, RegistrationState.FAILED, 0, 403, "No")
        start = wire.now
        while not (sent := wire.requests()):
            due = wire.agent.next_timer()
            assert due is not None
            wire.now = due
            wire.agent.handle_timer(due)
        waits.append(wire.now - start)
        register = sent[0]

    assert waits == [30, 60, 120, 240, 480, 960, 1800, 1800]


def test_a_registrar_that_says_nothing_fails_the_registration() -> None:
    wire = Wire()
    key, _ = registering(wire)

    wire.pass_time(33)

    assert wire.event() == changed(key, RegistrationState.FAILED, 0, 408, "Request Timeout")


def test_a_registrar_without_a_path_fails_the_registration() -> None:
    wire = Wire()
    key, _ = registering(wire)

    wire.agent.transport_failed(PEER, wire.now)

    assert wire.event() == changed(key, RegistrationState.FAILED, 0, 503, "Service Unavailable")


BACKUP = Hop(Transport.UDP, "192.0.2.10", 5070)
THIRD = Hop(Transport.UDP, "192.0.2.11", 5060)


def next_hop(wire: Wire) -> Hop:
    """Return where the only message that was sent goes, and let nothing of it be left."""
    (sent,) = wire.outgoing()
    return sent.hop


def test_where_one_server_is_dead_the_registration_moves_to_the_next() -> None:
    """RFC 3263 4.3: after a timeout the next address is tried, and it is asked as the first was."""
    wire = Wire()
    credentials = Credentials("12345", "pw")
    key, _ = registering(wire, credentials=credentials, destinations=(PEER, BACKUP))

    wire.agent.transport_failed(PEER, wire.now)
    wire.source = BACKUP
    wire.receive(reply(wire.request(), 401, extra=[CHALLENGE]))
    (signed,) = wire.outgoing()
    assert (signed.hop, b"\r\nAuthorization: Digest" in signed.data) == (BACKUP, True)
    register = parse_message(signed.data)
    assert isinstance(register, Request)
    wire.receive(granted(register, 600))

    assert wire.event() == changed(key, RegistrationState.REGISTERED, 600, 200, "OK")
    wire.pass_time(539)
    wire.now += 1.0
    wire.agent.handle_timer(wire.now)
    assert next_hop(wire) == BACKUP  # where it found an open ear it stays


def test_a_server_that_says_nothing_is_left_after_32_seconds() -> None:
    """RFC 3263 4.3, RFC 3261 17.1.2.2 timer F."""
    wire = Wire()
    registering(wire, destinations=(PEER, BACKUP))

    at, method = wire.pass_time(32)[-1]

    assert (at, method, wire.events()) == (32.0, "REGISTER", [])


def test_once_no_server_can_be_reached_it_is_told_and_tried_again_later() -> None:
    """RFC 3263 4.3, RFC 5626 4.5: each once, then a pause that grows."""
    wire = Wire()
    key = wire.agent.register("sip:1@c", "sip:c", wire.now, destinations=(PEER, BACKUP, THIRD))
    tried = [next_hop(wire)]
    for hop in (PEER, BACKUP):
        wire.agent.transport_failed(hop, wire.now)
        tried.append(next_hop(wire))
    assert wire.events() == []

    wire.agent.transport_failed(THIRD, wire.now)

    assert tried == [PEER, BACKUP, THIRD]
    assert wire.event() == changed(key, RegistrationState.FAILED, 0, 503, "Service Unavailable")
    wire.now += 30
    wire.agent.handle_timer(wire.now)
    assert next_hop(wire) == PEER


def test_a_server_that_refuses_is_not_passed_over() -> None:
    wire = Wire()
    key, first = registering(wire, destinations=(PEER, BACKUP))

    wire.receive(reply(first, 403, "No"))

    assert (wire.outgoing(), wire.event()) == (
        [],
        changed(key, RegistrationState.FAILED, 0, 403, "No"),
    )


def test_a_registration_moves_with_the_servers_of_its_registrar() -> None:
    wire = Wire()
    key, first = registering(wire, destinations=(PEER, BACKUP))
    wire.receive(granted(first, 600))
    wire.events()

    wire.agent.redirect(key, (BACKUP, PEER), wire.now)
    wire.agent.redirect(key, (), wire.now)
    assert wire.outgoing() == []
    wire.agent.redirect(key, (THIRD, BACKUP), wire.now)

    assert next_hop(wire) == THIRD
    wire.agent.unregister(key, wire.now)
    with pytest.raises(CallGone):
        wire.agent.redirect(key, (PEER,), wire.now)


def test_a_registrar_may_ask_for_patience() -> None:
    wire = Wire()
    _, first = registering(wire)

    wire.receive(reply(first, 503, extra=[("retry-after", "300 (soon)")]))

    assert wire.pass_time(299) == []
    assert wire.pass_time(2)[0][1] == "REGISTER"


def test_a_lifetime_that_is_too_short_is_made_longer() -> None:
    wire = Wire()
    _, first = registering(wire, expires=60)

    wire.receive(reply(first, 423, extra=[("min-expires", "600")]))

    second = wire.request()
    assert (second.header("expires"), second.cseq.number) == ("600", 2)
    assert wire.events() == []


@pytest.mark.parametrize("least", ["", "x", "30", "999999999"])
def test_a_senseless_minimum_is_a_failure(least: str) -> None:
    wire = Wire()
    key, first = registering(wire, expires=60)

    wire.receive(reply(first, 423, "Brief", extra=[("min-expires", least)]))

    assert wire.event() == changed(key, RegistrationState.FAILED, 0, 423, "Brief")


def test_a_removed_registration_says_expires_0_and_is_not_refreshed() -> None:
    wire = Wire()
    key, first = registering(wire)
    wire.receive(granted(first, 1800))
    wire.events()

    wire.agent.unregister(key, wire.now)
    last = wire.request()
    wire.receive(reply(last, 200, "OK"))

    assert last.header("expires") == "0"
    assert last.header("contact").endswith(";expires=0")
    assert wire.event() == changed(key, RegistrationState.REMOVED, 0, 200, "OK")
    assert wire.pass_time(7200) == []
    with pytest.raises(CallGone):
        wire.agent.unregister(key, wire.now)


def test_a_registration_is_removed_even_if_nobody_hears_it() -> None:
    wire = Wire()
    key, first = registering(wire)
    wire.receive(granted(first, 1800))
    wire.agent.unregister(key, wire.now)
    wire.events()

    wire.pass_time(40)

    assert wire.event() == changed(key, RegistrationState.REMOVED, 0, 408, "Request Timeout")


def test_an_answer_to_an_older_register_is_not_listened_to() -> None:
    wire = Wire()
    key, first = registering(wire)
    wire.agent.unregister(key, wire.now)

    wire.receive(granted(first, 1800))

    assert wire.events() == []


@pytest.mark.parametrize(
    ("address", "registrar", "expires"),
    [("nonsense", "sip:a", 60), ("sip:a@b", "nonsense", 60), ("sip:a@b", "sip:a", 0)],
)
def test_a_registration_that_makes_no_sense_is_a_mistake(
    address: str, registrar: str, expires: int
) -> None:
    wire = Wire()

    with pytest.raises(UsageError):
        wire.agent.register(address, registrar, wire.now, expires=expires)
