"""Tables of rewards. No name, number or account of a citizen is in them: a ticket stands there."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from case_bridge.rewards.states import RewardState
from hotline.kernel.db import Base, enum_type
from hotline.kernel.ids import new_id


class RewardRateRow(Base):
    """What a report of a category is worth, from a day on."""

    __tablename__ = "reward_rates"
    __table_args__ = (
        UniqueConstraint("category", "valid_from"),
        CheckConstraint("amount > 0", name="rate_above_nought"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    category: Mapped[str]
    amount: Mapped[Decimal] = mapped_column(Numeric(9, 2))
    valid_from: Mapped[date]
    added_by: Mapped[str]
    added_at: Mapped[datetime]


class RewardRow(Base):
    """One reward, for the first report of one case."""

    __tablename__ = "rewards"
    __table_args__ = (
        CheckConstraint("amount > 0", name="reward_above_nought"),
        CheckConstraint(
            "decided_by_id IS NULL OR decided_by_id <> proposed_by_id",
            name="nobody_approves_their_own",
        ),
        CheckConstraint("paid_by_id IS NULL OR paid_by_id <> decided_by_id", name="two_to_pay"),
        CheckConstraint("(state = 'paid') = (paid_at IS NOT NULL)", name="paid_when_paid"),
        CheckConstraint("state <> 'refused' OR reason <> ''", name="a_refusal_has_a_reason"),
        Index("ix_rewards_state", "state", "proposed_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), unique=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    state: Mapped[RewardState] = mapped_column(enum_type(RewardState))
    amount: Mapped[Decimal] = mapped_column(Numeric(9, 2))
    rate: Mapped[str]
    """The rate by which the amount was set: category and day."""
    reason: Mapped[str] = mapped_column(default="")
    proposed_at: Mapped[datetime]
    proposed_by: Mapped[str]
    proposed_by_id: Mapped[UUID]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    decided_by_id: Mapped[UUID | None]
    paid_at: Mapped[datetime | None]
    paid_by: Mapped[str | None]
    paid_by_id: Mapped[UUID | None]
