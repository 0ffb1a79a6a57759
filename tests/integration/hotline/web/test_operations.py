"""The page of dead letters."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp.test_utils import TestClient
from sqlalchemy import select

from config.jobs import JOBS
from hotline.accounts.model import AuditRow
from hotline.accounts.roles import Role
from hotline.kernel import outbox
from hotline.kernel.ids import new_id
from hotline.web.operations import handlers
from hotline.web.operations.handlers import PART
from tests.fakes.web_house import WebHouse, form_token

Browse = Callable[..., Awaitable[TestClient[Any, Any]]]
PATH = "/operations/dead-letters"


async def bury(house: WebHouse) -> int:
    ticket = {"ticket_id": str(new_id()), "round": 1, "words": "不给人看"}
    async with house.database.begin() as uow:
        outbox_id = await outbox.put(
            uow.session,
            job="submit_case",
            key=str(new_id()),
            payload=ticket,
            due_at=house.clock(),
            now=house.clock(),
        )
        assert outbox_id is not None
        held = await outbox.claim(uow.session, outbox_id, now=house.clock())
        assert held is not None
        assert await outbox.bury(uow.session, held, error="KeyError")
    return outbox_id


async def test_a_dead_letter_is_seen_and_owed_again_with_a_reason(
    house: WebHouse, browse: Browse
) -> None:
    """Issue C 12: dead letters on a page; who revived them and why is in the audit log."""
    house.parts = (*house.parts, PART)
    dead = await bury(house)
    await house.user("boss", Role.SHIFT_LEADER)
    await house.user("seat", Role.SEAT)
    client = await browse("boss")

    page = await (await client.get(PATH)).text()
    assert "送案卷系统" in page
    assert "KeyError" in page
    assert "不给人看" not in page
    token = await form_token(client, PATH)
    again = {"form_token": token, "reason": "平台已恢复"}
    without = await client.post(f"{PATH}/{dead}/revive", data={"form_token": token})
    assert without.status == 422
    answer = await client.post(f"{PATH}/{dead}/revive", data=again, allow_redirects=False)
    twice = await client.post(f"{PATH}/{dead}/revive", data=again)

    assert (answer.status, twice.status) == (303, 409)
    assert "没有未完成的事项" in await (await client.get(PATH)).text()
    async with house.database.begin() as uow:
        assert dead in await outbox.due(uow.session, now=house.clock())
        (logged,) = await uow.session.scalars(
            select(AuditRow).where(AuditRow.action == "outbox.revive")
        )
    assert (logged.actor, logged.detail) == ("boss", {"reason": "平台已恢复"})
    assert (await (await browse("seat")).get(PATH)).status == 403
    assert (await client.get(f"{PATH}?after=x")).status == 422


async def test_many_dead_letters_are_read_page_by_page(
    house: WebHouse, browse: Browse, monkeypatch: Any
) -> None:
    house.parts = (*house.parts, PART)
    monkeypatch.setattr(handlers, "MOST", 2)
    made = [await bury(house) for _ in range(3)]
    await house.user("boss", Role.SYSTEM_ADMIN)
    client = await browse("boss")
    program = {"Accept": "application/json"}

    first = await (await client.get(PATH, headers=program)).json()
    second = await (await client.get(f"{PATH}?after={first['next']}", headers=program)).json()

    assert [line["id"] for line in first["dead_letters"] + second["dead_letters"]] == made
    assert second["next"] is None


def test_every_job_has_words() -> None:
    assert set(handlers.JOBS) == set(JOBS)
