"""The supervisors of one talk: who listens, whispers, or has joined in."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from channels.voice.exchange import Exchange
from channels.voice.leg import Leg
from channels.voice.media.engine import MediaLeg
from channels.voice.talk import Listening
from channels.voice.waiters import stop_tasks
from channels.voice.webrtc.leg import PageAttempt, PageLeg
from hotline.kernel.errors import Conflict
from hotline.kernel.ids import CallId, UserId
from hotline.kernel.tasks import spawn

LOOK_SECONDS = 0.25
"""How often a page's path is looked at."""

MAX_SUPERVISORS = 4
"""Who may listen to one call at once; each costs a mix of three voices."""


@dataclass(slots=True)
class Supervisor:
    """A supervisor's page in a conversation."""

    leg: PageLeg
    listening: Listening
    watching: asyncio.Task[None]


class Supervisors:
    """Lets supervisors in and out; `changed` carries out who hears whom."""

    def __init__(
        self, exchange: Exchange, call_id: CallId, changed: Callable[[], Awaitable[None]]
    ) -> None:
        self._exchange = exchange
        self._call_id = call_id
        self._changed = changed
        self._present: dict[UserId, Supervisor] = {}
        self._coming: dict[UserId, PageAttempt] = {}
        """Whose path is being built; of one page's attempts the latest counts."""
        self._is_over = False

    async def admit(self, user_id: UserId, attempt: PageAttempt) -> None:
        """Let a supervisor listen; nobody in the talk hears of it.

        Raises:
            Conflict: if too many listen, the call is over, or the page has asked again meanwhile.
            BrowserUnreachable: the path did not come about.
        """
        pages = self._exchange.pages
        others = (self._present.keys() | self._coming) - {user_id}
        if pages is None or len(others) >= MAX_SUPERVISORS:
            attempt.path.stop()
            raise Conflict("no more supervisors can listen to this call")
        self._coming[user_id] = attempt
        try:
            await self._let_go(user_id)
            leg = await attempt.open_leg(pages, f"{self._call_id}:{user_id}")
        finally:
            is_awaited = self._coming.get(user_id) is attempt
            if is_awaited:
                del self._coming[user_id]
        if self._is_over or not is_awaited:
            await leg.close()
            raise Conflict("the call is over, or the page has asked again or left")
        watching = spawn(self._watch(user_id, leg), f"supervisor of {self._call_id}")
        self._present[user_id] = Supervisor(leg, Listening.LISTEN, watching)
        await self._changed()

    async def set_listening(self, user_id: UserId, listening: Listening) -> None:
        """Whisper to the seat, join in, or only listen again.

        Raises:
            Conflict: if this supervisor does not listen.
        """
        self._get(user_id).listening = listening
        await self._changed()

    async def dismiss(self, user_id: UserId) -> None:
        """A supervisor leaves; again changes nothing."""
        self._coming.pop(user_id, None)
        await self._let_go(user_id)

    async def _let_go(self, user_id: UserId) -> None:
        gone = self._present.pop(user_id, None)
        if gone is not None:
            await self._changed()
            await stop_tasks(gone.watching)
            await gone.leg.close()

    def promote(self, user_id: UserId) -> PageLeg:
        """Return the leg of one who is no supervisor any more but talks.

        Raises:
            Conflict: if this supervisor does not listen.
        """
        successor = self._get(user_id)
        del self._present[user_id]
        successor.watching.cancel()
        return successor.leg

    async def end(self) -> None:
        """Close every leg; nobody is let in any more."""
        self._is_over = True
        gone = tuple(self._present.values())
        self._present.clear()
        for supervisor in gone:
            await stop_tasks(supervisor.watching)
            await supervisor.leg.close()

    @property
    def ears(self) -> Iterator[MediaLeg]:
        """Everybody who listens."""
        return (each.leg.media for each in tuple(self._present.values()))

    def voices(self, listening: Listening) -> list[MediaLeg]:
        """Return who takes part in one way."""
        present = self._present.values()
        return [each.leg.media for each in present if each.listening is listening]

    async def _watch(self, user_id: UserId, leg: PageLeg) -> None:
        """Forget a supervisor whose page has gone."""
        await until_lost(leg)
        # Whoever reloads the page has a new leg, which is not this one's to end.
        present = self._present.get(user_id)
        if present is not None and present.leg is leg:
            del self._present[user_id]
        await self._changed()
        await leg.close()

    def _get(self, user_id: UserId) -> Supervisor:
        if user_id not in self._present:
            raise Conflict("this supervisor does not listen to the call")
        return self._present[user_id]


async def until_lost(leg: Leg) -> None:
    """Return when the page at the far end has gone; never for a leg that is no page's."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        if isinstance(leg, PageLeg) and leg.is_lost:
            return
