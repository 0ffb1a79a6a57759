"""All SQL about evaluation but the text of the great statements (`fold_sql`, `facts_sql`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CursorResult, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.evaluation import facts_sql, fold_sql
from case_bridge.evaluation.counters import Counter
from case_bridge.evaluation.definition import ObjectKind
from case_bridge.evaluation.fact import area_pattern
from case_bridge.evaluation.model import CaseFactRow, EvaluationResultRow, EvaluationRow
from case_bridge.evaluation.options import Options
from case_bridge.evaluation.period import Period
from case_bridge.units.model import ResponsibilityRow, UnitDistrictRow, UnitRow
from hotline.accounts.model import UserRow
from hotline.kernel.ids import UnitId

_FOLD_LOCK = 0x45_56_41_4C  # "EVAL": any constant that no other advisory lock of ours uses


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedCase:
    """One case behind a number."""

    case_id: UUID
    round: int
    number: str
    region: str | None
    unit_id: UUID | None
    reported_at: datetime
    due_at: datetime | None
    handled_at: datetime | None
    closed_at: datetime | None
    reworks: int


Place = tuple[datetime, UUID, int]
"""Where a page of counted cases ends."""


class Evaluations:
    """Facts and published results over one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def fold(self, *, since: datetime | None) -> int:
        """Bring the facts up to date, with None fold every case again; return how many changed.

        One at a time: a second one waits, and then finds nothing to do.
        """
        await self._session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _FOLD_LOCK})
        # A digest is taken of instants as text, in the zone of the session; and sorting a whole
        # log in little memory would go through files.
        await self._session.execute(text("SET LOCAL timezone TO 'UTC'"))
        await self._session.execute(text("SET LOCAL work_mem TO '256MB'"))
        areas = area_pattern(await self.areas())
        values: dict[str, Any] = {"areas": areas}
        statement = fold_sql.FOLD_ALL
        if since is not None:
            statement, values["since"] = fold_sql.FOLD_MOVED, since
        folded = await self._session.execute(text(statement), values)
        assert isinstance(folded, CursorResult)
        return folded.rowcount

    async def last_move(self) -> datetime | None:
        """Return the newest move that is folded, or None if nothing is."""
        return await self._session.scalar(select(func.max(CaseFactRow.moved_at)))

    async def areas(self) -> Sequence[str]:
        """Return the streets and districts that the responsibility matrix names."""
        found = await self._session.scalars(
            select(ResponsibilityRow.area).where(ResponsibilityRow.area != "*").distinct()
        )
        return sorted(found)

    async def count(
        self,
        kind: ObjectKind,
        period: Period,
        options: Options,
        *,
        district: UnitId | None = None,
    ) -> list[tuple[str, dict[str, int]]]:
        """Return every object of a kind that had to do with the period, with its counters.

        Of a district only what it commands, if one is named.
        """
        names = tuple(facts_sql.counters_of(kind))
        statement = facts_sql.count_sql(kind, options, of_district=district is not None)
        values = facts_sql.binds(period) | ({"district": district} if district else {})
        found = await self._session.execute(text(statement), values)
        return [(row.object_key, {name: getattr(row, name) for name in names}) for row in found]

    async def fingerprint(self, period: Period) -> str:
        """Return what identifies the facts that a period counts: how many, and their digest."""
        found = await self._session.execute(text(facts_sql.FINGERPRINT), facts_sql.binds(period))
        number, digest = found.one()
        return f"{number}-{int(digest) % (1 << 64):016x}"

    async def has_facts(self, period: Period) -> bool:
        """Say whether any case had to do with the period."""
        found = await self._session.scalar(text(facts_sql.HAS_FACTS), facts_sql.binds(period))
        return bool(found)

    async def rows(
        self,
        kind: ObjectKind,
        key: str,
        counter: Counter,
        period: Period,
        options: Options,
        *,
        district: UnitId | None,
        after: Place | None,
        limit: int,
    ) -> list[CountedCase]:
        """Return cases behind a number, newest report first, from behind the place `after`.

        Of a district only its own, if one is named.
        """
        statement = facts_sql.rows_sql(
            kind, counter, options, after=after is not None, of_district=district is not None
        )
        values = facts_sql.binds(period) | {"object_key": key, "limit": limit}
        if district is not None:
            values["district"] = district
        if after is not None:
            values |= dict(zip(("at", "case_id", "round"), after, strict=True))
        found = await self._session.execute(text(statement), values)
        return [CountedCase(**row._mapping) for row in found]  # noqa: SLF001 - its public name

    async def unit_names(self) -> dict[str, tuple[str, Any]]:
        """Return every unit's name and class by its id as text."""
        found = await self._session.execute(select(UnitRow.id, UnitRow.name, UnitRow.unit_class))
        return {str(unit_id): (name, unit_class) for unit_id, name, unit_class in found}

    async def levels(self) -> dict[str, str]:
        """Return the name of the platform that commands a unit, by the unit's id as text."""
        found = await self._session.execute(
            select(UnitDistrictRow.unit_id, UnitRow.name).join(
                UnitRow, UnitRow.id == UnitDistrictRow.district_id
            )
        )
        return {str(unit_id): name for unit_id, name in found}

    async def user_names(self) -> dict[str, str]:
        """Return the display name of every person by their id as text."""
        found = await self._session.execute(select(UserRow.id, UserRow.display_name))
        return {str(user_id): name for user_id, name in found}

    async def published(self, kind: ObjectKind, period: Period) -> Sequence[EvaluationRow]:
        """Return the published evaluations of a kind in a period, newest revision first."""
        found = await self._session.scalars(
            select(EvaluationRow)
            .where(EvaluationRow.object_kind == kind, EvaluationRow.period == str(period))
            .order_by(EvaluationRow.revision.desc())
        )
        return found.all()

    async def by_id(self, evaluation_id: UUID) -> EvaluationRow | None:
        """Return a published evaluation."""
        return await self._session.get(EvaluationRow, evaluation_id)

    async def results(self, evaluation_id: UUID) -> Sequence[EvaluationResultRow]:
        """Return the results of an evaluation in their order."""
        found = await self._session.scalars(
            select(EvaluationResultRow)
            .where(EvaluationResultRow.evaluation_id == evaluation_id)
            .order_by(EvaluationResultRow.position)
        )
        return found.all()

    async def periods(self, kind: ObjectKind, *, limit: int) -> Sequence[str]:
        """Return the periods of which evaluations of a kind are published, newest first."""
        found = await self._session.scalars(
            select(EvaluationRow.period)
            .where(EvaluationRow.object_kind == kind)
            .group_by(EvaluationRow.period)
            .order_by(EvaluationRow.period.desc())
            .limit(limit)
        )
        return found.all()
