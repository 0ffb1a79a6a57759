"""When the lines page raises an alarm: pure, from the reports and the time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from hotline.contacts.telephony.values import ProcessReport

SILENT_AFTER = timedelta(seconds=12)
"""A voice process reports every three seconds."""

RENEW_BEFORE = timedelta(days=30)


class LineAlarmKind(StrEnum):
    """What is wrong."""

    NO_PROCESS = "no_process"  # 没有语音进程
    PROCESS_SILENT = "process_silent"  # 语音进程没有消息
    TRUNK_DOWN = "trunk_down"  # 中继中断
    REGISTRATION_FAILED = "registration_failed"  # 注册失败
    LINE_FULL = "line_full"  # 线路已满
    CERTIFICATE_ENDS = "certificate_ends"  # 证书即将到期


@dataclass(frozen=True, slots=True)
class LineAlarm:
    """One thing that somebody should look at."""

    kind: LineAlarmKind
    where: str
    since: datetime | None = None


def line_alarms(reports: Sequence[ProcessReport], now: datetime) -> list[LineAlarm]:
    """Return what is wrong, the worst first."""
    if not reports:
        return [LineAlarm(LineAlarmKind.NO_PROCESS, "")]
    found = [alarm for each in reports for alarm in _of_process(each, now)]
    order = list(LineAlarmKind)
    return sorted(dict.fromkeys(found), key=lambda alarm: order.index(alarm.kind))


def _of_process(each: ProcessReport, now: datetime) -> list[LineAlarm]:
    report = each.report
    found = []
    if now - each.reported_at > SILENT_AFTER:
        found.append(LineAlarm(LineAlarmKind.PROCESS_SILENT, each.name, each.reported_at))
    for trunk in report.trunks:
        if not trunk.is_up:
            found.append(LineAlarm(LineAlarmKind.TRUNK_DOWN, trunk.name, trunk.changed_at))
        if trunk.registration == "failed":
            kind = LineAlarmKind.REGISTRATION_FAILED
            found.append(LineAlarm(kind, trunk.name, trunk.registered_at))
    found += [
        LineAlarm(LineAlarmKind.LINE_FULL, line.number)
        for line in report.lines
        if line.calls >= line.limit
    ]
    ends = report.certificate_ends_at
    if ends is not None and ends - now < RENEW_BEFORE:
        found.append(LineAlarm(LineAlarmKind.CERTIFICATE_ENDS, each.name, ends))
    return found
