"""Calls whose other side vanished end by themselves, and living ones are kept alive."""

import pytest

from channels.voice.sip.errors import PeerError
from channels.voice.sip.events import (
    CallAnswered,
    CallEnded,
    CallFailed,
    CallKey,
    CallOffered,
    CallReoffered,
    EndReason,
    ReofferAnswered,
)
from channels.voice.sip.message import Request, Response
from channels.voice.sip.session_timer import SessionExpires
from tests.unit.channels.voice.sip.wire import ANSWER, OFFER, Wire, reply, request

TIMER = ("supported", "timer")
LOST = EndReason.TIMEOUT


def answered(wire: Wire, *extra: tuple[str, str]) -> tuple[CallKey, Response]:
    """Return an incoming call that is established, and our 200."""
    wire.receive(request("INVITE", body=OFFER, extra=extra))
    event = wire.event()
    assert isinstance(event, CallOffered)
    wire.agent.answer(event.call, ANSWER, wire.now)
    ok = wire.response()
    wire.receive(request("ACK", branch="a1", to_tag=event.call))
    wire.events()
    return event.call, ok


def placed(wire: Wire, *extra: tuple[str, str]) -> CallKey:
    """Return an outgoing call that was answered with these headers."""
    call = wire.agent.invite("sip:callee@192.0.2.9", OFFER, wire.now)
    wire.receive(reply(wire.request(), 200, body=ANSWER, extra=extra))
    assert wire.event() == CallAnswered(call=call, sdp=ANSWER)
    wire.outgoing()
    return call


def next_request(wire: Wire, within: float) -> tuple[float, Request]:
    """Wait for the next request of ours; return after how long it came."""
    start = wire.now
    while (due := wire.agent.next_timer()) is not None and due <= start + within:
        wire.now = max(wire.now, due)
        wire.agent.handle_timer(wire.now)
        for message in wire.sent():
            if isinstance(message, Request):
                return wire.now - start, message
    raise AssertionError("no request came")


def test_a_caller_without_timers_gets_none() -> None:
    wire = Wire()
    _, ok = answered(wire)

    assert "session-expires" not in ok.headers
    assert wire.pass_time(90_000) == []
    assert wire.agent.load.calls == 1


@pytest.mark.parametrize(
    ("asked", "granted", "requires"),
    [
        ("600", "600;refresher=uac", ["timer"]),
        ("600;refresher=uac", "600;refresher=uac", ["timer"]),
        ("600;refresher=uas", "600;refresher=uas", []),
        ("600;refresher=somebody", "600;refresher=uac", ["timer"]),
        ("4000000000", "86400;refresher=uac", ["timer"]),
    ],
)
def test_a_caller_gets_the_timer_that_it_asks_for(
    asked: str, granted: str, requires: list[str]
) -> None:
    wire = Wire()
    _, ok = answered(wire, TIMER, ("session-expires", asked))

    assert (ok.header("session-expires"), ok.values("require")) == (granted, requires)


def test_a_caller_that_understands_timers_but_asks_for_none_is_refreshed_by_us() -> None:
    wire = Wire()
    _, ok = answered(wire, TIMER, ("allow", "INVITE, ACK, BYE, UPDATE"))

    assert ok.header("session-expires") == "1800;refresher=uas"
    after, update = next_request(wire, 1000)
    assert (after, update.method, update.body) == (900, "UPDATE", b"")
    assert update.header("session-expires") == "1800;refresher=uac"  # we are the client of it


def test_a_proxy_that_asks_for_a_caller_without_timers_gets_our_refreshes() -> None:
    wire = Wire()
    _, ok = answered(wire, ("session-expires", "200"))

    assert ok.header("session-expires") == "200;refresher=uas"
    assert "require" not in ok.headers
    after, refresh = next_request(wire, 200)
    assert (after, refresh.method, refresh.body) == (100, "INVITE", ANSWER)


def test_who_asks_for_no_interval_gets_none_below_the_least_that_the_way_allows() -> None:
    """RFC 4028 9: a Session-Expires of ours is no shorter than the Min-SE of the request."""
    wire = Wire()

    _, ok = answered(wire, TIMER, ("min-se", "3600"))

    assert ok.header("session-expires") == "3600;refresher=uas"


@pytest.mark.parametrize(("is_ours", "pause"), [(True, 3.0), (False, 1.0)])
def test_a_refresh_that_met_another_offer_waits_by_who_made_the_call(
    is_ours: bool, pause: float
) -> None:
    """RFC 3261 14.1: 2.1 to 4 s for who made the Call-ID, 0 to 2 s for the other side."""
    wire = Wire()
    if is_ours:
        placed(wire, ("session-expires", "120;refresher=uac"))
    else:
        answered(wire, TIMER, ("session-expires", "120;refresher=uas"))
    _, first = next_request(wire, 100)

    wire.receive(reply(first, 491, to_tag=""))
    assert wire.lines() == ["ACK"]

    after, second = next_request(wire, 100)
    assert (after, second.method, first.method) == (pause, "INVITE", "INVITE")


def test_too_short_an_interval_is_refused_with_the_shortest() -> None:
    wire = Wire()

    wire.receive(request("INVITE", body=OFFER, extra=[TIMER, ("session-expires", "60")]))

    answer = wire.response()
    assert (answer.status, answer.header("min-se")) == (422, "90")
    assert wire.events() == []


def test_a_senseless_interval_is_refused() -> None:
    wire = Wire()

    wire.receive(request("INVITE", body=OFFER, extra=[TIMER, ("session-expires", "soon")]))

    assert wire.response().status == 400
    with pytest.raises(PeerError):
        SessionExpires.parse(";refresher=uac")


def test_a_call_that_nobody_refreshes_ends_with_bye_a_little_early() -> None:
    wire = Wire()
    call, _ = answered(wire, TIMER, ("session-expires", "300"))

    assert wire.pass_time(267) == []
    assert wire.pass_time(2)[0] == (1.0, "BYE")
    assert wire.events() == [CallEnded(call=call, reason=LOST)]


def test_a_refresh_of_the_other_side_keeps_the_call() -> None:
    wire = Wire()
    call, _ = answered(wire, TIMER, ("session-expires", "300;refresher=uac"))
    for number in range(2, 6):
        assert wire.pass_time(200) == []
        extra = [TIMER, ("session-expires", "300;refresher=uac")]
        wire.receive(request("UPDATE", branch=f"u{number}", to_tag=call, cseq=number, extra=extra))
        ok = wire.response()
        assert (ok.status, ok.header("session-expires")) == (200, "300;refresher=uac")

    assert wire.events() == []
    assert wire.pass_time(270)[0][1] == "BYE"


def test_their_re_invite_refreshes_too_and_is_offered() -> None:
    wire = Wire()
    call, _ = answered(wire, TIMER, ("session-expires", "300"))
    wire.pass_time(200)
    extra = [TIMER, ("session-expires", "300;refresher=uac")]
    wire.receive(request("INVITE", branch="r", to_tag=call, cseq=2, body=OFFER, extra=extra))
    assert wire.event() == CallReoffered(call=call, sdp=OFFER)
    wire.agent.answer_reoffer(call, ANSWER, wire.now)
    assert wire.response().header("session-expires") == "300;refresher=uac"
    wire.receive(request("ACK", branch="ra", to_tag=call, cseq=2))

    assert wire.pass_time(200) == []


def test_an_update_in_a_call_may_be_too_short_as_well() -> None:
    wire = Wire()
    call, _ = answered(wire)
    extra = [TIMER, ("session-expires", "89")]

    wire.receive(request("UPDATE", branch="u", to_tag=call, cseq=2, extra=extra))

    assert wire.response().status == 422


def test_we_ask_for_a_timer_and_live_without_one() -> None:
    wire = Wire()
    wire.agent.invite("sip:callee@192.0.2.9", OFFER, wire.now)
    invite = wire.request()
    assert invite.header("session-expires") == "1800"
    assert "timer" in invite.values("supported")

    placed(wire)

    assert "BYE" not in [line for _, line in wire.pass_time(5000)]


def test_the_callee_may_make_us_refresh() -> None:
    wire = Wire()
    placed(
        wire, ("session-expires", "120;refresher=uac"), ("allow", "INVITE,UPDATE,BYE,ACK,CANCEL")
    )

    for _ in range(3):
        after, update = next_request(wire, 100)
        assert (after, update.method) == (60, "UPDATE")
        assert update.header("session-expires") == "120;refresher=uac"
        told = [("session-expires", "120;refresher=uac")]
        wire.receive(reply(update, 200, to_tag="", extra=told))

    assert wire.events() == []


def test_a_refresh_by_re_invite_that_changes_nothing_is_not_told() -> None:
    wire = Wire()
    placed(wire, ("session-expires", "120;refresher=uac"))
    _, again = next_request(wire, 100)
    assert (again.method, again.body) == ("INVITE", OFFER)

    wire.receive(reply(again, 200, to_tag="", body=ANSWER))

    assert (wire.lines(), wire.events()) == (["ACK"], [])


def test_a_refresh_that_changes_something_after_all_is_told() -> None:
    wire = Wire()
    call = placed(wire, ("session-expires", "120;refresher=uac"))
    _, again = next_request(wire, 100)

    wire.receive(reply(again, 200, to_tag="", body=ANSWER + b"a=sendonly\r\n"))

    assert wire.events() == [ReofferAnswered(call=call, sdp=ANSWER + b"a=sendonly\r\n")]


def test_a_refresh_that_is_refused_is_tried_again_until_the_session_ends() -> None:
    wire = Wire()
    call = placed(wire, ("session-expires", "120;refresher=uac"), ("allow", "UPDATE"))
    tries = 0
    while wire.agent.load.calls and not wire.events():
        _, sent = next_request(wire, 100)
        if sent.method == "BYE":
            break
        tries += 1
        wire.receive(reply(sent, 500, to_tag=""))

    assert tries > 3
    assert wire.events() == [CallEnded(call=call, reason=LOST)] or wire.agent.load.calls == 1


def test_a_refresh_that_is_refused_is_not_tried_every_other_second() -> None:
    """RFC 4028 10: half way to the end each time, and a BYE where none was accepted."""
    wire = Wire()
    placed(wire, ("session-expires", "1800;refresher=uac"), ("allow", "UPDATE"))
    tries = 0
    while (found := next_request(wire, 2000))[1].method == "UPDATE":
        tries += 1
        wire.receive(reply(found[1], 488, to_tag=""))

    assert 5 < tries < 15


@pytest.mark.parametrize("status", [408, 481])
def test_a_refresh_into_a_call_that_is_gone_ends_it(status: int) -> None:
    wire = Wire()
    call = placed(wire, ("session-expires", "120;refresher=uac"), ("allow", "UPDATE"))
    _, update = next_request(wire, 100)

    wire.receive(reply(update, status, to_tag=""))

    assert wire.events() == [CallEnded(call=call, reason=EndReason.ERROR)]
    assert wire.lines() == ["BYE"]


def test_a_callee_that_stops_refreshing_is_given_up() -> None:
    wire = Wire()
    call = placed(wire, ("session-expires", "90;refresher=uas"))

    assert wire.pass_time(59) == []
    assert wire.pass_time(2)[0] == (1.0, "BYE")
    assert wire.events() == [CallEnded(call=call, reason=LOST)]


def test_we_ask_again_for_the_interval_that_the_callee_wants() -> None:
    wire = Wire()
    call = wire.agent.invite("sip:callee@192.0.2.9", OFFER, wire.now)
    first = wire.request()
    wire.receive(reply(first, 422, extra=[("min-se", "3600")]))

    ack, second = wire.requests()

    assert (ack.method, second.method) == ("ACK", "INVITE")
    assert (second.header("session-expires"), second.header("min-se")) == ("3600", "3600")
    assert second.cseq.number == first.cseq.number + 1
    wire.receive(reply(second, 422, extra=[("min-se", "3600")]))
    assert wire.event() == CallFailed(call=call, status=422, reason="Whatever")


def test_an_update_of_the_application_carries_its_offer() -> None:
    wire = Wire()
    call = placed(wire, ("allow", "UPDATE"))
    hold = OFFER + b"a=sendonly\r\n"

    wire.agent.update(call, wire.now, sdp=hold)

    update = wire.request()
    assert (update.method, update.body) == ("UPDATE", hold)
    wire.receive(reply(update, 200, to_tag="", body=ANSWER))
    assert (wire.lines(), wire.event()) == ([], ReofferAnswered(call=call, sdp=ANSWER))


def test_an_update_to_who_has_none_is_a_re_invite() -> None:
    wire = Wire()
    call = placed(wire)

    wire.agent.update(call, wire.now, sdp=ANSWER)

    assert wire.request().method == "INVITE"
