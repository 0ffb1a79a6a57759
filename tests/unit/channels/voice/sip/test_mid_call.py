"""What happens inside calls."""

import pytest

from channels.voice.sip.auth import Credentials
from channels.voice.sip.errors import CallGone, UsageError
from channels.voice.sip.events import (
    CallAnswered,
    CallConfirmed,
    CallEnded,
    CallKey,
    CallOffered,
    CallReoffered,
    DigitsReceived,
    EndReason,
    ReofferAnswered,
    ReofferRefused,
)
from channels.voice.sip.message import Request
from channels.voice.sip.mid_call import parse_digits
from tests.unit.channels.voice.sip.wire import ANSWER, OFFER, Wire, reply, request

HOLD = OFFER + b"a=sendonly\r\n"


def established(wire: Wire) -> CallKey:
    """Return an incoming call that is answered and acknowledged."""
    wire.receive(request("INVITE", body=OFFER))
    event = wire.event()
    assert isinstance(event, CallOffered)
    wire.agent.answer(event.call, ANSWER, wire.now)
    wire.receive(request("ACK", branch="a1", to_tag=event.call))
    wire.events()
    wire.outgoing()
    return event.call


def placed(wire: Wire, **options: object) -> CallKey:
    """Return an outgoing call that is answered."""
    call = wire.agent.invite("sip:callee@192.0.2.9", OFFER, wire.now, **options)  # type: ignore[arg-type]
    wire.receive(reply(wire.request(), 200, body=ANSWER))
    assert wire.event() == CallAnswered(call=call, sdp=ANSWER)
    wire.outgoing()
    return call


def inside(method: str, call: CallKey, cseq: int = 2, **more: object) -> bytes:
    """Return a request of the other side inside a call."""
    return request(method, branch=f"in{cseq}{method}", to_tag=call, cseq=cseq, **more)  # type: ignore[arg-type]


def reoffered(wire: Wire, call: CallKey, cseq: int = 2) -> None:
    wire.receive(inside("INVITE", call, cseq, body=HOLD))
    assert wire.event() == CallReoffered(call=call, sdp=HOLD)
    assert wire.lines() == ["100"]


def test_their_re_invite_is_offered_answered_and_repeated_until_the_ack() -> None:
    wire = Wire()
    call = established(wire)
    reoffered(wire, call)

    wire.agent.answer_reoffer(call, ANSWER, wire.now)

    answer = wire.response()
    assert (answer.status, answer.body, answer.to_tag) == (200, ANSWER, call)
    assert wire.pass_time(1) == [(0.5, "200")]
    wire.receive(inside("ACK", call))
    assert (wire.pass_time(60), wire.events(), wire.agent.load.calls) == ([], [], 1)


def test_their_re_invite_without_sdp_gets_our_offer_and_brings_the_answer_in_its_ack() -> None:
    wire = Wire()
    call = established(wire)
    wire.receive(inside("INVITE", call))
    assert wire.event() == CallReoffered(call=call, sdp=b"")

    wire.agent.answer_reoffer(call, OFFER, wire.now)
    wire.receive(inside("ACK", call, body=ANSWER))

    assert wire.event() == CallConfirmed(call=call, sdp=ANSWER)


def test_their_re_invite_moves_the_target_if_it_is_accepted() -> None:
    wire = Wire()
    call = established(wire)
    wire.receive(inside("INVITE", call, body=HOLD, contact="<sip:moved@192.0.2.9>"))
    wire.agent.answer_reoffer(call, ANSWER, wire.now)
    wire.receive(inside("ACK", call))
    wire.outgoing()

    wire.agent.hang_up(call, wire.now)

    assert wire.request().uri == "sip:moved@192.0.2.9"


def test_their_re_invite_may_be_refused_and_the_call_lives_on() -> None:
    wire = Wire()
    call = established(wire)
    reoffered(wire, call)

    wire.agent.reject_reoffer(call, wire.now)

    assert wire.response().status == 488
    wire.receive(request("ACK", branch="in2INVITE", to_tag=call, cseq=2))
    assert (wire.pass_time(60), wire.agent.load.calls) == ([], 1)


def test_a_refusal_of_their_re_invite_needs_a_refusing_status_and_an_answer_sdp() -> None:
    wire = Wire()
    call = established(wire)
    reoffered(wire, call)

    with pytest.raises(UsageError):
        wire.agent.reject_reoffer(call, wire.now, status=200)
    with pytest.raises(UsageError):
        wire.agent.answer_reoffer(call, b"", wire.now)


def test_their_re_invite_may_be_withdrawn() -> None:
    wire = Wire()
    call = established(wire)
    reoffered(wire, call)

    wire.receive(request("CANCEL", branch="in2INVITE", to_tag=call, cseq=2, contact=""))

    assert wire.lines() == ["200", "487"]
    with pytest.raises(CallGone):
        wire.agent.answer_reoffer(call, ANSWER, wire.now)
    with pytest.raises(CallGone):
        wire.agent.reject_reoffer(call, wire.now)
    assert wire.agent.load.calls == 1


def test_their_re_invite_that_the_application_forgets_is_refused_in_time() -> None:
    wire = Wire()
    call = established(wire)
    reoffered(wire, call)

    assert wire.pass_time(10) == [(10.0, "500")]
    assert wire.agent.load.calls == 1


def test_a_second_re_invite_while_one_waits_is_told_to_come_later() -> None:
    wire = Wire()
    call = established(wire)
    reoffered(wire, call)

    wire.receive(inside("INVITE", call, 3, body=HOLD))

    answer = wire.response()
    assert (answer.status, answer.header("retry-after")) == (500, "5")
    assert wire.events() == []


def test_a_second_re_invite_after_an_answer_whose_ack_is_lost_takes_its_place() -> None:
    wire = Wire()
    call = established(wire)
    for cseq in (2, 3):
        reoffered(wire, call, cseq)
        wire.agent.answer_reoffer(call, ANSWER, wire.now)
        wire.outgoing()

    assert wire.pass_time(1) == [(0.5, "200")]
    wire.receive(inside("ACK", call, 3))
    assert (wire.pass_time(60), wire.agent.load.calls) == ([], 1)


def test_an_invite_in_a_call_that_is_not_answered_is_told_to_come_later() -> None:
    wire = Wire()
    wire.receive(request("INVITE", body=OFFER))
    event = wire.event()
    assert isinstance(event, CallOffered)
    wire.agent.ring(event.call, wire.now)
    wire.outgoing()

    wire.receive(inside("INVITE", event.call, body=HOLD))

    assert wire.lines() == ["500"]


def test_a_re_invite_that_meets_ours_is_pending() -> None:
    wire = Wire()
    call = established(wire)
    wire.agent.reoffer(call, HOLD, wire.now)
    ours = wire.request()

    wire.receive(inside("INVITE", call, body=HOLD))
    assert wire.lines() == ["491"]
    wire.receive(reply(ours, 491, "Pending"))

    assert wire.event() == ReofferRefused(call=call, status=491, reason="Pending")
    assert wire.agent.load.calls == 1


def test_our_re_invite_while_theirs_waits_is_pending() -> None:
    wire = Wire()
    call = established(wire)
    reoffered(wire, call)

    wire.agent.reoffer(call, HOLD, wire.now)

    assert wire.lines() == []
    assert wire.event() == ReofferRefused(call=call, status=491, reason="Request Pending")


@pytest.mark.parametrize("make", [established, placed])
def test_our_re_invite_is_answered_and_acknowledged(make: object) -> None:
    wire = Wire()
    call = make(wire)  # type: ignore[operator]
    wire.agent.reoffer(call, HOLD, wire.now)
    invite = wire.request()

    wire.receive(reply(invite, 200, body=ANSWER))
    wire.receive(reply(invite, 200, body=ANSWER))

    assert (invite.body, invite.header("content-type")) == (HOLD, "application/sdp")
    assert wire.lines() == ["ACK", "ACK"]
    assert wire.event() == ReofferAnswered(call=call, sdp=ANSWER)


def test_our_re_invite_may_be_refused_and_tried_again() -> None:
    wire = Wire()
    call = established(wire)
    wire.agent.reoffer(call, HOLD, wire.now)

    wire.receive(reply(wire.request(), 488, "No"))

    assert wire.lines() == ["ACK"]
    assert wire.event() == ReofferRefused(call=call, status=488, reason="No")
    wire.agent.reoffer(call, HOLD, wire.now)
    assert wire.lines() == ["INVITE"]


def test_our_re_invite_may_be_challenged() -> None:
    wire = Wire()
    call = placed(wire, credentials=Credentials("8001", "pw"))
    wire.agent.reoffer(call, HOLD, wire.now)
    challenge = ("proxy-authenticate", 'Digest realm="carrier", nonce="n"')

    wire.receive(reply(wire.request(), 407, extra=[challenge]))
    _, second = wire.requests()
    wire.receive(reply(second, 200, body=ANSWER))

    assert (second.cseq.number, second.body) == (3, HOLD)
    ack = wire.request()
    assert ack.header("proxy-authorization") == second.header("proxy-authorization")
    assert wire.event() == ReofferAnswered(call=call, sdp=ANSWER)


@pytest.mark.parametrize("status", [408, 481])
def test_a_re_invite_into_a_call_that_is_gone_ends_it(status: int) -> None:
    wire = Wire()
    call = established(wire)
    wire.agent.reoffer(call, HOLD, wire.now)

    wire.receive(reply(wire.request(), status))

    assert wire.lines() == ["ACK", "BYE"]
    assert wire.event() == CallEnded(call=call, reason=EndReason.ERROR)


def test_a_re_invite_that_nobody_answers_ends_the_call() -> None:
    wire = Wire()
    call = established(wire)
    wire.agent.reoffer(call, HOLD, wire.now)

    wire.pass_time(33)

    assert wire.event() == CallEnded(call=call, reason=EndReason.TIMEOUT)


def test_a_re_invite_that_is_only_tried_ends_the_call() -> None:
    wire = Wire()
    call = established(wire)
    wire.agent.reoffer(call, HOLD, wire.now)
    wire.receive(reply(wire.request(), 100))

    wire.pass_time(61)

    assert wire.event() == CallEnded(call=call, reason=EndReason.TIMEOUT)


def test_a_re_invite_needs_sdp_and_an_established_call() -> None:
    wire = Wire()
    call = wire.agent.invite("sip:callee@192.0.2.9", OFFER, wire.now)

    with pytest.raises(UsageError):
        wire.agent.reoffer(call, OFFER, wire.now)
    wire.outgoing()
    with pytest.raises(UsageError):
        wire.agent.reoffer(placed(wire), b"", wire.now)


def test_an_answer_with_an_unusable_contact_is_acknowledged_at_the_old_one() -> None:
    wire = Wire()
    call = established(wire)
    wire.agent.reoffer(call, HOLD, wire.now)

    contact = "<sip:x@192.0.2.9;transport=sctp>"
    wire.receive(reply(wire.request(), 200, body=ANSWER, contact=contact))

    assert wire.request().uri == "sip:phone@192.0.2.9"
    assert wire.event() == ReofferAnswered(call=call, sdp=ANSWER)


def test_an_update_without_an_offer_refreshes_at_once() -> None:
    wire = Wire()
    call = established(wire)

    wire.receive(inside("UPDATE", call, contact="<sip:moved@192.0.2.9>"))

    answer = wire.response()
    assert (answer.status, answer.header("contact")) == (200, "<sip:hotline@192.0.2.1:5060>")
    wire.agent.hang_up(call, wire.now)
    assert wire.request().uri == "sip:moved@192.0.2.9"


def test_an_update_with_an_offer_is_offered_and_answered_without_repetition() -> None:
    wire = Wire()
    call = established(wire)
    wire.receive(inside("UPDATE", call, body=HOLD))
    assert wire.event() == CallReoffered(call=call, sdp=HOLD)
    assert wire.lines() == []

    wire.agent.answer_reoffer(call, ANSWER, wire.now)

    assert wire.lines() == ["200"]
    assert wire.pass_time(5) == []


def test_a_request_with_an_unusable_contact_is_refused() -> None:
    wire = Wire()
    call = established(wire)

    wire.receive(inside("INVITE", call, body=HOLD, contact="<sip:x@192.0.2.9;transport=sctp>"))

    assert (wire.lines(), wire.events()) == (["400"], [])


def test_a_bye_ends_the_call_and_what_waited_in_it() -> None:
    wire = Wire()
    call = established(wire)
    reoffered(wire, call)

    wire.receive(inside("BYE", call, 3))

    assert wire.lines() == ["200", "487"]
    assert wire.event() == CallEnded(call=call, reason=EndReason.BYE)


def test_hanging_up_closes_what_waited() -> None:
    wire = Wire()
    call = established(wire)
    reoffered(wire, call)

    wire.agent.hang_up(call, wire.now)

    assert wire.lines() == ["487", "BYE"]


def test_a_bye_that_crosses_ours_is_answered_and_ends_nothing_twice() -> None:
    wire = Wire()
    call = established(wire)
    wire.agent.hang_up(call, wire.now)
    bye = wire.request()
    assert wire.event() == CallEnded(call=call, reason=EndReason.HUNG_UP)

    wire.receive(inside("BYE", call))
    wire.receive(reply(bye, 481))

    assert (wire.lines(), wire.events(), wire.agent.load.calls) == (["200"], [], 0)


def test_a_bye_before_the_ack_ends_the_call() -> None:
    wire = Wire()
    wire.receive(request("INVITE", body=OFFER))
    event = wire.event()
    assert isinstance(event, CallOffered)
    wire.agent.answer(event.call, ANSWER, wire.now)
    wire.outgoing()

    wire.receive(inside("BYE", event.call))

    assert wire.lines() == ["200"]
    assert wire.event() == CallEnded(call=event.call, reason=EndReason.BYE)
    assert wire.pass_time(60) == []


def test_a_bye_before_the_ack_of_a_call_we_hung_up_ends_it_once() -> None:
    wire = Wire()
    wire.receive(request("INVITE", body=OFFER))
    event = wire.event()
    assert isinstance(event, CallOffered)
    wire.agent.answer(event.call, ANSWER, wire.now)
    wire.agent.hang_up(event.call, wire.now)
    wire.events()

    wire.receive(inside("INVITE", event.call, body=HOLD))
    wire.receive(inside("BYE", event.call, 3))

    assert wire.lines()[-2:] == ["481", "200"]
    assert (wire.events(), wire.agent.load.calls) == ([], 0)


def test_a_bye_that_nobody_answers_ends_the_call() -> None:
    wire = Wire()
    call = established(wire)
    wire.agent.hang_up(call, wire.now)

    wire.pass_time(40)

    assert (wire.agent.load.calls, wire.agent.load.transactions) == (0, 0)


def test_a_request_that_is_out_of_order_is_refused() -> None:
    wire = Wire()
    call = established(wire)

    wire.receive(inside("INFO", call, 5))
    wire.receive(inside("INFO", call, 4))

    assert wire.lines() == ["200", "500"]


@pytest.mark.parametrize("change", [{"to_tag": "x"}, {"from_tag": "x"}, {"call_id": "x"}])
def test_a_request_for_a_call_that_is_not_there_is_refused(change: dict[str, str]) -> None:
    wire = Wire()
    call = established(wire)

    wire.receive(request("BYE", **{"to_tag": call, "branch": "x", "cseq": 2, **change}))  # type: ignore[arg-type]

    assert (wire.lines(), wire.agent.load.calls) == (["481"], 1)


@pytest.mark.parametrize("method", ["BYE", "INFO", "UPDATE"])
def test_a_request_that_needs_a_call_and_names_none_is_refused(method: str) -> None:
    wire = Wire()

    wire.receive(request(method))

    assert wire.lines() == ["481"]


def test_options_in_a_call_say_whether_it_is_there() -> None:
    """RFC 3261 11.2, 12.2.2: a proxy that asks after a dead call must not be told that it lives."""
    wire = Wire()
    call = established(wire)

    wire.receive(inside("OPTIONS", call))
    assert wire.lines() == ["200"]
    wire.receive(inside("BYE", call, 3))
    wire.outgoing()
    wire.receive(inside("OPTIONS", call, 4))

    assert wire.lines() == ["481"]


@pytest.mark.parametrize("method", ["INFO", "UPDATE", "INVITE", "OPTIONS"])
def test_after_we_have_hung_up_only_their_bye_is_heard(method: str) -> None:
    """RFC 3261 15.1.1: who has sent BYE considers the session over; no event follows the last."""
    wire = Wire()
    call = established(wire)
    wire.agent.hang_up(call, wire.now)
    wire.outgoing()
    wire.events()
    message = info("application/dtmf", b"5", call) if method == "INFO" else inside(method, call)

    wire.receive(message)

    assert (wire.lines(), wire.events()) == (["481"], [])


def test_our_re_invite_waits_for_the_ack_of_theirs() -> None:
    """RFC 3261 14.1: no INVITE while another one of the dialog is not confirmed."""
    wire = Wire()
    call = established(wire)
    reoffered(wire, call)
    wire.agent.answer_reoffer(call, ANSWER, wire.now)
    wire.outgoing()

    wire.agent.reoffer(call, HOLD, wire.now)
    assert wire.lines() == []
    assert wire.event() == ReofferRefused(call=call, status=491, reason="Request Pending")
    wire.receive(inside("ACK", call))
    wire.agent.reoffer(call, HOLD, wire.now)

    assert wire.lines() == ["INVITE"]


def test_their_offer_waits_for_our_answer_to_the_first() -> None:
    """RFC 3264 4: no second offer before the first is answered, here by our ACK."""
    wire = Wire()
    call = wire.agent.invite("sip:callee@192.0.2.9", b"", wire.now, is_delayed=True)
    invite = wire.request()
    wire.receive(reply(invite, 200, body=OFFER))
    wire.events()
    theirs = request(
        "UPDATE", call_id=invite.call_id, to_tag=call, from_tag="callee", cseq=1, body=HOLD
    )

    wire.receive(theirs)

    answer = wire.response()
    assert (answer.status, answer.header("retry-after"), wire.events()) == (500, "5", [])


def info(kind: str, body: bytes, call: CallKey) -> bytes:
    message = inside("INFO", call, body=body)
    return message.replace(b"application/sdp", kind.encode())


@pytest.mark.parametrize(
    ("kind", "body", "digits", "duration_ms"),
    [
        ("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n", "5", 160),
        ("application/dtmf-relay; x=y", b"signal= * \nduration = x", "*", 0),
        ("application/dtmf-relay", b"Signal=11\r\nDuration=99999", "#", 5000),
        ("application/dtmf", b"d", "D", 0),
    ],
)
def test_keys_come_in_info(kind: str, body: bytes, digits: str, duration_ms: int) -> None:
    wire = Wire()
    call = established(wire)

    wire.receive(info(kind, body, call))

    assert wire.event() == DigitsReceived(call=call, digits=digits, duration_ms=duration_ms)
    assert wire.lines() == ["200"]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/dtmf-relay", b"Duration=5"),
        ("application/dtmf-relay", b"Signal=55"),
        ("application/dtmf", b"\xff"),
        ("text/plain", b"5"),
    ],
)
def test_an_info_without_keys_is_not_understood(kind: str, body: bytes) -> None:
    wire = Wire()
    call = established(wire)

    wire.receive(info(kind, body, call))

    answer = wire.response()
    assert (answer.status, wire.events()) == (415, [])
    assert "application/dtmf-relay" in answer.header("accept")


def test_no_body_of_info_hurts() -> None:
    assert parse_digits("application/dtmf-relay", b"=" * 300 + b"\x00\xff") is None


def test_the_routes_of_a_strict_router_are_followed() -> None:
    wire = Wire.with_trunk()
    route = [("record-route", "<sip:strict@192.0.2.60>"), ("record-route", "<sip:b@192.0.2.61;lr>")]
    wire.receive(request("INVITE", body=OFFER, extra=route))
    event = wire.event()
    assert isinstance(event, CallOffered)
    wire.agent.answer(event.call, ANSWER, wire.now)
    wire.receive(request("ACK", branch="a1", to_tag=event.call))
    wire.outgoing()

    wire.agent.hang_up(event.call, wire.now)

    (bye,) = wire.outgoing()
    assert bye.hop.host == "192.0.2.60"
    assert bye.data.startswith(b"BYE sip:strict@192.0.2.60 SIP/2.0\r\n")
    assert b"Route: <sip:b@192.0.2.61;lr>\r\nRoute: <sip:phone@192.0.2.9>\r\n" in bye.data


def test_verbs_for_a_call_that_is_gone_say_so_and_hanging_up_says_nothing() -> None:
    wire = Wire()
    gone = CallKey("nobody")

    for act in (
        lambda: wire.agent.ring(gone, wire.now),
        lambda: wire.agent.reoffer(gone, OFFER, wire.now),
        lambda: wire.agent.answer_reoffer(gone, OFFER, wire.now),
        lambda: wire.agent.authorize(gone, None, wire.now),
        lambda: wire.agent.challenge(gone, wire.now),
    ):
        with pytest.raises(CallGone):
            act()
    wire.agent.hang_up(gone, wire.now)
    assert (wire.events(), wire.outgoing()) == ([], [])


def test_a_call_that_is_established_cannot_be_challenged() -> None:
    wire = Wire()
    call = established(wire)

    with pytest.raises(UsageError):
        wire.agent.challenge(call, wire.now)
    with pytest.raises(CallGone):
        wire.agent.authorize(call, None, wire.now)


def test_our_requests_in_a_call_count_up() -> None:
    wire = Wire()
    call = placed(wire)
    numbers: list[int] = []
    for _ in range(3):
        wire.agent.reoffer(call, HOLD, wire.now)
        invite: Request = wire.request()
        numbers.append(invite.cseq.number)
        wire.receive(reply(invite, 200, body=ANSWER))
        wire.outgoing()

    assert numbers == [2, 3, 4]
