"""Use cases of shared resources: enter, look at from a case, let read, retire (R94, R100)."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import asin, cos, radians, sin, sqrt
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases.words import require_words
from case_bridge.resources.model import ResourceKind, ResourceRow
from hotline.accounts import audit
from hotline.accounts.service import User
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, Invalid, NotFound
from hotline.kernel.ids import new_id

BROWSED: Final = frozenset({"http", "https"})
STREAMED: Final = frozenset({"rtsp", "rtmp"})
"""What no browser opens: the address is shown to be copied into a player."""

NEAR: Final = 300.0
"""Metres within which a video point is shown with a case."""
MOST_NEAR: Final = 5
EARTH: Final = 6_371_000.0
"""Metres."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One system, or one video point, as somebody enters it."""

    kind: ResourceKind
    code: str
    name: str
    owner: str
    address: str
    longitude: float | None = None
    latitude: float | None = None

    def __post_init__(self) -> None:
        """Refuse what could not be looked at.

        Raises:
            Invalid: naming the field.
        """
        for name in ("code", "name", "owner"):
            require_words(name, getattr(self, name))
        parts = urlsplit(self.address)
        if parts.scheme not in BROWSED | STREAMED or not parts.hostname:
            raise Invalid("address", "is no address; write https://… or rtsp://…")
        if parts.username or parts.password:
            raise Invalid("address", "carries a password; let the system ask for it")
        if (self.longitude is None) != (self.latitude is None):
            raise Invalid("longitude", "a position has longitude and latitude")
        if self.longitude is not None and self.latitude is not None:
            if not (-180 <= self.longitude <= 180 and -90 <= self.latitude <= 90):
                raise Invalid("longitude", "is not on the earth")
        elif self.kind is ResourceKind.VIDEO:
            raise Invalid("longitude", "a video point stands somewhere; enter its position")


@dataclass(frozen=True, slots=True)
class Sight:
    """A resource as it is looked at from a case."""

    resource_id: UUID
    kind: ResourceKind
    code: str
    name: str
    owner: str
    address: str
    opens: bool
    """A browser opens it; else it is copied into a player."""
    metres: int | None
    """How far it stands from the case; None for a system of the whole city."""


async def add_resource(uow: UnitOfWork, resource: Resource, *, actor: User, now: datetime) -> UUID:
    """Enter a system or a video point.

    Raises:
        Conflict: if the code is another one's.
    """
    code = resource.code.strip()
    if await uow.session.scalar(select(ResourceRow.id).where(ResourceRow.code == code)):
        raise Conflict(f"the code {code} is another resource's")
    row = ResourceRow(
        id=new_id(),
        kind=resource.kind,
        code=code,
        name=resource.name.strip(),
        owner=resource.owner.strip(),
        address=resource.address.strip(),
        longitude=resource.longitude,
        latitude=resource.latitude,
        added_at=now,
        added_by=actor.display_name,
    )
    uow.session.add(row)
    await uow.session.flush()
    await _audit(uow, row, "resource.add", actor, now)
    return row.id


async def retire_resource(
    uow: UnitOfWork, resource_id: UUID, *, actor: User, now: datetime
) -> None:
    """Take a resource out of use; its key counts no more. It stays in the register.

    Raises:
        NotFound: if there is none of that id in use.
    """
    row = await _in_use(uow, resource_id)
    row.retired_at, row.retired_by, row.key_hash = now, actor.display_name, None
    await _audit(uow, row, "resource.retire", actor, now)


async def give_key(uow: UnitOfWork, resource_id: UUID, *, actor: User, now: datetime) -> str:
    """Return a new key by which a system reads our data; the one before counts no more.

    Raises:
        NotFound: if there is none of that id in use.
    """
    row = await _in_use(uow, resource_id)
    key = secrets.token_urlsafe(32)
    row.key_hash = _hash(key)
    await _audit(uow, row, "resource.key", actor, now)
    return key


async def reader_of(uow: UnitOfWork, key: str, *, now: datetime) -> ResourceRow | None:
    """Return the system that shows this key, and note that it read; None for a stranger."""
    row = await uow.session.scalar(
        select(ResourceRow).where(
            ResourceRow.key_hash == _hash(key), ResourceRow.retired_at.is_(None)
        )
    )
    if row is not None:
        row.read_at = now
    return row


async def resources(session: AsyncSession) -> Sequence[ResourceRow]:
    """Return the whole register, by kind and code, those in use first."""
    found = await session.scalars(
        select(ResourceRow).order_by(
            ResourceRow.retired_at.is_not(None), ResourceRow.kind, ResourceRow.code
        )
    )
    return found.all()


async def resource_of(session: AsyncSession, resource_id: UUID) -> ResourceRow:
    """Return one resource.

    Raises:
        NotFound: if there is none of that id.
    """
    row = await session.get(ResourceRow, resource_id)
    if row is None:
        raise NotFound("resource", resource_id)
    return row


async def sights(
    session: AsyncSession, longitude: float | None, latitude: float | None
) -> list[Sight]:
    """Return what can be looked at from a place: video points near by, then whole systems."""
    rows = [row for row in await resources(session) if row.retired_at is None]
    found = [_sight(row, longitude, latitude) for row in rows]
    near = [each for each in found if each.metres is not None and each.metres <= NEAR]
    near.sort(key=lambda each: (each.metres or 0, each.code))
    return near[:MOST_NEAR] + [
        each
        for row, each in zip(rows, found, strict=True)
        if row.longitude is None and (longitude is not None or "{" not in row.address)
    ]


def _sight(row: ResourceRow, longitude: float | None, latitude: float | None) -> Sight:
    metres = None
    if None not in (row.longitude, row.latitude, longitude, latitude):
        metres = round(_distance(row.longitude, row.latitude, longitude, latitude))  # type: ignore[arg-type]
    address = row.address.replace("{longitude}", str(longitude)).replace(
        "{latitude}", str(latitude)
    )
    return Sight(
        resource_id=row.id,
        kind=row.kind,
        code=row.code,
        name=row.name,
        owner=row.owner,
        address=address,
        opens=urlsplit(address).scheme in BROWSED,
        metres=metres,
    )


def _distance(x1: float, y1: float, x2: float, y2: float) -> float:
    """Return metres between two places, by the haversine formula."""
    a, b = radians(y1), radians(y2)
    half = sin((b - a) / 2) ** 2 + cos(a) * cos(b) * sin(radians(x2 - x1) / 2) ** 2
    return 2 * EARTH * asin(sqrt(half))


async def _in_use(uow: UnitOfWork, resource_id: UUID) -> ResourceRow:
    row = await uow.session.scalar(
        select(ResourceRow)
        .where(ResourceRow.id == resource_id, ResourceRow.retired_at.is_(None))
        .with_for_update()
    )
    if row is None:
        raise NotFound("resource in use", resource_id)
    return row


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


async def _audit(
    uow: UnitOfWork, row: ResourceRow, action: str, actor: User, now: datetime
) -> None:
    detail = {"kind": row.kind.value, "name": row.name, "address": row.address}
    await audit.append(
        uow, actor=actor.login, action=action, target=f"resource:{row.code}", detail=detail, now=now
    )
