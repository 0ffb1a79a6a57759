from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from hotline.contacts.contact import Channel
from hotline.kernel.db import Database
from hotline.kernel.ids import TicketId
from hotline.kernel.outbox import OutboxRow
from hotline.sla.calendar import CalendarYear, Period, WorkingCalendar
from hotline.tickets import service
from hotline.tickets.category import Category, CategoryKind, ConditionLimit
from hotline.tickets.ticket import Outcome, RequestKind, TicketDraft

DRAFT = TicketDraft(
    channel=Channel.VOICE,
    request_kind=RequestKind.REPORT,
    subject="井盖缺失",
    body="人民路与解放路口的井盖不见了",
    reply_channel=Channel.VOICE,
    reply_to="13800001234",
)

COVER = Category(
    "CJ/T214",
    "2007",
    "0101",
    CategoryKind.FACILITY,
    "上水井盖",
    "water-supply manhole cover",
    "公用设施",
    (ConditionLimit("HAZARD", "2uh"), ConditionLimit("BROKEN", "4wh")),
)
SHED = Category("CJ/T214", "2007", "0101", CategoryKind.INCIDENT, "私搭乱建", limits=())
NOISE = Category(
    "CJ/T214",
    "2007",
    "0128",
    CategoryKind.INCIDENT,
    "商业噪音",
    limits=(ConditionLimit("", "2uh"),),
)

CALENDAR = WorkingCalendar(
    "city",
    ZoneInfo("Asia/Shanghai"),
    (Period.parse("08:00-12:00"), Period.parse("14:00-18:00")),
    (
        CalendarYear(
            2026, "1", "a notice", {date(2026, 5, 1): "劳动节"}, {date(2026, 5, 9): "劳动节"}
        ),
    ),
)


async def open_ticket(database: Database, now: datetime, **changes: Any) -> TicketId:
    async with database.begin() as uow:
        return await service.open_ticket(uow, replace(DRAFT, **changes), now=now)


async def resolved_ticket(database: Database, now: datetime, **changes: Any) -> TicketId:
    outcome = changes.pop("outcome", Outcome.SOLVED)
    ticket_id = await open_ticket(database, now, **changes)
    async with database.begin() as uow:
        await service.transfer_ticket(uow, ticket_id, actor="user:test", now=now)
    async with database.begin() as uow:
        await service.resolve_ticket(uow, ticket_id, outcome=outcome, result="井盖已补装", now=now)
    return ticket_id


async def owed(database: Database, job: str) -> list[OutboxRow]:
    async with database.read() as session:
        rows = await session.scalars(
            select(OutboxRow).where(OutboxRow.job == job).order_by(OutboxRow.id)
        )
        return list(rows)
