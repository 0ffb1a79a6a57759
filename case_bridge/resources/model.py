"""Tables of shared resources (R94: 004 a9; R100: 001 a14)."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hotline.kernel.db import Base, enum_type
from hotline.kernel.ids import new_id


class ResourceKind(StrEnum):
    """Whose resource it is, as 004 a9 lists them."""

    MAP = "map"  # 地理信息
    COMMAND = "command"  # 应急指挥
    VIDEO = "video"  # 公共安全视频
    TRAFFIC = "traffic"  # 交通管理
    PIPES = "pipes"  # 地下管网


class ResourceRow(Base):
    """One system or one video point that can be looked at from a case."""

    __tablename__ = "shared_resources"
    __table_args__ = (
        CheckConstraint("(longitude IS NULL) = (latitude IS NULL)", name="both_or_neither"),
        CheckConstraint("(retired_at IS NULL) = (retired_by IS NULL)", name="retired_by_somebody"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[ResourceKind] = mapped_column(enum_type(ResourceKind))
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    owner: Mapped[str]
    """Who answers for it: the police, the water works."""
    address: Mapped[str]
    """Where it is looked at; {longitude} and {latitude} stand for the place of a case."""
    longitude: Mapped[float | None]
    latitude: Mapped[float | None]
    """Where a video point stands, WGS 84; None for a system of the whole city."""
    key_hash: Mapped[str | None] = mapped_column(unique=True)
    """Of the key by which that system reads ours; None while it may not."""
    read_at: Mapped[datetime | None]
    """When it last read."""
    added_at: Mapped[datetime]
    added_by: Mapped[str]
    retired_at: Mapped[datetime | None]
    retired_by: Mapped[str | None]
