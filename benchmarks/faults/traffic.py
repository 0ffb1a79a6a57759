"""Citizens and staff who go on through every outage; what is acknowledged goes into the ledger."""

import asyncio
import html
import random
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

import aiohttp
import aiosmtplib

from benchmarks.faults.installation import Installation
from channels.voice.leg import Leg
from channels.voice.media.embedded import EmbeddedMediaEngine
from channels.voice.phone import Phone, PhoneOptions
from channels.voice.phone_call import PhoneCall, PhoneError
from channels.voice.sip.events import CallOffered
from config.demo.clients import Browser, StepFailed
from config.demo.people import PASSWORD, SEATS
from hotline.kernel.ids import new_id

PAUSE_SECONDS = 1.0
RETRY_SECONDS = 0.25
TALK_SECONDS = 1.5
KEY_SECONDS = 1.5
LONGEST_SURVEY = 60.0
MAILBOX = "hotline@localhost"

Broken = (OSError, TimeoutError, aiohttp.ClientError, aiosmtplib.SMTPException, StepFailed)
"""What an outage looks like from outside."""

_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')
_NUMBER = re.compile(r'id="ticket-number"[^>]*>\s*(\d+)')


@dataclass(slots=True)
class Ledger:
    """What citizens hold in their hands."""

    forms: dict[str, str] = field(default_factory=dict)
    """Nonce of the page to the ticket number on the receipt; empty if no number was seen."""
    mails: set[str] = field(default_factory=set)
    """Message-IDs that got their 250."""
    calls: set[str] = field(default_factory=set)
    """Numbers of callers whose call was answered."""
    waiting: int = 0
    """Contacts that were sent and not acknowledged yet; their senders try again."""
    refusals: Counter[str] = field(default_factory=Counter)


class RungPhone(Phone):
    """The telephones of all citizens, at the far end of the trunk; counts who is rung."""

    def __init__(self, options: PhoneOptions, folder: Path, media: EmbeddedMediaEngine) -> None:
        super().__init__(options, folder, media)
        self.rings: Counter[str] = Counter()

    def _call_came(self, offered: CallOffered, leg: Leg) -> None:
        self.rings[offered.target.user or ""] += 1
        super()._call_came(offered, leg)


class Traffic:
    """Everybody outside, each in a task of the caller."""

    def __init__(
        self, installation: Installation, ledger: Ledger, chance: random.Random, *, unsafe: bool
    ) -> None:
        self.installation = installation
        self.ledger = ledger
        self.chance = chance
        self.unsafe = unsafe
        """Claim what was sent while nobody was there to take it."""
        self.is_closing = False
        self.surveys = 0
        """Callbacks that citizens have answered so far."""
        self._transferred: list[str] = []
        self._later: set[str] = set()

    # citizens

    async def forms(self) -> None:
        """Fill in one form after the other, and send each until the receipt is there."""
        while not self.is_closing:
            if self.unsafe and not self.installation.is_up:
                self.ledger.forms[new_id().hex] = ""
            else:
                await self._send_form()
            await asyncio.sleep(PAUSE_SECONDS)

    async def _send_form(self) -> None:
        jar = aiohttp.CookieJar(unsafe=True)  # the site is an IP address here
        limit = aiohttp.ClientTimeout(total=10)
        fields = self._report()
        async with aiohttp.ClientSession(cookie_jar=jar, timeout=limit) as session:
            page = await self._until_done(lambda: self._page(session, "/report"), count=False)
            fields |= {name: html.unescape(value) for name, value in _HIDDEN.findall(page)}
            nonce = fields["nonce"]
            where = await self._until_done(lambda: self._post_form(session, fields))
            self.ledger.forms[nonce] = ""
            if where:
                with suppress(*Broken):
                    found = _NUMBER.search(await self._page(session, where))
                    self.ledger.forms[nonce] = found.group(1) if found else ""

    def _report(self) -> dict[str, str]:
        number = self.chance.randrange(1, 999)
        fields = {"body": f"人民路{number}号门前的路灯不亮。", "address": f"人民路{number}号"}
        if self.chance.random() < 0.4:
            phone = f"139{self.chance.randrange(10**8):08d}"
            return fields | {"reply_channel": "voice", "phone": phone}
        return fields | {"reply_channel": "web"}

    async def _page(self, session: aiohttp.ClientSession, path: str) -> str:
        async with session.get(f"{self.installation.base}{path}") as response:
            response.raise_for_status()
            return await response.text()

    async def _post_form(self, session: aiohttp.ClientSession, fields: dict[str, str]) -> str:
        async with session.post(
            f"{self.installation.base}/report", data=fields, allow_redirects=False
        ) as response:
            if response.status != 303:
                self.ledger.refusals[f"form {response.status}"] += 1
                raise StepFailed(f"form: {response.status}")
            return response.headers["Location"]

    async def mails(self) -> None:
        """Send one mail after the other, each until it gets its 250."""
        smtp = self.installation.smtp
        while not self.is_closing:
            identity = f"<{new_id()}@example.org>"
            message = EmailMessage()
            message["From"], message["To"] = f"c{new_id().hex[:12]}@example.org", MAILBOX
            message["Subject"], message["Message-ID"] = "清河街积存垃圾", identity
            message.set_content("清河街菜市场后面堆了三天垃圾没人清理。")
            await self._until_done(
                lambda message=message: aiosmtplib.send(  # type: ignore[misc]
                    message, hostname=smtp.host, port=smtp.port, timeout=10
                )
            )
            self.ledger.mails.add(identity)
            await asyncio.sleep(PAUSE_SECONDS)

    async def calls(self) -> None:
        """Call the hotline again and again, each time from another number, and talk a while."""
        while not self.is_closing:
            number = f"137{self.chance.randrange(10**8):08d}"
            async with Phone.open(PhoneOptions(user=number)) as phone:
                with suppress(PhoneError, OSError):
                    call = await phone.dial(f"sip:12319@{self.installation.sip}", timeout=4)
                    self.ledger.calls.add(number)
                    await asyncio.sleep(TALK_SECONDS)
                    await call.hang_up()
            await asyncio.sleep(PAUSE_SECONDS)

    async def _until_done(self, act: Callable[[], Awaitable[object]], *, count: bool = True) -> str:
        """Try until it is done; count it as waiting meanwhile."""
        self.ledger.waiting += count
        try:
            while True:
                with suppress(*Broken):
                    done = await act()
                    return done if isinstance(done, str) else ""
                await asyncio.sleep(RETRY_SECONDS)
        finally:
            self.ledger.waiting -= count

    # telephones that are rung

    async def answer_surveys(self, phone: Phone) -> None:
        """Answer each callback, and press 1 until it is over."""
        async with asyncio.TaskGroup() as talks:
            while True:
                with suppress(PhoneError):
                    talks.create_task(self._answer_survey(await phone.next_call(timeout=3600)))

    async def _answer_survey(self, call: PhoneCall) -> None:
        self.surveys += 1
        with suppress(TimeoutError, PhoneError, OSError):
            async with asyncio.timeout(LONGEST_SURVEY):
                while not call.is_over:
                    await call.press("1")
                    await asyncio.sleep(KEY_SECONDS)
        if not call.is_over:
            await call.hang_up()

    async def take_calls(self, phone: Phone) -> None:
        """The seat's telephone: answer by itself, and hang up after a while."""
        while True:
            with suppress(PhoneError):
                call = await phone.next_call(timeout=3600)
                await asyncio.sleep(TALK_SECONDS)
                if not call.is_over:
                    await call.hang_up()

    # staff

    async def sit(self, seat: Browser) -> None:
        """Be available whenever the desk says otherwise."""
        acts = {
            "signed_out": "sign_in", "on_break": "available", "wrap_up": "end_wrap_up",
        }  # fmt: skip
        while True:
            with suppress(*Broken):
                state = (await seat.get("/desk/snapshot"))["seat"]["state"]
                if state in acts:
                    await seat.post("/desk/state", {"act": acts[state]})
                    if state == "signed_out":
                        await seat.post("/desk/state", {"act": "available"})
            await asyncio.sleep(PAUSE_SECONDS)

    async def work(self, seat: Browser, leader: Browser) -> None:
        """Hand over tickets that want a call, decide the cases; answer the others at the end."""
        category = ""
        while True:
            with suppress(*Broken):
                category = category or await _category(seat)
                for ticket_id in list(self._transferred):
                    await self._decide(leader, ticket_id)
                for line in (await seat.get("/desk/snapshot"))["tickets"]:
                    if self.is_closing or line["ticket_id"] not in self._later:
                        await self._work_on(seat, line["ticket_id"], category)
            await asyncio.sleep(RETRY_SECONDS)

    async def _work_on(self, seat: Browser, ticket_id: str, category: str) -> None:
        ticket = (await seat.get(f"/desk/tickets/{ticket_id}"))["ticket"]
        if ticket["state"] != "open":
            return
        if ticket["reply_channel"] != "voice":
            self._later.add(ticket_id)
            if not self.is_closing:
                return
            await seat.post(f"/desk/tickets/{ticket_id}/answer", {"answer": "已记录，谢谢。"})
            return
        body = {"category_code": category, "condition": "DARK"}
        await seat.put(f"/desk/tickets/{ticket_id}", body)
        self._transferred.append(ticket_id)
        await seat.post(f"/desk/tickets/{ticket_id}/transfer", {})

    async def _decide(self, leader: Browser, ticket_id: str) -> None:
        links = (await leader.get(f"/cases/of-ticket/{ticket_id}"))["links"]
        if not links or not links[-1]["case_id"]:
            return
        case_id = links[-1]["case_id"]
        case = await leader.get(f"/cases/{case_id}")
        if case["state"] == "registered":
            words = {"reason": "out_of_scope", "text": "该路段由产权单位自行维护，已转告。"}
            await leader.post(f"/cases/{case_id}/decline", words)
        self._transferred.remove(ticket_id)


async def _category(seat: Browser) -> str:
    found = (await seat.get("/desk/categories?q=0137"))["categories"]
    return next(str(each["key"]) for each in found if each["kind"] == "facility")


async def register_seat(phone: Phone, installation: Installation) -> None:
    """Register the first seat's telephone."""
    await phone.register(f"sip:{installation.sip}", password=PASSWORD)


SEAT_EXTENSION = SEATS[0].extension
