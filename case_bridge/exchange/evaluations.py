"""What a superior is told of our published evaluations, and what our subordinates told us."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.evaluation.definition import ObjectKind
from case_bridge.evaluation.model import EvaluationRow
from case_bridge.evaluation.score import Result
from case_bridge.evaluation.service import published_by_id
from case_bridge.exchange.forms import (
    EvaluatedObject,
    EvaluationMessage,
    EvaluationReport,
    FormKind,
)
from case_bridge.exchange.model import Direction, ExchangeMessageRow
from case_bridge.exchange.peer import ExchangeOptions
from case_bridge.exchange.states import MessageState

TOLD: Final = (ObjectKind.UNIT, ObjectKind.DEPARTMENT, ObjectKind.REGION, ObjectKind.CENTRE)
"""Kinds of object that a superior hears of; what is assessed of persons stays in the house."""
AT_ONCE: Final = 10
MOST: Final = 200
"""Objects of one form: a city has some dozens of units and areas."""


@dataclass(frozen=True, slots=True)
class ToldEvaluation:
    """One evaluation that a subordinate told of, with the message that it came in."""

    message_id: int
    peer: str
    report: EvaluationReport


async def due_reports(session: AsyncSession, since: datetime | None) -> Sequence[EvaluationReport]:
    """Return what was published after an instant, oldest first, some at a time."""
    query = select(EvaluationRow.id).where(EvaluationRow.object_kind.in_(TOLD))
    if since is not None:
        query = query.where(EvaluationRow.published_at > since)
    found = await session.scalars(query.order_by(EvaluationRow.published_at).limit(AT_ONCE))
    reports = []
    for evaluation_id in found.all():
        each = await published_by_id(session, evaluation_id)
        assert each.published_at is not None
        ranked = sorted(each.results, key=lambda result: (result.place is None, result.place or 0))
        reports.append(
            EvaluationReport(
                period=str(each.period),
                kind=each.kind.value,
                revision=each.revision,
                formula=each.definition.name[:200],
                published_at=each.published_at,
                objects=tuple(_object(result) for result in ranked[:MOST]),
                omitted=max(0, len(ranked) - MOST),
            )
        )
    return reports


async def told_evaluations(
    session: AsyncSession, options: ExchangeOptions, *, before: int | None, limit: int
) -> Sequence[ToldEvaluation]:
    """Return what subordinates told of, newest first."""
    query = select(ExchangeMessageRow).where(
        ExchangeMessageRow.form == FormKind.EVALUATION,
        ExchangeMessageRow.direction == Direction.IN,
        ExchangeMessageRow.state == MessageState.APPLIED,
        ExchangeMessageRow.peer.in_(options.peers),
    )
    if before is not None:
        query = query.where(ExchangeMessageRow.id < before)
    rows = await session.scalars(query.order_by(ExchangeMessageRow.id.desc()).limit(limit))
    found = []
    for row in rows:
        message = options.peer(row.peer).dialect.read(row.raw)
        assert isinstance(message, EvaluationMessage)
        found.append(ToldEvaluation(row.id, row.peer, message.body))
    return found


def _object(result: Result) -> EvaluatedObject:
    return EvaluatedObject(
        name=result.name[:200] or result.key[:200],
        place=result.place,
        score=None if result.score is None else f"{result.score:f}",
        grade=result.grade.value if result.grade else None,
        filed=_counter(result, "filed"),
        should_close=_counter(result, "should_close"),
        closed=_counter(result, "closed"),
    )


def _counter(result: Result, name: str) -> int:
    return max(0, int(result.counters.get(name, 0)))
