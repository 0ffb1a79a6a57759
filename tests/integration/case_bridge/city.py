"""A small city: categories, units, people, tickets; and the worker that carries the events."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from case_bridge.bridge.model import AlarmRow, CaseLinkRow
from case_bridge.bridge.repository import Links, Messages
from case_bridge.bridge.service import SUBMIT_JOB, submit_case
from case_bridge.cases import checking, handling, service
from case_bridge.cases.case import Actor, CaseSource, DeclineReason, Report
from case_bridge.cases.events import EVENTS, CaseMatterChanged
from case_bridge.cases.model import CaseHistoryRow, CaseRow
from case_bridge.cases.repository import Cases
from case_bridge.field.model import TaskRow
from case_bridge.field.repository import Tasks
from case_bridge.field.service import enlist_inspector
from case_bridge.field.task import FieldResult
from case_bridge.merging.service import (
    COMPANIONS_JOB,
    PROPOSE_JOB,
    propose_merges,
    reopen_companions,
)
from case_bridge.platform import CasePlatform
from case_bridge.platforms.local import LocalPlatform, record_event
from case_bridge.units.service import load_units
from case_bridge.units.unit import ResponsibilityRule, Unit, UnitClass
from hotline.accounts.roles import Role
from hotline.contacts.contact import Channel
from hotline.kernel import outbox
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.db import Database
from hotline.kernel.ids import CaseId, TicketId, UnitId, UserId
from hotline.kernel.outbox import OutboxRow, OutboxState
from hotline.sla.calendar import CalendarYear, Period, WorkingCalendar
from hotline.tickets import reading
from hotline.tickets import service as tickets
from hotline.tickets.calendars import save_calendar
from hotline.tickets.categories import save_categories
from hotline.tickets.category import Category, CategoryKind, ConditionLimit
from hotline.tickets.events import TicketReopened, TicketTransferred
from hotline.tickets.ticket import RequestKind, TicketDraft
from hotline.tickets.views import TicketView

RECORD_JOB = "record_case_progress"

SUBSCRIPTIONS = MappingProxyType(
    {
        TicketTransferred: (SUBMIT_JOB,),
        TicketReopened: (SUBMIT_JOB, COMPANIONS_JOB),
        CaseMatterChanged: (PROPOSE_JOB,),
        **dict.fromkeys(EVENTS.values(), (RECORD_JOB,)),
    }
)

COVER = Category(
    scheme="Yuncheng-GB30428.2",
    version="",
    code="0102",
    kind=CategoryKind.FACILITY,
    name_zh="污水井盖",
    limits=(ConditionLimit("HAZARD", "2uh"), ConditionLimit("BROKEN", "4wh")),
)
WASTE = Category(
    scheme="Yuncheng-GB30428.2",
    version="",
    code="0110",
    kind=CategoryKind.INCIDENT,
    name_zh="暴露生活垃圾",
    limits=(ConditionLimit("", "4wh"),),
)

CALENDAR = WorkingCalendar(
    "测试日历",
    SHANGHAI,
    (Period.parse("08:00-12:00"), Period.parse("14:00-18:00")),
    (CalendarYear(2026, "1", "a test", {}, {}),),
)

UNITS = (
    Unit(code="drain", name="排水公司", unit_class=UnitClass.FIRST),
    Unit(code="clean", name="环卫处", unit_class=UnitClass.FIRST),
)
RULES = (
    ResponsibilityRule(
        scheme="*",
        category="facility:01",
        area="*",
        unit_code="drain",
        valid_from=date(2026, 1, 1),
    ),
    ResponsibilityRule(
        scheme="*",
        category="incident:01",
        area="*",
        unit_code="clean",
        valid_from=date(2026, 1, 1),
    ),
)


def person(name: str, *roles: Role, unit_id: UnitId | None = None) -> Actor:
    return Actor(name=name, user_id=UserId(uuid4()), roles=frozenset(roles), unit_id=unit_id)


@dataclass
class City:
    """What the tests say in one word each. The clock moves only when a test moves it."""

    database: Database
    clock: Any
    units: dict[str, UnitId]
    platform: CasePlatform
    desk: Actor = field(default_factory=lambda: person("值班长甲", Role.SHIFT_LEADER))
    dispatcher: Actor = field(default_factory=lambda: person("派遣员乙", Role.DISPATCHER))
    inspector: Actor = field(default_factory=lambda: person("监督员丙", Role.INSPECTOR))

    @property
    def unit(self) -> Actor:
        return self.handler("drain")

    def handler(self, code: str) -> Actor:
        return Actor(
            name=f"{code}处置员",
            user_id=UserId(UUID(int=sum(code.encode()))),
            roles=frozenset({Role.UNIT}),
            unit_id=self.units[code],
        )

    async def transferred_ticket(self, **changes: Any) -> TicketId:
        draft = {
            "channel": Channel.WEB,
            "request_kind": RequestKind.COMPLAINT,
            "subject": "污水井盖缺失",
            "body": "人民路12号门前井盖不见了，请尽快处理。",
            "reply_channel": Channel.WEB,
            "reply_to": None,
            "category_code": COVER.key,
            "condition": "HAZARD",
            "address": "城东街道人民路12号",
            "longitude": 111.0,
            "latitude": 35.0,
        } | changes
        async with self.database.begin() as uow:
            ticket_id = await tickets.open_ticket(uow, TicketDraft(**draft), now=self.clock())
            await tickets.transfer_ticket(uow, ticket_id, actor="system", now=self.clock())
        return ticket_id

    async def run_jobs(self) -> int:
        """Carry out everything that is owed, as the workers do; return how much it was."""
        done = 0
        while True:
            async with self.database.begin() as uow:
                due = await outbox.due(uow.session, now=self.clock(), limit=1)
                if not due:
                    return done
                held = await outbox.claim(uow.session, due[0], now=self.clock())
            assert held is not None
            await self.carry_out(held.job, dict(held.payload))
            async with self.database.begin() as uow:
                assert await outbox.complete(uow.session, held, now=self.clock())
            done += 1

    async def carry_out(self, job: str, payload: dict[str, Any]) -> None:
        if job == SUBMIT_JOB:
            ticket_id = TicketId(UUID(payload["ticket_id"]))
            await submit_case(
                self.database, self.platform, ticket_id, payload["round"], now=self.clock()
            )
        elif job == COMPANIONS_JOB:
            ticket_id = TicketId(UUID(payload["ticket_id"]))
            async with self.database.begin() as uow:
                await reopen_companions(uow, ticket_id, payload["round"], now=self.clock())
        elif job == PROPOSE_JOB:
            async with self.database.begin() as uow:
                await propose_merges(uow, CaseId(UUID(payload["case_id"])), now=self.clock())
        else:
            assert job == RECORD_JOB
            await record_event(self.database, payload, now=self.clock())

    async def owed(self) -> int:
        async with self.database.read() as session:
            rows = await session.scalars(
                select(OutboxRow.id).where(OutboxRow.state == OutboxState.PENDING)
            )
            return len(rows.all())

    async def registered_case(self, **changes: Any) -> CaseId:
        report = {
            "source": CaseSource.INSPECTOR,
            "subject": "污水井盖缺失",
            "body": "巡查发现井盖缺失",
            "place": "城东街道人民路12号",
            "category": COVER.key,
            "condition": "HAZARD",
        } | changes
        async with self.database.begin() as uow:
            registered = await service.register_case(uow, Report(**report), now=self.clock())
        return registered.case_id

    async def file(self, case_id: CaseId, **changes: Any) -> None:
        async with self.database.begin() as uow:
            await service.file_case(uow, case_id, actor=self.desk, now=self.clock(), **changes)

    async def decline(
        self,
        case_id: CaseId,
        reason: DeclineReason = DeclineReason.OUT_OF_SCOPE,
        text: str = "小区内部事务，请联系物业",
    ) -> None:
        async with self.database.begin() as uow:
            await service.decline_case(
                uow, case_id, reason=reason, text=text, actor=self.desk, now=self.clock()
            )

    async def void(self, case_id: CaseId, reason: str = "应转公安") -> None:
        async with self.database.begin() as uow:
            await service.void_case(uow, case_id, reason=reason, actor=self.desk, now=self.clock())

    async def dispatch(self, case_id: CaseId, unit: str = "drain", **changes: Any) -> None:
        order: dict[str, Any] = {"actor": self.dispatcher, "order": "补装井盖并设置警示"}
        async with self.database.begin() as uow:
            await handling.dispatch_case(
                uow, case_id, unit_id=self.units[unit], now=self.clock(), **order | changes
            )

    async def handle(self, case_id: CaseId, text: str = "已补装井盖", **changes: Any) -> None:
        changes = {"actor": self.unit} | changes
        async with self.database.begin() as uow:
            await handling.handle_case(uow, case_id, text=text, now=self.clock(), **changes)

    async def return_by_unit(self, case_id: CaseId, reason: str = "该井盖属通信公司") -> None:
        async with self.database.begin() as uow:
            await handling.return_case(
                uow, case_id, reason=reason, actor=self.unit, now=self.clock()
            )

    async def open_task(self, case_id: CaseId) -> UUID:
        async with self.database.begin() as uow:
            task = await Tasks(uow.session).open_for_case(case_id)
        assert task is not None
        return task.id

    async def inspect(
        self, case_id: CaseId, *, passed: bool, text: str = "", actor: Actor | None = None
    ) -> UUID:
        task_id = await self.open_task(case_id)
        words = text or ("与派遣要求一致" if passed else "井盖松动")
        await self.submit(task_id, passed=passed, text=words, actor=actor)
        return task_id

    async def submit(
        self,
        task_id: UUID,
        *,
        passed: bool,
        text: str = "看过现场",
        key: str = "",
        actor: Actor | None = None,
    ) -> bool:
        result = FieldResult(key=key or str(uuid4()), passed=passed, text=text)
        async with self.database.begin() as uow:
            return await checking.submit_field_result(
                uow, task_id, result, actor=actor or self.inspector, now=self.clock()
            )

    async def close(
        self, case_id: CaseId, *, actor: Actor | None = None, matches_order: bool = True
    ) -> None:
        async with self.database.begin() as uow:
            await service.close_case(
                uow,
                case_id,
                matches_order=matches_order,
                actor=actor or self.desk,
                now=self.clock(),
            )

    async def closed_case(self, **changes: Any) -> CaseId:
        case_id = await self.registered_case(**changes)
        await self.finish(case_id)
        return case_id

    async def finish(self, case_id: CaseId) -> None:
        """Take a registered case all the way."""
        await self.file(case_id)
        await self.work_off(case_id)

    async def work_off(self, case_id: CaseId) -> None:
        """Take a filed case all the way."""
        await self.dispatch(case_id)
        await self.handle(case_id)
        await self.inspect(case_id, passed=True)
        await self.close(case_id)

    async def join(self, ticket_id: TicketId, case_id: CaseId) -> None:
        """Let a ticket share another one's case, as merging will."""
        case = await self.case(case_id)
        async with self.database.begin() as uow:
            link = await Links(uow.session).get(ticket_id, 1, lock=True)
            link.case_key, link.case_number, link.case_round = (
                str(case.id),
                case.number,
                case.round,
            )

    async def case(self, case_id: CaseId) -> CaseRow:
        async with self.database.read() as session:
            return await Cases(session).get(case_id)

    async def history(self, case_id: CaseId) -> list[CaseHistoryRow]:
        async with self.database.read() as session:
            return list(await Cases(session).history(case_id))

    async def tasks(self, case_id: CaseId) -> list[TaskRow]:
        async with self.database.read() as session:
            return list(await Tasks(session).for_case(case_id))

    async def ticket(self, ticket_id: TicketId) -> TicketView:
        async with self.database.read() as session:
            return await reading.ticket_view(session, ticket_id)

    async def link(self, ticket_id: TicketId, round_: int = 1) -> CaseLinkRow:
        async with self.database.read() as session:
            return await Links(session).get(ticket_id, round_)

    async def case_of(self, ticket_id: TicketId, round_: int = 1) -> CaseId:
        link = await self.link(ticket_id, round_)
        assert link.case_key is not None
        return CaseId(UUID(link.case_key))

    async def alarms(self) -> list[AlarmRow]:
        async with self.database.read() as session:
            return list(await Messages(session).open_alarms())


async def build_city(database: Database, clock: Any) -> City:
    """Load categories, calendar, units and one inspector."""
    async with database.begin() as uow:
        await save_calendar(uow, CALENDAR, now=clock())
        await save_categories(uow, [COVER, WASTE])
        units = await load_units(uow, UNITS, RULES)
        city = City(database, clock, units, LocalPlatform(database))
        assert city.inspector.user_id is not None
        await enlist_inspector(
            uow,
            city.inspector.user_id,
            name=city.inspector.name,
            trained_on=date(2026, 1, 5),
        )
    return city


def shanghai(day: int, hour: int, minute: int = 0) -> datetime:
    """Return an instant of March 2026 by Shanghai's wall clock."""
    return datetime(2026, 3, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)
