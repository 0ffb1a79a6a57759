"""When the lines page raises an alarm."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hotline.contacts.telephony.alarms import LineAlarm, LineAlarmKind, line_alarms
from hotline.contacts.telephony.values import LineReport, ProcessReport, Report, TrunkReport

NOW = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)


def line(*, calls: int = 0) -> LineReport:
    return LineReport(number="12345", calls=calls, limit=2, is_night=False, taken=0, refused=0)


def trunk(*, is_up: bool = True, registration: str | None = None) -> TrunkReport:
    return TrunkReport(
        name="carrier",
        host="192.0.2.1",
        transport="udp",
        is_up=is_up,
        changed_at=NOW,
        probe_status=200,
        registration=registration,
        registration_status=403,
        registered_at=NOW,
        calls=0,
        refusals=0,
    )


def told(name: str = "voice", *, age: float = 3.0, **more: object) -> ProcessReport:
    parts: dict[str, object] = {"lines": (line(),), "trunks": (trunk(),)} | more
    report = Report(**parts)  # type: ignore[arg-type]
    return ProcessReport(UUID(int=1), name, NOW - timedelta(seconds=age), report)


def test_when_all_is_well_there_is_no_alarm() -> None:
    assert line_alarms([told(trunks=(trunk(registration="registered"),))], NOW) == []


def test_without_a_voice_process_nobody_is_answered() -> None:
    assert line_alarms([], NOW) == [LineAlarm(LineAlarmKind.NO_PROCESS, "")]


def test_everything_that_is_wrong_is_told_the_worst_first() -> None:
    wrong = told(
        age=20.0,
        lines=(line(calls=2),),
        trunks=(trunk(is_up=False, registration="failed"),),
        certificate_ends_at=NOW + timedelta(days=3),
    )

    found = line_alarms([wrong], NOW)

    assert [(each.kind, each.where) for each in found] == [
        (LineAlarmKind.PROCESS_SILENT, "voice"),
        (LineAlarmKind.TRUNK_DOWN, "carrier"),
        (LineAlarmKind.REGISTRATION_FAILED, "carrier"),
        (LineAlarmKind.LINE_FULL, "12345"),
        (LineAlarmKind.CERTIFICATE_ENDS, "voice"),
    ]
    assert found[1].since == NOW


def test_a_certificate_that_lasts_is_no_alarm() -> None:
    assert line_alarms([told(certificate_ends_at=NOW + timedelta(days=31))], NOW) == []


def test_two_processes_tell_the_same_trunk_once() -> None:
    down = (trunk(is_up=False),)

    assert len(line_alarms([told("a", trunks=down), told("b", trunks=down)], NOW)) == 1
