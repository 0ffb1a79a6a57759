"""Files that go with forms: named by fingerprint, fetched in pieces, kept once whole and proved."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer, undefer

from case_bridge.cases.case import Attachment, EvidenceOrigin
from case_bridge.cases.evidence import (
    MAX_ATTACHMENTS,
    MAX_SIZE,
    check_attachments,
    fingerprint,
)
from case_bridge.cases.model import CaseRow, EvidenceRow
from case_bridge.cases.record import keep_file
from case_bridge.cases.repository import Cases
from case_bridge.exchange.client import PeerClient
from case_bridge.exchange.forms import FileReference
from case_bridge.exchange.model import ExchangeFileRow, ExchangeLinkRow
from case_bridge.exchange.peer import Peer, actor_of
from case_bridge.exchange.states import FILE, FileState, FileTrigger
from hotline.kernel.db import Database, UnitOfWork
from hotline.kernel.errors import Invalid, NotFound
from hotline.kernel.ids import new_id

log = structlog.get_logger()

PIECE: Final = 1024 * 1024
"""Bytes of one answer; what broke off goes on behind the last whole piece."""
AT_ONCE: Final = 10
"""Files of one peer in one round."""
_PHOTOS: Final = ("image/jpeg", "image/png")
_PAPERS: Final = (*_PHOTOS, "application/pdf")


def offered_types(origin: EvidenceOrigin) -> tuple[str, ...]:
    """Return what may leave the house: of complainants photos alone, never papers (R88)."""
    return _PHOTOS if origin is EvidenceOrigin.REPORT else _PAPERS


async def files_of(
    session: AsyncSession, case: CaseRow, origin: EvidenceOrigin
) -> tuple[FileReference, ...]:
    """Return the newest files of a round of a case that a form goes with."""
    found = await session.scalars(
        select(EvidenceRow)
        .where(
            EvidenceRow.case_id == case.id,
            EvidenceRow.round == case.round,
            EvidenceRow.origin == origin,
            EvidenceRow.media_type.in_(offered_types(origin)),
            EvidenceRow.size.between(1, MAX_SIZE),
        )
        .order_by(EvidenceRow.sequence.desc(), EvidenceRow.recorded_at.desc(), EvidenceRow.id)
        .limit(MAX_ATTACHMENTS)
    )
    return tuple(
        FileReference.model_validate(
            {
                "name": row.name[:200] or "附件",
                "media_type": row.media_type,
                "size": row.size,
                "sha256": row.sha256,
            }
        )
        for row in {row.sha256: row for row in found}.values()
    )


async def piece_of(
    session: AsyncSession, peer: str, case_ref: str, sha256: str, offset: int
) -> bytes | None:
    """Return the piece of an offered file behind an offset; None if the peer was offered none."""
    link = await session.get(ExchangeLinkRow, (peer, case_ref))
    if link is None or link.case_id is None or offset < 0:
        return None
    row = await session.scalar(
        select(EvidenceRow)
        .where(EvidenceRow.case_id == link.case_id, EvidenceRow.sha256 == sha256)
        .options(undefer(EvidenceRow.content))
        .limit(1)
    )
    if row is None or row.media_type not in offered_types(row.origin):
        return None
    return row.content[offset : offset + PIECE]


async def want_files(
    uow: UnitOfWork,
    link: ExchangeLinkRow,
    files: Sequence[FileReference],
    origin: EvidenceOrigin,
    *,
    now: datetime,
) -> None:
    """Note what is to be fetched from a peer; the second time changes nothing."""
    for each in files:
        await uow.session.execute(
            insert(ExchangeFileRow)
            .values(
                id=new_id(),
                peer=link.peer,
                case_ref=link.case_ref,
                sha256=each.sha256,
                name=each.name,
                media_type=each.media_type,
                size=each.size,
                origin=origin,
                state=FILE.initial,
                content=b"",
                recorded_at=now,
            )
            .on_conflict_do_nothing()
        )


async def troubled_files(session: AsyncSession, *, limit: int) -> Sequence[ExchangeFileRow]:
    """Return files that are not kept, newest first: still to be fetched, or refused."""
    found = await session.scalars(
        select(ExchangeFileRow)
        .where(ExchangeFileRow.state != FileState.KEPT)
        .order_by(ExchangeFileRow.recorded_at.desc(), ExchangeFileRow.id)
        .options(defer(ExchangeFileRow.content))
        .limit(limit)
    )
    return found.all()


async def fetch_again(uow: UnitOfWork, file_id: UUID) -> ExchangeFileRow:
    """Let a refused file be fetched once more, from its first byte.

    Raises:
        NotFound: if there is no such file.
        IllegalTransition: if it was not refused.
    """
    row = await uow.session.get(ExchangeFileRow, file_id, with_for_update=True)
    if row is None:
        raise NotFound("file", file_id)
    row.state = FILE.next(row.state, FileTrigger.RETRY)
    row.problem = row.settled_at = None
    return row


async def fetch_files(database: Database, client: PeerClient, peer: Peer, *, now: datetime) -> int:
    """Fetch what a peer's forms named, oldest first; return how many files it was about.

    Raises:
        Unavailable: if the peer does not answer: what came is kept, and the rest comes later.
    """
    async with database.read() as session:
        found = await session.scalars(
            select(ExchangeFileRow.id)
            .where(ExchangeFileRow.peer == peer.name, ExchangeFileRow.state == FileState.WANTED)
            .order_by(ExchangeFileRow.recorded_at, ExchangeFileRow.id)
            .limit(AT_ONCE)
        )
        wanted = found.all()
    for file_id in wanted:
        while await _fetch_piece(database, client, peer, file_id, now=now):
            pass
    return len(wanted)


async def _fetch_piece(
    database: Database, client: PeerClient, peer: Peer, file_id: UUID, *, now: datetime
) -> bool:
    """Fetch the next piece of a file; say whether there is more to come."""
    async with database.read() as session:
        row = await _file(session, file_id)
        offset = len(row.content)
    piece = await client.piece(peer, row.case_ref, row.sha256, offset)
    async with database.begin() as uow:
        row = await _file(uow.session, file_id, lock=True)
        if row.state is not FileState.WANTED or len(row.content) != offset:
            return False  # Somebody else fetched it meanwhile.
        if piece is not None and piece and offset + len(piece) <= row.size:
            row.content += piece
            if len(row.content) < row.size:
                return True
            await _keep(uow, peer, row, now=now)
        else:
            _refuse(row, "the peer does not have it, or not of this size", now=now)
    return False


async def _keep(uow: UnitOfWork, peer: Peer, row: ExchangeFileRow, *, now: datetime) -> None:
    """Keep a whole file as evidence, if it is what the form said."""
    link = await uow.session.get(ExchangeLinkRow, (row.peer, row.case_ref))
    if fingerprint(row.content) != row.sha256:
        _refuse(row, "the content has another fingerprint", now=now)
        return
    if link is None or link.case_id is None:
        _refuse(row, "no case is known for it", now=now)
        return
    file = Attachment(name=row.name, media_type=row.media_type, content=row.content)
    try:
        check_attachments((file,))
    except Invalid as error:
        _refuse(row, str(error), now=now)
        return
    case = await Cases(uow.session).get(link.case_id, lock=True)
    keep_file(uow, case, row.origin, file, actor=actor_of(peer), now=now)
    row.state = FILE.next(row.state, FileTrigger.KEEP)
    # The evidence has it now.
    row.content, row.settled_at = b"", now


def _refuse(row: ExchangeFileRow, problem: str, *, now: datetime) -> None:
    row.state = FILE.next(row.state, FileTrigger.REFUSE)
    row.content, row.problem, row.settled_at = b"", problem, now
    log.warning("exchange_file_refused", peer=row.peer, sha256=row.sha256, problem=problem)


async def _file(session: AsyncSession, file_id: UUID, *, lock: bool = False) -> ExchangeFileRow:
    row = await session.get(
        ExchangeFileRow, file_id, with_for_update=lock or None, populate_existing=True
    )
    assert row is not None
    return row
