"""Tables of evaluation: facts folded from the log of cases, and published results."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    CheckConstraint,
    Connection,
    ForeignKey,
    Index,
    Numeric,
    UniqueConstraint,
)
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, Mapper, mapped_column

from case_bridge.cases.case import CaseSource
from case_bridge.evaluation.definition import ObjectKind
from case_bridge.units.unit import UnitClass
from hotline.kernel.db import Base, enum_type
from hotline.kernel.ids import new_id


class CaseFactRow(Base):
    """One round of one case, as `case_history` told it at the end of a month.

    There is one row for the end of each month in which the round moved, and it holds until the end
    of the next such month: a period counts what was known at its end. Rebuilt from the log at any
    time.
    """

    __tablename__ = "case_facts"
    __table_args__ = (
        Index("ix_case_facts_reported", "reported_at", "case_id", "round"),
        Index("ix_case_facts_moved", "moved_at"),
        # A period meets the facts that were not over before it began.
        Index("ix_case_facts_over", "over_at"),
    )

    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    known_from: Mapped[datetime] = mapped_column(primary_key=True)
    """The end of the month, exclusive, until which this is told: what came later is not in it."""
    known_until: Mapped[datetime | None]
    """From the end of which month on the next row tells more; None: this is the newest."""
    number: Mapped[str]
    sequence: Mapped[int]
    """How many moves of the case were known when this was folded."""
    moved_at: Mapped[datetime]
    """The last move of the round that is told."""
    over_at: Mapped[datetime | None]
    """When nothing was left to do: closed, settled, declined, voided or merged; None before."""
    source: Mapped[CaseSource] = mapped_column(enum_type(CaseSource))
    region: Mapped[str | None]
    community: Mapped[str | None]
    district_id: Mapped[UUID | None]
    reported_at: Mapped[datetime]
    unit_id: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    verify_asked_at: Mapped[datetime | None]
    verified_at: Mapped[datetime | None]
    verified_by: Mapped[UUID | None]
    filed_at: Mapped[datetime | None]
    filed_by: Mapped[UUID | None]
    dispatch_asked_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    declined_at: Mapped[datetime | None]
    voided_at: Mapped[datetime | None]
    merged_at: Mapped[datetime | None]
    first_dispatched_at: Mapped[datetime | None]
    dispatched_by: Mapped[UUID | None]
    due_at: Mapped[datetime | None]
    handled_at: Mapped[datetime | None]
    check_asked_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    checked_by: Mapped[UUID | None]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[UUID | None]
    returned_at: Mapped[datetime | None]
    returned_by: Mapped[UUID | None]
    rework_at: Mapped[list[datetime]] = mapped_column(ARRAY(TIMESTAMP(timezone=True)))
    extended_at: Mapped[datetime | None]
    deferred_at: Mapped[datetime | None]
    shelved_at: Mapped[datetime | None]
    unshelved_at: Mapped[datetime | None]
    supervised_at: Mapped[datetime | None]
    decided_in_time: Mapped[bool | None]
    """This and the next five: as the stage clocks of the case ended; None if none did."""
    filed_in_time: Mapped[bool | None]
    dispatched_in_time: Mapped[bool | None]
    verified_in_time: Mapped[bool | None]
    checked_in_time: Mapped[bool | None]
    returned_in_time: Mapped[bool | None]
    digest: Mapped[int] = mapped_column(BigInteger)
    """Of all that is counted above; the fingerprint of a period is the sum of its facts'."""


class EvaluationRow(Base):
    """One published evaluation of one kind of object in one period. Never changed.

    A correction is a new revision with a reason; the old one stays beside it.
    """

    __tablename__ = "evaluations"
    __table_args__ = (
        UniqueConstraint(
            "period", "object_kind", "revision", name="uq_evaluations_period_kind_revision"
        ),
        CheckConstraint("revision >= 1", name="revision_from_one"),
        CheckConstraint("revision = 1 OR reason <> ''", name="a_correction_has_a_reason"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    period: Mapped[str]
    object_kind: Mapped[ObjectKind] = mapped_column(enum_type(ObjectKind))
    revision: Mapped[int]
    reason: Mapped[str]
    definition: Mapped[dict[str, Any]]
    options: Mapped[dict[str, Any]]
    grading: Mapped[dict[str, Any]]
    inputs_hash: Mapped[str]
    """A fingerprint of every fact that was counted."""
    published_at: Mapped[datetime]
    published_by: Mapped[str]


class EvaluationResultRow(Base):
    """One object's figures in a published evaluation. Never changed."""

    __tablename__ = "evaluation_results"
    __table_args__ = (
        UniqueConstraint(
            "evaluation_id", "object_key", name="uq_evaluation_results_evaluation_object"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    evaluation_id: Mapped[UUID] = mapped_column(ForeignKey("evaluations.id"))
    position: Mapped[int]
    object_key: Mapped[str]
    object_name: Mapped[str]
    unit_class: Mapped[UnitClass | None] = mapped_column(enum_type(UnitClass))
    level: Mapped[str | None]
    """The second-level platform that commands it."""
    counters: Mapped[dict[str, Any]]
    score: Mapped[Any | None] = mapped_column(Numeric(12, 6))
    grade: Mapped[str | None]
    place: Mapped[int | None]
    remark: Mapped[str]


def _refuse_change(_mapper: Mapper[Any], _connection: Connection, row: Base) -> None:
    raise RuntimeError(f"{row.__tablename__} only grows")


for _append_only in (EvaluationRow, EvaluationResultRow):
    sqlalchemy_event.listen(_append_only, "before_update", _refuse_change)
    sqlalchemy_event.listen(_append_only, "before_delete", _refuse_change)
