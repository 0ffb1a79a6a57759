"""The audit log: a hash chain that shows any change, and stays whole after a lawful erasure.

Each row's hash covers its number, time, actor, action, target, the salted digest of its detail,
and the hash of the row before. A detail may be erased (with its salt) when the law asks for it;
the erasure is itself a row of the chain, and `verify` accepts an empty detail only with one.
What a chain cannot show alone is that its newest rows were cut off: every append therefore logs
the new head, and `verify` compares with a head that was kept elsewhere when it is given one.
"""

import hashlib
import json
import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.accounts.model import AuditRow
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import NotFound

log = structlog.get_logger()

GENESIS = "0" * 64
"""The hash before the first row."""

ERASE = "audit.erase"
"""The action of a row that records an erasure; its target is `audit:<seq>`."""

_LOCK = 0x48_4F_54_41  # "HOTA": any constant that no other advisory lock of ours uses
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Head:
    """The newest row: its number and hash. Kept elsewhere, it proves that nothing was cut off."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the chain, and at which row."""

    seq: int
    what: str


async def append(
    uow: UnitOfWork,
    *,
    actor: str,
    action: str,
    target: str,
    detail: Mapping[str, Any],
    now: datetime,
) -> Head:
    """Add one act to the chain; it counts when the unit of work commits.

    `detail` holds JSON values. Appends of other transactions wait until this one has ended, so
    append late in a transaction that does slow work.
    """
    await uow.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    before = await head(uow.session)
    salt = secrets.token_hex(16)
    row = AuditRow(
        seq=before.seq + 1,
        at=now,
        actor=actor,
        action=action,
        target=target,
        detail=dict(detail),
        salt=salt,
        detail_digest=_digest(salt, detail),
        prev_hash=before.hash,
    )
    row.hash = _row_hash(row)
    uow.session.add(row)
    await uow.session.flush()
    log.info("audit_appended", seq=row.seq, hash=row.hash, action=action)
    return Head(row.seq, row.hash)


async def erase_detail(
    uow: UnitOfWork, seq: int, *, actor: str, reason: str, now: datetime
) -> None:
    """Erase the detail of one row because the law asks for it, and say so in the chain.

    Raises:
        NotFound: if the chain has no such row.
    """
    row = await uow.session.get(AuditRow, seq, with_for_update=True)
    if row is None:
        raise NotFound("audit row", seq)
    row.detail = None
    row.salt = None
    await append(
        uow, actor=actor, action=ERASE, target=f"audit:{seq}", detail={"reason": reason}, now=now
    )


async def head(session: AsyncSession) -> Head:
    """Return the newest row's number and hash; number 0 and GENESIS before the first."""
    newest = (
        await session.execute(
            select(AuditRow.seq, AuditRow.hash).order_by(AuditRow.seq.desc()).limit(1)
        )
    ).one_or_none()
    return Head(newest.seq, newest.hash) if newest else Head(0, GENESIS)


async def verify(session: AsyncSession, expected: Head | None = None) -> list[Problem]:
    """Walk the whole chain and return every problem, in order of the rows; empty means whole.

    `expected` is a head that was noted earlier: the chain must still contain it.
    """
    erased = set(await session.scalars(select(AuditRow.target).where(AuditRow.action == ERASE)))
    problems: list[Problem] = []
    before = Head(0, GENESIS)
    found_expected = expected is None or expected.seq == 0
    async for row in _rows(session):
        problems += [Problem(row.seq, what) for what in _faults(row, before, erased)]
        found_expected = found_expected or (row.seq, row.hash) == (
            expected and expected.seq,
            expected and expected.hash,
        )
        before = Head(row.seq, row.hash)
    if not found_expected and expected is not None:
        problems.append(Problem(expected.seq, "the row noted as head earlier is not in the chain"))
    return problems


def _faults(row: AuditRow, before: Head, erased: set[str]) -> list[str]:
    faults = []
    if row.seq != before.seq + 1:
        faults.append(f"rows {before.seq + 1} to {row.seq - 1} are missing")
    if row.prev_hash != before.hash:
        faults.append("does not follow from the row before it")
    if row.hash != _row_hash(row):
        faults.append("was changed: its hash does not match")
    if row.detail is None or row.salt is None:
        if f"audit:{row.seq}" not in erased:
            faults.append("its detail is gone without a record of a lawful erasure")
    elif row.detail_digest != _digest(row.salt, row.detail):
        faults.append("its detail was changed: the digest does not match")
    return faults


async def _rows(session: AsyncSession) -> AsyncIterator[AuditRow]:
    last = 0
    while True:
        batch = (
            await session.scalars(
                select(AuditRow).where(AuditRow.seq > last).order_by(AuditRow.seq).limit(_BATCH)
            )
        ).all()
        for row in batch:
            yield row
            last = row.seq
            session.expunge(row)
        if len(batch) < _BATCH:
            return


def _digest(salt: str, detail: Mapping[str, Any]) -> str:
    return hashlib.sha256(f"{salt}:{_canonical(detail)}".encode()).hexdigest()


def _row_hash(row: AuditRow) -> str:
    at = row.at.astimezone(UTC).isoformat(timespec="microseconds")
    fields = [row.seq, at, row.actor, row.action, row.target, row.detail_digest, row.prev_hash]
    return hashlib.sha256(_canonical(fields).encode()).hexdigest()


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
