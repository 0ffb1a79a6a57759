"""线路: lines, trunks and what was turned away; every number opens its rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from aiohttp import web

from hotline.accounts.roles import Role
from hotline.contacts.calls.states import CallDirection
from hotline.contacts.calls.values import CallView
from hotline.contacts.telephony import service as telephony
from hotline.contacts.telephony.alarms import LineAlarm, LineAlarmKind, line_alarms
from hotline.contacts.telephony.values import (
    LineReport,
    ProcessReport,
    RefusalReason,
    TrunkReport,
)
from hotline.kernel.errors import NotFound
from hotline.kernel.privacy import mask_phone
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.pages import render
from hotline.web.routing import MenuEntry, MenuGroup, Route

MINDING: Final = frozenset({Role.SHIFT_LEADER, Role.SUPERVISOR, Role.SYSTEM_ADMIN})

SHOWN_FOR: Final = timedelta(days=1)
"""Refused calls of so long are listed."""

REASONS: Final = {
    RefusalReason.LINE_FULL: "线路已满",
    RefusalReason.HOUSE_FULL: "全部通路已满",
    RefusalReason.NO_SUCH_LINE: "不是我们的号码",
    RefusalReason.NOT_ALLOWED: "来源不是中继",
    RefusalReason.CLOSING: "正在停机",
    RefusalReason.NO_WAY: "中继无法接续",
}

ALARMS: Final = {
    LineAlarmKind.NO_PROCESS: "没有运行中的语音进程：启动 hotline voice 或 hotline serve",
    LineAlarmKind.PROCESS_SILENT: "语音进程没有消息：查看该机器和数据库连接",
    LineAlarmKind.TRUNK_DOWN: "中继没有应答：联系运营商，检查网络；外呼改走其他中继",
    LineAlarmKind.REGISTRATION_FAILED: "中继注册失败：核对账号和密码",
    LineAlarmKind.LINE_FULL: "线路已满：新来电听到忙音",
    LineAlarmKind.CERTIFICATE_ENDS: "TLS 证书即将到期：更换证书后重启语音进程",
}

REGISTRATIONS: Final = {
    "registered": "已注册",
    "failed": "注册失败",
    "removed": "已注销",
}

KINDS: Final = {"trunk": "中继", "seat": "坐席话机", "guest": "访客", "stranger": "陌生地址"}


@dataclass(frozen=True, slots=True)
class LineSum:
    """One line over all voice processes."""

    number: str
    calls: int
    limit: int
    is_night: bool
    taken: int
    refused: int

    @property
    def is_full(self) -> bool:
        """Whether every process has no more room on it."""
        return self.calls >= self.limit


async def get_lines(request: web.Request) -> web.Response:
    """Show how all lines and trunks stand."""
    now = request.app[CLOCK]()
    async with request.app[DATABASE].read() as session:
        reports = await telephony.reports(session)
        lines = sum_lines(reports)
        elsewhere = await telephony.refusals_elsewhere(
            session, [line.number for line in lines], since=now - SHOWN_FOR
        )
    return render(
        request,
        "hotline/lines.html",
        reports=reports,
        lines=lines,
        trunks=[(each.name, trunk) for each in reports for trunk in each.report.trunks],
        noisy=[(each.name, source) for each in reports for source in each.report.noisy],
        elsewhere=elsewhere,
        alarms=_alarms(reports, now),
        reasons=REASONS,
        registrations=REGISTRATIONS,
        kinds=KINDS,
    )


async def get_line(request: web.Request) -> web.Response:
    """Show the calls of one line, and those that it refused."""
    number = request.match_info["number"]
    async with request.app[DATABASE].read() as session:
        lines = {line.number: line for line in sum_lines(await telephony.reports(session))}
    return await _calls_of(request, CallDirection.INBOUND, number, lines.get(number))


async def get_trunk(request: web.Request) -> web.Response:
    """Show the calls of ours by one trunk, and those for which it had no way."""
    name = request.match_info["name"]
    async with request.app[DATABASE].read() as session:
        reports = await telephony.reports(session)
    found = [trunk for each in reports for trunk in each.report.trunks if trunk.name == name]
    return await _calls_of(request, CallDirection.OUTBOUND, name, next(iter(found), None))


async def _calls_of(
    request: web.Request,
    direction: CallDirection,
    place: str,
    known: LineSum | TrunkReport | None,
) -> web.Response:
    since = request.app[CLOCK]() - SHOWN_FOR
    async with request.app[DATABASE].read() as session:
        calls = await telephony.calls_now(session, direction, place)
        refusals = await telephony.refusals_of(session, direction, place, since=since)
    if known is None and not calls and not refusals:
        raise NotFound("line" if direction is CallDirection.INBOUND else "trunk", place)
    return render(
        request,
        "hotline/line.html",
        place=place,
        is_trunk=direction is CallDirection.OUTBOUND,
        calls=_masked(calls),
        refusals=refusals,
        reasons=REASONS,
    )


def sum_lines(reports: Sequence[ProcessReport]) -> list[LineSum]:
    """Return each line over all processes: calls and limits add up."""
    found: dict[str, list[LineReport]] = {}
    for each in reports:
        for line in each.report.lines:
            found.setdefault(line.number, []).append(line)
    return [
        LineSum(
            number=number,
            calls=sum(line.calls for line in parts),
            limit=sum(line.limit for line in parts),
            is_night=any(line.is_night for line in parts),
            taken=sum(line.taken for line in parts),
            refused=sum(line.refused for line in parts),
        )
        for number, parts in found.items()
    ]


def _alarms(reports: Sequence[ProcessReport], now: datetime) -> list[tuple[str, LineAlarm]]:
    return [(ALARMS[alarm.kind], alarm) for alarm in line_alarms(reports, now)]


def _masked(calls: Iterable[CallView]) -> list[tuple[CallView, str | None]]:
    return [(call, mask_phone(call.number) if call.number else None) for call in calls]


ROUTES: Final[tuple[Route, ...]] = (
    Route("GET", "/lines", get_lines, MINDING, "lines"),
    Route("GET", "/lines/{number}", get_line, MINDING, "line"),
    Route("GET", "/trunks/{name}", get_trunk, MINDING, "trunk"),
)

MENU: Final = MenuEntry("线路", "/lines", MINDING, MenuGroup.SHIFT)
