"""Call control over HTTP: the directory, what a transfer needs, and the emergency card."""

from typing import Any
from uuid import uuid4

from sqlalchemy import select

from hotline.accounts.model import AuditRow
from hotline.accounts.roles import Role
from hotline.queues.control.states import TargetKind
from hotline.queues.model import PhoneRequestRow
from hotline.queues.phone_act import PhoneAct
from hotline.queues.phone_directory import DirectoryEntry, save_directory
from tests.fakes.web_house import WebHouse
from tests.integration.hotline.web.test_phone import Browse, sit, talk, voice

DIRECTORY = (
    DirectoryEntry(key="119", kind=TargetKind.EMERGENCY, name_zh="消防救援", number="119"),
    DirectoryEntry(key="RQG", kind=TargetKind.DEPARTMENT, name_zh="燃气公司", number="01000001022"),
    DirectoryEntry(key="GSG", kind=TargetKind.DEPARTMENT, name_zh="供水公司", number="01000001021"),
)


async def found(client: Any, query: str = "", kind: str = "") -> list[tuple[str, str]]:
    answer = await client.get("/desk/directory", params={"q": query, "kind": kind})
    assert answer.status == 200
    return [(each["kind"], each["key"]) for each in (await answer.json())["entries"]]


async def matter(client: Any, call_id: str, subject: str) -> str:
    """A ticket of the call; return its number."""
    body = {
        "draft_id": str(uuid4()),
        "call_id": call_id,
        "request_kind": "report",
        "subject": subject,
        "body": subject,
    }
    answer = await client.post("/desk/tickets", json=body)
    assert answer.status == 201
    number: str = (await answer.json())["ticket"]["number"]
    return number


async def test_the_directory_is_found_by_name_pinyin_initials_and_number(
    house: WebHouse, browse: Browse
) -> None:
    """Emergency services come first; the seat itself is not in it; a number is offered as one."""
    client = await sit(house, browse)
    await house.seat("802")
    async with house.database.begin() as uow:
        await save_directory(uow, DIRECTORY)

    everybody = await found(client)
    assert everybody[0] == ("emergency", "119")
    assert ("seat", "802") in everybody
    assert ("seat", "801") not in everybody
    assert ("queue", "main") in everybody
    for query in ("燃气", "ranqi", "rqgs", "01000001022"):
        assert (await found(client, query))[0] == ("department", "RQG")
    assert (await found(client, "13900001111")) == [("number", "13900001111")]
    assert await found(client, kind="emergency") == [("emergency", "119")]


async def test_an_entry_that_has_left_the_data_has_left_the_directory(
    house: WebHouse, browse: Browse
) -> None:
    """The data file is the truth: the same again changes nothing."""
    client = await sit(house, browse)
    async with house.database.begin() as uow:
        assert await save_directory(uow, DIRECTORY) == 3
    async with house.database.begin() as uow:
        assert await save_directory(uow, DIRECTORY) == 0
    async with house.database.begin() as uow:
        assert await save_directory(uow, DIRECTORY[:2]) == 1
    assert ("department", "GSG") not in await found(client)


async def test_a_transfer_names_whom_and_how(house: WebHouse, browse: Browse) -> None:
    """What is missing is said; what is complete reaches the voice process with the seat's name."""
    client = await sit(house, browse)
    call_id = str(await talk(house))
    body = {"act": "transfer", "call_id": call_id}
    assert (await client.post("/desk/phone/act", json=body)).status == 422
    body |= {"kind": "seat", "target": "802", "mode": "consult"}
    async with voice(house) as asked:
        assert (await client.post("/desk/phone/act", json=body)).status == 200
    assert asked == [PhoneAct.TRANSFER]
    async with house.database.read() as session:
        row = await session.scalar(select(PhoneRequestRow))
    assert row is not None
    wanted = {"kind": "seat", "target": "802", "mode": "consult"}
    assert {name: row.detail[name] for name in wanted} == wanted
    assert row.detail["seat_id"]


async def test_an_emergency_call_takes_its_card_along_and_is_in_the_audit_log(
    house: WebHouse, browse: Browse
) -> None:
    """Place, words and number go on the card; the log says that there was one, not what it says."""
    client = await sit(house, browse)
    call_id = str(await talk(house))
    lamp, fire = [await matter(client, call_id, subject) for subject in ("路灯不亮", "三楼冒烟")]
    card = {"address": "荷香路 8 号", "words": "三楼冒烟", "longitude": 115.5, "latitude": 38.9}
    sent_card = card | {"ticket": fire}
    body = {"act": "transfer", "call_id": call_id, "mode": "join", "card": sent_card}
    async with voice(house):
        sent = await client.post(
            "/desk/phone/act", json=body | {"kind": "emergency", "target": "119"}
        )
        assert sent.status == 200
    async with house.database.read() as session:
        row = await session.scalar(select(PhoneRequestRow))
        audited = await session.scalar(select(AuditRow).where(AuditRow.action == "call.emergency"))
    assert row is not None
    assert {name: row.detail["card"][name] for name in sent_card} == sent_card
    assert fire != lamp
    assert audited is not None
    assert audited.detail == {"service": "119", "ticket": fire, "has_card": True}


async def test_another_seats_call_cannot_be_transferred(house: WebHouse, browse: Browse) -> None:
    """403 for whoever does not talk on it."""
    await sit(house, browse)
    call_id = str(await talk(house))
    await house.user("zhao", Role.SEAT, seat="802")
    other = await browse("zhao")
    body = {"act": "park", "call_id": call_id}
    assert (await other.post("/desk/phone/act", json=body)).status == 403
