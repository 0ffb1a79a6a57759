"""Taking what a peer sends: stored raw, read, put in order, applied one by one, each once.

Every step is a transaction of its own, so that a crash between two of them loses nothing: what is
stored is read again, what is in order is applied again, by `catch_up`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from case_bridge.exchange.effects import apply
from case_bridge.exchange.journal import Journal
from case_bridge.exchange.model import Direction, ExchangeLinkRow, ExchangeMessageRow
from case_bridge.exchange.peer import ExchangeOptions, Peer
from case_bridge.exchange.states import INCOMING, MessageState, MessageTrigger
from case_bridge.signing import WINDOW, SignatureRefused
from hotline.kernel.db import Database
from hotline.kernel.errors import Conflict, HotlineError, Invalid, Unavailable

log = structlog.get_logger()

UNREAD_FOR: Final = timedelta(minutes=1)
"""What was stored so long ago and not read was interrupted."""
BATCH: Final = 200


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the peer is answered: an HTTP status, up to which number we have, what was wrong."""

    status: int
    received: int
    problem: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the body of the answer."""
        return {"received": self.received, "problem": self.problem}


async def verify(
    database: Database,
    options: ExchangeOptions,
    sender: str,
    header: str,
    method: str,
    target: str,
    body: bytes,
    *,
    now: datetime,
) -> Peer:
    """Return the peer that signed a request, and take its nonce.

    Raises:
        SignatureRefused: if nobody of that name did, or the nonce came before.
    """
    peer = options.peers.get(sender)
    if peer is None:
        raise SignatureRefused("no platform of that name is ours")
    nonce = peer.keys.verify(header, method, target, body, now=now)
    async with database.begin() as uow:
        journal = Journal(uow.session)
        await journal.forget_nonces(now - 2 * WINDOW)
        if not await journal.take_nonce(sender, nonce, now=now):
            raise SignatureRefused("the nonce came before")
    return peer


async def receive(
    database: Database,
    options: ExchangeOptions,
    peer: Peer,
    raw: bytes,
    *,
    signature: str,
    now: datetime,
) -> Receipt:
    """Take one message whose signature held; what it answers is safe in the journal."""
    async with database.begin() as uow:
        row = ExchangeMessageRow(
            peer=peer.name,
            direction=Direction.IN,
            state=INCOMING.initial,
            recorded_at=now,
            attempts=0,
            signature=signature,
            raw=raw,
        )
        uow.session.add(row)
        await uow.session.flush()
        row_id = row.id
    return await read(database, options, peer, row_id, now=now)


async def read(
    database: Database, options: ExchangeOptions, peer: Peer, row_id: int, *, now: datetime
) -> Receipt:
    """Read a stored message, put it in its order, and apply what is next."""
    async with database.begin() as uow:
        journal = Journal(uow.session)
        row = await journal.message(row_id)
        if row.state is not MessageState.STORED:
            raise Conflict("the message was read already")
        try:
            case_ref = _fill(options, peer, row)
        except Invalid as error:
            row.state = INCOMING.next(row.state, MessageTrigger.FAIL)
            row.problem = str(error)
            log.warning("exchange_unreadable", peer=peer.name, row=row_id, problem=error.field)
            return Receipt(422, 0, str(error))
        ours = case_ref.startswith(f"{options.name}:")
        link = await journal.link(peer.name, case_ref, is_ours=ours, now=now)
        refused = await _place(journal, row, link, now=now)
    if refused is not None:
        return refused
    received = await advance(database, options, peer, case_ref, now=now)
    return Receipt(200, received)


async def advance(
    database: Database, options: ExchangeOptions, peer: Peer, case_ref: str, *, now: datetime
) -> int:
    """Apply the messages of a case that are next, in order; return up to which number we have."""
    while True:
        row_id: int | None = None
        try:
            async with database.begin() as uow:
                journal = Journal(uow.session)
                link = await journal.link(peer.name, case_ref, is_ours=False, now=now)
                row = await journal.held(peer.name, case_ref, link.received + 1)
                if row is None:
                    return await _note_gap(journal, link, now=now)
                row_id = row.id
                note = await apply(uow, options, peer, link, peer.dialect.read(row.raw), now=now)
                _settle(row, link, MessageTrigger.APPLY, note, now=now)
        except Unavailable:
            raise
        except HotlineError as error:
            assert row_id is not None
            await _refuse(database, peer, row_id, str(error), now=now)


async def replay(
    database: Database, options: ExchangeOptions, row_id: int, *, now: datetime
) -> None:
    """Read or apply a message of the journal again, after a person has mended what was wrong.

    Raises:
        NotFound: if there is none, or its peer is no longer ours.
        IllegalTransition: if it was not refused.
        HotlineError: if it still does not fit.
    """
    async with database.begin() as uow:
        journal = Journal(uow.session)
        row = await journal.message(row_id)
        peer = options.peer(row.peer)
        row.state = INCOMING.next(row.state, MessageTrigger.REPLAY)
        if row.state is MessageState.APPLIED:
            message = peer.dialect.read(row.raw)
            link = await journal.link(peer.name, message.case, is_ours=False, now=now)
            row.problem = await apply(uow, options, peer, link, message, now=now) or None
            row.settled_at = now
            return
    await read(database, options, peer, row_id, now=now)


async def catch_up(database: Database, options: ExchangeOptions, *, now: datetime) -> int:
    """Finish what a crash interrupted; return how much was found."""
    async with database.read() as session:
        unread = await Journal(session).unread(options.peers, now - UNREAD_FOR, limit=BATCH)
        ready = await Journal(session).ready(options.peers, limit=BATCH)
    for row_id, name in unread:
        await read(database, options, options.peers[name], row_id, now=now)
    for name, case_ref in ready:
        await advance(database, options, options.peers[name], case_ref, now=now)
    return len(unread) + len(ready)


def _fill(options: ExchangeOptions, peer: Peer, row: ExchangeMessageRow) -> str:
    message = peer.dialect.read(row.raw)
    if message.sender != peer.name or message.recipient != options.name:
        raise Invalid("sender", f"it goes from {message.sender} to {message.recipient}")
    row.message_id, row.case_ref = message.message_id, message.case
    row.sequence, row.form = message.sequence, message.form
    return message.case


async def _place(
    journal: Journal, row: ExchangeMessageRow, link: ExchangeLinkRow, *, now: datetime
) -> Receipt | None:
    """Hold a message for its turn; a receipt if it came before, or its number did."""
    assert row.sequence is not None
    if await journal.is_known(row):
        row.state = INCOMING.next(row.state, MessageTrigger.REPEAT)
        row.settled_at = now
        return Receipt(200, link.received)
    twin = await journal.held(row.peer, link.case_ref, row.sequence)
    if row.sequence <= link.received or twin is not None:
        row.state = INCOMING.next(row.state, MessageTrigger.REFUSE)
        row.problem = f"the number {row.sequence} was another message's"
        log.warning("exchange_number_used", peer=row.peer, sequence=row.sequence)
        return Receipt(409, max(link.received, row.sequence), row.problem)
    row.state = INCOMING.next(row.state, MessageTrigger.HOLD)
    if row.sequence > link.received + 1:
        link.gap_since = link.gap_since or now
    return None


async def _note_gap(journal: Journal, link: ExchangeLinkRow, *, now: datetime) -> int:
    if link.gap_since is not None and not await journal.has_held(link.peer, link.case_ref):
        link.gap_since = link.gap_asked_at = None
    link.changed_at = now
    return link.received


def _settle(
    row: ExchangeMessageRow,
    link: ExchangeLinkRow,
    trigger: MessageTrigger,
    note: str,
    *,
    now: datetime,
) -> None:
    row.state = INCOMING.next(row.state, trigger)
    row.problem, row.settled_at = note or None, now
    assert row.sequence is not None
    link.received = max(link.received, row.sequence)


async def _refuse(
    database: Database, peer: Peer, row_id: int, problem: str, *, now: datetime
) -> None:
    """Note that a form does not fit; the ones behind it go on."""
    async with database.begin() as uow:
        journal = Journal(uow.session)
        row = await journal.message(row_id)
        assert row.case_ref is not None
        link = await journal.link(peer.name, row.case_ref, is_ours=False, now=now)
        if row.state is MessageState.HELD:
            _settle(row, link, MessageTrigger.REFUSE, problem, now=now)
            log.warning("exchange_refused", peer=peer.name, row=row_id, form=row.form)
