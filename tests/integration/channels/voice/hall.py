"""A hotline hall for tests: a voice process with tones as prompts, seats, and scripted phones."""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from channels.voice.media.embedded import EmbeddedMediaEngine, EmbeddedMediaOptions
from channels.voice.media.engine import MediaEngine
from channels.voice.options import (
    LineOptions,
    OutboundOptions,
    TrunkOptions,
    VoiceLimits,
    VoiceOptions,
)
from channels.voice.phone import Phone, PhoneOptions
from channels.voice.process import VoiceProcess
from channels.voice.sip.auth import DigestSecret
from channels.voice.ticket_status import TicketStatus
from channels.voice.tones import RATE, hears_tone, read_channel, tone_share, write_tone
from hotline.contacts.calls.model import CallEventRow, CallRow
from hotline.kernel.clock import system_clock
from hotline.kernel.db import Database
from hotline.kernel.ids import SeatId, UserId, new_id
from hotline.people.citizen import PeopleOptions
from hotline.queues import service as queues
from hotline.queues.states import SeatState
from hotline.queues.values import QueuePolicy, SeatDraft, SeatView
from hotline.tickets.query_code import QueryCodeOptions
from ivr.checks import POSITION_PROMPTS
from ivr.loader import load_flow

REALM = "hotline"
CODES = QueryCodeOptions(b"0123456789abcdef")
PASSWORD = "kept-to-itself"
QUEUE = "hotline"

NOTICE_HZ, MUSIC_HZ, POSITION_HZ, GOODBYE_HZ = 500.0, 350.0, 700.0, 1200.0

TONES = {
    "recording_notice": (NOTICE_HZ, 0.6),
    "music": (MUSIC_HZ, 2.0),
    "goodbye": (GOODBYE_HZ, 0.6),
    "ask": (900.0, 0.4),
    "thanks": (1100.0, 0.4),
    **dict.fromkeys(POSITION_PROMPTS, (POSITION_HZ, 0.3)),
}

MAIN = """
name: main
version: "7"
language: zh-CN
start: pick_up
steps:
  pick_up: {answer: yes, next: notice}
  notice: {play: [recording_notice], interruptible: no, next: noted}
  noted: {note: recording_notice, value: "notice-7", next: to_seat}
  to_seat: {enqueue: hotline, answered: done, no_seats: nobody, overflow: nobody}
  nobody: {play: [goodbye], next: done}
  done: {hangup: yes}
"""

BY_HOUR = """
name: by_hour
version: "7"
language: zh-CN
start: pick_up
variables:
  night: {values: ["0", "1"]}
steps:
  pick_up: {answer: yes, next: hour}
  hour: {branch: night, cases: {"1": closed}, otherwise: to_seat}
  closed: {play: [goodbye], next: done}
  to_seat: {enqueue: hotline, answered: done, no_seats: done, overflow: done}
  done: {hangup: yes}
"""

MENU = """
name: menu
version: "7"
language: zh-CN
start: pick_up
steps:
  pick_up: {answer: yes, next: choose}
  choose:
    menu: [ask]
    report: choice
    keys: {1: thanks, 2: done}
    timeout: 10
    failed: done
  thanks: {play: [thanks], next: done}
  done: {hangup: yes}
"""

SURVEY = """
name: survey
version: "7"
language: zh-CN
start: ask_solved
steps:
  ask_solved:
    menu: [ask]
    report: solved
    keys: {1: ask_satisfaction, 2: thanks}
    timeout: 5
    failed: done
  ask_satisfaction:
    menu: [ask]
    report: satisfaction
    keys: {1: thanks, 5: thanks}
    timeout: 5
    failed: done
  thanks: {play: [thanks], next: done}
  done: {hangup: yes}
"""

FLOWS = (MAIN, BY_HOUR, MENU, SURVEY)


def voice_options(folder: Path) -> VoiceOptions:
    """The options of a hall whose files are in `folder`."""
    prompts = folder / "prompts" / "zh-CN"
    if not prompts.exists():
        prompts.mkdir(parents=True)
        for name, (hertz, seconds) in TONES.items():
            write_tone(prompts / f"{name}.wav", hertz, seconds=seconds)
    flows = {
        flow.name: flow
        for flow in (
            load_flow(text, "hall.py", frozenset(TONES)) for text in (MAIN, BY_HOUR, MENU, SURVEY)
        )
    }
    return VoiceOptions(
        port=0,
        realm=REALM,
        lines=(LineOptions(number="12319"), LineOptions(number="12345", max_calls=2)),
        flows=flows,
        prompts=folder / "prompts",
        recordings=folder / "recordings",
        people=PeopleOptions(index_key=b"0123456789abcdef"),
        query_codes=CODES,
        lookups={"ticket": TicketStatus(CODES)},
        queue_policy=QueuePolicy(offer_limit=timedelta(seconds=3)),
        limits=VoiceLimits(
            announce_first=timedelta(seconds=1),
            announce_every=timedelta(seconds=1),
            goodbye=timedelta(seconds=2),
        ),
    )


@dataclass
class Hall:
    """A running voice process and what belongs to it."""

    database: Database
    voice: VoiceProcess
    options: VoiceOptions
    folder: Path
    seats: dict[str, SeatId] = field(default_factory=dict)

    @property
    def registrar(self) -> str:
        host, port = self.voice.address
        return f"sip:{host}:{port}"

    def line(self, number: str = "12319") -> str:
        """The URI of a line."""
        host, port = self.voice.address
        return f"sip:{number}@{host}:{port}"

    @asynccontextmanager
    async def phone(self, user: str = "13800001234", **kind: object) -> AsyncGenerator[Phone, None]:
        """A citizen's phone."""
        options = PhoneOptions(user=user, folder=self.folder, **kind)  # type: ignore[arg-type]
        async with Phone.open(options) as phone:
            yield phone

    @asynccontextmanager
    async def seat(self, extension: str, **kind: object) -> AsyncGenerator[Phone, None]:
        """A seat that is signed in, with its registered phone."""
        await self.sign_in(extension)
        async with self.phone(extension, **kind) as phone:
            await phone.register(self.registrar, password=PASSWORD)
            yield phone

    async def put_seat(self, extension: str) -> SeatId:
        """A seat in which nobody sits."""
        secret = DigestSecret.of(extension, REALM, PASSWORD)
        draft = SeatDraft(
            name=f"坐席{extension}",
            extension=extension,
            queue=QUEUE,
            sip_ha1_md5=secret.md5,
            sip_ha1_sha256=secret.sha256,
        )
        async with self.database.begin() as uow:
            seat_id = await queues.put_seat(uow, draft, now=system_clock())
        self.seats[extension] = seat_id
        return seat_id

    async def sign_in(self, extension: str) -> SeatId:
        """A seat that is signed in, without a phone."""
        seat_id = await self.put_seat(extension)
        async with self.database.begin() as uow:
            await queues.sign_in(uow, seat_id, UserId(new_id()), system_clock())
        return seat_id

    async def seat_view(self, extension: str) -> SeatView:
        async with self.database.read() as session:
            return await queues.seat_view(session, self.seats[extension])

    async def seat_is(self, extension: str, state: SeatState) -> SeatView:
        """Wait until a seat is in a state."""

        async def reached() -> bool:
            return (await self.seat_view(extension)).state is state

        await eventually(reached, f"seat {extension} is {state}")
        return await self.seat_view(extension)

    async def calls(self) -> list[CallRow]:
        async with self.database.read() as session:
            rows = await session.scalars(select(CallRow).order_by(CallRow.started_at))
            return list(rows)

    async def ended_call(self, number: int = 0) -> CallRow:
        """Wait until a call has ended, and return it."""

        async def ended() -> bool:
            calls = await self.calls()
            return len(calls) > number and calls[number].ended_at is not None

        await eventually(ended, f"call {number} has ended")
        return (await self.calls())[number]

    async def kinds(self, call: CallRow) -> list[str]:
        """What happened in a call."""
        async with self.database.read() as session:
            rows = await session.scalars(
                select(CallEventRow.kind)
                .where(CallEventRow.call_id == call.id)
                .order_by(CallEventRow.id)
            )
            return list(rows)


@asynccontextmanager
async def open_hall(
    database: Database,
    folder: Path,
    *,
    ports: tuple[int, int] = (0, 0),
    engine: AbstractAsyncContextManager[MediaEngine] | None = None,
    **changes: object,
) -> AsyncGenerator[Hall, None]:
    """Run a voice process with the hall's options, changed as asked.

    `ports` are for sound, which the embedded engine carries unless there is another `engine`.
    """
    options = replace(voice_options(folder), **changes)  # type: ignore[arg-type]
    async with (
        engine or EmbeddedMediaEngine(EmbeddedMediaOptions("127.0.0.1", *ports)) as media,
        VoiceProcess.open(options, database, media, clock=system_clock) as voice,
    ):
        yield Hall(database, voice, options, folder)


def latest_share(file: Path, hertz: float, seconds: float = 0.5) -> float:
    """The part of a tone in the last half second that a phone has heard."""
    return tone_share(read_channel(file)[-round(seconds * RATE) :], hertz)


async def heard_now(file: Path, hertz: float, share: float = 0.8) -> None:
    """Wait until what a phone hears is a tone."""

    async def heard() -> bool:
        return latest_share(file, hertz) > share

    await eventually(heard, f"{file.name} hears {hertz:g} Hz")


async def hears(file: Path, hertz: float, *, channel: int = 0, seconds: float = 0.6) -> None:
    """Wait until a recording has the tone."""

    async def heard() -> bool:
        return file.exists() and hears_tone(file, hertz, channel=channel, seconds=seconds)

    await eventually(heard, f"{file.name} has {hertz:g} Hz")


async def eventually(
    holds: Callable[[], Awaitable[bool]], what: str, *, seconds: float = 15.0
) -> None:
    """Look every 20 ms until something holds; fail after a while."""
    try:
        async with asyncio.timeout(seconds):
            while not await holds():
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"never within {seconds:g} s: {what}") from None


def outbound_to(host: str, port: int) -> dict[str, object]:
    """Changes that let a hall dial mobile numbers through a trunk at an address."""
    return {
        "trunks": (TrunkOptions(name="carrier", host=host, port=port),),
        "outbound": OutboundOptions(
            allowed=(re.compile(r"1[3-9]\d{9}"),), ring_limit=timedelta(seconds=2)
        ),
    }
