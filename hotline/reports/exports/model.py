"""Table of the files that people asked for."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from hotline.kernel.db import Base, enum_type
from hotline.kernel.ids import new_id


class ExportState(StrEnum):
    """Where a file stands."""

    WAITING = "waiting"  # 排队中
    WRITING = "writing"  # 正在生成
    READY = "ready"  # 可下载
    FAILED = "failed"  # 未能生成
    EXPIRED = "expired"  # 已清除


class FileFormat(StrEnum):
    """What kind of file."""

    CSV = "csv"
    XLSX = "xlsx"


class ExportRow(Base):
    """One file: what is in it, who asked and why, and how far it is written."""

    __tablename__ = "list_exports"
    __table_args__ = (
        Index("ix_list_exports_user", "user_id", "asked_at"),
        Index("ix_list_exports_kept", "asked_at", postgresql_where="state <> 'expired'"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    list_name: Mapped[str]
    """Which list: a key of `ExportOptions.lists`."""
    file_format: Mapped[FileFormat] = mapped_column(enum_type(FileFormat))
    wanted: Mapped[dict[str, Any]]
    sort: Mapped[str]
    is_unmasked: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(default="")
    state: Mapped[ExportState] = mapped_column(enum_type(ExportState), default=ExportState.WAITING)
    problem: Mapped[str] = mapped_column(default="")
    expected: Mapped[int]
    written: Mapped[int] = mapped_column(default=0)
    """Rows in the file so far."""
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    """Bytes of the file that count; what a crash left behind them is cut off."""
    cursor: Mapped[str | None]
    part: Mapped[int] = mapped_column(default=0)
    asked_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
