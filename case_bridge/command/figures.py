"""The numbers of the command screen (指挥大屏): the condition that counts opens the rows too."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, join, literal, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases.model import CaseRow
from case_bridge.cases.reach import inspectors_within
from case_bridge.cases.reading import OPEN_STATES
from case_bridge.cases.repository import in_district
from case_bridge.cases.states import CaseState
from case_bridge.field.model import DutyRow, InspectorRow
from hotline.contacts.calls.model import CallRow
from hotline.contacts.calls.states import CallDirection, CallState
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.errors import Invalid
from hotline.tickets.model import TicketRow

NEAR: Final = timedelta(hours=2)
"""So long before its deadline a case is near due."""
PAGE_SIZE: Final = 50


class Table(StrEnum):
    """What a figure counts."""

    CASES = "cases"
    TICKETS = "tickets"
    CALLS = "calls"
    INSPECTORS = "inspectors"


class Figure(StrEnum):
    """One number of the screen."""

    OPEN = "open"  # 在办案卷
    NEAR_DUE = "near_due"  # 即将到期
    OVERDUE = "overdue"  # 超期
    TO_DECIDE = "to_decide"  # 待受理立案
    TO_DISPATCH = "to_dispatch"  # 待派遣
    AT_UNITS = "at_units"  # 处置中
    TO_CHECK = "to_check"  # 待核查结案
    PUT_OFF = "put_off"  # 缓办挂账
    REGISTERED = "registered"  # 今日登记
    FILED = "filed"  # 今日立案
    CLOSED = "closed"  # 今日结案
    TICKETS = "tickets"  # 今日工单
    RESOLVED = "resolved"  # 今日办结
    CALLS = "calls"  # 今日来电
    ANSWERED = "answered"  # 今日接听
    WAITING = "waiting"  # 正在排队
    TALKING = "talking"  # 正在通话
    ON_DUTY = "on_duty"  # 在岗监督员


AT_UNITS: Final = (CaseState.DISPATCHED, CaseState.HANDLING)

STANDING: Final[Mapping[Figure, frozenset[CaseState]]] = MappingProxyType(
    {
        Figure.TO_DECIDE: frozenset(
            {CaseState.REGISTERED, CaseState.VERIFYING, CaseState.VERIFIED, CaseState.REFUTED}
        ),
        Figure.TO_DISPATCH: frozenset(
            {CaseState.FILED, CaseState.HANDED_DOWN, CaseState.RETURNED, CaseState.DISPUTED}
        ),
        Figure.AT_UNITS: frozenset(AT_UNITS),
        Figure.TO_CHECK: frozenset(
            {CaseState.HANDLED, CaseState.INSPECTING, CaseState.READY_TO_CLOSE}
        ),
        Figure.PUT_OFF: frozenset({CaseState.DEFERRED, CaseState.SHELVED}),
    }
)
"""Where open cases stand; together they are all of them."""


def figures_of(district: UUID | None) -> tuple[Figure, ...]:
    """Return the numbers of a scope: calls and tickets are the whole city's (R28)."""
    whole = (Table.CALLS, Table.TICKETS)
    return tuple(each for each in Figure if district is None or table_of(each) not in whole)


@dataclass(frozen=True, slots=True)
class Row:
    """One thing behind a number, without anybody's name or number."""

    id: UUID
    at: datetime
    label: str
    state: str
    detail: str


def table_of(figure: Figure) -> Table:
    """Return what a figure counts."""
    match figure:
        case Figure.TICKETS | Figure.RESOLVED:
            return Table.TICKETS
        case Figure.CALLS | Figure.ANSWERED | Figure.WAITING | Figure.TALKING:
            return Table.CALLS
        case Figure.ON_DUTY:
            return Table.INSPECTORS
        case _:
            return Table.CASES


@dataclass(frozen=True, slots=True)
class _Source:
    """Where the rows of a table come from, and what of them is shown."""

    origin: Any
    columns: tuple[Any, ...]
    """Id, instant, label, state, detail."""


_SOURCES: Final[Mapping[Table, _Source]] = MappingProxyType(
    {
        Table.CASES: _Source(
            CaseRow,
            (
                *(CaseRow.id, CaseRow.registered_at, CaseRow.number, CaseRow.state),
                CaseRow.category_name,
            ),
        ),
        Table.TICKETS: _Source(
            TicketRow,
            (
                *(TicketRow.id, TicketRow.opened_at, TicketRow.number, TicketRow.state),
                TicketRow.channel,
            ),
        ),
        Table.CALLS: _Source(
            CallRow, (CallRow.id, CallRow.started_at, CallRow.line, CallRow.state, CallRow.end)
        ),
        Table.INSPECTORS: _Source(
            join(
                InspectorRow,
                DutyRow,
                and_(DutyRow.user_id == InspectorRow.user_id, DutyRow.ended_at.is_(None)),
            ),
            (DutyRow.id, DutyRow.began_at, InspectorRow.area, literal("on_duty"), literal("")),
        ),
    }
)


async def count_figures(
    session: AsyncSession, *, district: UUID | None = None, now: datetime
) -> dict[Figure, int]:
    """Return every number as it is now; of a district its cases and inspectors alone."""
    counted: dict[Figure, int] = {}
    for table, source in _SOURCES.items():
        mine = [each for each in figures_of(district) if table_of(each) is table]
        if not mine:
            continue
        conditions = {each: and_(*_condition(each, district, now)) for each in mine}
        found = await session.execute(
            select(*(func.count().filter(conditions[each]) for each in mine))
            .select_from(source.origin)
            .where(or_(*conditions.values()))
        )
        counted |= dict(zip(mine, found.one(), strict=True))
    return {each: counted[each] for each in figures_of(district)}


async def figure_rows(
    session: AsyncSession,
    figure: Figure,
    *,
    district: UUID | None = None,
    after: str | None = None,
    now: datetime,
) -> tuple[tuple[Row, ...], str | None]:
    """Return a page of what a number counts, newest first, and the cursor of the next page.

    Raises:
        Invalid: if the cursor is not ours.
    """
    source = _SOURCES[table_of(figure)]
    key, at = source.columns[:2]
    wanted = (
        select(*source.columns)
        .select_from(source.origin)
        .where(*_condition(figure, district, now))
        .order_by(at.desc(), key.desc())
        .limit(PAGE_SIZE + 1)
    )
    if after:
        wanted = wanted.where(tuple_(at, key) < _read_cursor(after))
    found = [
        Row(row_id, begun, name, str(state), str(detail or ""))
        for row_id, begun, name, state, detail in await session.execute(wanted)
    ]
    page = tuple(found[:PAGE_SIZE])
    more = len(found) > PAGE_SIZE
    return page, f"{page[-1].at.isoformat()}|{page[-1].id}" if more else None


def _condition(figure: Figure, district: UUID | None, now: datetime) -> list[ColumnElement[bool]]:
    today = datetime.combine(now.astimezone(SHANGHAI).date(), time(0), SHANGHAI)
    match table_of(figure):
        case Table.CASES:
            return [*_of_cases(figure, today, now), *in_district(district)]
        case Table.TICKETS:
            begun = TicketRow.resolved_at if figure is Figure.RESOLVED else TicketRow.opened_at
            return [begun >= today]
        case Table.CALLS:
            return [CallRow.direction == CallDirection.INBOUND, _of_calls(figure, today)]
        case Table.INSPECTORS:
            return [
                InspectorRow.on_duty.is_(True),
                InspectorRow.suspended_at.is_(None),
                *inspectors_within(district),
            ]


def _of_cases(figure: Figure, today: datetime, now: datetime) -> list[ColumnElement[bool]]:
    running = [CaseRow.state.in_(AT_UNITS), CaseRow.clock_stopped_at.is_(None)]
    match figure:
        case Figure.OPEN:
            return [CaseRow.state.in_(OPEN_STATES)]
        case Figure.OVERDUE:
            return [*running, CaseRow.due_at < now]
        case Figure.NEAR_DUE:
            return [*running, CaseRow.due_at >= now, CaseRow.due_at <= now + NEAR]
        case Figure.REGISTERED:
            return [CaseRow.registered_at >= today]
        case Figure.FILED:
            return [CaseRow.filed_at >= today]
        case Figure.CLOSED:
            return [CaseRow.closed_at >= today]
        case _:
            return [CaseRow.state.in_(STANDING[figure])]


def _of_calls(figure: Figure, today: datetime) -> ColumnElement[bool]:
    match figure:
        case Figure.WAITING:
            return CallRow.state == CallState.WAITING
        case Figure.TALKING:
            return CallRow.state == CallState.TALKING
        case Figure.ANSWERED:
            return and_(CallRow.started_at >= today, CallRow.connected_at.is_not(None))
        case _:
            return CallRow.started_at >= today


def _read_cursor(cursor: str) -> tuple[datetime, UUID]:
    at, _, key = cursor.partition("|")
    try:
        place = datetime.fromisoformat(at), UUID(key)
    except ValueError:
        raise Invalid("after", "it was not given out by this list") from None
    if place[0].tzinfo is None:
        raise Invalid("after", "it was not given out by this list")
    return place
