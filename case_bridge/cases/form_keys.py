"""One press of a button is one case, however often its form arrives."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ForeignKey, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from hotline.kernel.db import Base, UnitOfWork
from hotline.kernel.errors import Invalid
from hotline.kernel.ids import CaseId

LONGEST = 64

KEPT = timedelta(days=30)
"""Nobody sends a form again that has been open for longer."""


class FormKeyRow(Base):
    """The key of a form that was sent, and the case that it became."""

    __tablename__ = "case_form_keys"

    key: Mapped[str] = mapped_column(primary_key=True)
    sent_by: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey("cases.id"))
    sent_at: Mapped[datetime]


async def claim_key(uow: UnitOfWork, key: str, by: UUID, *, now: datetime) -> CaseId | None:
    """Take a form's key; return the case of the one who had it before, None for the first.

    A second one that arrives at the same moment waits until the first is through.

    Raises:
        Invalid: if the key is no key.
    """
    if not 8 <= len(key) <= LONGEST:
        raise Invalid("key", "the page is too old; open it again")
    taken = await uow.session.execute(
        insert(FormKeyRow)
        .values(key=key, sent_by=by, sent_at=now)
        .on_conflict_do_nothing()
        .returning(FormKeyRow.key)
    )
    if taken.scalar_one_or_none() is not None:
        return None
    case_id = await uow.session.scalar(
        select(FormKeyRow.case_id).where(FormKeyRow.key == key, FormKeyRow.sent_by == by)
    )
    return CaseId(case_id) if case_id else None


async def keep_case(uow: UnitOfWork, key: str, by: UUID, case_id: CaseId) -> None:
    """Remember which case a form became."""
    await uow.session.execute(
        update(FormKeyRow)
        .where(FormKeyRow.key == key, FormKeyRow.sent_by == by)
        .values(case_id=case_id)
    )


async def forget_keys(uow: UnitOfWork, *, now: datetime) -> int:
    """Delete the keys of forms that nobody will send again; return how many."""
    gone = await uow.session.scalars(
        delete(FormKeyRow).where(FormKeyRow.sent_at < now - KEPT).returning(FormKeyRow.key)
    )
    return len(gone.all())
