"""The list of tickets: found, kept under a name, taken away as a file."""

import csv
import io
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiohttp.test_utils import TestClient
from openpyxl import load_workbook
from sqlalchemy import select

from hotline.accounts.model import AuditRow
from hotline.accounts.roles import Role
from hotline.contacts.contact import Channel
from hotline.kernel.ids import TicketId
from hotline.people.service import identify
from hotline.reports.exports import service as exports
from hotline.reports.exports.model import ExportRow, ExportState
from hotline.reports.exports.service import ExportOptions
from hotline.reports.exports.tickets import TicketExport
from hotline.tickets import service
from hotline.tickets.ticket import RequestKind, TicketDraft
from hotline.web.labels import label
from hotline.web.tickets.handlers import ticket_lists_part
from hotline.web.tickets.options import TicketListOptions
from tests.conftest import FakeClock
from tests.fakes.web_house import NUMBER, PEOPLE, WebHouse, form_token

Browse = Callable[..., Awaitable[TestClient[Any, Any]]]


@pytest.fixture
def options(house: WebHouse, tmp_path: Path) -> ExportOptions:
    """The house with lists of tickets, whose files lie in a folder of the test."""
    made = ExportOptions(tmp_path / "exports", {"tickets": TicketExport(label)})
    part = ticket_lists_part(TicketListOptions(people=PEOPLE, exports=made))
    house.parts = (*house.parts, part)
    return made


async def opened(house: WebHouse, subject: str, **fields: Any) -> TicketId:
    async with house.database.begin() as uow:
        citizen = await identify(uow, options=PEOPLE, phone=NUMBER, now=house.clock())
        values: dict[str, Any] = {
            "channel": Channel.WEB,
            "request_kind": RequestKind.COMPLAINT,
            "subject": subject,
            "body": f"请打{NUMBER}",
            "reply_channel": Channel.VOICE,
            "reply_to": NUMBER,
            "citizen_id": citizen,
        }
        draft = TicketDraft(**(values | fields))
        return await service.open_ticket(uow, draft, now=house.clock())


async def page(client: TestClient[Any, Any], path: str) -> str:
    answer = await client.get(path)
    assert answer.status == 200, await answer.text()
    return await answer.text()


async def post(client: TestClient[Any, Any], path: str, **fields: str) -> Any:
    token = await form_token(client, "/tickets")
    return await client.post(path, data={"form_token": token, **fields}, allow_redirects=False)


@pytest.mark.usefixtures("options")
async def test_a_shift_leader_finds_tickets_by_words_state_and_number(
    house: WebHouse, browse: Browse
) -> None:
    """Issue C 11: lists with filters; a ticket's number leads to the ticket."""
    lamp = await opened(house, "路灯不亮")
    await opened(house, "井盖缺失")
    await house.user("boss", Role.SHIFT_LEADER)
    client = await browse("boss")

    found = await page(client, "/tickets?words=路灯&state=open")
    assert "路灯不亮" in found
    assert "井盖缺失" not in found
    assert "共 1 件" in found
    assert "没有符合条件的工单" in await page(client, "/tickets?state=closed")
    assert NUMBER not in found
    program = await client.get("/tickets?words=路灯", headers={"Accept": "application/json"})
    (line,) = (await program.json())["tickets"]
    assert line["subject"] == "路灯不亮"
    leads = await client.get(f"/tickets?number={line['number']}", allow_redirects=False)
    assert leads.headers["Location"] == f"/tickets/{lamp}"
    assert (await client.get("/tickets?state=lost")).status == 422
    assert (await client.get("/tickets?since=yesterday")).status == 422


@pytest.mark.usefixtures("options")
async def test_every_due_time_leads_to_how_it_was_reckoned(house: WebHouse, browse: Browse) -> None:
    """Issue C 4: every due time on every screen opens its deadline receipt."""
    ticket = await opened(house, "路灯不亮")
    async with house.database.begin() as uow:
        await service.transfer_ticket(uow, ticket, actor="user:a", now=house.clock())
    await house.user("boss", Role.SHIFT_LEADER)
    client = await browse("boss")

    assert f'href="/tickets/{ticket}#deadline"' in await page(client, "/tickets")
    receipt = await page(client, f"/tickets/{ticket}")
    assert 'id="deadline"' in receipt
    assert "13" in receipt.partition('id="deadline"')[2]
    assert "已转办" in await page(client, "/tickets")


@pytest.mark.usefixtures("options")
async def test_a_citizen_is_found_by_number_with_a_reason_only(
    house: WebHouse, browse: Browse
) -> None:
    """R88: the number is in no address; who asked and why is in the audit log."""
    await opened(house, "路灯不亮")
    await house.user("boss", Role.SHIFT_LEADER)
    client = await browse("boss")

    assert (await post(client, "/lists/tickets/by-number", phone=NUMBER)).status == 422
    path = "/lists/tickets/by-number"
    unknown = await post(client, path, phone="13900009999", reason="来电询问")
    answer = await post(client, path, phone=NUMBER, reason="来电询问")

    assert unknown.status == 404
    assert NUMBER not in answer.headers["Location"]
    assert "路灯不亮" in await page(client, answer.headers["Location"])
    async with house.database.read() as session:
        logged = (
            await session.scalars(
                select(AuditRow).where(AuditRow.action == "tickets.find_by_number")
            )
        ).all()
    assert [row.detail for row in logged] == [{"reason": "来电询问"}] * 2
    assert {row.actor for row in logged} == {"boss"}


@pytest.mark.usefixtures("options")
async def test_a_view_is_kept_shared_with_a_role_and_forgotten(
    house: WebHouse, browse: Browse
) -> None:
    """Issue C 11: saved views."""
    await house.user("boss", Role.SHIFT_LEADER)
    await house.user("mate", Role.SHIFT_LEADER)
    await house.user("chief", Role.LEADER)
    boss, mate, chief = await browse("boss"), await browse("mate"), await browse("chief")

    kept = await post(
        boss,
        "/lists/tickets/views",
        name="超期",
        query="due=overdue&after=x&evil=1",
        role="shift_leader",
    )
    assert kept.headers["Location"] == "/tickets?due=overdue"
    refused = await post(boss, "/lists/tickets/views", name="a", query="", role="leader")
    assert refused.status == 403
    assert 'href="/tickets?due=overdue"' in await page(mate, "/tickets")
    assert 'href="/tickets?due=overdue"' not in await page(chief, "/tickets")
    own = await page(boss, "/tickets")
    remove = own.partition('action="/lists/tickets/views/')[2].partition('"')[0]
    assert (await post(mate, f"/lists/tickets/views/{remove}")).status == 404
    assert (await post(boss, f"/lists/tickets/views/{remove}")).status == 303
    assert "超期</a>" not in await page(mate, "/tickets")


async def exported(house: WebHouse, options: ExportOptions) -> UUID:
    """Carry out what is owed; return the file's id."""
    async with house.database.read() as session:
        export_id = (
            await session.scalars(
                select(ExportRow.id).where(ExportRow.state == ExportState.WAITING)
            )
        ).one()
    await exports.write_export(house.database, export_id, options=options, now=house.clock())
    return export_id


async def test_a_file_is_masked_unless_right_and_reason_are_there(
    house: WebHouse, browse: Browse, options: ExportOptions, clock: FakeClock
) -> None:
    """R88, issue C 11: every export and every download is in the audit log."""
    await opened(house, "=1+1路灯")
    await opened(house, "路灯不亮", anonymous=True)
    await house.user("boss", Role.SHIFT_LEADER)
    await house.user("chief", Role.LEADER)
    boss, chief = await browse("boss"), await browse("chief")
    ask = "/lists/tickets/exports"

    assert (await post(boss, ask, format="csv", query="", unmasked="on")).status == 422
    assert (
        await post(chief, ask, format="csv", query="", unmasked="on", export_reason="核对")
    ).status == 403
    assert (await post(boss, ask, format="csv", query="words=路灯")).status == 303
    export_id = await exported(house, options)
    content = await (await boss.get(f"/lists/exports/{export_id}/file")).read()
    lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))

    assert len(lines) == 3
    assert NUMBER not in content.decode()
    assert "'=1+1路灯" in {line[7] for line in lines}
    assert (await chief.get(f"/lists/exports/{export_id}/file")).status == 404
    assert "可下载" in await page(boss, "/lists/exports")

    fields = {"format": "xlsx", "query": "", "unmasked": "on", "export_reason": "核对"}
    assert (await post(boss, ask, **fields)).status == 303
    sheet_id = await exported(house, options)
    answer = await boss.get(f"/lists/exports/{sheet_id}/file")
    sheet = load_workbook(io.BytesIO(await answer.read())).active
    assert sheet is not None
    addresses = {row[18] for row in sheet.iter_rows(min_row=2, values_only=True)}
    # Who is anonymous stays so, whatever the reason.
    assert addresses == {NUMBER, "匿名"}
    async with house.database.read() as session:
        acts = list(
            await session.scalars(
                select(AuditRow.action)
                .where(AuditRow.action.like("tickets.%"))
                .order_by(AuditRow.seq)
            )
        )
    assert acts == ["tickets.export", "tickets.export_taken"] * 2

    clock.advance(timedelta(days=8))
    assert await exports.forget_exports(house.database, options=options, now=clock()) == 2
    assert not list(options.folder.iterdir())
    later = await browse("boss")
    assert (await later.get(f"/lists/exports/{sheet_id}/file")).status == 404


async def test_a_file_goes_on_where_a_crash_cut_it(
    house: WebHouse,
    browse: Browse,
    options: ExportOptions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No ticket twice, none missing, when a piece was written and its row was not."""
    for number in range(5):
        await opened(house, f"路灯{number}")
    await house.user("boss", Role.SHIFT_LEADER)
    client = await browse("boss")
    monkeypatch.setattr(exports, "PIECE", 2)
    monkeypatch.setattr(exports, "TURN_SECONDS", 0.0)
    await post(client, "/lists/tickets/exports", format="csv", query="")

    export_id = await exported(house, options)
    async with house.database.read() as session:
        row = await session.get_one(ExportRow, export_id)
        assert (row.state, row.written, row.part) == (ExportState.WRITING, 2, 1)
    with exports.export_path(row, options).open("ab") as file:
        file.write("写了一半".encode())
    for _ in range(2):
        await exports.write_export(house.database, export_id, options=options, now=house.clock())
    lines = exports.export_path(row, options).read_text(encoding="utf-8-sig").splitlines()

    assert len(lines) == 6
    assert {f"路灯{number}" in "".join(lines) for number in range(5)} == {True}
    assert "写了一半" not in "".join(lines)


async def test_a_sheet_of_too_many_rows_says_what_to_do(
    house: WebHouse, browse: Browse, options: ExportOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    await opened(house, "路灯")
    await opened(house, "井盖")
    await house.user("boss", Role.SHIFT_LEADER)
    client = await browse("boss")
    monkeypatch.setattr(exports, "MOST_SHEET_ROWS", 1)
    await post(client, "/lists/tickets/exports", format="xlsx", query="")
    await exported(house, options)

    assert "ask for CSV" in await page(client, "/lists/exports")
