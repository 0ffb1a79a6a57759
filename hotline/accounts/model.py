"""Tables of users, their sessions, and the audit chain."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hotline.kernel.db import Base
from hotline.kernel.ids import new_id


class UserRow(Base):
    """One person who may sign in."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("login = lower(login)", name="login_is_lower_case"),
        CheckConstraint("failed_tries >= 0", name="failed_tries_not_negative"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    login: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    display_name: Mapped[str]
    roles: Mapped[list[str]]
    unit_id: Mapped[UUID | None]
    seat_id: Mapped[UUID | None] = mapped_column(unique=True)
    disabled: Mapped[bool] = mapped_column(default=False)
    must_change_password: Mapped[bool] = mapped_column(default=False)
    """Somebody else knows the password: nothing is open but the page to change it."""
    failed_tries: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    created_at: Mapped[datetime]


class SessionRow(Base):
    """One sign-in of one person; the browser holds the token, we hold its digest."""

    __tablename__ = "user_sessions"
    __table_args__ = (
        Index("ix_user_sessions_user", "user_id", postgresql_where="revoked_at IS NULL"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    token_digest: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    """Of an administrator the last request, to the minute; of others the sign-in."""
    revoked_at: Mapped[datetime | None]


class AuditRow(Base):
    """One act that somebody must be able to answer for; never changed, only its detail erased."""

    __tablename__ = "audit_log"

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(index=True)
    actor: Mapped[str] = mapped_column(index=True)
    action: Mapped[str] = mapped_column(index=True)
    target: Mapped[str] = mapped_column(index=True)
    detail: Mapped[dict[str, Any] | None]
    """Empty once it was lawfully erased; the chain holds only its salted digest."""
    salt: Mapped[str | None]
    """Erased with the detail, so that the digest cannot be guessed back."""
    detail_digest: Mapped[str]
    prev_hash: Mapped[str]
    hash: Mapped[str] = mapped_column(unique=True)


class SavedViewRow(Base):
    """A list as a person wants it again, kept under a name."""

    __tablename__ = "saved_views"
    __table_args__ = (
        UniqueConstraint("user_id", "list_name", "name"),
        Index("ix_saved_views_shared", "list_name", "role", postgresql_where="role IS NOT NULL"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    list_name: Mapped[str]
    name: Mapped[str]
    query: Mapped[str]
    role: Mapped[str | None]
    created_at: Mapped[datetime]
