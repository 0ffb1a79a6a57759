"""What a list must be able to do so that it can be taken away as a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from hotline.tickets.lists import Sort


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is in a file: which rows in which order, how open, and as of when."""

    wanted: Mapping[str, Any]
    sort: Sort
    unmasked: bool
    now: datetime


class ExportedList(Protocol):
    """A list as a file: its columns, how many rows fit, and the rows piece by piece."""

    @property
    def name(self) -> str:
        """Return how the list is called in addresses, file names and the audit log."""

    @property
    def title(self) -> str:
        """Return how a person calls its rows."""

    @property
    def columns(self) -> Sequence[str]:
        """Return the heads of the columns."""

    async def expected(
        self, session: AsyncSession, wanted: Mapping[str, Any], *, sort: Sort, now: datetime
    ) -> int:
        """Return about how many rows fit."""

    async def lines(
        self, session: AsyncSession, asked: Request, *, after: str | None, limit: int
    ) -> tuple[Sequence[Sequence[str]], str | None]:
        """Return the next rows as texts, and where to go on; None at the end."""
