"""All SQL about disputes, helping units and referrals to enforcement."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases.model import CaseRow, DisputeRow, HelperRow, ReferralRow
from case_bridge.cases.states import CaseState
from hotline.accounts.model import UserRow
from hotline.kernel.errors import NotFound
from hotline.kernel.ids import UserId

_WITH_UNIT = (CaseState.DISPATCHED, CaseState.HANDLING)


class Disputes:
    """Questions of responsibility over one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def open_of(self, case_id: UUID) -> DisputeRow:
        """Return the dispute of a case that is in dispute."""
        found = await self._session.scalars(
            select(DisputeRow).where(DisputeRow.case_id == case_id, DisputeRow.decided_at.is_(None))
        )
        return found.one()

    async def of_case(self, case_id: UUID) -> Sequence[DisputeRow]:
        """Return every dispute of a case, oldest first."""
        found = await self._session.scalars(
            select(DisputeRow)
            .where(DisputeRow.case_id == case_id)
            .order_by(DisputeRow.opened_at, DisputeRow.id)
        )
        return found.all()

    async def helper(self, case_id: UUID, round_: int, unit_id: UUID) -> HelperRow | None:
        """Return a unit's part in a round of a case, if it helps."""
        return await self._session.scalar(
            select(HelperRow).where(
                HelperRow.case_id == case_id,
                HelperRow.round == round_,
                HelperRow.unit_id == unit_id,
            )
        )

    async def helpers(self, case_id: UUID) -> Sequence[HelperRow]:
        """Return the helping units of a case, first asked first."""
        found = await self._session.scalars(
            select(HelperRow)
            .where(HelperRow.case_id == case_id)
            .order_by(HelperRow.asked_at, HelperRow.id)
        )
        return found.all()

    async def asked_for_help(self, unit_id: UUID) -> Sequence[tuple[HelperRow, CaseRow]]:
        """Return what a unit has to help with, oldest first."""
        found = await self._session.execute(
            select(HelperRow, CaseRow)
            .join(CaseRow, CaseRow.id == HelperRow.case_id)
            .where(
                HelperRow.unit_id == unit_id,
                HelperRow.done_at.is_(None),
                HelperRow.round == CaseRow.round,
                CaseRow.state.in_(_WITH_UNIT),
            )
            .order_by(HelperRow.asked_at, HelperRow.id)
        )
        return [(helper, case) for helper, case in found]

    async def helps(self, case_id: UUID, unit_id: UUID) -> bool:
        """Say whether a unit helps, or ever helped, with a case."""
        found = await self._session.scalar(
            select(HelperRow.id)
            .where(HelperRow.case_id == case_id, HelperRow.unit_id == unit_id)
            .limit(1)
        )
        return found is not None

    async def referral(self, referral_id: UUID, *, lock: bool = False) -> ReferralRow:
        """Return the referral.

        Raises:
            NotFound: if there is none.
        """
        row = await self._session.get(ReferralRow, referral_id, with_for_update=lock or None)
        if row is None:
            raise NotFound("referral", referral_id)
        return row

    async def referrals(self, case_id: UUID) -> Sequence[ReferralRow]:
        """Return what was handed to enforcement, oldest first."""
        found = await self._session.scalars(
            select(ReferralRow)
            .where(ReferralRow.case_id == case_id)
            .order_by(ReferralRow.referred_at, ReferralRow.id)
        )
        return found.all()

    async def working_units(self, case: CaseRow) -> frozenset[UUID]:
        """Return the unit in charge of a case and those that help it in the present round (R49)."""
        found = await self._session.scalars(
            select(HelperRow.unit_id).where(
                HelperRow.case_id == case.id, HelperRow.round == case.round
            )
        )
        return frozenset(found) | ({case.unit_id} if case.unit_id else set())

    async def people_of(self, unit_ids: Collection[UUID]) -> frozenset[UserId]:
        """Return everyone who belongs to one of the units."""
        found = await self._session.scalars(select(UserRow.id).where(UserRow.unit_id.in_(unit_ids)))
        return frozenset(UserId(user_id) for user_id in found)
