"""The running month on every screen at once, reckoned no oftener than once a minute."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

from sqlalchemy.ext.asyncio import AsyncSession

AGE: Final = timedelta(minutes=1)
"""The running month counts every case of the month: it is reckoned anew so often."""

Reckon: TypeAlias = Callable[[AsyncSession, datetime], Awaitable[dict[str, Any]]]


class RunningMonth:
    """The ranking of units in the running month, kept for all screens of a process."""

    def __init__(self) -> None:
        self._read_at: datetime | None = None
        self._found: dict[str, Any] = {}
        self._turn = asyncio.Lock()

    async def take(self, session: AsyncSession, reckon: Reckon, *, now: datetime) -> dict[str, Any]:
        """Return the running month; one screen reckons it if it is old, the others wait for it."""
        async with self._turn:
            if self._read_at is None or now - self._read_at >= AGE:
                self._found, self._read_at = await reckon(session, now), now
            return self._found
