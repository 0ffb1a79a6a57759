from datetime import UTC, datetime, time
from functools import partial
from pathlib import Path

import pytest

from channels.voice.lines import Line, Lines
from channels.voice.media.sdes import KeysInClear, Srtp
from channels.voice.options import HolidayService, LineOptions, NightHours, TrunkOptions
from channels.voice.sip.address import Hop, Transport
from channels.voice.sip.events import CallKey, CallOffered
from channels.voice.sip.headers import NameAddress
from channels.voice.sip.message import Request
from channels.voice.sip.uri import Uri
from config.calendar_tables import load_calendar
from config.data_files import DATA
from ivr.flow import Flow

TRUNK = TrunkOptions(name="carrier", host="192.0.2.10", peers=("192.0.2.11",))


def offered(
    *,
    target: str = "sip:12319@192.0.2.1",
    called: str = "sip:12319@192.0.2.1",
    caller: str = "<sip:13800001234@192.0.2.10>",
    asserted: str | None = None,
    source: str = "192.0.2.10",
    is_from_trunk: bool = False,
    trunk_hosts: tuple[str, ...] = (),
    transport: Transport = Transport.UDP,
    wants_privacy: bool = False,
) -> CallOffered:
    return CallOffered(
        call=CallKey("call-1"),
        sip_call_id="id@192.0.2.10",
        caller=NameAddress.parse(caller),
        called=NameAddress.parse(called),
        target=Uri.parse(target),
        asserted=None if asserted is None else NameAddress.parse(asserted),
        sdp=b"",
        source=Hop(transport, source, 5060),
        trunk_hosts=frozenset(trunk_hosts),
        username=None,
        is_from_trunk=is_from_trunk,
        wants_privacy=wants_privacy,
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


def test_with_trunks_only_they_may_call() -> None:
    ours = lines(TRUNK)

    assert ours.may_call(offered(is_from_trunk=True))
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
    offer = offered(
        caller="<sip:anonymous@anonymous.invalid>",
        asserted="<tel:+8613800001234>",
        is_from_trunk=True,
    )

    assert lines(TRUNK).caller_of(offer) == "+8613800001234"


def test_an_asserted_number_from_a_stranger_is_a_claim() -> None:
    offer = offered(asserted="<sip:13900009999@192.0.2.10>")

    assert lines().caller_of(offer) == "13800001234"


def test_a_number_that_its_caller_hides_is_none_although_the_network_tells_us() -> None:
    """RFC 3323 4.2: Privacy: id."""
    offer = offered(
        caller="<sip:13800001234@192.0.2.10>",
        asserted="<tel:+8613800001234>",
        is_from_trunk=True,
        wants_privacy=True,
    )

    assert lines(TRUNK).caller_of(offer) is None


def test_a_line_is_full_at_its_limit() -> None:
    [line] = Lines([LineOptions(number="12319", max_calls=1)], [])

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
    [line] = Lines([LineOptions(number="12319", night=night)], [])

    assert line.is_night(datetime(2026, 3, 11, 12, 0, tzinfo=UTC))  # 20:00
    assert not line.is_night(datetime(2026, 3, 11, 2, 0, tzinfo=UTC))  # 10:00


NATIONAL_DAY, WORKDAY = (datetime(2026, 10, day, 2, 0, tzinfo=UTC) for day in (1, 12))


@pytest.mark.parametrize("service", [None, *HolidayService])
def test_a_holiday_is_what_the_calendar_says_and_served_as_the_line_says(
    service: HolidayService | None,
) -> None:
    calendar = load_calendar(DATA / "calendars", [])
    [line] = Lines([LineOptions(number="12319", holiday=service)], [])

    assert line.holiday(NATIONAL_DAY, calendar) is service
    assert line.holiday(WORKDAY, calendar) is None
    assert line.holiday(NATIONAL_DAY, None) is None


HOURS = ((time(8, 30), time(12)), (time(14), time(0)))


@pytest.mark.parametrize(
    ("at", "is_night"),
    [
        pytest.param("08:29", True, id="before"),
        pytest.param("08:30", False, id="opens"),
        pytest.param("12:00", True, id="noon"),
        pytest.param("23:59", False, id="until midnight"),
        pytest.param("00:00", True, id="after midnight"),
    ],
)
def test_outside_the_hours_of_a_line_is_night(at: str, is_night: bool) -> None:
    line = Line(LineOptions(number="12319", hours=HOURS))
    now = datetime.fromisoformat(f"2026-03-11T{at}:00+08:00")

    assert line.is_night(now) is is_night


DAY, NIGHT = (Flow(name, "1", "zh-CN", "end", {}, {}) for name in ("day", "dark"))
FLOWS = {"day": DAY, "dark": NIGHT}
AT_NIGHT = datetime.fromisoformat("2026-03-11T03:00:00+08:00")
BY_DAY = datetime.fromisoformat("2026-03-11T09:00:00+08:00")


def test_a_line_has_another_flow_at_night() -> None:
    line = Line(LineOptions(number="12319", flow="day", night_flow="dark", hours=HOURS))

    assert [line.flow(FLOWS, now) for now in (BY_DAY, AT_NIGHT)] == [DAY, NIGHT]


def test_without_a_flow_for_the_night_the_one_of_the_day_answers() -> None:
    line = Line(LineOptions(number="12319", flow="day", hours=HOURS))

    assert line.flow(FLOWS, AT_NIGHT) == DAY


def test_a_line_speaks_its_own_language_from_its_own_folder(tmp_path: Path) -> None:
    own = tmp_path / "own"
    line = Line(LineOptions(number="12319", flow="day", language="en", prompts=own))

    assert line.flow(FLOWS, BY_DAY).language == "en"
    assert line.prompts(tmp_path) == own
    assert Line(LineOptions(number="12345")).prompts(tmp_path) == tmp_path


def test_a_line_sends_its_callers_to_its_own_queue() -> None:
    line = Line(LineOptions(number="12319", queues={"hotline": "english"}))

    assert (line.queue("hotline"), line.queue("duty")) == ("english", "duty")


def test_the_trunk_says_whether_its_calls_are_encrypted_and_the_strictest_of_several() -> None:
    """Issue B 1: SRTP by trunk, and for phones."""
    safe = TrunkOptions(name="safe", host="sip.safe.example", srtp=Srtp.REQUIRED)
    plain = TrunkOptions(name="plain", host="192.0.2.10", srtp=Srtp.OFF)
    ours = Lines([LineOptions(number="12319")], [safe, plain], Srtp.OPTIONAL)
    by_tls = partial(offered, transport=Transport.TLS)

    assert ours.srtp_of(by_tls(trunk_hosts=("sip.safe.example",))) is Srtp.REQUIRED
    assert ours.srtp_of(by_tls(trunk_hosts=("192.0.2.10",))) is Srtp.OFF
    assert ours.srtp_of(by_tls(trunk_hosts=("192.0.2.10", "sip.safe.example"))) is Srtp.REQUIRED
    assert ours.srtp_of(by_tls()) is Srtp.OPTIONAL
    assert ours.srtp_of(offered()) is Srtp.OFF
    with pytest.raises(KeysInClear):
        ours.srtp_of(offered(trunk_hosts=("sip.safe.example",)))
