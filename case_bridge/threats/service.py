"""Use cases: record what was done to an inspector, tell the police, enter their answer (R108)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases.words import require_words
from case_bridge.field.model import InspectorRow
from case_bridge.threats.model import ThreatKind, ThreatRow
from hotline.accounts import audit
from hotline.accounts.service import User
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, Invalid, NotFound
from hotline.kernel.ids import UserId, new_id

DEVICE_KINDS = frozenset({ThreatKind.THEFT, ThreatKind.ROBBERY, ThreatKind.DAMAGE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Threat:
    """What somebody says that happened."""

    kind: ThreatKind
    happened_at: datetime
    place: str
    text: str
    inspector_id: UserId
    device: str = ""


async def record_threat(uow: UnitOfWork, threat: Threat, *, actor: User, now: datetime) -> UUID:
    """Put an incident on record.

    Raises:
        Invalid: if it does not say where or what, lies in the future, names nobody of the roster,
            or a device is gone that has no number.
    """
    if threat.happened_at > now:
        raise Invalid("happened_at", "lies in the future")
    if threat.kind in DEVICE_KINDS:
        require_words("device", threat.device)
    if await uow.session.get(InspectorRow, threat.inspector_id) is None:
        raise Invalid("inspector_id", "is nobody of the roster")
    row = ThreatRow(
        id=new_id(),
        kind=threat.kind,
        happened_at=threat.happened_at,
        place=require_words("place", threat.place),
        text=require_words("text", threat.text),
        device=threat.device.strip() or None,
        inspector_id=threat.inspector_id,
        recorded_at=now,
        recorded_by=actor.display_name,
    )
    uow.session.add(row)
    await uow.session.flush()
    await _audit(uow, row, "record", actor, now)
    return row.id


async def tell_police(
    uow: UnitOfWork, threat_id: UUID, *, station: str, actor: User, now: datetime
) -> None:
    """Note that the police were told, once.

    Raises:
        Conflict: if they were told already.
    """
    row = await _locked(uow, threat_id)
    if row.told_at is not None:
        raise Conflict(f"{row.told_to} was told already")
    row.told_to, row.told_at, row.told_by = (
        require_words("station", station),
        now,
        actor.display_name,
    )
    await _audit(uow, row, "tell", actor, now)


async def enter_answer(
    uow: UnitOfWork,
    threat_id: UUID,
    *,
    receipt_number: str,
    outcome: str,
    actor: User,
    now: datetime,
) -> None:
    """Enter the number of the police's receipt, and what became of it as far as is known.

    Raises:
        Conflict: if nobody told them.
    """
    row = await _locked(uow, threat_id)
    if row.told_at is None:
        raise Conflict("the police were not told yet")
    row.receipt_number = require_words("receipt_number", receipt_number)
    row.outcome = outcome.strip() or None
    await _audit(uow, row, "answer", actor, now)


async def threats(
    session: AsyncSession,
    *,
    inspector_id: UserId | None = None,
    within: tuple[ColumnElement[bool], ...] = (),
) -> Sequence[tuple[ThreatRow, str]]:
    """Return the newest incidents with the inspector's name, of everybody or of one.

    `within` keeps them to some inspectors.
    """
    query = (
        select(ThreatRow, InspectorRow.name)
        .join(InspectorRow, InspectorRow.user_id == ThreatRow.inspector_id)
        .where(*within)
        .order_by(ThreatRow.happened_at.desc(), ThreatRow.id)
        .limit(200)
    )
    if inspector_id is not None:
        query = query.where(ThreatRow.inspector_id == inspector_id)
    return [(row, name) for row, name in await session.execute(query)]


async def inspector_of(session: AsyncSession, threat_id: UUID) -> UserId:
    """Return to whom an incident was done.

    Raises:
        NotFound: if there is no such incident.
    """
    found = await session.scalar(select(ThreatRow.inspector_id).where(ThreatRow.id == threat_id))
    if found is None:
        raise NotFound("incident", threat_id)
    return UserId(found)


async def _locked(uow: UnitOfWork, threat_id: UUID) -> ThreatRow:
    row = await uow.session.get(ThreatRow, threat_id, with_for_update=True)
    if row is None:
        raise NotFound("incident", threat_id)
    return row


async def _audit(uow: UnitOfWork, row: ThreatRow, act: str, actor: User, now: datetime) -> None:
    await audit.append(
        uow,
        actor=actor.login,
        action=f"threat.{act}",
        target=f"threat:{row.id}",
        detail={"kind": row.kind.value, "told_to": row.told_to, "receipt": row.receipt_number},
        now=now,
    )
