"""What calls write down as they go on: at once, or in the same order once the database is back.

A database that is away costs nobody the call. What happened has happened: an act brings its own
time with it, and one that is refused when its turn comes is logged and dropped. Each call has a
page of its own, so that a row which somebody holds delays nobody else.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from channels.voice.waiters import patiently
from hotline.kernel.db import Database, UnitOfWork
from hotline.kernel.errors import HotlineError, Unavailable

log = structlog.get_logger()

Act = Callable[[UnitOfWork], Awaitable[object]]
Work = Callable[[], Awaitable[object]]

MOST_OWED = 500
"""Of one call; beyond that the oldest goes, and the sweeper ends what it would have."""

MOST_REFUSALS = 2
"""After so many pages that cannot be settled the database is away, for the others too."""


@dataclass(slots=True)
class _Page:
    """What is owed of one call."""

    entries: deque[tuple[str, Work]] = field(default_factory=lambda: deque(maxlen=MOST_OWED))
    settling: asyncio.Lock = field(default_factory=asyncio.Lock)


class Ledger:
    """Carries out the acts of each call in the order in which they came."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pages: dict[UUID, _Page] = {}
        """Of the calls of which something is owed."""

    async def write(self, about: UUID, what: str, act: Act) -> None:
        """Carry an act out now; later if the database is away, or earlier ones are owed.

        `about` names the call. An act may be carried out twice: the database may go away in the
        middle of a commit.
        """

        async def work() -> None:
            async with self._database.begin() as uow:
                await act(uow)

        await self.carry_out(about, what, work)

    async def carry_out(self, about: UUID, what: str, work: Work) -> None:
        """Do the same with work that opens its transactions itself."""
        entry = what, work
        if about in self._pages:
            self._pages[about].entries.append(entry)
            return
        try:
            await _try(entry)
        except Unavailable:
            log.warning("written_later", what=what)
            self._pages.setdefault(about, _Page()).entries.append(entry)

    async def settle(self, about: UUID) -> None:
        """Carry out what is owed of one call.

        Raises:
            Unavailable: if the database is away still; what is left stays owed.
        """
        page = self._pages.get(about)
        if page is None:
            return
        async with page.settling:
            while page.entries:
                entry = page.entries[0]
                try:
                    await _try(entry)
                except Unavailable:
                    raise
                except Exception:
                    # Whatever is wrong with it must not hold up what comes after it.
                    log.exception("not_written", what=entry[0])
                if page.entries and page.entries[0] is entry:
                    page.entries.popleft()
            if self._pages.get(about) is page:
                del self._pages[about]

    async def settle_all(self) -> None:
        """Carry out what is owed of every call.

        Raises:
            Unavailable: if something is left.
        """
        left: list[Unavailable] = []
        for about in tuple(self._pages):
            try:
                await self.settle(about)
            except Unavailable as error:
                left.append(error)
            if len(left) == MOST_REFUSALS:
                break
        if left:
            raise left[0]


async def _try(entry: tuple[str, Work]) -> None:
    what, work = entry
    try:
        async with patiently():
            await work()
    except Unavailable:
        raise
    except HotlineError as error:
        log.warning("not_written", what=what, reason=type(error).__name__)
