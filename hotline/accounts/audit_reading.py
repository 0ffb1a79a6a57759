"""The audit log as its reader asks for it: who did what to what, and when, newest first."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.accounts.model import AuditRow, UserRow
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.errors import NotFound

_USER = "user:"
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class AuditWanted:
    """What to look for; an empty field asks nothing."""

    actor: str = ""
    """A login, or a program's name, whole."""
    action: str = ""
    """An action, or the beginning of several: `user.`."""
    target: str = ""
    """What it was done to, or the beginning: `ticket:`."""
    since: date | None = None
    """Days in Shanghai, both of them in."""
    until: date | None = None

    def as_detail(self) -> Mapping[str, Any]:
        """Return what was asked for, as a row of the log tells it."""
        return {name: str(value) for name, value in asdict(self).items() if value}


async def page(
    session: AsyncSession, wanted: AuditWanted, *, before: int | None, limit: int
) -> Sequence[AuditRow]:
    """Return rows that fit, newest first, behind a row's number."""
    query = _fitting(wanted).order_by(AuditRow.seq.desc()).limit(limit)
    if before is not None:
        query = query.where(AuditRow.seq < before)
    return (await session.scalars(query)).all()


async def one(session: AsyncSession, seq: int) -> AuditRow:
    """Return one row.

    Raises:
        NotFound: if the chain has no such row.
    """
    row = await session.get(AuditRow, seq)
    if row is None:
        raise NotFound("audit row", seq)
    return row


async def all_of(session: AsyncSession, wanted: AuditWanted) -> AsyncIterator[Sequence[AuditRow]]:
    """Yield every row that fits, oldest first, in batches."""
    last = 0
    while True:
        query = _fitting(wanted).where(AuditRow.seq > last).order_by(AuditRow.seq).limit(_BATCH)
        batch = (await session.scalars(query)).all()
        if batch:
            yield batch
            last = batch[-1].seq
            session.expunge_all()
        if len(batch) < _BATCH:
            return


async def names_of(session: AsyncSession, rows: Sequence[AuditRow]) -> Mapping[str, str]:
    """Return the logins behind targets that are users, by target."""
    ids = {UUID(row.target.removeprefix(_USER)) for row in rows if row.target.startswith(_USER)}
    if not ids:
        return {}
    found = await session.execute(select(UserRow.id, UserRow.login).where(UserRow.id.in_(ids)))
    return {f"{_USER}{row.id}": row.login for row in found}


def _fitting(wanted: AuditWanted) -> Select[AuditRow]:
    query = select(AuditRow)
    if wanted.actor:
        query = query.where(AuditRow.actor == wanted.actor)
    if wanted.action:
        query = query.where(AuditRow.action.startswith(wanted.action, autoescape=True))
    if wanted.target:
        query = query.where(AuditRow.target.startswith(wanted.target, autoescape=True))
    if wanted.since is not None:
        query = query.where(AuditRow.at >= _midnight(wanted.since))
    if wanted.until is not None:
        query = query.where(AuditRow.at < _midnight(wanted.until + timedelta(days=1)))
    return query


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(0), SHANGHAI)
