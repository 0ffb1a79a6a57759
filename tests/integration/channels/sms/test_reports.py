"""The gateway tells what became of a text message, and the ladder of its callback goes on."""

import json
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import select

from channels.sms.gateway import HEADER, GatewayOptions, signature
from channels.sms.reports import WINDOW, read_report, sms_part
from hotline.callbacks import reading
from hotline.callbacks import service as callbacks
from hotline.callbacks.attempts import attempt
from hotline.callbacks.links import LinkOptions
from hotline.callbacks.options import CallbackOptions
from hotline.callbacks.states import CallbackState
from hotline.contacts import messages
from hotline.contacts.contact import Channel, ContactState, MessageState, OutboundMessage
from hotline.contacts.events import MessageFailed, MessageSent
from hotline.contacts.model import ContactRow, MessageRow
from hotline.intake import service as intake
from hotline.intake.service import IntakeOptions
from hotline.kernel.db import Database
from hotline.kernel.ids import CallbackId, ContactId
from hotline.kernel.outbox import OutboxRow
from hotline.people.citizen import PeopleOptions
from tests.conftest import FakeClock
from tests.fakes.memory_signals import MemorySignals
from tests.fakes.web_house import WebHouse
from tests.integration.hotline.tickets.drafts import owed, resolved_ticket

GATEWAY = GatewayOptions("https://gateway.example/sms", b"shared with the gateway")
INTAKE = IntakeOptions(
    readers={Channel.SMS: read_report}, people=PeopleOptions(b"the key of the blind index")
)
OPTIONS = CallbackOptions(
    links=LinkOptions(b"a secret of the installation", "https://city.example"),
    channels=frozenset({Channel.SMS, Channel.VOICE}),
)


class Accepting:
    """A gateway that takes every message."""

    channels = frozenset({Channel.SMS})

    async def send(self, message: OutboundMessage, *, now: Any) -> None:
        """Accept it."""


@pytest.fixture
async def client(database: Database, clock: FakeClock, aiohttp_client: Any) -> TestClient[Any, Any]:
    house = WebHouse(database, clock, MemorySignals(), parts=(sms_part(GATEWAY),))
    found: TestClient[Any, Any] = await aiohttp_client(house.app())
    return found


async def asked_by_text(database: Database, clock: FakeClock) -> CallbackId:
    """A text message with the outcome has been accepted by the gateway."""
    ticket_id = await resolved_ticket(
        database, clock(), reply_channel=Channel.SMS, reply_to="138 0000 1234"
    )
    async with database.begin() as uow:
        callback_id = await callbacks.schedule_callback(
            uow, ticket_id, policy=OPTIONS.policy, channels=OPTIONS.channels, now=clock()
        )
    await attempt(database, callback_id, attempt_no=1, options=OPTIONS, now=clock())
    (job,) = await owed(database, "send_message")
    await messages.send_message(database, Accepting(), job.payload["message_id"], now=clock())
    (event,) = await owed(database, "record_message_sent")
    async with database.begin() as uow:
        reference = MessageSent.from_payload(event.payload).reference
        await callbacks.record_message_end(uow, reference=reference, is_sent=True, now=clock())
    return callback_id


async def tell(
    client: TestClient[Any, Any], clock: FakeClock, report: Any, *, secret: bytes = GATEWAY.secret
) -> int:
    body = json.dumps(report).encode()
    headers = {HEADER: signature(secret, body, clock())}
    async with client.post("/sms/reports", data=body, headers=headers) as answer:
        return answer.status


async def read_all(database: Database, clock: FakeClock) -> list[ContactRow]:
    """Carry out what is owed of reports, as the workers do."""
    async with database.read() as session:
        rows = list(await session.scalars(select(ContactRow).order_by(ContactRow.received_at)))
    for row in rows:
        ticket_id = await intake.parse_contact(
            database, ContactId(row.id), options=INTAKE, now=clock()
        )
        assert ticket_id is None, "a report is no matter of a citizen"
    for job in await owed(database, "record_message_failed"):
        async with database.begin() as uow:
            reference = MessageFailed.from_payload(job.payload).reference
            await callbacks.record_message_end(uow, reference=reference, is_sent=False, now=clock())
    async with database.read() as session:
        return list(await session.scalars(select(ContactRow).order_by(ContactRow.received_at)))


async def message(database: Database) -> MessageRow:
    async with database.read() as session:
        return (await session.scalars(select(MessageRow))).one()


async def test_a_text_message_that_never_arrived_lets_the_telephone_ring(
    client: TestClient[Any, Any], database: Database, clock: FakeClock
) -> None:
    """R69, R15: the report is kept as it came, told twice it counts once."""
    callback_id = await asked_by_text(database, clock)
    report = {"key": (await message(database)).key, "state": "failed", "code": "MK:0001"}

    told = [await tell(client, clock, report) for _ in range(2)]
    (kept,) = await read_all(database, clock)

    assert told == [202, 202]
    assert (kept.state, kept.size) == (ContactState.AUTOMATIC, len(json.dumps(report)))
    failed = await message(database)
    assert (failed.state, failed.error) == (MessageState.RETURNED, "MK:0001")
    async with database.read() as session:
        callback = await reading.callback_view(session, callback_id)
    assert callback.state is CallbackState.SCHEDULED
    assert callback.due_at is not None
    await attempt(
        database, callback_id, attempt_no=2, options=OPTIONS, now=max(callback.due_at, clock())
    )
    async with database.read() as session:
        callback = await reading.callback_view(session, callback_id)
    assert [made.channel for made in callback.attempts] == [Channel.SMS, Channel.VOICE]


@pytest.mark.parametrize(
    "report",
    [
        {"key": "", "state": "delivered"},
        {"key": "callback:of another house:1", "state": "failed"},
        {"key": 7, "state": "failed"},
        {"state": "failed"},
        ["failed"],
    ],
)
async def test_a_delivery_or_nonsense_is_kept_and_changes_nothing(
    client: TestClient[Any, Any], database: Database, clock: FakeClock, report: Any
) -> None:
    await asked_by_text(database, clock)
    if isinstance(report, dict) and report["state"] == "delivered":
        report = {**report, "key": (await message(database)).key}

    status = await tell(client, clock, report)

    assert status == 202
    assert [each.state for each in await read_all(database, clock)] == [ContactState.AUTOMATIC]
    assert (await message(database)).state is MessageState.SENT


async def test_only_the_gateway_is_heard_and_only_soon(
    client: TestClient[Any, Any], database: Database, clock: FakeClock
) -> None:
    report = {"key": "callback:1:1", "state": "failed"}
    body = json.dumps(report).encode()
    signed = signature(GATEWAY.secret, body, clock())

    statuses = [await tell(client, clock, report, secret=b"a guess")]
    for header in ("", "t=1,v1=", signed.replace("v1=", "v1=0"), f"t=99999999999,{signed[-67:]}"):
        async with client.post("/sms/reports", data=body, headers={HEADER: header}) as answer:
            statuses.append(answer.status)
    clock.advance(WINDOW * 2)
    async with client.post("/sms/reports", data=body, headers={HEADER: signed}) as answer:
        statuses.append(answer.status)

    assert statuses == [401] * 6
    async with database.read() as session:
        assert (await session.scalars(select(ContactRow.id))).all() == []
        assert (await session.scalars(select(OutboxRow.id))).all() == []


async def test_a_house_without_a_gateway_has_no_such_door(
    database: Database, clock: FakeClock, aiohttp_client: Any
) -> None:
    house = WebHouse(database, clock, MemorySignals(), parts=(sms_part(None),))
    client = await aiohttp_client(house.app())

    assert await tell(client, clock, {}) == 404
