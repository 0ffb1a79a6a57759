"""Views of lists that a person keeps under a name, for themselves or for all of one role."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import delete, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.accounts.model import SavedViewRow
from hotline.accounts.roles import Role
from hotline.accounts.service import User
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Forbidden, Invalid, NotFound
from hotline.kernel.ids import new_id

LONGEST_NAME: Final = 40
LONGEST_QUERY: Final = 2_000


@dataclass(frozen=True, slots=True)
class SavedView:
    """What a list shows when it is opened under a name."""

    view_id: UUID
    name: str
    query: str
    """The address behind the question mark."""
    role: Role | None
    """Whoever holds it sees the view too."""
    is_own: bool


async def save_view(
    uow: UnitOfWork, user: User, *, list_name: str, name: str, query: str, role: str, now: datetime
) -> None:
    """Keep a view; the same name again replaces it. `role` is one of the person's own, or empty.

    Raises:
        Invalid: if the name is empty or too long.
        Forbidden: if the person does not hold the role.
    """
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME:
        raise Invalid("name", f"needed, up to {LONGEST_NAME} characters")
    if len(query) > LONGEST_QUERY:
        raise Invalid("query", f"is longer than {LONGEST_QUERY} characters")
    if role and role not in user.roles:
        raise Forbidden("a view is shared with a role of one's own")
    values = {"query": query, "role": role or None, "created_at": now}
    await uow.session.execute(
        insert(SavedViewRow)
        .values(id=new_id(), user_id=user.id, list_name=list_name, name=name, **values)
        .on_conflict_do_update(index_elements=["user_id", "list_name", "name"], set_=values)
    )


async def saved_views(session: AsyncSession, user: User, list_name: str) -> Sequence[SavedView]:
    """Return the person's own views of a list, then those shared with their roles."""
    found = await session.scalars(
        select(SavedViewRow)
        .where(
            SavedViewRow.list_name == list_name,
            or_(SavedViewRow.user_id == user.id, SavedViewRow.role.in_(sorted(user.roles))),
        )
        .order_by(SavedViewRow.user_id != user.id, SavedViewRow.name, SavedViewRow.id)
    )
    return [
        SavedView(
            row.id,
            row.name,
            row.query,
            Role(row.role) if row.role else None,
            row.user_id == user.id,
        )
        for row in found
    ]


async def remove_view(uow: UnitOfWork, user: User, view_id: UUID) -> None:
    """Forget one of the person's own views.

    Raises:
        NotFound: if they have none of that id.
    """
    gone = await uow.session.scalar(
        delete(SavedViewRow)
        .where(SavedViewRow.id == view_id, SavedViewRow.user_id == user.id)
        .returning(SavedViewRow.id)
    )
    if gone is None:
        raise NotFound("view", view_id)
