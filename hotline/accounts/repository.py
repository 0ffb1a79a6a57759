"""All SQL about users and sessions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.accounts.model import SessionRow, UserRow
from hotline.accounts.roles import Role
from hotline.kernel.errors import NotFound


class Users:
    """Users of one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, user_id: UUID, *, lock: bool = False) -> UserRow | None:
        """Return the user, locked for a change if asked."""
        return await self._session.get(UserRow, user_id, with_for_update=lock)

    async def locked(self, user_id: UUID) -> UserRow:
        """Return the user as they are now, locked for a change.

        Raises:
            NotFound: if there is no such user.
        """
        row = await self._session.get(
            UserRow, user_id, with_for_update=True, populate_existing=True
        )
        if row is None:
            raise NotFound("user", user_id)
        return row

    async def by_seat(self, seat_id: UUID) -> UserRow | None:
        """Return whose own seat it is."""
        return await self._session.scalar(select(UserRow).where(UserRow.seat_id == seat_id))

    async def page(
        self, *, words: str, role: Role | None, after: str, limit: int
    ) -> Sequence[UserRow]:
        """Return users by login name, behind one; `words` is in the login or the name."""
        query = select(UserRow).where(UserRow.login > after)
        if words:
            query = query.where(
                or_(
                    UserRow.login.contains(words.lower(), autoescape=True),
                    UserRow.display_name.icontains(words, autoescape=True),
                )
            )
        if role is not None:
            query = query.where(UserRow.roles.contains([role.value]))
        found = await self._session.scalars(query.order_by(UserRow.login).limit(limit))
        return found.all()

    async def by_login(self, login: str, *, lock: bool = False) -> UserRow | None:
        """Return the user with this login name, in any case of letters."""
        query = select(UserRow).where(UserRow.login == login.strip().lower())
        return await self._session.scalar(query.with_for_update() if lock else query)


class Sessions:
    """Sign-ins of one session of the database."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def live(self, token_digest: str, *, now: datetime) -> tuple[SessionRow, UserRow] | None:
        """Return a session that is neither over nor revoked, with its enabled user."""
        found = (
            await self._session.execute(
                select(SessionRow, UserRow)
                .join(UserRow, UserRow.id == SessionRow.user_id)
                .where(
                    SessionRow.token_digest == token_digest,
                    SessionRow.revoked_at.is_(None),
                    SessionRow.expires_at > now,
                    UserRow.disabled.is_(False),
                )
            )
        ).one_or_none()
        return (found[0], found[1]) if found else None

    async def seen(self, session_id: UUID, *, now: datetime) -> None:
        """Note that a session was used."""
        await self._session.execute(
            update(SessionRow).where(SessionRow.id == session_id).values(seen_at=now)
        )

    async def revoke(self, session_id: UUID, *, now: datetime) -> None:
        """End one session."""
        await self._session.execute(
            update(SessionRow)
            .where(SessionRow.id == session_id, SessionRow.revoked_at.is_(None))
            .values(revoked_at=now)
        )

    async def revoke_all(self, user_id: UUID, *, now: datetime) -> None:
        """End every session of one user."""
        await self._session.execute(
            update(SessionRow)
            .where(SessionRow.user_id == user_id, SessionRow.revoked_at.is_(None))
            .values(revoked_at=now)
        )

    async def forget(self, *, now: datetime) -> int:
        """Delete the sessions whose time is over; return how many."""
        gone = await self._session.scalars(
            delete(SessionRow).where(SessionRow.expires_at <= now).returning(SessionRow.id)
        )
        return len(gone.all())

    async def counts(self, user_ids: Sequence[UUID], *, now: datetime) -> Mapping[UUID, int]:
        """Return how many sessions are open, by user; nobody with none."""
        found = await self._session.execute(
            select(SessionRow.user_id, func.count().label("sessions"))
            .where(
                SessionRow.user_id.in_(user_ids),
                SessionRow.revoked_at.is_(None),
                SessionRow.expires_at > now,
            )
            .group_by(SessionRow.user_id)
        )
        return {row.user_id: row.sessions for row in found}
