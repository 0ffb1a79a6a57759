"""The page of dead letters."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from aiohttp.test_utils import TestClient
from sqlalchemy import select

from config.jobs import JOBS
from hotline.accounts.model import AuditRow
from hotline.accounts.roles import Role
from hotline.kernel import outbox
from hotline.kernel.ids import new_id
from hotline.reports.backups import service as backups
from hotline.reports.backups.service import Backup
from hotline.reports.processes import service as processes
from hotline.reports.processes.service import RecordingsProof, SignOfLife
from hotline.web.operations import handlers
from hotline.web.operations.handlers import operations_part
from hotline.web.operations.options import OPERATIONS as OPTIONS
from hotline.web.operations.words import JOBS as WORDS
from tests.conftest import FakeClock
from tests.fakes.operations_house import OPERATIONS, PROBLEM
from tests.fakes.web_house import WebHouse, form_token

Browse = Callable[..., Awaitable[TestClient[Any, Any]]]
PATH = "/operations/dead-letters"
STATUS = "/operations/status"


async def bury(house: WebHouse) -> int:
    ticket = {"ticket_id": str(new_id()), "round": 1, "words": "不给人看"}
    async with house.database.begin() as uow:
        effect = outbox.Effect("submit_case", str(new_id()), ticket, house.clock())
        (outbox_id,) = await outbox.put(uow.session, [effect], now=house.clock())
        held = await outbox.claim(uow.session, outbox_id, now=house.clock())
        assert held is not None
        assert await outbox.bury(uow.session, held, error="KeyError")
    return outbox_id


async def test_a_dead_letter_is_seen_and_owed_again_with_a_reason(
    house: WebHouse, browse: Browse
) -> None:
    """Issue C 12: dead letters on a page; who revived them and why is in the audit log."""
    house.parts = (*house.parts, OPERATIONS)
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
    house.parts = (*house.parts, OPERATIONS)
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
    assert set(WORDS) == set(JOBS)


async def tell(house: WebHouse, role: str, *, free: int = 500) -> UUID:
    """A process of a role says that it lives."""
    process_id = new_id()
    told = SignOfLife(
        role=role,
        host="house-1",
        pid=4711,
        version="0.1.0",
        started_at=house.clock(),
        disk_free=free,
        disk_total=1000,
    )
    async with house.database.begin() as uow:
        await processes.say_alive(uow, process_id, told, now=house.clock())
    return process_id


async def prove(house: WebHouse, **findings: str) -> None:
    async with house.database.begin() as uow:
        day = house.clock().date()
        proof = RecordingsProof(day=day, made_at=house.clock(), calls=3, findings=findings)
        await processes.keep_proof(uow, proof)


async def back_up(house: WebHouse, *, ago: timedelta = timedelta()) -> Backup:
    made = Backup(
        backup_id=new_id(),
        made_at=house.clock() - ago,
        host="db-1",
        folder="/srv/backup/hotline-20260302T010000Z",
        size=5_000_000,
    )
    async with house.database.begin() as uow:
        await backups.keep_backup(uow, made)
    return made


async def load_back(
    house: WebHouse, backup_id: UUID, *, problem: str | None = None, ago: timedelta = timedelta()
) -> bool:
    at = house.clock() - ago
    async with house.database.begin() as uow:
        return await backups.note_proof(uow, backup_id, problem=problem, now=at)


async def troubles(client: TestClient[Any, Any]) -> list[str]:
    told = await (await client.get(STATUS, headers={"Accept": "application/json"})).json()
    return [words for words in told["troubles"] if "备份" in words]


async def test_the_status_page_says_that_all_is_well(house: WebHouse, browse: Browse) -> None:
    """The system's administrator sees at once that nothing needs doing."""
    house.parts = (*house.parts, OPERATIONS)
    await tell(house, "web")
    await tell(house, "worker")
    await prove(house)
    await load_back(house, (await back_up(house)).backup_id)
    await house.user("admin", Role.SYSTEM_ADMIN)

    page = await (await (await browse("admin")).get(STATUS)).text()

    assert "一切正常" in page
    assert page.count("4711") == 2


async def test_the_status_page_names_each_trouble_with_where_to_look(
    house: WebHouse, browse: Browse, clock: FakeClock
) -> None:
    """Silent processes, a full disk, late work, dead letters and unproven recordings are told."""
    house.parts = (*house.parts, OPERATIONS)
    await bury(house)
    async with house.database.begin() as uow:
        uow.enqueue("send_message", key="late", payload={}, due_at=clock())
    await prove(house, **{str(new_id()): "changed"})
    await tell(house, "worker")
    clock.advance(timedelta(minutes=6))
    await tell(house, "web", free=50)
    await house.user("admin", Role.SYSTEM_ADMIN)
    await house.user("boss", Role.SHIFT_LEADER)
    client = await browse("admin")

    told = await (await client.get(STATUS, headers={"Accept": "application/json"})).json()
    page = await (await client.get(STATUS)).text()
    rows = await (await client.get("/operations/owed?job=send_message")).text()

    assert told["troubles"] == [
        "有进程未运行或无应答",
        "有待办作业积压",
        "有未完成事项等待人工处理",
        "录音磁盘空间不足",
        "有通话没有完整录音",
        "没有近期备份",
        "备份长期未经验证",
    ]
    assert (told["missing"], told["owed"]) == (["worker"], {"send_message": 1})
    assert "与封存哈希不符" in page
    assert "发送信函或短信" in rows
    assert (await client.get("/operations/owed?job=x&after=y")).status == 422
    assert (await (await browse("boss")).get(STATUS)).status == 403


async def test_a_backup_grows_old_and_so_does_its_proof(house: WebHouse, browse: Browse) -> None:
    """Who keeps the house sees when it was last saved, and that the copy was ever loaded."""
    house.parts = (*house.parts, OPERATIONS)
    await house.user("admin", Role.SYSTEM_ADMIN)
    client = await browse("admin")
    assert "hotline backup make" in await (await client.get(STATUS)).text()

    old = await back_up(house, ago=timedelta(hours=37))
    page = await (await client.get(STATUS)).text()
    assert old.folder in page
    assert "从未验证" in page
    assert await troubles(client) == ["没有近期备份", "备份长期未经验证"]

    new = await back_up(house, ago=timedelta(hours=35))
    assert await load_back(house, old.backup_id, ago=timedelta(days=36))
    assert await troubles(client) == ["备份长期未经验证"]

    assert await load_back(house, old.backup_id, ago=timedelta(days=34))
    assert await troubles(client) == []

    assert await load_back(house, new.backup_id, problem="table tickets: 1 rows instead of 2")
    assert await troubles(client) == ["最近验证的备份有问题"]
    assert "1 rows instead of 2" in await (await client.get(STATUS)).text()


async def test_nobody_asks_for_backups_that_something_else_makes(
    house: WebHouse, browse: Browse
) -> None:
    options = replace(
        OPERATIONS.provides[OPTIONS], backup_age=timedelta(), backup_proof_age=timedelta()
    )
    house.parts = (*house.parts, operations_part(options))
    await house.user("admin", Role.SYSTEM_ADMIN)
    client = await browse("admin")

    assert await troubles(client) == []
    assert "备份不由本系统制作" in await (await client.get(STATUS)).text()


async def test_a_backup_of_another_house_is_not_noted(house: WebHouse) -> None:
    assert not await load_back(house, new_id())


async def test_the_configuration_is_checked_when_asked_for(house: WebHouse, browse: Browse) -> None:
    house.parts = (*house.parts, OPERATIONS)
    await house.user("admin", Role.SYSTEM_ADMIN)

    page = await (await (await browse("admin")).get("/operations/configuration")).text()

    assert "发现 1 个问题" in page
    assert PROBLEM in page


async def test_a_process_that_was_replaced_or_has_ended_is_not_missed(
    house: WebHouse, clock: FakeClock
) -> None:
    """After a kill the new process counts; what ended in order is gone; a week later all is."""
    killed = await tell(house, "web")
    ended = await tell(house, "worker")
    async with house.database.begin() as uow:
        await processes.say_ended(uow, ended, now=clock())
    clock.advance(timedelta(minutes=3))
    async with house.database.read() as session:
        (silent,) = await processes.living(session, now=clock())
    assert (silent.process_id, silent.is_silent) == (killed, True)

    new = await tell(house, "web")
    async with house.database.read() as session:
        (only,) = await processes.living(session, now=clock())
    assert (only.process_id, only.is_silent) == (new, False)

    clock.advance(timedelta(days=8))
    async with house.database.begin() as uow:
        assert await processes.forget(uow, now=clock()) == 3
