"""A fresh query code for a citizen whose identity was checked."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp.test_utils import TestClient
from sqlalchemy import select

from hotline.accounts.model import AuditRow
from hotline.accounts.roles import Role
from hotline.tickets import reading
from tests.conftest import FakeClock
from tests.fakes.web_house import CODES, WebHouse, form_token
from tests.integration.hotline.tickets.drafts import open_ticket

Browse = Callable[..., Awaitable[TestClient[Any, Any]]]


async def test_a_seat_gives_a_fresh_code_after_checking_who_asks(
    house: WebHouse, browse: Browse, clock: FakeClock
) -> None:
    """The old code ends, the fresh one opens the ticket, how it came about is kept."""
    ticket_id = await open_ticket(house.database, clock())
    async with house.database.read() as session:
        old = await reading.query_code_of(session, ticket_id, CODES)
        number = (await reading.ticket_view(session, ticket_id)).number
    await house.user("wang", Role.SEAT)
    await house.user("boss", Role.SUPERVISOR)
    client, boss = await browse("wang"), await browse("boss")
    path = f"/tickets/{ticket_id}/query-code"
    assert path in await (await client.get(f"/tickets/{ticket_id}")).text()
    assert path not in await (await boss.get(f"/tickets/{ticket_id}")).text()
    assert (await boss.get(path)).status == 403
    token = await form_token(client, path)

    unchecked = await client.post(path, data={"form_token": token})
    page = await (await client.post(path, data={"form_token": token, "check": "facts"})).text()

    assert unchecked.status == 422
    shown = re.search(r"<code>(\d{6})</code>", page)
    assert shown is not None
    async with house.database.begin() as uow:
        found = [
            await reading.public_ticket(uow, number=number, code=code, options=CODES, now=clock())
            for code in (old, shown.group(1))
        ]
        [row] = await uow.session.scalars(
            select(AuditRow).where(AuditRow.action == "ticket.query_code")
        )
    assert [each is not None for each in found] == [False, True]
    assert row.detail == {"check": "facts"}
    assert shown.group(1) not in str(row.detail)
