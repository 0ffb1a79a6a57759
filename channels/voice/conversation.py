"""A citizen and a seat hear each other, and both are recorded.

One picture decides who hears whom, and is carried out anew after each change: who holds, whose
page is lost, and which supervisors listen, whisper or have joined in.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import structlog

from channels.voice.exchange import Exchange
from channels.voice.leg import Leg
from channels.voice.life import watch
from channels.voice.media.engine import LegClosed, MediaLeg, PromptUnusable, RecordingFailed
from channels.voice.waiters import first_of, stop_tasks
from channels.voice.webrtc.leg import PageAttempt, PageLeg
from hotline.contacts.calls import service as calls
from hotline.kernel.errors import Conflict, Unavailable
from hotline.kernel.ids import CallId, SeatId, UserId
from hotline.kernel.tasks import spawn
from hotline.queues import service as queues
from hotline.recordings import service as recordings
from hotline.recordings.states import RecordingClass

log = structlog.get_logger()

LOOK_SECONDS = 0.25
"""How often a page's path is looked at."""

MAX_SUPERVISORS = 4
"""Who may listen to one call at once; each costs a mix of three voices."""


class TalkEnd(StrEnum):
    """How a conversation ended; the citizen's own end cancels it instead."""

    SEAT_HUNG_UP = "seat_hung_up"
    SEAT_LOST = "seat_lost"


class Listening(StrEnum):
    """How a supervisor takes part."""

    LISTEN = "listen"
    WHISPER = "whisper"
    BARGE = "barge"


@dataclass(slots=True)
class Supervisor:
    """A supervisor's page in a conversation."""

    leg: PageLeg
    listening: Listening
    watching: asyncio.Task[None]


@dataclass(slots=True)
class Conversation:
    """One talk, from the answer of the seat to its end."""

    exchange: Exchange
    call_id: CallId
    citizen: Leg
    seat_id: SeatId
    seat: Leg
    music: Sequence[Path]
    is_held: bool = False
    is_recording_paused: bool = False
    _successor: UserId | None = field(init=False, default=None)
    """The supervisor who has taken over."""
    _is_seat_lost: bool = field(init=False, default=False)
    _supervisors: dict[UserId, Supervisor] = field(init=False, default_factory=dict)
    _musician: asyncio.Task[None] | None = field(init=False, default=None)
    _seat_changed: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    _wiring: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)

    async def run(self) -> TalkEnd:
        """Talk until the seat is gone; the citizen's end cancels this.

        The seat's leg and those of supervisors are over and forgotten afterwards.
        """
        self.exchange.conversations[self.call_id] = self
        try:
            await self._wire()
            return await self._talk()
        except LegClosed:
            log.info("leg_gone_in_conversation", call=str(self.call_id))
            return TalkEnd.SEAT_HUNG_UP
        finally:
            self.exchange.conversations.pop(self.call_id, None)
            await self._end()

    # what pages ask for

    async def hold(self, *, held: bool) -> None:
        """Play music to the citizen, or let both talk again (保持)."""
        self.is_held = held
        await self._note("held" if held else "resumed")
        await self._wire()

    def hang_up(self) -> None:
        """The seat ends the talk."""
        self.seat.hang_up()

    async def rejoin(self, attempt: PageAttempt) -> None:
        """The seat's page is back, over another path.

        Raises:
            Conflict: if the seat's telephone is no page.
            BrowserUnreachable: the path did not come about.
        """
        if not isinstance(self.seat, PageLeg):
            attempt.path.stop()
            raise Conflict("the seat's telephone is no page")
        await self.seat.rejoin(attempt)

    async def pause_recording(self, user_id: UserId, reason: str) -> None:
        """Write silence while the citizen says a secret; the reason is kept."""
        await self.citizen.media.pause_recording()
        self.is_recording_paused = True
        now = self.exchange.clock()
        async with self.exchange.database.begin() as uow:
            await recordings.pause(uow, self.call_id, user_id=user_id, reason=reason, now=now)

    async def resume_recording(self) -> None:
        """Write sound again."""
        await self.citizen.media.resume_recording()
        self.is_recording_paused = False
        now = self.exchange.clock()
        async with self.exchange.database.begin() as uow:
            await recordings.resume(uow, self.call_id, now=now)

    # what supervisors ask for

    async def admit(self, user_id: UserId, attempt: PageAttempt) -> None:
        """Let a supervisor listen; nobody in the talk hears of it.

        Raises:
            Conflict: if too many listen.
            BrowserUnreachable: the path did not come about.
        """
        if self.exchange.pages is None or len(self._supervisors) >= MAX_SUPERVISORS:
            attempt.path.stop()
            raise Conflict("no more supervisors can listen to this call")
        await self.dismiss(user_id)
        leg = await attempt.open_leg(self.exchange.pages, f"{self.call_id}:{user_id}")
        watching = spawn(self._watch_supervisor(user_id, leg), f"supervisor of {self.call_id}")
        self._supervisors[user_id] = Supervisor(leg, Listening.LISTEN, watching)
        await self._wire()

    async def set_listening(self, user_id: UserId, listening: Listening) -> None:
        """Whisper to the seat, join in, or only listen again.

        Raises:
            Conflict: if this supervisor does not listen.
        """
        self._supervisor(user_id).listening = listening
        await self._wire()

    async def dismiss(self, user_id: UserId) -> None:
        """A supervisor leaves; one who has taken over ends the talk. Again changes nothing."""
        if self._successor == user_id:
            self.seat.hang_up()
        gone = self._supervisors.pop(user_id, None)
        if gone is not None:
            await self._wire()
            await stop_tasks(gone.watching)
            await gone.leg.close()

    async def take_over(self, user_id: UserId) -> None:
        """The supervisor goes on in the seat's place; the seat wraps up.

        Raises:
            Conflict: if this supervisor does not listen, or somebody has taken over already.
        """
        if self._successor is not None:
            raise Conflict("somebody has taken this call over")
        successor = self._supervisor(user_id)
        await stop_tasks(successor.watching)
        del self._supervisors[user_id]
        earlier, self.seat = self.seat, successor.leg
        self._successor, self.is_held, self._is_seat_lost = user_id, False, False
        self._seat_changed.set()
        await self._wire()
        await self.exchange.switchboard.drop(earlier)
        async with self.exchange.database.begin() as uow:
            await queues.end_contact(uow, self.call_id, now=self.exchange.clock())
        await self._note("taken_over")

    # inside

    async def _talk(self) -> TalkEnd:
        while True:
            self._seat_changed.clear()
            dead = spawn(watch(self.exchange, self.seat), "watch a seat")
            lost = spawn(self._until_lost(self.seat), "watch a page")
            try:
                await first_of(self.seat.over, dead, lost, self._seat_changed)
            finally:
                await stop_tasks(dead, lost)
            if self._seat_changed.is_set():
                continue
            is_gone = lost.cancelled() or self.seat.is_over or not await self._wait_for_page()
            if is_gone and not self._seat_changed.is_set():
                is_lost = self._is_seat_lost and not self._successor and not self.seat.is_over
                return TalkEnd.SEAT_LOST if is_lost else TalkEnd.SEAT_HUNG_UP

    async def _until_lost(self, seat: Leg) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if isinstance(seat, PageLeg) and seat.is_lost:
                return

    async def _wait_for_page(self) -> bool:
        """Play music to the citizen until the seat's page is back; False if it does not come."""
        seat = self.seat
        assert isinstance(seat, PageLeg)
        log.warning("page_lost", call=str(self.call_id))
        seat.back.clear()
        self._is_seat_lost = True
        await self._note("page_lost")
        await self._wire()
        limit = self.exchange.options.limits.page_returns.total_seconds()
        await first_of(seat.back, seat.over, self._seat_changed, timeout=limit)
        if not seat.back.is_set():
            return False
        self._is_seat_lost = False
        log.info("page_back", call=str(self.call_id))
        await self._note("page_back")
        await self._wire()
        return True

    async def _watch_supervisor(self, user_id: UserId, leg: PageLeg) -> None:
        """Forget a supervisor whose page has gone."""
        await self._until_lost(leg)
        self._supervisors.pop(user_id, None)
        await self._wire()
        await leg.close()

    def _supervisor(self, user_id: UserId) -> Supervisor:
        if user_id not in self._supervisors:
            raise Conflict("this supervisor does not listen to the call")
        return self._supervisors[user_id]

    async def _wire(self) -> None:
        """Let everybody hear whom they are to hear."""
        async with self._wiring:
            citizen, seat = self.citizen.media, self.seat.media
            waits = self.is_held or self._is_seat_lost
            if waits:
                await citizen.unbridge()
                self._play_music()
            else:
                await self._stop_music()
                await citizen.bridge(seat)
            voices = [citizen] if waits else [citizen, seat]
            loud = self._legs_of(Listening.BARGE)
            await citizen.also_hear(loud)
            await seat.also_hear(loud + self._legs_of(Listening.WHISPER))
            for supervisor in self._supervisors.values():
                ear = supervisor.leg.media
                others = [leg for leg in loud if leg is not ear]
                with suppress(LegClosed):
                    await ear.also_hear([*voices, *others])

    def _legs_of(self, listening: Listening) -> list[MediaLeg]:
        return [
            supervisor.leg.media
            for supervisor in self._supervisors.values()
            if supervisor.listening is listening
        ]

    def _play_music(self) -> None:
        if self._musician is None:
            self._musician = spawn(self._music_plays(), f"hold {self.call_id}")

    async def _stop_music(self) -> None:
        musician, self._musician = self._musician, None
        if musician is not None:
            await stop_tasks(musician)

    async def _music_plays(self) -> None:
        try:
            await self.citizen.media.play(self.music, loop=True)
        except PromptUnusable as error:
            log.error("prompt_unusable", prompt=error.path.name, problem=error.problem)
        except LegClosed:
            log.info("caller_gone_on_hold", call=str(self.call_id))

    async def _note(self, kind: str) -> None:
        """Write down what happened; a database that is away costs the note, not the talk."""
        try:
            async with self.exchange.database.begin() as uow:
                await calls.note_event(uow, self.call_id, kind, now=self.exchange.clock())
        except Unavailable:
            log.warning("note_not_written", call=str(self.call_id), kind=kind)

    async def _end(self) -> None:
        await self._stop_music()
        supervisors = tuple(self._supervisors.values())
        self._supervisors.clear()
        for supervisor in supervisors:
            await stop_tasks(supervisor.watching)
            await supervisor.leg.close()
        with suppress(LegClosed):
            await self.citizen.media.also_hear([])
        await self.exchange.switchboard.drop(self.seat)


@asynccontextmanager
async def recorded(
    exchange: Exchange, call_id: CallId, leg: Leg, *, part: int = 1
) -> AsyncGenerator[None, None]:
    """Record both directions of a leg inside the block; a failure costs the file, not the call.

    `part` counts the talks of one call: a caller who came back to the queue has several.
    """
    now = exchange.clock()
    name = recordings.file_name(call_id, now, part=part)
    path = exchange.options.recordings / name
    async with exchange.database.begin() as uow:
        recording_id = await recordings.start_recording(
            uow, call_id, path=name, kind=RecordingClass.INBOUND, now=now
        )
    problem: str | None = None
    try:
        await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
        await leg.media.start_recording(path)
    except (OSError, RecordingFailed, LegClosed) as error:
        problem = getattr(error, "problem", type(error).__name__)
        log.error("recording_failed", call=str(call_id), reason=problem)
    try:
        yield
    finally:
        summary = await leg.media.stop_recording()
        if summary is not None and summary.problem is not None:
            problem = summary.problem
        try:
            await recordings.finish_recording(
                exchange.database,
                recording_id,
                folder=exchange.options.recordings,
                problem=problem,
                now=exchange.clock(),
            )
        except Unavailable:
            # The sweeper seals it once the call has been over for a while.
            log.warning("seal_waits_for_the_database", call=str(call_id))
