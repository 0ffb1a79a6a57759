"""Stories: three from contact to archive, by telephone, form and mail; one of two levels."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final

import aiosmtplib

from channels.voice.phone import Phone
from channels.voice.phone_call import PhoneCall
from channels.voice.tones import hears_tone, write_tone
from config.catalogue import load_catalogue
from config.demo.casework import City
from config.demo.clients import PATIENCE, Browser, StepFailed, by_id, eventually, expect, signed_in
from config.demo.district_story import Districts
from config.demo.hearing import hears_prompt
from config.demo.mailbox import Mailbox
from config.demo.telling import Story, Teller
from config.prompts import PROMPTS
from hotline.kernel.ids import new_id

CITIZEN_NUMBER: Final = "13800001234"
CITIZEN_MAIL: Final = "wang.li@example.org"
CITIZEN_PLACE: Final = "荷香路12号门前"
CITIZEN_WORDS: Final = "孩子放学看不清路"
CITIZEN_HERTZ: Final = 440.0
SEAT_HERTZ: Final = 880.0


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the stories are played: the running hotline, phones, mailbox, people."""

    base: str
    sip: str
    smtp: tuple[str, int]
    hotline_mail: str
    citizen: Phone
    seat_phone: Phone
    seat: Browser
    city: City
    mailbox: Mailbox
    folder: Path
    teller: Teller
    private: list[str]
    """What was said or given out in the stories, and no log may tell."""


async def by_phone(stage: Stage, story: Story) -> None:
    """A call, a ticket while they talk, a case, and an automatic call that asks."""
    teller = stage.teller
    await stage.seat.post("/desk/state", {"act": "sign_in"})
    await stage.seat.post("/desk/state", {"act": "available"})
    teller.step("坐席签入，话机已注册，置为空闲")
    call = await stage.citizen.dial(f"sip:12319@{stage.sip}")
    teller.step("市民拨打 12319，已接通")
    seat_call = await stage.seat_phone.next_call(timeout=PATIENCE)
    expect(await _heard(call, "recording_notice"), "no recording notice was heard")
    teller.step("市民听到录音告知，排队后坐席应答")
    await _talk(stage, call, seat_call)
    teller.step("双方互相听到对方（按声音内容核对）")
    ticket = await _write_ticket(stage, story)
    teller.step(f"通话中生成工单 {story.ticket}")
    await stage.seat.post(f"/desk/tickets/{ticket['ticket_id']}/transfer", {})
    await call.hang_up()
    await seat_call.wait_over(timeout=PATIENCE)
    await _wrap_up(stage)
    await stage.city.work(
        ticket["ticket_id"], story, teller, result="已更换井盖并恢复路面，现场安全。"
    )
    await _answer_callback_call(stage)
    await _see_archived(stage, ticket["ticket_id"], story)


async def by_form(stage: Stage, story: Story) -> None:
    """The public form; the answer is given on the status page."""
    teller = stage.teller
    async with Browser.open(stage.base) as citizen:
        receipt = await citizen.submit(
            "/report",
            {
                "body": f"荷香路幼儿园门口的路灯整夜不亮，{CITIZEN_WORDS}。",
                "address": CITIZEN_PLACE,
                "request_kind": "complaint",
                "reply_channel": "web",
            },
        )
        story.ticket, code = by_id(receipt, "ticket-number"), by_id(receipt, "query-code")
        teller.step(f"市民提交网页表单，当场得到工单号 {story.ticket} 和提取码")
        where = {"number": story.ticket, "code": code}
        ticket_id = await _classify(stage, story, code="0137", condition="DARK")
        page = await citizen.submit("/status", where)
        expect("已办结" not in page, "the status page says settled while the matter is open")
        teller.step("查询页面显示处理中，没有显示已办结")
        await stage.city.work(ticket_id, story, teller, result="已更换灯具并通电，当晚亮灯。")
        link = await eventually("the status page asks", lambda: _link_of(citizen, where))
        stage.private.append(link.rpartition("/")[2])
        await citizen.submit(link, {"solved": "1", "satisfaction": "1"})
        teller.step("市民在查询页面回答：已解决，非常满意")
    await _see_archived(stage, ticket_id, story)


async def by_mail(stage: Stage, story: Story) -> None:
    """A mail; receipt and result come by mail, the answer through the signed link."""
    teller = stage.teller
    message = EmailMessage()
    message["From"], message["To"] = CITIZEN_MAIL, stage.hotline_mail
    message["Subject"] = "清河街积存垃圾"
    message["Message-ID"] = f"<{new_id()}@example.org>"
    message.set_content("清河街菜市场后面堆了三天垃圾没人清理，气味很大，请尽快处理。")
    host, port = stage.smtp
    await aiosmtplib.send(message, hostname=host, port=port, timeout=30)
    teller.step("市民发出邮件，SMTP 250 已收妥")
    receipt = await stage.mailbox.wait("已受理", patience=PATIENCE)
    story.ticket = _found(r"工单编号：(\d+)", receipt)
    teller.step(f"市民收到受理回执，工单 {story.ticket}")
    ticket_id = await _classify(stage, story, code="0111", condition="")
    await stage.city.work(ticket_id, story, teller, result="已清运积存垃圾并冲洗地面。")
    result = await stage.mailbox.wait("已清运积存垃圾", patience=PATIENCE)
    link = _found(r"(https?://\S+/callback/\S+)", result)
    stage.private.append(link.rpartition("/")[2])
    teller.step("市民收到办理结果邮件，内有签名链接")
    async with Browser.open(stage.base) as citizen:
        await citizen.submit(link, {"solved": "1", "satisfaction": "2"})
    teller.step("市民点开链接回答：已解决，满意")
    await _see_archived(stage, ticket_id, story)


async def by_districts(stage: Stage, story: Story) -> None:
    """Cases handed down to two districts, left in the states that their desks look at."""
    async with signed_in(stage.base, "hxq") as east, signed_in(stage.base, "qhq") as west:
        shipped = load_catalogue().standard_in_use
        standard = f"{shipped.scheme}@{shipped.version}"
        states = await Districts(stage.city, east, west, standard, stage.teller).play()
    story.case = "、".join(states)
    story.outcome = ", ".join(states.values())


def prompt(name: str) -> Path:
    """Return a Mandarin prompt."""
    return PROMPTS / "zh-CN" / f"{name}.wav"


async def _talk(stage: Stage, call: PhoneCall, seat_call: PhoneCall) -> None:
    citizen_tone = write_tone(stage.folder / "citizen.wav", CITIZEN_HERTZ, seconds=2.0)
    seat_tone = write_tone(stage.folder / "seat.wav", SEAT_HERTZ, seconds=2.0)
    call.say(citizen_tone, loop=True)
    seat_call.say(seat_tone, loop=True)

    async def both_hear() -> bool | None:
        hear = hears_tone(call.heard, SEAT_HERTZ) and hears_tone(seat_call.heard, CITIZEN_HERTZ)
        return True if hear else None

    await eventually("both hear each other", both_hear, patience=20.0)


async def _wrap_up(stage: Stage) -> None:
    async def wrapping_up() -> bool | None:
        seat = (await stage.seat.get("/desk/snapshot"))["seat"]
        return True if seat["state"] == "wrap_up" else None

    await eventually("the seat wraps up", wrapping_up)
    await stage.seat.post("/desk/state", {"act": "end_wrap_up"})


async def _write_ticket(stage: Stage, story: Story) -> dict[str, Any]:
    async def talking() -> dict[str, Any] | None:
        contact = (await stage.seat.get("/desk/snapshot"))["seat"]["contact"]
        return contact if contact and contact["state"] == "answered" else None

    contact: Mapping[str, Any] = await eventually("the desk shows the call", talking)
    expect("****" in contact["number"], "the desk shows the whole number unasked")
    category = await _category(stage, "上水井盖", "0101", "facility")
    body = {
        "draft_id": f"demo-{new_id()}",
        "call_id": contact["call_id"],
        "request_kind": "complaint",
        "category_code": category,
        "condition": "HAZARD",
        "subject": "人行道上水井盖缺失",
        "body": "青年路与荷香路口东北角人行道，上水井盖不见了，很危险。",
        "address": "青年路与荷香路口东北角",
        "urgency": "urgent",
    }
    ticket: dict[str, Any] = (await stage.seat.post("/desk/tickets", body))["ticket"]
    story.ticket = ticket["number"]
    return ticket


async def _classify(stage: Stage, story: Story, *, code: str, condition: str) -> str:
    """Find the ticket on the desk's work list, give it a category, and transfer it."""

    async def waiting() -> str | None:
        lines = (await stage.seat.get("/desk/snapshot"))["tickets"]
        found = [line["ticket_id"] for line in lines if line["number"] == story.ticket]
        return found[0] if found else None

    ticket_id = await eventually("the desk lists the ticket", waiting)
    kind = "facility" if code == "0137" else "incident"
    category = await _category(stage, code, code, kind)
    await stage.seat.put(
        f"/desk/tickets/{ticket_id}", {"category_code": category, "condition": condition}
    )
    await stage.seat.post(f"/desk/tickets/{ticket_id}/transfer", {})
    stage.teller.step(f"坐席归类（{code}）并转办")
    return ticket_id


async def _category(stage: Stage, words: str, code: str, kind: str) -> str:
    found = (await stage.seat.get(f"/desk/categories?q={words}"))["categories"]
    keys = [each["key"] for each in found if each["code"] == code and each["kind"] == kind]
    expect(bool(keys), f"no category {code} is found by {words}")
    return str(keys[0])


async def _answer_callback_call(stage: Stage) -> None:
    ring = await stage.citizen.next_call(timeout=PATIENCE)
    stage.teller.step("系统自动回访来电，市民接听")
    await _after(ring, "ask_solved")
    await ring.press("1")
    stage.teller.step("听到办理结果与提问，按 1：已解决")
    await _after(ring, "ask_satisfaction")
    await ring.press("1")
    await ring.wait_over(timeout=PATIENCE)
    expect(await _heard(ring, "outcome_solved"), "the outcome was not spoken")
    expect(await _heard(ring, "thanks"), "nobody said thanks")
    stage.teller.step("按 1：非常满意，回访结束")


async def _heard(call: PhoneCall, name: str) -> bool:
    # In a thread: the phone's own sound must not wait for the arithmetic.
    return await asyncio.to_thread(hears_prompt, call.heard, prompt(name))


async def _after(call: PhoneCall, name: str) -> None:
    """Wait until a prompt has been heard to its end."""

    async def ended() -> bool | None:
        is_heard = await asyncio.to_thread(hears_prompt, call.heard, prompt(name), ended=True)
        return True if is_heard else None

    await eventually(f"the citizen hears {name}", ended, look_again=0.5)


async def _link_of(citizen: Browser, where: Mapping[str, str]) -> str | None:
    page = await citizen.submit("/status", where)
    found = re.search(r'href="(/callback/[^"]+)"', page)
    return found.group(1) if found else None


async def _see_archived(stage: Stage, ticket_id: str, story: Story) -> None:
    async def closed() -> dict[str, Any] | None:
        ticket: dict[str, Any] = (await stage.seat.get(f"/desk/tickets/{ticket_id}"))["ticket"]
        return ticket if ticket["state"] == "closed" else None

    ticket = await eventually("the ticket is archived", closed)
    story.outcome = f"{ticket['outcome']}, {ticket['close_reason']}"
    stage.teller.step(f"工单 {story.ticket} 归档（{story.outcome}）")


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise StepFailed(f"nothing in the mail looks like {pattern}")
    return found.group(1)
