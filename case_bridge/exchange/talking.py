"""The talk with every peer: deliver what waits, ask for what is missing, compare both sides.

A peer that is down is asked again after a growing gap, for days if need be; nothing is given up.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from case_bridge.exchange.client import Answer, PeerClient
from case_bridge.exchange.dialect import message_of
from case_bridge.exchange.files import fetch_files
from case_bridge.exchange.journal import Journal
from case_bridge.exchange.model import ExchangeLinkRow, ExchangeMessageRow, ExchangePeerRow
from case_bridge.exchange.peer import ExchangeOptions, Peer
from case_bridge.exchange.receiving import advance, catch_up
from case_bridge.exchange.sending import write_due
from case_bridge.exchange.states import OUTGOING, MessageState, MessageTrigger
from hotline.kernel.db import Database, UnitOfWork
from hotline.kernel.errors import Unavailable

log = structlog.get_logger()

BATCH: Final = 200
FIRST_GAP: Final = timedelta(seconds=5)
LONGEST_GAP: Final = timedelta(minutes=5)
MOST_CASES: Final = 2_000_000
"""Counters that a peer may tell of: a city of a million has so many cases in years."""


async def talk(
    database: Database, options: ExchangeOptions, client: PeerClient, *, now: datetime
) -> int:
    """Make one round with every peer at once; return how many messages and gaps it was about."""
    done = await catch_up(database, options, now=now)
    done += await write_due(database, options, now=now)
    talks = (_with(database, options, client, peer, now=now) for peer in options.peers.values())
    return done + sum(await asyncio.gather(*talks))


async def _with(
    database: Database,
    options: ExchangeOptions,
    client: PeerClient,
    peer: Peer,
    *,
    now: datetime,
) -> int:
    async with database.begin() as uow:
        row = await Journal(uow.session).peer(peer.name)
        if row.next_attempt_at is not None and row.next_attempt_at > now:
            return 0
        was_down = row.failures > 0
        is_due = row.compared_at is None or row.compared_at + options.compare_every <= now
    try:
        done = 0
        if was_down or is_due:
            done += await compare(database, options, client, peer, now=now)
        done += await _deliver(database, client, peer, now=now)
        done += await _ask_for_gaps(database, options, client, peer, now=now)
        done += await fetch_files(database, client, peer, now=now)
    except Unavailable as error:
        await _note(database, peer, error.what, now=now)
        return 0
    if done or was_down or is_due:
        await _note(database, peer, None, now=now)
    return done


async def compare(
    database: Database,
    options: ExchangeOptions,
    client: PeerClient,
    peer: Peer,
    *,
    now: datetime,
) -> int:
    """Lay both sides' counters beside each other; send again or ask for what one has lost.

    Either side may have been restored from a backup: what it lost is with the other.
    """
    theirs: dict[str, tuple[int, int]] = {}
    after = ""
    while True:
        answer = await client.state(peer, after)
        page = [_counters(each) for each in answer.body.get("cases", ())]
        theirs |= {case_ref: counters for case_ref, *counters in page}  # type: ignore[misc]
        if not page or not answer.body.get("more"):
            break
        if page[-1][0] <= after or len(theirs) > MOST_CASES:
            raise Unavailable(f"{peer.name}: the counters come to no end")
        after = page[-1][0]
    mended = 0
    async with database.read() as session:
        refs = set(theirs) | {link.case_ref for link in await _all_links(session, peer.name)}
    for case_ref in sorted(refs):
        received, sent = theirs.get(case_ref, (0, 0))
        async with database.begin() as uow:
            ours = case_ref.startswith(f"{options.name}:")
            link = await Journal(uow.session).link(peer.name, case_ref, is_ours=ours, now=now)
            mended += await _send_lost(uow, link, received)
            lacks = link.received + 1 if sent > link.received else None
        if lacks is not None:
            mended += 1
            await _ask(database, options, client, peer, case_ref, lacks, now=now)
    async with database.begin() as uow:
        (await Journal(uow.session).peer(peer.name)).compared_at = now
    if mended:
        log.warning("exchange_compared", peer=peer.name, mended=mended)
    return mended


async def send_again(uow: UnitOfWork, peer: str, case_ref: str, sequence: int) -> int:
    """Owe a peer our messages about a case again; return the first number that we have.

    That is one more than we ever sent if we have none of them.
    """
    journal = Journal(uow.session)
    # A name that we never used makes no row: the peer may ask for anything.
    link = await uow.session.get(ExchangeLinkRow, (peer, case_ref), with_for_update=True)
    rows = await journal.sent_from(peer, case_ref, sequence)
    for row in rows:
        row.state = OUTGOING.next(row.state, MessageTrigger.RESEND)
    if rows:
        return rows[0].sequence or 0
    return link.sent + 1 if link is not None else 1


async def _deliver(database: Database, client: PeerClient, peer: Peer, *, now: datetime) -> int:
    async with database.read() as session:
        waiting = await Journal(session).waiting(peer.name, limit=BATCH)
    for each in waiting:
        answer, signature = await client.send(peer, each.raw)
        async with database.begin() as uow:
            row = await Journal(uow.session).message(each.id)
            if row.state is not MessageState.WAITING:
                continue
            row.attempts += 1
            row.signature = signature
            if answer.status == 409:
                # Our counter is behind: we were restored. The rest of the batch is numbered anew.
                await _renumber(uow, peer, row, answer.received, now=now)
                return len(waiting)
            delivered = 200 <= answer.status <= 299
            trigger = MessageTrigger.DELIVER if delivered else MessageTrigger.REFUSE
            row.state = OUTGOING.next(row.state, trigger)
            row.settled_at = now
            row.problem = None if delivered else answer.problem[:400]
    return len(waiting)


async def _renumber(
    uow: UnitOfWork, peer: Peer, refused: ExchangeMessageRow, used: int, *, now: datetime
) -> None:
    """Give a message whose number was used, and those behind it, the numbers that follow."""
    assert refused.case_ref is not None
    assert refused.sequence is not None
    journal = Journal(uow.session)
    link = await journal.link(peer.name, refused.case_ref, is_ours=False, now=now)
    number = used
    for row in await journal.sent_from(peer.name, refused.case_ref, refused.sequence):
        if row.state is MessageState.WAITING:
            number += 1
            fields: dict[str, Any] = peer.dialect.read(row.raw).model_dump()
            row.raw = peer.dialect.write(message_of(fields | {"sequence": number}))
            row.sequence = number
    link.sent = max(link.sent, number)
    log.warning("exchange_renumbered", peer=peer.name, from_number=used + 1, to_number=number)


async def _ask_for_gaps(
    database: Database,
    options: ExchangeOptions,
    client: PeerClient,
    peer: Peer,
    *,
    now: datetime,
) -> int:
    async with database.read() as session:
        gaps = await Journal(session).gaps(
            peer.name, patience=options.patience, most=options.compare_every, now=now
        )
    for link in gaps:
        await _ask(database, options, client, peer, link.case_ref, link.received + 1, now=now)
    return len(gaps)


async def _ask(
    database: Database,
    options: ExchangeOptions,
    client: PeerClient,
    peer: Peer,
    case_ref: str,
    sequence: int,
    *,
    now: datetime,
) -> None:
    """Ask for missing messages; what the peer has lost for good is passed over."""
    answer = await client.ask_again(peer, case_ref, sequence)
    first = _first(answer)
    async with database.begin() as uow:
        journal = Journal(uow.session)
        link = await journal.link(peer.name, case_ref, is_ours=False, now=now)
        if link.gap_since is not None:
            link.gap_asked_at = now
        held = await journal.first_held(peer.name, case_ref)
        reachable = min(first, held) if held is not None else first
        if sequence == link.received + 1 and reachable > sequence:
            log.warning("exchange_lost", peer=peer.name, numbers=f"{sequence}-{reachable - 1}")
            link.received = reachable - 1
    await advance(database, options, peer, case_ref, now=now)


def _first(answer: Answer) -> int:
    found = answer.body.get("first")
    return found if isinstance(found, int) and found >= 1 else 1


async def _send_lost(uow: UnitOfWork, link: ExchangeLinkRow, received: int) -> int:
    """Owe again what the peer has lost; a counter of ours that fell back is put forward."""
    rows = await Journal(uow.session).sent_from(link.peer, link.case_ref, received + 1)
    lost = [row for row in rows if row.state is MessageState.DELIVERED]
    for row in lost:
        row.state = OUTGOING.next(row.state, MessageTrigger.RESEND)
    if received > link.sent:
        link.sent = received
        return len(lost) + 1
    return len(lost)


async def _all_links(session: Any, peer: str) -> list[ExchangeLinkRow]:
    found: list[ExchangeLinkRow] = []
    while page := await Journal(session).links(peer, after=found[-1].case_ref if found else ""):
        found.extend(page)
    return found


def _counters(entry: Any) -> tuple[str, int, int]:
    try:
        return str(entry["case"]), int(entry["received"]), int(entry["sent"])
    except (KeyError, TypeError, ValueError) as error:
        raise Unavailable("the peer's counters are unreadable") from error


async def _note(database: Database, peer: Peer, problem: str | None, *, now: datetime) -> None:
    async with database.begin() as uow:
        row: ExchangePeerRow = await Journal(uow.session).peer(peer.name)
        if problem is None:
            row.failures, row.next_attempt_at, row.problem = 0, None, None
            row.answered_at = now
            return
        gap = min(LONGEST_GAP, FIRST_GAP * 2 ** min(row.failures, 10))
        row.failures += 1
        row.next_attempt_at, row.problem = now + gap, problem
        log.warning("exchange_peer_silent", peer=peer.name, failures=row.failures)
