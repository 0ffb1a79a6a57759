"""All SQL about users and sessions."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.accounts.model import SessionRow, UserRow


class Users:
    """Users of one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, user_id: UUID, *, lock: bool = False) -> UserRow | None:
        """Return the user, locked for a change if asked."""
        return await self._session.get(UserRow, user_id, with_for_update=lock)

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
