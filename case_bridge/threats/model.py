"""Table of what was done to inspectors (R108: 000 a31; 001 a23; 004 a26; R14: 000 a17)."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from hotline.kernel.db import Base, enum_type
from hotline.kernel.ids import new_id


class ThreatKind(StrEnum):
    """What happened, as the regulations list it."""

    HINDRANCE = "hindrance"  # 阻挠采集
    INSULT = "insult"  # 侮辱
    THREAT = "threat"  # 威胁、恐吓
    INJURY = "injury"  # 人身伤害
    THEFT = "theft"  # 盗窃采集器
    ROBBERY = "robbery"  # 抢夺采集器
    DAMAGE = "damage"  # 毁损采集器


class ThreatRow(Base):
    """One incident; it is told to the police, and what they answered stands with it."""

    __tablename__ = "inspector_threats"
    __table_args__ = (
        Index("ix_inspector_threats_at", "happened_at", "id"),
        CheckConstraint("(told_at IS NULL) = (told_to IS NULL)", name="told_to_somebody"),
        CheckConstraint("receipt_number IS NULL OR told_at IS NOT NULL", name="receipt_after_told"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[ThreatKind] = mapped_column(enum_type(ThreatKind))
    happened_at: Mapped[datetime]
    place: Mapped[str]
    text: Mapped[str]
    device: Mapped[str | None]
    """The number of the terminal that was taken or damaged."""
    inspector_id: Mapped[UUID] = mapped_column(ForeignKey("inspectors.user_id"))
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    told_to: Mapped[str | None]
    """The police station."""
    told_at: Mapped[datetime | None]
    told_by: Mapped[str | None]
    receipt_number: Mapped[str | None]
    outcome: Mapped[str | None]
