"""Table of kept figures."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hotline.kernel.ids import new_id
from hotline.kernel.schema import Base


class ServiceLevelRow(Base):
    """One figure, with the definition by which it was counted; never changed."""

    __tablename__ = "service_levels"
    __table_args__ = (
        Index("uq_service_levels", "name", "version", "queue", "begins_at", unique=True),
        Index("ix_service_levels_begins", "begins_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    version: Mapped[str]
    queue: Mapped[str]
    """`*`: all queues together."""
    begins_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    definition: Mapped[dict[str, Any]] = mapped_column(JSONB)
    kept: Mapped[int]
    late: Mapped[int]
    abandoned: Mapped[int]
    ignored: Mapped[int]
    announced: Mapped[int] = mapped_column(server_default="0")
    window_ends_at: Mapped[datetime | None]
    made_at: Mapped[datetime]
