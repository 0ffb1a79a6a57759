"""One call walking through a flow: runs the verbs of the menu engine on a leg.

What a verb means for the hotline (queue, notes, answers) is behind `FlowActs`; what it means for
the ear is here.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol, assert_never

import structlog

from channels.voice.leg import Leg
from channels.voice.media.engine import PromptUnusable
from channels.voice.waiters import stop_tasks
from hotline.kernel.tasks import spawn
from ivr.events import (
    Announced,
    AnnouncementChoice,
    Digits,
    Found,
    IvrEvent,
    LeaveReason,
    LeftQueue,
    MessageKept,
    NotFound,
    NothingAnnounced,
    NothingSaid,
    PlayFinished,
    Started,
    Timeout,
    TransferEnded,
)
from ivr.session import IvrSession
from ivr.speech import spoken_digits
from ivr.verbs import (
    ANNOUNCEMENT_CHOICE,
    Announce,
    Answer,
    Enqueue,
    Gather,
    Hangup,
    Lookup,
    Note,
    Play,
    PromptRef,
    Report,
    Transfer,
    Verb,
    Voicemail,
)

log = structlog.get_logger()


CHOICE_LIMIT = timedelta(seconds=5)
"""Behind an announcement; who presses nothing is connected."""

CHOICES: Mapping[str, AnnouncementChoice] = {
    "1": AnnouncementChoice.ENOUGH,
    "2": AnnouncementChoice.PERSON,
}


@dataclass(frozen=True, slots=True)
class Announcing:
    """An announcement that is on."""

    file: Path
    asks: bool
    """Behind it the caller may choose."""


class FlowActs(Protocol):
    """What a flow does to the hotline."""

    async def answer(self) -> None:
        """Take the call."""

    async def note(self, name: str, value: str) -> None:
        """Keep a fact about the call."""

    async def report(self, question: str, value: str) -> None:
        """Keep the answer to a question, at once."""

    async def look_up(self, what: str, keys: Sequence[str]) -> Mapping[str, str] | None:
        """Return what is known under the keys; None if nothing is."""

    async def wait_in_queue(self, verb: Enqueue) -> LeaveReason:
        """Wait for a seat and talk with it; say how it ended."""

    async def take_message(self, verb: Voicemail) -> Mapping[str, str] | None:
        """Record a message; return what the caller may be told of it, None if nothing was said."""

    async def transfer(self, verb: Transfer) -> bool:
        """Connect the caller until whoever answered hangs up; False if nobody was reached."""

    async def announcement(self, prompts: Path) -> Announcing | None:
        """Return what is to be announced, a prompt being in the folder; None: nothing is on."""

    async def announced(self, choice: AnnouncementChoice) -> None:
        """Keep that it was heard, and what the caller wants."""


class FlowWalk:
    """Runs one session on one leg, from `Started` to `Hangup`."""

    def __init__(self, session: IvrSession, leg: Leg, prompts: Path, acts: FlowActs) -> None:
        self._session = session
        self._leg = leg
        self._folder = prompts / session.flow.language
        self._acts = acts

    async def run(self) -> None:
        """Walk until the flow hangs up. Cancel it when the caller does."""
        event: IvrEvent | None = Started()
        while event is not None:
            event = await self._carry_out(self._session.receive(event))

    def files(self, prompts: Iterable[PromptRef]) -> list[Path]:
        """Return the sound files of prompts, in the language of the flow."""
        return [self._folder / f"{name}.wav" for name in prompts]

    async def _carry_out(self, verbs: Sequence[Verb]) -> IvrEvent | None:
        """Run verbs in order; return the answer to the last one, None after a `Hangup`."""
        keys = ""
        event: IvrEvent | None = None
        for verb in verbs:
            match verb:
                case Answer():
                    await self._acts.answer()
                case Note(name=name, value=value):
                    await self._acts.note(name, value)
                case Report(question=question, value=value):
                    await self._acts.report(question, value)
                case Play():
                    keys = await self._play(verb)
                    event = PlayFinished()
                case Gather():
                    event = await self._gather(verb, keys)
                case Lookup() | Enqueue() | Voicemail() | Transfer():
                    event = await self._ask(verb)
                case Announce():
                    event = await self._announce()
                case Hangup():
                    return None
                case _:
                    assert_never(verb)
        return event

    async def _ask(self, verb: Lookup | Enqueue | Voicemail | Transfer) -> IvrEvent:
        """Let the hotline carry out what is more than sound."""
        match verb:
            case Lookup(what=what, keys=keys):
                found = await self._acts.look_up(what, keys)
                return NotFound() if found is None else Found(found)
            case Enqueue():
                return LeftQueue(await self._acts.wait_in_queue(verb))
            case Voicemail():
                kept = await self._acts.take_message(verb)
                return NothingSaid() if kept is None else MessageKept(kept)
            case Transfer():
                return TransferEnded(await self._acts.transfer(verb))

    async def _announce(self) -> IvrEvent:
        """Play what is switched on; a key may choose before it is over."""
        found = await self._acts.announcement(self._folder)
        if found is None:
            return NothingAnnounced()
        choice = AnnouncementChoice.NONE
        if found.asks:
            files = [found.file, *self.files([ANNOUNCEMENT_CHOICE])]
            event = await self._gather(Gather(1, CHOICE_LIMIT), await self._play_until_key(files))
            if isinstance(event, Digits):
                choice = CHOICES.get(event.keys, choice)
        else:
            await self._play_to_end([found.file])
        await self._acts.announced(choice)
        return Announced(choice)

    async def _play(self, verb: Play) -> str:
        """Play to the end, or to the first key of an interruptible prompt; return that key."""
        if verb.interruptible:
            return await self._play_until_key(self.files(verb.prompts))
        await self._play_to_end(self.files(verb.prompts))
        return ""

    async def _play_to_end(self, files: Sequence[Path]) -> None:
        await self._play_files(files)
        while not self._leg.media.digits.empty():
            self._leg.media.digits.get_nowait()

    async def _play_until_key(self, files: Sequence[Path]) -> str:
        playing = spawn(self._play_files(files), "play")
        pressing = spawn(self._leg.media.digits.get(), "wait for a key")
        try:
            await asyncio.wait({playing, pressing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await stop_tasks(playing, pressing)
        return "" if pressing.cancelled() else pressing.result().key

    def digits(self, text: str) -> tuple[PromptRef, ...]:
        """Return the prompts that say digits one by one."""
        return spoken_digits(text, self._session.flow.digit_one)

    async def ask(self, prompts: Iterable[PromptRef], keys: Gather) -> str:
        """Say prompts, and return the keys pressed; "" if none are in time."""
        event = await self._gather(keys, await self._play_until_key(self.files(prompts)))
        return event.keys if isinstance(event, Digits) else ""

    async def say(self, prompts: Iterable[PromptRef]) -> None:
        """Play prompts; one that cannot be played costs the caller its words, not the call."""
        await self._play_files(self.files(prompts))

    async def _play_files(self, files: Sequence[Path]) -> None:
        try:
            await self._leg.media.play(files)
        except PromptUnusable as error:
            log.error("prompt_unusable", prompt=error.path.name, problem=error.problem)

    async def _gather(self, verb: Gather, keys: str) -> IvrEvent:
        seconds = verb.timeout.total_seconds()
        while not keys.endswith(verb.finish_on or "\0") and len(keys) < verb.max_digits:
            try:
                async with asyncio.timeout(seconds):
                    digit = await self._leg.media.digits.get()
            except TimeoutError:
                break
            keys += digit.key
        if verb.finish_on:
            keys = keys.removesuffix(verb.finish_on)
        return Digits(keys) if keys else Timeout()
