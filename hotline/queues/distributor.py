"""The distributor: who is offered to whom, and what becomes of the offer."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.kernel.db import UnitOfWork
from hotline.kernel.ids import CallId, SeatId, new_id
from hotline.queues import routing
from hotline.queues.acts import Act, carry_out
from hotline.queues.model import SeatRow
from hotline.queues.pool import Pair, Place, Pool, SeatKind, fitting, kinds_of
from hotline.queues.repository import Held, QueueEntries
from hotline.queues.returns import service as returns
from hotline.queues.routing import Candidate, Choice, Waiting
from hotline.queues.signals import FREE
from hotline.queues.states import SeatState
from hotline.queues.values import Offer, QueuePolicy

DEFAULT_POLICY = QueuePolicy()

FREE_LOOK = 100
"""So many free seats are looked at, best first; of the others, those with a skill asked for."""

PAGE = 50
"""So many callers are read at a time, and offered at most in one transaction."""

FEW = 4
"""As many callers at least: somebody else may be moving the first of them."""

MAX_LISTED = 10
"""So many of the seats that could take a caller an offer keeps; it counts the rest."""

MISSED = "missed_offer"
"""The break reason of a seat that let it ring."""

ELSEWHERE = "answered_elsewhere"
"""Why the offers of the other seats end when one of them answers."""


@dataclass(frozen=True, slots=True)
class Deal:
    """What one transaction did for a queue."""

    offers: tuple[Offer, ...] = ()
    goes_on: bool = False
    """There may be more to do at once."""
    is_busy: bool = False
    """Somebody else deals for the queue, or moves a seat or caller of it; look again soon."""


async def deal(
    uow: UnitOfWork,
    queue: str,
    now: datetime,
    policy: QueuePolicy = DEFAULT_POLICY,
    *,
    most: int = PAGE,
    is_held: bool = False,
) -> Deal:
    """Offer the first callers for whom there are seats, `most` at most, to the best of those.

    Waits for nobody: what another transaction is moving is left out. With `is_held`, this
    transaction is known to be the only one that deals for the queue (`hold_queues`).
    """
    pool = Pool(uow.session, now)
    if not is_held and not await pool.hold(queue):
        return Deal(is_busy=True)
    rules = policy.rules_of(queue)
    table = _Table(pool, queue, rules, now)
    if not await table.look():
        return Deal()
    after: Place | None = None
    page = table.page(most)
    while callers := await table.callers(after, page):
        choices = await table.choose(callers)
        if choices:
            made = await _make(uow, table, choices, queue, policy, now)
            chosen = sum(len(choice.seats[: choice.rings]) for choice in choices)
            return Deal(
                made,
                goes_on=len(callers) == page and table.has_more(chosen),
                is_busy=len(made) < chosen,
            )
        after = callers[-1].rank_at, callers[-1].entry_id
    return Deal()


class _Table:
    """The free seats of one deal: the best of them one by one, the rest as numbers."""

    def __init__(self, pool: Pool, queue: str, rules: routing.QueueRules, now: datetime) -> None:
        self._pool = pool
        self._queue = queue
        self._queues = rules.all_queues(queue)
        self._rules = rules
        self._now = now
        self._seats: list[Candidate] = []
        self._kinds: list[SeatKind] = []
        self._knows_all = True

    async def look(self) -> bool:
        """Read the free seats; False if there are none."""
        self._seats = await self._pool.seats(self._queues, self._rules.strategy, FREE_LOOK)
        self._knows_all = len(self._seats) < FREE_LOOK
        self._kinds = (
            kinds_of(self._seats) if self._knows_all else await self._pool.kinds(self._queues)
        )
        return bool(self._seats)

    def page(self, most: int) -> int:
        """Return how many callers to read at a time: few where few seats are free."""
        return min(most, max(FEW, 2 * len(self._seats)))

    async def callers(self, after: Place | None, most: int) -> list[Waiting]:
        """Return the next callers whom a free seat could serve."""
        return await self._pool.callers(self._queue, self._rules, self._kinds, after, most)

    async def choose(self, callers: Sequence[Waiting]) -> list[Choice]:
        """Choose seats for callers in the order of their places."""
        if self._knows_all:
            return list(self._deal(callers))
        await self._fetch_last_seats(callers)
        choices: list[Choice] = []
        for waiting in callers:
            found = list(self._deal([waiting])) or await self._search(waiting)
            choices += found
            taken = {s.candidate.seat_id for each in found for s in each.seats[: each.rings]}
            self._seats = [seat for seat in self._seats if seat.seat_id not in taken]
        return choices

    def _deal(self, callers: Iterable[Waiting]) -> Iterable[Choice]:
        return routing.deal(self._queue, callers, self._seats, self._rules, self._now)

    async def _fetch_last_seats(self, callers: Sequence[Waiting]) -> None:
        """Look at the seats that the callers talked with last, however far behind they are."""
        if not self._rules.prefers_last_seat:
            return
        known = {seat.seat_id for seat in self._seats}
        missing = {w.last_seat_id for w in callers if w.last_seat_id is not None} - known
        if missing:
            self._seats += await self._pool.named(self._queues, list(missing))

    async def _search(self, waiting: Waiting) -> list[Choice]:
        """Look behind the best seats for one with the skills, or of the right queue."""
        needs = self._rules.needs_of(waiting, self._now)
        queues = self._rules.queues_of(self._queue, waiting, self._now)
        if not fitting(self._kinds, queues, needs):
            return []
        known = {seat.seat_id for seat in self._seats}
        more = await self._pool.seats(queues, self._rules.strategy, FREE_LOOK, needs)
        self._seats += [seat for seat in more if seat.seat_id not in known]
        return list(self._deal([waiting]))

    def has_more(self, chosen: int) -> bool:
        """Say whether a seat is left when so many are taken."""
        return not self._knows_all or chosen < len(self._kinds)

    def others(self, choice: Choice, listed: int) -> int:
        """Return how many more seats could take the caller than are listed."""
        if self._knows_all:
            return len(choice.seats) - listed
        return max(len(choice.seats), fitting(self._kinds, choice.queues, choice.needs)) - listed


async def _make(
    uow: UnitOfWork,
    table: _Table,
    choices: Sequence[Choice],
    queue: str,
    policy: QueuePolicy,
    now: datetime,
) -> tuple[Offer, ...]:
    """Make the offers that can be made in this moment; signal them."""
    expires_at = now + policy.offer_limit
    pairs = [pair for choice in choices for pair in _pairs(table, choice)]
    made = await Pool(uow.session, now).claim(pairs, expires_at)
    for pair, _ in made:
        uow.signal("seat", seat_id=pair.seat.seat_id)
    if made:
        uow.signal("queue", queue=queue)
    return tuple(
        Offer(
            offer_id=pair.offer_id,
            entry_id=pair.entry_id,
            call_id=CallId(call_id),
            queue=queue,
            seat_id=pair.seat.seat_id,
            extension=pair.seat.extension,
            made_at=now,
            expires_at=expires_at,
        )
        for pair, call_id in made
    )


def _pairs(table: _Table, choice: Choice) -> list[Pair]:
    ringing = choice.seats[: choice.rings]
    listed = choice.seats[: max(MAX_LISTED, len(ringing))]
    rows = [scored.as_row() for scored in listed]
    return [
        Pair(
            offer_id=new_id(),
            entry_id=choice.waiting.entry_id,
            seat=scored.candidate,
            rule=choice.rule,
            needs=choice.needs,
            candidates=rows,
            others=table.others(choice, len(listed)),
            is_shared=choice.rings > 1,
        )
        for scored in ringing
    ]


def _as_offer(row: Row[Any]) -> Offer:
    return Offer(
        offer_id=row.id,
        entry_id=row.entry_id,
        call_id=CallId(row.call_id),
        queue=row.queue,
        seat_id=SeatId(row.seat_id),
        extension=row.extension,
        made_at=row.made_at,
        expires_at=row.expires_at,
    )


async def ringing_offers(
    session: AsyncSession, process_id: UUID, known: Mapping[UUID, Offer]
) -> list[Offer]:
    """Return the ringing offers of the calls that one voice process carries.

    Those that are `known` by their ids are not read again: an offer that rings never changes.
    """
    entries = QueueEntries(session)
    ids = await entries.ringing_in(process_id)
    unknown = [offer_id for offer_id in ids if offer_id not in known]
    rows = await entries.offers(unknown) if unknown else ()
    found = {**known, **{row.id: _as_offer(row) for row in rows}}
    return [found[offer_id] for offer_id in ids if offer_id in found]


async def answer_offer(uow: UnitOfWork, offer_id: UUID, *, now: datetime) -> None:
    """The seat answers: the caller is its contact.

    Raises:
        IllegalTransition: if the offer has ended meanwhile.
    """
    held = await QueueEntries(uow.session).hold_offer(offer_id)
    seat, entry, offer = held.contact
    carry_out(Act.ANSWER, seat=seat, entry=entry, offer=offer)
    offer.answered_at = entry.ended_at = seat.since = now
    seat.handled += 1
    stop_others(uow, held, reason=ELSEWHERE, now=now)
    await returns.cancel_for(uow, entry.number_hash, now=now)
    tell(uow, seat, entry.queue)


def stop_others(uow: UnitOfWork, held: Held, *, reason: str, now: datetime) -> None:
    """End the offers of the other seats that ring; their idle time goes on."""
    for seat, offer in held.also:
        carry_out(Act.STOP, seat=seat, entry=held.entry, offer=offer)
        offer.ended_at, offer.reason = now, reason
        seat.since, seat.offer_id = now, None
        tell(uow, seat, held.entry.queue)


async def miss_offer(uow: UnitOfWork, offer_id: UUID, *, reason: str, now: datetime) -> None:
    """The seat did not answer, was busy, or is unreachable: the caller is next again.

    Unless other seats still ring for the caller.

    Raises:
        IllegalTransition: if the offer has ended meanwhile.
    """
    held = await QueueEntries(uow.session).hold_offer(offer_id)
    end_missed(uow, held, reason=reason, now=now)


async def take_back_offer(uow: UnitOfWork, offer_id: UUID, *, reason: str, now: datetime) -> None:
    """We could not ring the seat: both are as before, the seat with its idle time.

    Raises:
        IllegalTransition: if the offer has ended meanwhile.
    """
    held = await QueueEntries(uow.session).hold_offer(offer_id)
    seat, entry, offer = held.contact
    rings_elsewhere = bool(held.also)
    carry_out(Act.TAKE_BACK, seat=seat, entry=entry, offer=offer, rings_elsewhere=rings_elsewhere)
    offer.ended_at, offer.reason = now, reason
    seat.since, seat.offer_id = now, None
    # Nobody is woken: the same two would meet again at once, and again in vain.
    tell_screens(uow, seat, entry.queue)


def end_missed(uow: UnitOfWork, held: Held, *, reason: str, now: datetime) -> None:
    """End an offer, locked with its seat and caller, that nobody took."""
    seat, entry, offer = held.contact
    carry_out(Act.MISS, seat=seat, entry=entry, offer=offer, rings_elsewhere=bool(held.also))
    offer.ended_at, offer.reason = now, reason
    seat.since, seat.offer_id, seat.break_reason = now, None, MISSED
    tell(uow, seat, entry.queue)
    uow.signal(FREE)


def tell(uow: UnitOfWork, seat: SeatRow, queue: str) -> None:
    """Let screens know that a seat changed, and the distributors if it could take a caller now."""
    tell_screens(uow, seat, queue)
    if seat.state is SeatState.AVAILABLE:
        uow.signal(FREE)


def tell_screens(uow: UnitOfWork, seat: SeatRow, queue: str) -> None:
    """Let the seat's desk and the boards know that something changed."""
    uow.signal("seat", seat_id=seat.id)
    uow.signal("queue", queue=queue)
