"""What the pages of accounts know of the rooms beside them: units, and the inspectors' roster."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.field.service import enlist_inspector, is_enlisted
from case_bridge.units.repository import Units
from hotline.accounts.repository import Users
from hotline.accounts.roles import Role
from hotline.kernel.db import UnitOfWork
from hotline.kernel.ids import UserId
from hotline.web.accounts.options import AccountsOptions


def accounts_options() -> AccountsOptions:
    """Return the ports of the pages of accounts."""
    return AccountsOptions(units=unit_names, settle=enlist_if_inspector)


async def unit_names(session: AsyncSession) -> Sequence[tuple[UUID, str]]:
    """Return the units that a person may belong to."""
    return await Units(session).names()


async def enlist_if_inspector(uow: UnitOfWork, user_id: UserId) -> None:
    """Put who became an inspector on the roster, untrained: nobody sends them out yet (R107)."""
    row = await Users(uow.session).locked(user_id)
    if Role.INSPECTOR in row.roles and not await is_enlisted(uow.session, user_id):
        await enlist_inspector(uow, user_id, name=row.display_name)
