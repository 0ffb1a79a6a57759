"""A small house for tests of pages: people who can sign in, a seat with a phone, callers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient

from hotline.accounts import administration
from hotline.accounts import service as accounts
from hotline.accounts.roles import Role
from hotline.accounts.service import User
from hotline.contacts.calls import service as calls
from hotline.contacts.calls.states import CallDirection
from hotline.contacts.calls.values import CallDraft
from hotline.kernel.clock import Clock
from hotline.kernel.db import Database, Message, UnitOfWork
from hotline.kernel.ids import CallId, SeatId, UserId, new_id
from hotline.kernel.privacy import blind_index
from hotline.people.citizen import PeopleOptions
from hotline.queues import phones
from hotline.queues import service as queues
from hotline.queues.values import PhoneBinding, SeatDraft
from hotline.tickets.categories import save_categories
from hotline.tickets.category import Category, CategoryKind, ConditionLimit
from hotline.tickets.query_code import QueryCodeOptions
from hotline.web.app import make_app
from hotline.web.desk.handlers import desk_part
from hotline.web.desk.options import DeskOptions, DeskPlaces
from hotline.web.keys import WebOptions
from hotline.web.routing import WebPart
from tests.fakes.memory_signals import MemorySignals

SECRET = b"a secret of thirty-two bytes, at least"
PASSWORD = "an invented password"
NUMBER = "13800001234"
QUEUE = "main"
CATEGORIES = (
    Category(
        scheme="S",
        version="",
        code="0101",
        kind=CategoryKind.FACILITY,
        name_zh="上水井盖",
        major_name="公用设施",
        limits=(ConditionLimit("HAZARD", "2uh"), ConditionLimit("BROKEN", "4wh")),
    ),
    Category(
        scheme="S",
        version="",
        code="0110",
        kind=CategoryKind.INCIDENT,
        name_zh="暴露生活垃圾",
        major_name="市容环境",
        limits=(ConditionLimit("", "4wh"),),
    ),
)

PEOPLE = PeopleOptions(SECRET)
CODES = QueryCodeOptions(SECRET)


class MemoryDoorbell:
    """Rings nobody; publishes to the screens of this process."""

    def __init__(self, signals: MemorySignals) -> None:
        self._signals = signals

    async def ring(self, outbox_ids: Sequence[int]) -> None:
        """No worker runs in these tests."""

    async def publish(self, signals: Sequence[Message]) -> None:
        for topic, payload in signals:
            await self._signals.publish(topic, payload)


@dataclass
class WebHouse:
    """The web process over a real database, and what happens around it."""

    database: Database
    clock: Clock
    signals: MemorySignals
    parts: tuple[WebPart, ...] = ()
    https: bool = False
    trusted_proxies: int = 0
    refresh_seconds: float = 5.0
    places: DeskPlaces | None = None
    seats: dict[str, SeatId] = field(default_factory=dict)
    _process: UUID | None = None

    def app(self) -> web.Application:
        desk = DeskOptions(
            query_codes=CODES,
            people=PEOPLE,
            places=self.places,
            refresh_seconds=self.refresh_seconds,
        )
        return make_app(
            self.database,
            (desk_part(desk), *self.parts),
            WebOptions(SECRET, https=self.https, trusted_proxies=self.trusted_proxies),
            clock=self.clock,
            signals=self.signals,
        )

    async def user(self, login: str, *roles: Role, seat: str | None = None) -> UserId:
        """A person; with `seat`, an extension, the person's own seat and its phone."""
        seat_id = await self.seat(seat) if seat else None
        async with self.database.begin() as uow:
            return await accounts.create_user(
                uow,
                login=login,
                password=PASSWORD,
                display_name=f"测试{login}",
                roles=roles,
                seat_id=seat_id,
                actor="test",
                now=self.clock(),
            )

    async def shut_out(self, uow: UnitOfWork, user_id: UserId) -> None:
        """An administrator locks the account."""
        by = User(UserId(new_id()), "admin", "安全管理员", frozenset(), None, None)
        await administration.set_disabled(
            uow, by, user_id, disabled=True, reason="离职", now=self.clock()
        )

    async def seat(self, extension: str) -> SeatId:
        async with self.database.begin() as uow:
            draft = SeatDraft(
                name=f"坐席{extension}",
                extension=extension,
                queue=QUEUE,
                sip_ha1_md5="0" * 32,
                sip_ha1_sha256="0" * 64,
            )
            seat_id = self.seats[extension] = await queues.put_seat(uow, draft, now=self.clock())
            binding = PhoneBinding(
                contact_uri=f"sip:{extension}@192.0.2.7",
                source_host="192.0.2.7",
                source_port=5062,
                transport="udp",
                sip_call_id=f"register-{extension}",
                cseq=1,
                expires_at=self.clock() + timedelta(hours=1),
            )
            await phones.register_phone(uow, seat_id, binding, now=self.clock())
        return seat_id

    async def categories(self) -> None:
        async with self.database.begin() as uow:
            await save_categories(uow, CATEGORIES)

    async def ring(self, number: str | None = NUMBER) -> CallId:
        """A caller who is offered to the seat that has been idle longest."""
        async with self.database.begin() as uow:
            now = self.clock()
            if self._process is None:
                self._process = await calls.start_process(uow, "voice", now=now)
            call_id = await calls.open_call(
                uow,
                CallDraft(
                    process_id=self._process,
                    direction=CallDirection.INBOUND,
                    line="12345",
                    number=number,
                    number_hash=blind_index(SECRET, number) if number else None,
                    to_number="12345",
                    sip_call_id=str(new_id()),
                    contact_id=None,
                ),
                now=now,
            )
            await calls.answer_call(uow, call_id, now=now)
            await calls.enter_queue(uow, call_id, queue=QUEUE, now=now)
            await queues.enqueue(uow, call_id=call_id, queue=QUEUE, number_hash=None, now=now)
        async with self.database.begin() as uow:
            dealt = await queues.deal(uow, QUEUE, self.clock())
            assert [offer.call_id for offer in dealt.offers] == [call_id]
        return call_id

    async def pick_up(self, extension: str) -> None:
        """The seat's phone answers."""
        async with self.database.begin() as uow:
            view = await queues.seat_view(uow.session, self.seats[extension])
            assert view.contact is not None
            await queues.answer_offer(uow, view.contact.offer_id, now=self.clock())
            await calls.connect_call(
                uow, view.contact.call_id, seat_id=view.seat_id, now=self.clock()
            )

    async def hang_up(self, call_id: CallId) -> None:
        async with self.database.begin() as uow:
            await queues.end_contact(uow, call_id, now=self.clock())


async def sign_in(client: TestClient[Any, Any], login: str) -> ClientResponse:
    """Sign in as a program does."""
    return await client.post(
        "/login", json={"login": login, "password": PASSWORD}, allow_redirects=False
    )


async def form_token(client: TestClient[Any, Any], path: str) -> str:
    """The token in the form of a page."""
    page = await (await client.get(path)).text()
    found = re.search(r'name="form_token" value="([0-9a-f]+)"', page)
    assert found, page
    return found.group(1)
