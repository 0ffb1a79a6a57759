"""Use cases of standards: import, put in force on a day, go back, and what ships with the house."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from case_bridge.standards.checking import Checked, check_file
from case_bridge.standards.finding import Finding, Trouble
from case_bridge.standards.model import StandardActRow, StandardRow
from case_bridge.standards.repository import Standards, standard_in
from case_bridge.standards.standard import Standard
from case_bridge.standards.states import STANDARD, StandardState, StandardTrigger
from case_bridge.standards.tables import HEAD
from hotline.accounts import audit
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.db import Database, UnitOfWork
from hotline.kernel.errors import Conflict
from hotline.kernel.ids import new_id
from hotline.tickets.categories import save_categories

SHIPPED: Final = "system"
"""Who imported the standard that comes with the program."""


@dataclass(frozen=True, slots=True)
class StandardFile:
    """A file somebody wants to import."""

    name: str
    content: bytes
    scheme: str | None = None
    """Another scheme than the one in force, where the city means to change it."""


@dataclass(frozen=True, slots=True)
class Imported:
    """The version that a file became, or every reason why it did not."""

    standard_id: UUID | None
    findings: tuple[Finding, ...]


async def check_standard(uow: UnitOfWork, file: StandardFile) -> Checked:
    """Return the standard that a file holds or all its mistakes; nothing is stored (R22)."""
    standards = Standards(uow.session)
    in_force = await standards.in_state(StandardState.IN_FORCE)
    scheme = file.scheme or (in_force.scheme if in_force else None)
    # A large workbook takes a second: not on the loop that serves everybody.
    checked = await asyncio.to_thread(check_file, file.name, file.content, scheme=scheme)
    if checked.standard is None:
        return checked
    known = await standards.of_version(checked.standard.scheme, checked.standard.version)
    if known is None or standard_in(known) == checked.standard:
        return checked
    values = {"value": checked.standard.version}
    return Checked(None, (Finding(Trouble.KNOWN_VERSION, HEAD, None, "版本", values),))


async def import_standard(
    uow: UnitOfWork, file: StandardFile, *, actor: str, now: datetime
) -> Imported:
    """Store the standard of a faultless file, not yet in force; the same file changes nothing."""
    await Standards(uow.session).lock()
    checked = await check_standard(uow, file)
    standard = checked.standard
    if standard is None:
        return Imported(None, checked.findings)
    known = await Standards(uow.session).of_version(standard.scheme, standard.version)
    if known is not None:
        return Imported(known.id, ())
    row = _row(standard, by=actor, now=now)
    row.file_name = file.name[-120:]
    row.sha256 = hashlib.sha256(file.content).hexdigest()
    uow.session.add(row)
    await uow.session.flush()
    detail = {"file": row.file_name, "sha256": row.sha256, "items": len(standard.items)}
    await _audit(uow, "standard.import", row, actor, detail, now=now)
    return Imported(row.id, ())


async def activate_standard(
    uow: UnitOfWork,
    standard_id: UUID,
    *,
    effective_on: date,
    actor: str,
    now: datetime,
) -> StandardState:
    """Put a version in force, at once or on a later day; return where it stands.

    Open cases keep the version they were filed under: a filed case carries its limit with it.

    Raises:
        NotFound: if there is no such version.
        Conflict: if it is in force already.
    """
    standards = Standards(uow.session)
    await standards.lock()
    row = await standards.get(standard_id)
    row.effective_on = effective_on
    if effective_on <= now.astimezone(SHANGHAI).date():
        await _put_in_force(uow, row, actor=actor, reason="", now=now)
        return row.state
    waiting = await standards.in_state(StandardState.SCHEDULED)
    if waiting is not None and waiting.id != row.id:
        _move(uow, waiting, StandardTrigger.WITHDRAW, actor=actor, now=now)
        # The partial unique index must see the place free before the next one takes it.
        await uow.session.flush()
    _move(uow, row, StandardTrigger.SCHEDULE, actor=actor, now=now)
    detail = {"effective_on": effective_on.isoformat()}
    await _audit(uow, "standard.schedule", row, actor, detail, now=now)
    return row.state


async def withdraw_standard(
    uow: UnitOfWork, standard_id: UUID, *, actor: str, now: datetime
) -> None:
    """Take back that a version comes into force.

    Raises:
        NotFound: if there is no such version.
        Conflict: if it was not scheduled.
    """
    standards = Standards(uow.session)
    await standards.lock()
    row = await standards.get(standard_id)
    _move(uow, row, StandardTrigger.WITHDRAW, actor=actor, now=now)
    await _audit(uow, "standard.withdraw", row, actor, {}, now=now)


async def roll_back(uow: UnitOfWork, *, actor: str, reason: str, now: datetime) -> UUID:
    """Put the version in force again that the present one replaced; return its id.

    Raises:
        Conflict: if there is none to go back to.
    """
    standards = Standards(uow.session)
    await standards.lock()
    present = await standards.in_state(StandardState.IN_FORCE)
    if present is None or present.replaces_id is None:
        raise Conflict("no earlier standard was in force")
    earlier = await standards.get(present.replaces_id)
    before = earlier.replaces_id
    earlier.effective_on = now.astimezone(SHANGHAI).date()
    await _put_in_force(uow, earlier, actor=actor, reason=reason or "回退", now=now)
    # Going back twice leads two versions back, not to and fro.
    earlier.replaces_id = before
    return earlier.id


async def activate_due(database: Database, *, now: datetime) -> int:
    """Put the scheduled version in force once its day has come; return how many."""
    async with database.begin() as uow:
        standards = Standards(uow.session)
        await standards.lock()
        due = await standards.due(now.astimezone(SHANGHAI).date())
        if due is None:
            return 0
        row = await standards.get(due.id)
        await _put_in_force(uow, row, actor=SHIPPED, reason="按期生效", now=now)
        return 1


async def load_shipped(uow: UnitOfWork, standard: Standard, *, now: datetime) -> int:
    """Take up the standard that ships with the program; return how many categories changed.

    It comes into force in an empty house. Where a city put its own in force nothing changes: a
    newer shipped one only waits among the versions.
    """
    standards = Standards(uow.session)
    await standards.lock()
    present = await standards.in_state(StandardState.IN_FORCE)
    row = await standards.of_version(standard.scheme, standard.version)
    if row is None:
        row = _row(standard, by=SHIPPED, now=now)
        uow.session.add(row)
        await uow.session.flush()
    elif row.imported_by == SHIPPED and row.state is not StandardState.REPLACED:
        row.title, row.content = standard.title, standard.to_payload()
    if present is None:
        row.effective_on = now.astimezone(SHANGHAI).date()
        _move(uow, row, StandardTrigger.ACTIVATE, actor=SHIPPED, now=now)
        present = row
    await uow.session.flush()
    present = await standards.get(present.id)
    return await save_categories(uow, standard_in(present).categories())


async def _put_in_force(
    uow: UnitOfWork, row: StandardRow, *, actor: str, reason: str, now: datetime
) -> None:
    standards = Standards(uow.session)
    present = await standards.in_state(StandardState.IN_FORCE)
    if present is not None and present.id == row.id:
        raise Conflict("the standard is in force already")
    if present is not None:
        _move(uow, present, StandardTrigger.REPLACE, actor=actor, reason=reason, now=now)
        await uow.session.flush()
    row.replaces_id = present.id if present else None
    _move(uow, row, StandardTrigger.ACTIVATE, actor=actor, reason=reason, now=now)
    changed = await save_categories(uow, standard_in(row).categories())
    detail = {
        "replaces": present.version if present else None,
        "changed": changed,
        "reason": reason,
        "effective_on": row.effective_on.isoformat() if row.effective_on else None,
    }
    await _audit(uow, "standard.activate", row, actor, detail, now=now)


def _move(
    uow: UnitOfWork,
    row: StandardRow,
    trigger: StandardTrigger,
    *,
    actor: str,
    now: datetime,
    reason: str = "",
) -> None:
    row.state = STANDARD.next(row.state, trigger)
    uow.session.add(
        StandardActRow(
            id=new_id(),
            standard_id=row.id,
            trigger=trigger,
            state=row.state,
            effective_on=row.effective_on,
            actor=actor,
            reason=reason,
            at=now,
        )
    )


def _row(standard: Standard, *, by: str, now: datetime) -> StandardRow:
    return StandardRow(
        id=new_id(),
        scheme=standard.scheme,
        version=standard.version,
        title=standard.title,
        state=STANDARD.initial,
        content=standard.to_payload(),
        file_name="",
        sha256="",
        imported_by=by,
        imported_at=now,
    )


async def _audit(
    uow: UnitOfWork,
    action: str,
    row: StandardRow,
    actor: str,
    detail: Mapping[str, object],
    *,
    now: datetime,
) -> None:
    await audit.append(
        uow,
        actor=actor,
        action=action,
        target=f"standard:{row.scheme}@{row.version}",
        detail=detail,
        now=now,
    )
