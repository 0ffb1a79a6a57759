"""The pages of the audit log."""

import csv
import io
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import text

from hotline.accounts import audit, audit_reading
from hotline.accounts.roles import Role
from hotline.web.audit import handlers
from hotline.web.audit.handlers import PART
from tests.conftest import FakeClock
from tests.fakes.web_house import WebHouse, form_token, sign_in

Client = TestClient[Any, Any]
Browse = Callable[..., Awaitable[Client]]
PROGRAM = {"Accept": "application/json"}


@pytest.fixture
async def auditor(house: WebHouse, browse: Browse) -> Client:
    """An audit administrator's browser."""
    house.parts = (*house.parts, PART)
    await house.user("aud", Role.AUDIT_ADMIN)
    return await browse("aud")


async def act(house: WebHouse, actor: str, action: str, target: str, **detail: Any) -> audit.Head:
    async with house.database.begin() as uow:
        return await audit.append(
            uow, actor=actor, action=action, target=target, detail=detail, now=house.clock()
        )


async def found(client: Client, query: str) -> list[tuple[str, str]]:
    answer = await client.get(f"/audit?{query}", headers=PROGRAM)
    assert answer.status == 200, await answer.text()
    return [(row["actor"], row["action"]) for row in (await answer.json())["rows"]]


async def test_rows_are_found_by_who_what_and_when(
    house: WebHouse, auditor: Client, clock: FakeClock
) -> None:
    await act(house, "seat1", "number.unmask", "ticket:1", reason="回访")
    clock.advance(timedelta(days=1))
    await act(house, "seat2", "number.unmask", "ticket:2")
    await act(house, "seat2", "seat_x", "ticket:20")
    clock.advance(timedelta(days=1))
    await sign_in(auditor, "aud")

    assert await found(auditor, "actor=seat1") == [("seat1", "number.unmask")]
    assert await found(auditor, "action=number.") == [
        ("seat2", "number.unmask"),
        ("seat1", "number.unmask"),
    ]
    assert await found(auditor, "target=ticket:2") == [
        ("seat2", "seat_x"),
        ("seat2", "number.unmask"),
    ]
    assert await found(auditor, "action=seat%25") == []
    assert await found(auditor, "since=2026-03-12&until=2026-03-12") == [
        ("seat2", "seat_x"),
        ("seat2", "number.unmask"),
    ]
    page = await (await auditor.get("/audit?actor=seat1")).text()
    assert "查看完整号码" in page
    assert (await auditor.get("/audit?since=x")).status == 422
    assert (await auditor.get("/audit?before=x")).status == 422


async def test_reading_is_a_row_too(house: WebHouse, auditor: Client) -> None:
    """GB/T 22239-2019 8.1.4.3: who watches is watched."""
    await auditor.get("/audit?actor=seat1&since=2026-03-01")

    (row,) = (await (await auditor.get("/audit?action=audit.", headers=PROGRAM)).json())["rows"]

    assert (row["actor"], row["action"]) == ("aud", "audit.read")
    assert row["detail"] == {"actor": "seat1", "since": "2026-03-01"}


async def test_many_rows_are_read_page_by_page_without_loss_while_rows_are_added(
    house: WebHouse, auditor: Client, monkeypatch: Any
) -> None:
    monkeypatch.setattr(handlers, "MOST", 2)
    made = [(await act(house, "seat1", "a", "x")).seq for _ in range(5)]
    seen: list[int] = []
    query = "actor=seat1"
    while True:
        answer = await (await auditor.get(f"/audit?{query}", headers=PROGRAM)).json()
        seen += [row["seq"] for row in answer["rows"]]
        if answer["next"] is None:
            break
        query = f"actor=seat1&before={answer['next']}"

    assert seen == sorted(made, reverse=True)


async def test_a_row_opens_with_its_detail_and_its_place_in_the_chain(
    house: WebHouse, auditor: Client
) -> None:
    user_id = await house.user("zhou", Role.SEAT)
    made = await act(house, "sec", "user.disable", f"user:{user_id}", reason="离职<b>")

    page = await (await auditor.get(f"/audit/{made.seq}")).text()

    assert made.hash in page
    assert "离职&lt;b&gt;" in page
    assert "zhou" in page
    async with house.database.begin() as uow:
        await audit.erase_detail(uow, made.seq, actor="law", reason="法定", now=house.clock())
    gone = await (await auditor.get(f"/audit/{made.seq}")).text()
    assert "详情已依法清除" in gone
    assert "离职" not in gone
    assert (await auditor.get("/audit/99999")).status == 404
    assert (await auditor.get("/audit/x")).status == 422


async def test_the_chain_is_verified_and_its_head_shown(house: WebHouse, auditor: Client) -> None:
    noted = await act(house, "seat1", "a", "x", reason="一")
    token = await form_token(auditor, "/audit")

    async def verify(head: str = "") -> str:
        fields = {"form_token": token, "head": head}
        return await (await auditor.post("/audit/verify", data=fields)).text()

    whole = await verify(f"{noted.seq}:{noted.hash}")
    assert "日志完整" in whole
    assert "仍在日志中" in whole
    head = re.search(r"<code>(\d+:[0-9a-f]{64})</code>", whole)
    assert head
    assert "日志完整" in await verify(head.group(1))
    assert "的末条" not in await verify()
    async with house.database.begin() as uow:
        await uow.session.execute(
            text("UPDATE audit_log SET detail = '{}' WHERE seq = :seq"), {"seq": noted.seq}
        )
    broken = await verify()
    assert "发现 1 处问题" in broken
    assert f"/audit/{noted.seq}" in broken
    bad = {"form_token": token, "head": "x"}
    assert (await auditor.post("/audit/verify", data=bad)).status == 422
    verified = await found(auditor, "action=audit.verify")
    assert verified == [("aud", "audit.verify")] * 4


async def test_rows_are_taken_away_as_csv_that_no_spreadsheet_runs(
    house: WebHouse, auditor: Client, monkeypatch: Any
) -> None:
    monkeypatch.setattr(audit_reading, "_BATCH", 2)
    for number in range(5):
        await act(house, "=1+1", "number.unmask", f"ticket:{number}", reason="回访")
    await act(house, "other", "b", "x")
    token = await form_token(auditor, "/audit")

    answer = await auditor.post("/audit/export", data={"form_token": token, "actor": "=1+1"})

    lines = list(csv.reader(io.StringIO((await answer.read()).decode("utf-8-sig"))))
    assert answer.headers["Content-Disposition"].endswith('filename="audit-20260311.csv"')
    assert [line[5] for line in lines] == ["对象", *(f"ticket:{n}" for n in range(5))]
    assert {line[2] for line in lines[1:]} == {"'=1+1"}
    assert "回访" in lines[1][6]
    assert await found(auditor, "action=audit.export") == [("aud", "audit.export")]


@pytest.mark.parametrize("role", [Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.LEADER])
async def test_only_the_audit_administrator_reads_the_log(
    house: WebHouse, auditor: Client, browse: Browse, role: Role
) -> None:
    await house.user("other", role)

    assert (await (await browse("other")).get("/audit")).status == 403
