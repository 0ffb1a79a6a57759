"""Who calls, who sent the call on, and what we say of ourselves."""

import pytest

from channels.voice.sip.errors import UsageError
from channels.voice.sip.events import CallAnswered, CallEnded, CallFailed, CallOffered, EndReason
from channels.voice.sip.identity import without_identity
from tests.unit.channels.voice.sip.wire import ANSWER, OFFER, PEER, Wire, reply, request


def offered(*extra: tuple[str, str], uri: str = "sip:12345@192.0.2.1") -> CallOffered:
    wire = Wire()
    wire.receive(request("INVITE", body=OFFER, uri=uri, extra=extra))
    event = wire.event()
    assert isinstance(event, CallOffered)
    return event


def numbers(event: CallOffered) -> list[str]:
    return [station.uri.number for station in event.diverted_by]


def test_diversions_are_told_the_latest_first() -> None:
    event = offered(
        ("diversion", '<sip:12319@a>;reason=unconditional, "B" <tel:+86-10-12319>;counter=1'),
        ("diversion", "<sip:110@a>"),
    )

    assert numbers(event) == ["12319", "+861012319", "110"]
    assert event.diverted_by[0].param("reason") == "unconditional"


def test_a_history_tells_the_same() -> None:
    history = "<sip:1@a>;index=1, <sip:2@a?Reason=SIP%3Bcause%3D302>;index=1.1, <sip:3@a>;index=1.2"

    assert numbers(offered(("history-info", history))) == ["2", "1"]


@pytest.mark.parametrize(
    "extra", [(), (("diversion", "broken <"),), (("history-info", "<sip:1@a>;index=1"),)]
)
def test_a_call_that_came_straight_was_diverted_by_nobody(extra: tuple[tuple[str, str]]) -> None:
    assert offered(*extra).diverted_by == ()


@pytest.mark.parametrize(
    ("value", "wanted"), [("id", True), ("none", False), ("critical; Id", True), ("", False)]
)
def test_a_caller_may_want_privacy(value: str, wanted: bool) -> None:
    assert offered(("privacy", value)).wants_privacy is wanted


@pytest.mark.parametrize(
    ("uri", "number"),
    [
        ("tel:12345", "12345"),
        ("tel:12345;phone-context=+8610", "12345"),
        ("tel:+86-10-1231-9", "+861012319"),
        ("sip:12345;phone-context=+86@192.0.2.1;user=phone", "12345"),
    ],
)
def test_short_numbers_and_telephone_uris_are_numbers(uri: str, number: str) -> None:
    assert offered(uri=uri).target.number == number


def test_a_telephone_uri_may_be_called_through_a_trunk() -> None:
    wire = Wire()

    wire.agent.invite("tel:12319;phone-context=+86", OFFER, wire.now, destination=PEER)

    invite = wire.request()
    assert invite.uri == "tel:12319;phone-context=+86"
    assert invite.header("to") == "<tel:12319;phone-context=+86>"


def test_we_say_who_calls_and_may_hide_it() -> None:
    wire = Wire()

    wire.agent.invite(
        "sip:1@192.0.2.9", OFFER, wire.now, identity='"Hotline" <tel:12345>', is_private=True
    )

    invite = wire.request()
    assert invite.header("p-asserted-identity") == '"Hotline" <tel:12345>'
    assert invite.header("privacy") == "id"
    assert invite.header("from").startswith('"Anonymous" <sip:anonymous@anonymous.invalid>;tag=')


def test_a_call_without_an_offer_answers_the_one_that_comes() -> None:
    wire = Wire()
    call = wire.agent.invite("sip:callee@192.0.2.9", b"", wire.now, is_delayed=True)
    invite = wire.request()
    assert (invite.body, "content-type" in invite.headers) == (b"", False)
    # RFC 3262 5: the offer of a reliable 183 would want its answer in our PRACK.
    assert "100rel" not in invite.values("supported")
    wire.receive(reply(invite, 200, body=OFFER))
    wire.receive(reply(invite, 200, body=OFFER))
    assert (wire.lines(), wire.events()) == ([], [CallAnswered(call=call, sdp=OFFER)])

    wire.agent.acknowledge(call, ANSWER)

    ack = wire.request()
    assert (ack.method, ack.body, ack.header("content-type")) == ("ACK", ANSWER, "application/sdp")
    wire.receive(reply(invite, 200, body=OFFER))
    assert wire.request().body == ANSWER
    assert wire.pass_time(20) == []


def test_an_offer_that_nobody_answers_ends_the_call() -> None:
    wire = Wire()
    call = wire.agent.invite("sip:callee@192.0.2.9", b"", wire.now, is_delayed=True)
    wire.receive(reply(wire.request(), 200, body=OFFER))
    wire.events()

    assert wire.pass_time(10.2) == [(10.0, "ACK"), (10.0, "BYE")]
    assert wire.event() == CallEnded(call=call, reason=EndReason.TIMEOUT)


def test_a_delayed_call_that_was_given_up_is_acknowledged_and_ended() -> None:
    wire = Wire()
    call = wire.agent.invite("sip:callee@192.0.2.9", b"", wire.now, is_delayed=True)
    invite = wire.request()
    wire.agent.hang_up(call, wire.now)

    wire.receive(reply(invite, 200, body=OFFER))

    assert wire.lines() == ["ACK", "BYE"]
    assert wire.event() == CallFailed(call=call, status=487, reason="Request Terminated")


@pytest.mark.parametrize(("sdp", "is_delayed"), [(b"", False), (OFFER, True)])
def test_an_offer_is_made_or_left_to_the_other_side(sdp: bytes, is_delayed: bool) -> None:
    wire = Wire()

    with pytest.raises(UsageError):
        wire.agent.invite("sip:callee@192.0.2.9", sdp, wire.now, is_delayed=is_delayed)


def test_only_an_offer_of_theirs_is_answered() -> None:
    wire = Wire()
    call = wire.agent.invite("sip:callee@192.0.2.9", OFFER, wire.now)
    wire.receive(reply(wire.request(), 200, body=ANSWER))

    with pytest.raises(UsageError):
        wire.agent.acknowledge(call, ANSWER)


def test_who_hides_is_named_nowhere_in_what_is_kept() -> None:
    """RFC 3323 4.2; PIPL art. 6: what is not needed is not kept."""
    event = offered(
        ("p-asserted-identity", "<tel:+8613800001234>"),
        ("remote-party-id", "<sip:13800001234@192.0.2.10>;party=calling"),
        ("privacy", "id"),
    )

    kept = without_identity(event.request).serialise()

    assert b"13800001234" not in kept
    assert b"Anonymous" in kept
    assert OFFER in kept
    assert b"13800001234" in event.request.serialise()
