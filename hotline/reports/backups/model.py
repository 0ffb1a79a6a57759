"""One table: a row for each backup."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from hotline.kernel.schema import Base


class BackupRow(Base):
    """One backup of the house; it does not hold its own row."""

    __tablename__ = "backups"
    __table_args__ = (Index("ix_backups_made", "made_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    """Stands in the backup too."""
    made_at: Mapped[datetime]
    host: Mapped[str]
    folder: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    """Bytes, also of what it shares with the backup before."""
    verified_at: Mapped[datetime | None]
    """When it was last loaded into an empty database and compared."""
    problem: Mapped[str | None]
    """The first thing that was wrong then; None: nothing."""
