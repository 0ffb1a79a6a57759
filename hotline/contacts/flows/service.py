"""Putting texts of flows in use, and taking them back; what they mean is not known here."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.accounts import audit
from hotline.contacts.flows.model import FlowActivationRow, FlowTextRow
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, Invalid, NotFound

RELEASE = "system:release"
"""Who puts the texts in use that come with the program."""

TOPIC = "flow"
SHORTEST_DIGEST = 6
MOST_SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowText:
    """One text of one flow."""

    name: str
    version: str
    text: str

    @property
    def digest(self) -> str:
        """Return what calls keep of it."""
        return digest_of(self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """A text was put in use."""

    at: datetime
    actor: str
    version: str
    digest: str


def digest_of(text: str) -> str:
    """Return the SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


async def release(uow: UnitOfWork, texts: Iterable[FlowText], *, now: datetime) -> list[str]:
    """Put in use the texts that have never been; return the names of their flows.

    A text that was taken back stays so: only one that nobody has seen yet is news.
    """
    fresh = []
    for text in texts:
        if await uow.session.get(FlowTextRow, text.digest) is None:
            await _put_in_use(uow, text, actor=RELEASE, now=now)
            fresh.append(text.name)
    return fresh


async def activate(uow: UnitOfWork, text: FlowText, *, actor: str, now: datetime) -> None:
    """Put a text in use, for the calls that begin from now on.

    Raises:
        Conflict: if it is in use.
    """
    in_use = await _last(uow.session, text.name)
    if in_use is not None and in_use.digest == text.digest:
        raise Conflict(f"{text.name} {text.digest[:12]} is in use already")
    await _put_in_use(uow, text, actor=actor, now=now)
    await audit.append(
        uow,
        actor=actor,
        action="flow.activate",
        target=f"flow:{text.name}",
        detail={
            "digest": text.digest,
            "version": text.version,
            "before": None if in_use is None else in_use.digest,
        },
        now=now,
    )


async def _put_in_use(uow: UnitOfWork, text: FlowText, *, actor: str, now: datetime) -> None:
    if await uow.session.get(FlowTextRow, text.digest) is None:
        row = FlowTextRow(
            digest=text.digest,
            name=text.name,
            version=text.version,
            text=text.text,
            first_at=now,
        )
        uow.session.add(row)
        await uow.session.flush()
    uow.session.add(FlowActivationRow(name=text.name, digest=text.digest, at=now, actor=actor))
    await uow.session.flush()
    uow.signal(TOPIC, name=text.name)


async def texts_in_use(session: AsyncSession) -> list[FlowText]:
    """Return the text in use of each flow."""
    latest = select(func.max(FlowActivationRow.id)).group_by(FlowActivationRow.name)
    rows = await session.scalars(
        select(FlowTextRow)
        .join(FlowActivationRow, FlowActivationRow.digest == FlowTextRow.digest)
        .where(FlowActivationRow.id.in_(latest))
    )
    return [_text(row) for row in rows]


async def history(session: AsyncSession, name: str) -> Sequence[Activation]:
    """Return when each text of a flow was put in use, the last first.

    Raises:
        NotFound: if the flow was never in use.
    """
    rows = await session.execute(
        select(FlowActivationRow, FlowTextRow)
        .join(FlowTextRow, FlowTextRow.digest == FlowActivationRow.digest)
        .where(FlowActivationRow.name == name)
        .order_by(FlowActivationRow.id.desc())
        .limit(MOST_SHOWN)
    )
    found = [
        Activation(at=act.at, actor=act.actor, version=text.version, digest=text.digest)
        for act, text in rows
    ]
    if not found:
        raise NotFound("flow", name)
    return found


async def text_of(session: AsyncSession, name: str, digest: str) -> FlowText:
    """Return a text of a flow by the beginning of its digest, at least six characters.

    Raises:
        Invalid: if that is too short, or fits several.
        NotFound: if it fits none.
    """
    if len(digest) < SHORTEST_DIGEST:
        raise Invalid("digest", f"write at least {SHORTEST_DIGEST} of its characters")
    rows = list(
        await session.scalars(
            select(FlowTextRow).where(
                FlowTextRow.name == name,
                FlowTextRow.digest.startswith(digest, autoescape=True),
            )
        )
    )
    if not rows:
        raise NotFound("text of a flow", digest)
    if len(rows) > 1:
        raise Invalid("digest", "several texts begin so: write more of it")
    return _text(rows[0])


async def previous(session: AsyncSession, name: str) -> FlowText:
    """Return the text that was in use before the present one.

    Raises:
        NotFound: if there was none.
    """
    acts = await history(session, name)
    earlier = next((act for act in acts if act.digest != acts[0].digest), None)
    if earlier is None:
        raise NotFound("earlier text of the flow", name)
    return await text_of(session, name, earlier.digest)


async def _last(session: AsyncSession, name: str) -> FlowActivationRow | None:
    row: FlowActivationRow | None = await session.scalar(
        select(FlowActivationRow)
        .where(FlowActivationRow.name == name)
        .order_by(FlowActivationRow.id.desc())
        .limit(1)
    )
    return row


def _text(row: FlowTextRow) -> FlowText:
    return FlowText(name=row.name, version=row.version, text=row.text)
