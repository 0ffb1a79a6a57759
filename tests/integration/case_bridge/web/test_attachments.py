"""What citizens attach, from the form or the mail to the seat, and on to the unit's case page."""

import asyncio
import re
import smtplib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from email.message import EmailMessage
from hashlib import sha256
from io import BytesIO
from typing import Any

import pikepdf
import pytest
from aiohttp import FormData, web
from aiohttp.test_utils import TestClient
from sqlalchemy import select

from case_bridge.cases.case import EvidenceOrigin
from case_bridge.web.routes import PART as CASES
from channels.mail.adapter import MailServer, MailServerOptions
from channels.mail.parse import read_mail
from hotline.accounts import service as accounts
from hotline.accounts.roles import Role
from hotline.contacts.contact import Channel, InboundContact
from hotline.intake import service as intake
from hotline.intake.service import IntakeOptions
from hotline.kernel.ids import ContactId, TicketId
from hotline.tickets import service as tickets
from hotline.tickets.model import TicketRow
from tests.fakes.memory_signals import MemorySignals
from tests.fakes.photos import png
from tests.fakes.public_house import public
from tests.fakes.web_house import PASSWORD, PEOPLE, WebHouse, sign_in
from tests.integration.case_bridge.city import COVER, City

Client = TestClient[web.Request, web.Application]
Browse = Callable[..., Awaitable[Client]]

PHOTO = png()
PAGE = b"<html><script>alert(1)</script></html>"
MAILBOX = "12345@city.example"


def plan_of(author: bytes) -> bytes:
    """A PDF of one page, and who drew it."""
    with pikepdf.new() as paper:
        paper.add_blank_page()
        paper.docinfo["/Author"] = author.decode()
        out = BytesIO()
        paper.save(out)
    return out.getvalue()


AUTHOR = b"Zhang San"
PDF = plan_of(AUTHOR)


@pytest.fixture
async def browse(city: City, aiohttp_client: Any) -> Browse:
    """Open a browser in front of the public pages, the desk and the cases, signed in with roles."""
    house = WebHouse(
        city.database, city.clock, MemorySignals(), (public(), CASES), trusted_proxies=1
    )

    async def open_client(*roles: Role, unit: str | None = None) -> Client:
        headers = {"X-Forwarded-For": "192.0.2.1"}
        client: Client = await aiohttp_client(house.app(), headers=headers)
        if roles:
            login = f"{roles[0].value}{unit or ''}"
            async with city.database.begin() as uow:
                await accounts.create_user(
                    uow,
                    login=login,
                    password=PASSWORD,
                    display_name=login,
                    roles=roles,
                    unit_id=city.units[unit] if unit else None,
                    actor="test",
                    now=city.clock(),
                )
            assert (await sign_in(client, login)).status == 200
        return client

    return open_client


async def report_on_the_form(city: City, client: Client, **changes: str) -> TicketId:
    """A citizen fills in the public form and adds a photo."""
    page = await (await client.get("/report")).text()
    form = FormData(quote_fields=False)
    fields = {
        "body": "人民路12号门前井盖不见了",
        "address": "城东街道人民路12号",
        "reply_channel": "web",
        "category_code": COVER.key,
    } | changes
    for name in ("form_token", "nonce"):
        fields[name] = re.findall(rf'name="{name}" value="([^"]+)"', page)[-1]
    for name, value in fields.items():
        form.add_field(name, value)
    form.add_field("photos", PHOTO, filename="张三13800001234.png", content_type="image/png")
    answer = await client.post("/report", data=form)
    assert answer.status == 200, await answer.text()
    async with city.database.read() as session:
        found = await session.scalar(select(TicketRow.id))
    assert found
    return TicketId(found)


async def send_mail(city: City) -> TicketId:
    """A citizen's mail programme hands in a mail with four files of very different kinds."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "zhang@example.org", MAILBOX, "井盖不见了"
    mail["Message-ID"] = "<1@example.org>"
    mail.set_content("人民路12号门前")
    mail.add_attachment(PHOTO, "image", "png", filename="井盖.png")
    mail.add_attachment(PAGE, "image", "png", filename="其实是网页.png")
    mail.add_attachment(PAGE, "text", "html", filename="页面.html")
    mail.add_attachment(PDF, "application", "pdf", filename="图纸.pdf")
    kept: list[ContactId] = []

    async def store(contact: InboundContact) -> tuple[ContactId, bool]:
        stored = await intake.store(city.database, contact)
        kept.append(stored[0])
        return stored

    def talk(port: int) -> None:
        with smtplib.SMTP("127.0.0.1", port, "client.example.org", timeout=10) as client:
            client.send_message(mail)

    options = MailServerOptions("127.0.0.1", 0, "mail.city.example", mailboxes=frozenset({MAILBOX}))
    async with MailServer(options, store, city.clock) as server:
        await asyncio.to_thread(talk, server.port)
    reading = IntakeOptions(readers={Channel.MAIL: read_mail}, people=PEOPLE)
    ticket_id = await intake.parse_contact(
        city.database, kept[0], options=reading, now=city.clock()
    )
    assert ticket_id
    return ticket_id


async def hand_over(city: City, seat: Client, ticket_id: TicketId, place: str = "") -> str:
    """The seat completes the ticket and hands it to the city; return the case's address."""
    fields = {"category_code": COVER.key, "condition": "HAZARD"}
    if place:
        fields["address"] = place
    answer = await seat.put(f"/desk/tickets/{ticket_id}", json=fields)
    assert answer.status == 200, await answer.text()
    answer = await seat.post(f"/desk/tickets/{ticket_id}/transfer", json={})
    assert answer.status == 200, await answer.text()
    await city.run_jobs()
    return f"/cases/{await city.case_of(ticket_id)}"


async def files_at_the_desk(seat: Client, ticket_id: TicketId) -> list[dict[str, Any]]:
    answer = await seat.get(f"/desk/tickets/{ticket_id}")
    files: list[dict[str, Any]] = (await answer.json())["attachments"]
    return files


async def evidence(client: Client, case: str) -> list[dict[str, Any]]:
    """The files of the complainants on a case."""
    answer = await client.get(case, headers={"Accept": "application/json"})
    assert answer.status == 200, await answer.text()
    pieces = (await answer.json())["evidence"]
    return [
        each
        for each in pieces
        if each["origin"] == EvidenceOrigin.REPORT and each["media_type"] != "text/plain"
    ]


def assert_harmless(headers: Any, *, shown: bool) -> None:
    assert headers["Content-Disposition"].startswith("inline" if shown else "attachment")
    assert headers["Content-Type"] == ("image/png" if shown else "application/octet-stream")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["Cache-Control"] == "private, no-store"


async def test_a_photo_on_the_form_is_seen_by_seat_filing_desk_dispatcher_and_unit(
    city: City, browse: Browse
) -> None:
    """R9, R15: what a citizen shows goes with the matter: origin, time, fingerprint."""
    ticket_id = await report_on_the_form(city, await browse())
    sent_at = city.clock()
    seat = await browse(Role.SEAT)

    (file,) = await files_at_the_desk(seat, ticket_id)
    assert (file["is_shown"], file["kind"], file["size"]) == (True, "photo", len(PHOTO))
    page = await (await seat.get(f"/tickets/{ticket_id}")).text()
    assert f'<img src="{file["url"]}"' in page
    shown = await seat.get(file["url"])
    assert await shown.read() == PHOTO
    assert_harmless(shown.headers, shown=True)

    city.clock.advance(timedelta(minutes=5))
    case = await hand_over(city, seat, ticket_id)
    case_id = await city.case_of(ticket_id)
    await city.file(case_id)
    await city.dispatch(case_id)
    for reader in (
        await browse(Role.SHIFT_LEADER),
        await browse(Role.DISPATCHER),
        await browse(Role.UNIT, unit="drain"),
    ):
        (piece,) = await evidence(reader, case)
        assert piece["name"] == "附件1.png"  # not what the citizen called it
        assert piece["sha256"] == sha256(PHOTO).hexdigest()
        assert piece["at"] == sent_at.isoformat()
        url = f"{case}/evidence/{piece['evidence_id']}"
        assert f'<img src="{url}"' in await (await reader.get(case)).text()
        kept = await reader.get(url)
        assert await kept.read() == PHOTO
        assert_harmless(kept.headers, shown=True)
    stranger = await browse(Role.UNIT, unit="clean")
    assert (await stranger.get(url)).status == 403
    assert (await stranger.get(file["url"])).status == 403


async def test_files_of_a_mail_are_listed_and_only_a_photo_is_ever_shown(
    city: City, browse: Browse
) -> None:
    """R9, R15, R88: a page that calls itself a photo is saved, and does not go to the unit.

    The seat has the paper as it came; the city does not learn who wrote it.
    """
    ticket_id = await send_mail(city)
    seat = await browse(Role.SEAT)

    files = await files_at_the_desk(seat, ticket_id)
    assert [(each["name"], each["is_shown"]) for each in files] == [
        ("井盖.png", True),
        ("其实是网页.png", False),
        ("页面.html", False),
        ("图纸.pdf", False),
    ]
    page = await (await seat.get(f"/tickets/{ticket_id}")).text()
    for file, content in zip(files, (PHOTO, PAGE, PAGE, PDF), strict=True):
        answer = await seat.get(file["url"])
        assert await answer.read() == content
        assert_harmless(answer.headers, shown=file["is_shown"])
        assert f'href="{file["url"]}"' in page
        assert (f'src="{file["url"]}"' in page) is file["is_shown"]

    case = await hand_over(city, seat, ticket_id, place="人民路12号")
    dispatcher = await browse(Role.DISPATCHER)
    pieces = await evidence(dispatcher, case)
    assert {(each["name"], each["media_type"]) for each in pieces} == {
        ("附件1.png", "image/png"),
        ("附件2.pdf", "application/pdf"),
    }
    plan = next(each for each in pieces if each["media_type"] == "application/pdf")
    saved = await dispatcher.get(f"{case}/evidence/{plan['evidence_id']}")
    assert AUTHOR in PDF
    assert AUTHOR not in await saved.read()
    assert_harmless(saved.headers, shown=False)


async def test_files_of_a_confidential_citizen_stay_with_the_hotline(
    city: City, browse: Browse
) -> None:
    """R88: a photo may show who took it."""
    ticket_id = await report_on_the_form(city, await browse(), confidential="on")
    seat = await browse(Role.SEAT)
    assert len(await files_at_the_desk(seat, ticket_id)) == 1

    case = await hand_over(city, seat, ticket_id)

    assert await evidence(await browse(Role.DISPATCHER), case) == []


async def test_a_later_round_brings_no_file_twice(city: City, browse: Browse) -> None:
    """R12, R69: the same photo goes over the bridge with every round, and is kept once."""
    ticket_id = await report_on_the_form(city, await browse())
    case = await hand_over(city, await browse(Role.SEAT), ticket_id)
    case_id = await city.case_of(ticket_id)
    await city.finish(case_id)
    await city.run_jobs()
    async with city.database.begin() as uow:
        await tickets.reopen_ticket(
            uow, ticket_id, reason="没有修好", actor="test", now=city.clock()
        )
    await city.run_jobs()

    assert (await city.case(case_id)).round == 2
    assert len(await evidence(await browse(Role.DISPATCHER), case)) == 1


async def test_a_file_is_read_only_through_its_own_ticket(city: City, browse: Browse) -> None:
    """R88: whoever may read one ticket does not read another one's files by guessing addresses."""
    ticket_id = await report_on_the_form(city, await browse())
    other = await send_mail(city)
    seat = await browse(Role.SEAT)
    (file,) = await files_at_the_desk(seat, ticket_id)

    foreign = file["url"].replace(str(ticket_id), str(other))
    assert (await seat.get(foreign)).status == 404
    nobody = await browse()
    answer = await nobody.get(file["url"], headers={"Accept": "application/json"})
    assert answer.status == 401
