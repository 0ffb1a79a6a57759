"""Table of return calls."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from hotline.kernel.ids import new_id
from hotline.kernel.schema import Base, enum_type
from hotline.queues.returns.states import ReturnReason, ReturnState


class ReturnCallRow(Base):
    """A call that we owe somebody, with the place in the queue that it keeps."""

    __tablename__ = "return_calls"
    __table_args__ = (
        # However often somebody is lost, we owe one call.
        Index(
            "uq_return_calls_open_number",
            "number",
            unique=True,
            postgresql_where="state IN ('waiting', 'dialling')",
        ),
        Index("ix_return_calls_place", "queue", "rank_at", postgresql_where="state = 'waiting'"),
        Index("ix_return_calls_owed", "number_hash", postgresql_where="state = 'waiting'"),
        Index("ix_return_calls_made", "made_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    entry_id: Mapped[UUID] = mapped_column(ForeignKey("queue_entries.id"))
    """The wait that ended without a talk, or whose talk was lost."""
    call_id: Mapped[UUID]
    queue: Mapped[str]
    number: Mapped[str]
    number_hash: Mapped[str | None]
    reason: Mapped[ReturnReason] = mapped_column(enum_type(ReturnReason))
    state: Mapped[ReturnState] = mapped_column(enum_type(ReturnState), default=ReturnState.WAITING)
    rank_at: Mapped[datetime]
    """The place that is kept; see `queue_entries.rank_at`."""
    made_at: Mapped[datetime]
    due_at: Mapped[datetime]
    """Not dialled before."""
    attempts: Mapped[int] = mapped_column(default=0)
    dialled_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    why: Mapped[str | None]
    """What the last attempt came to."""
