from datetime import UTC, datetime, time

import pytest

from channels.voice.lines import Lines
from channels.voice.options import LineOptions, NightHours, TrunkOptions
from channels.voice.sip.address import Hop, Transport
from channels.voice.sip.events import CallKey, CallOffered
from channels.voice.sip.headers import NameAddress
from channels.voice.sip.message import Request
from channels.voice.sip.uri import Uri

TRUNK = TrunkOptions(name="carrier", host="192.0.2.10", peers=("192.0.2.11",))


def offered(
    *,
    target: str = "sip:12319@192.0.2.1",
    called: str = "sip:12319@192.0.2.1",
    caller: str = "<sip:13800001234@192.0.2.10>",
    asserted: str | None = None,
    source: str = "192.0.2.10",
) -> CallOffered:
    return CallOffered(
        call=CallKey("call-1"),
        sip_call_id="id@192.0.2.10",
        caller=NameAddress.parse(caller),
        called=NameAddress.parse(called),
        target=Uri.parse(target),
        asserted=None if asserted is None else NameAddress.parse(asserted),
        sdp=b"",
        source=Hop(Transport.UDP, source, 5060),
        username=None,
        request=Request("INVITE", target, {}, b""),
    )


def lines(*trunks: TrunkOptions) -> Lines:
    return Lines([LineOptions(number="12319"), LineOptions(number="12345")], trunks)


@pytest.mark.parametrize(
    ("target", "called", "number"),
    [
        pytest.param("sip:12345@192.0.2.1", "sip:x@y.example", "12345", id="request uri"),
        pytest.param("tel:12345;phone-context=+86", "sip:x@y.example", "12345", id="tel"),
        pytest.param("sip:line@192.0.2.1:5070", "sip:12319@y.example", "12319", id="registered"),
        pytest.param("sip:10086@192.0.2.1", "sip:10086@y.example", None, id="neither"),
    ],
)
def test_the_line_is_the_number_dialled(target: str, called: str, number: str | None) -> None:
    line = lines().line_of(offered(target=target, called=called))

    assert (line and line.options.number) == number


def test_with_trunks_only_their_addresses_may_call() -> None:
    ours = lines(TRUNK)

    assert ours.may_call(offered(source="192.0.2.10"))
    assert ours.may_call(offered(source="192.0.2.11"))
    assert not ours.may_call(offered(source="198.51.100.1"))


def test_without_trunks_anybody_may_call() -> None:
    assert lines().may_call(offered(source="198.51.100.1"))


@pytest.mark.parametrize(
    "caller",
    ["<sip:anonymous@anonymous.invalid>", "<sip:192.0.2.10>", "<sip:sipp@192.0.2.10>"],
)
def test_a_withheld_number_is_none(caller: str) -> None:
    assert lines().caller_of(offered(caller=caller)) is None


def test_an_asserted_number_counts_from_a_trunk() -> None:
    """RFC 3325 5."""
    offer = offered(caller="<sip:anonymous@anonymous.invalid>", asserted="<tel:+8613800001234>")

    assert lines(TRUNK).caller_of(offer) == "+8613800001234"


def test_an_asserted_number_from_a_stranger_is_a_claim() -> None:
    offer = offered(asserted="<sip:13900009999@192.0.2.10>")

    assert lines().caller_of(offer) == "13800001234"


def test_a_line_is_full_at_its_limit() -> None:
    [line] = Lines([LineOptions(number="12319", max_calls=1)], [])._lines.values()

    with line.occupied():
        full = line.is_full

    assert (full, line.is_full) == (True, False)


@pytest.mark.parametrize(
    ("hours", "at", "holds"),
    [
        pytest.param(NightHours(begins=time(18), ends=time(8)), time(23), True, id="evening"),
        pytest.param(NightHours(begins=time(18), ends=time(8)), time(7, 59), True, id="morning"),
        pytest.param(NightHours(begins=time(18), ends=time(8)), time(8), False, id="end"),
        pytest.param(NightHours(begins=time(0), ends=time(6)), time(3), True, id="one day"),
        pytest.param(NightHours(begins=time(0), ends=time(6)), time(12), False, id="noon"),
        pytest.param(NightHours(), time(0), False, id="never"),
    ],
)
def test_night_hours_may_cross_midnight(hours: NightHours, at: time, holds: bool) -> None:
    assert hours.holds(at) is holds


def test_night_is_told_on_the_clock_of_shanghai() -> None:
    night = NightHours(begins=time(18), ends=time(8))
    [line] = Lines([LineOptions(number="12319", night=night)], [])._lines.values()

    assert line.is_night(datetime(2026, 3, 11, 12, 0, tzinfo=UTC))  # 20:00
    assert not line.is_night(datetime(2026, 3, 11, 2, 0, tzinfo=UTC))  # 10:00
