"""What the pages of accounts must be told."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.kernel.db import UnitOfWork
from hotline.kernel.ids import UserId

Units = Callable[[AsyncSession], Awaitable[Sequence[tuple[UUID, str]]]]
"""Ids and names of the units that a person may belong to, by name."""

Settle = Callable[[UnitOfWork, UserId], Awaitable[None]]
"""What other rooms must know of a person whose name, roles or belonging are new."""


@dataclass(frozen=True, slots=True)
class AccountsOptions:
    """Ports to the rooms that know units and rosters."""

    units: Units
    settle: Settle


ACCOUNTS: Final = web.AppKey("accounts", AccountsOptions)
