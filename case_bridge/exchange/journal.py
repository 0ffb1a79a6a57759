"""All SQL of the exchange."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, delete, func, or_, select, union
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases.model import CaseHistoryRow, CaseRow
from case_bridge.cases.states import CaseState
from case_bridge.exchange.answering import astray
from case_bridge.exchange.forms import FormKind
from case_bridge.exchange.model import (
    Direction,
    ExchangeLinkRow,
    ExchangeMessageRow,
    ExchangeNonceRow,
    ExchangePeerRow,
)
from case_bridge.exchange.states import MessageState
from hotline.kernel.errors import NotFound

OPEN_IN = (MessageState.STORED, MessageState.HELD)


class Journal:
    """Messages, links, peers and nonces over one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    # messages

    async def message(self, row_id: int) -> ExchangeMessageRow:
        """Return a message of the journal, locked.

        Raises:
            NotFound: if there is none.
        """
        row = await self._session.get(
            ExchangeMessageRow, row_id, with_for_update=True, populate_existing=True
        )
        if row is None:
            raise NotFound("message", row_id)
        return row

    async def is_known(self, row: ExchangeMessageRow) -> bool:
        """Say whether the same message of the peer was read before."""
        found = await self._session.scalar(
            select(ExchangeMessageRow.id)
            .where(
                ExchangeMessageRow.peer == row.peer,
                ExchangeMessageRow.direction == Direction.IN,
                ExchangeMessageRow.message_id == row.message_id,
                ExchangeMessageRow.id != row.id,
                ExchangeMessageRow.state.in_(
                    (MessageState.HELD, MessageState.APPLIED, MessageState.REFUSED)
                ),
                # What was refused for its place in the order does not count as read.
                ExchangeMessageRow.settled_at.is_not(None)
                | (ExchangeMessageRow.state == MessageState.HELD),
            )
            .limit(1)
        )
        return found is not None

    async def held(self, peer: str, case_ref: str, sequence: int) -> ExchangeMessageRow | None:
        """Return the message of the peer that waits with this number."""
        return await self._session.scalar(
            select(ExchangeMessageRow)
            .where(
                ExchangeMessageRow.peer == peer,
                ExchangeMessageRow.direction == Direction.IN,
                ExchangeMessageRow.case_ref == case_ref,
                ExchangeMessageRow.sequence == sequence,
                ExchangeMessageRow.state == MessageState.HELD,
            )
            .with_for_update()
            .execution_options(populate_existing=True)
        )

    async def has_held(self, peer: str, case_ref: str) -> bool:
        """Say whether a message about a case still waits for an earlier one."""
        return await self.first_held(peer, case_ref) is not None

    async def first_held(self, peer: str, case_ref: str) -> int | None:
        """Return the lowest number of a case that still waits for an earlier one."""
        return await self._session.scalar(
            select(func.min(ExchangeMessageRow.sequence)).where(
                ExchangeMessageRow.peer == peer,
                ExchangeMessageRow.case_ref == case_ref,
                ExchangeMessageRow.direction == Direction.IN,
                ExchangeMessageRow.state == MessageState.HELD,
            )
        )

    async def waiting(self, peer: str, *, limit: int) -> Sequence[ExchangeMessageRow]:
        """Return what is to be sent to a peer, each case's in their order."""
        found = await self._session.scalars(
            select(ExchangeMessageRow)
            .where(
                ExchangeMessageRow.peer == peer,
                ExchangeMessageRow.direction == Direction.OUT,
                ExchangeMessageRow.state == MessageState.WAITING,
            )
            .order_by(ExchangeMessageRow.sequence, ExchangeMessageRow.id)
            .limit(limit)
        )
        return found.all()

    async def sent_from(
        self, peer: str, case_ref: str, sequence: int
    ) -> Sequence[ExchangeMessageRow]:
        """Return what went to a peer about a case, from a number on, locked."""
        found = await self._session.scalars(
            select(ExchangeMessageRow)
            .where(
                ExchangeMessageRow.peer == peer,
                ExchangeMessageRow.direction == Direction.OUT,
                ExchangeMessageRow.case_ref == case_ref,
                ExchangeMessageRow.sequence >= sequence,
            )
            .order_by(ExchangeMessageRow.sequence)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return found.all()

    async def was_sent(self, peer: str, case_ref: str, form: FormKind) -> bool:
        """Say whether such a form about a case ever went to a peer."""
        found = await self._session.scalar(
            select(ExchangeMessageRow.id)
            .where(
                ExchangeMessageRow.peer == peer,
                ExchangeMessageRow.case_ref == case_ref,
                ExchangeMessageRow.direction == Direction.OUT,
                ExchangeMessageRow.form == form,
            )
            .limit(1)
        )
        return found is not None

    async def unread(
        self, peers: Collection[str], before: datetime, *, limit: int
    ) -> Sequence[tuple[int, str]]:
        """Return what these peers sent before an instant and was never read, with its peer."""
        found = await self._session.execute(
            select(ExchangeMessageRow.id, ExchangeMessageRow.peer)
            .where(
                ExchangeMessageRow.state == MessageState.STORED,
                ExchangeMessageRow.recorded_at < before,
                ExchangeMessageRow.peer.in_(peers),
            )
            .order_by(ExchangeMessageRow.id)
            .limit(limit)
        )
        return [(row_id, peer) for row_id, peer in found]

    async def page(
        self,
        *,
        peer: str | None,
        state: MessageState | None,
        case_ref: str | None,
        before: int | None,
        limit: int,
    ) -> Sequence[ExchangeMessageRow]:
        """Return messages of the journal, newest first."""
        query = select(ExchangeMessageRow)
        if peer:
            query = query.where(ExchangeMessageRow.peer == peer)
        if state:
            query = query.where(ExchangeMessageRow.state == state)
        if case_ref:
            query = query.where(ExchangeMessageRow.case_ref == case_ref)
        if before:
            query = query.where(ExchangeMessageRow.id < before)
        found = await self._session.scalars(
            query.order_by(ExchangeMessageRow.id.desc()).limit(limit)
        )
        return found.all()

    async def counts(self) -> dict[tuple[str, MessageState], int]:
        """Return how many messages of each peer are not over."""
        found = await self._session.execute(
            select(ExchangeMessageRow.peer, ExchangeMessageRow.state, func.count())
            .where(
                ExchangeMessageRow.state.in_(
                    (
                        MessageState.WAITING,
                        *OPEN_IN,
                        MessageState.REFUSED,
                        MessageState.UNREADABLE,
                    )
                )
            )
            .group_by(ExchangeMessageRow.peer, ExchangeMessageRow.state)
        )
        return {(peer, state): count for peer, state, count in found}

    # links

    async def link(
        self, peer: str, case_ref: str, *, is_ours: bool, now: datetime
    ) -> ExchangeLinkRow:
        """Return the link of a case, locked; a new one if there is none."""
        await self._session.execute(
            insert(ExchangeLinkRow)
            .values(
                peer=peer,
                case_ref=case_ref,
                is_ours=is_ours,
                sent=0,
                received=0,
                told=0,
                changed_at=now,
            )
            .on_conflict_do_nothing()
        )
        row = await self._session.get(
            ExchangeLinkRow, (peer, case_ref), with_for_update=True, populate_existing=True
        )
        assert row is not None
        return row

    async def link_of_case(self, peer: str, case_id: UUID) -> ExchangeLinkRow | None:
        """Return the link by which a peer knows a case of ours."""
        return await self._session.scalar(
            select(ExchangeLinkRow).where(
                ExchangeLinkRow.peer == peer, ExchangeLinkRow.case_id == case_id
            )
        )

    async def links(
        self, peer: str, *, after: str = "", limit: int = 500
    ) -> Sequence[ExchangeLinkRow]:
        """Return the links with a peer, by case."""
        found = await self._session.scalars(
            select(ExchangeLinkRow)
            .where(ExchangeLinkRow.peer == peer, ExchangeLinkRow.case_ref > after)
            .order_by(ExchangeLinkRow.case_ref)
            .limit(limit)
        )
        return found.all()

    async def to_tell(self, peer: str, since: datetime | None, *, limit: int) -> Sequence[str]:
        """Return what a peer calls the cases that have moved since it was told, by name.

        Only moves from `since` on are looked at, along their index; None looks at all.
        """
        moved = (
            select(ExchangeLinkRow.case_ref)
            .join(
                CaseHistoryRow,
                and_(
                    CaseHistoryRow.case_id == ExchangeLinkRow.case_id,
                    CaseHistoryRow.sequence > ExchangeLinkRow.told,
                ),
            )
            .where(ExchangeLinkRow.peer == peer)
        )
        if since is not None:
            moved = moved.where(CaseHistoryRow.occurred_at >= since)
        parts = (moved, astray(peer, since))
        refs = union(*parts).subquery()
        found = await self._session.scalars(
            select(refs.c.case_ref).order_by(refs.c.case_ref).limit(limit)
        )
        return found.all()

    async def to_begin(self, peer: str, unit_id: UUID, *, limit: int) -> Sequence[CaseRow]:
        """Return cases that a peer's unit or district has and that the peer has not heard of."""
        found = await self._session.scalars(
            select(CaseRow)
            .where(
                or_(
                    and_(
                        CaseRow.unit_id == unit_id,
                        CaseRow.state.in_((CaseState.DISPATCHED, CaseState.HANDLING)),
                    ),
                    and_(
                        CaseRow.district_id == unit_id,
                        CaseRow.state == CaseState.HANDED_DOWN,
                    ),
                ),
                ~select(ExchangeLinkRow.case_id)
                .where(ExchangeLinkRow.peer == peer, ExchangeLinkRow.case_id == CaseRow.id)
                .exists(),
            )
            .order_by(CaseRow.registered_at)
            .limit(limit)
        )
        return found.all()

    async def ready(self, peers: Collection[str], *, limit: int) -> Sequence[tuple[str, str]]:
        """Return links with these peers whose next message waits to be applied."""
        found = await self._session.execute(
            select(ExchangeLinkRow.peer, ExchangeLinkRow.case_ref)
            .join(
                ExchangeMessageRow,
                (ExchangeMessageRow.peer == ExchangeLinkRow.peer)
                & (ExchangeMessageRow.case_ref == ExchangeLinkRow.case_ref)
                & (ExchangeMessageRow.sequence == ExchangeLinkRow.received + 1),
            )
            .where(
                ExchangeMessageRow.direction == Direction.IN,
                ExchangeMessageRow.state == MessageState.HELD,
                ExchangeMessageRow.peer.in_(peers),
            )
            .limit(limit)
        )
        return [(peer, case_ref) for peer, case_ref in found]

    async def gaps(
        self, peer: str, *, patience: timedelta, most: timedelta, now: datetime
    ) -> Sequence[ExchangeLinkRow]:
        """Return links in which a later message has waited for an earlier one for too long.

        Each is asked for after `patience`, then as long again as it has waited, at `most`: what
        the peer sends and we cannot read would come each time, and fill the journal.
        """
        asked_at, since = ExchangeLinkRow.gap_asked_at, ExchangeLinkRow.gap_since
        found = await self._session.scalars(
            select(ExchangeLinkRow)
            .where(
                ExchangeLinkRow.peer == peer,
                since < now - patience,
                or_(asked_at.is_(None), asked_at + func.least(asked_at - since, most) <= now),
            )
            .limit(500)
        )
        return found.all()

    async def moves_after(self, case_id: UUID, sequence: int) -> Sequence[CaseHistoryRow]:
        """Return the moves of a case behind a number."""
        found = await self._session.scalars(
            select(CaseHistoryRow)
            .where(CaseHistoryRow.case_id == case_id, CaseHistoryRow.sequence > sequence)
            .order_by(CaseHistoryRow.sequence)
        )
        return found.all()

    # peers and nonces

    async def peer(self, name: str) -> ExchangePeerRow:
        """Return how the talk with a peer goes, locked."""
        await self._session.execute(
            insert(ExchangePeerRow).values(name=name, failures=0).on_conflict_do_nothing()
        )
        row = await self._session.get(
            ExchangePeerRow, name, with_for_update=True, populate_existing=True
        )
        assert row is not None
        return row

    async def peers(self) -> dict[str, ExchangePeerRow]:
        """Return how the talk with each peer goes."""
        found = await self._session.scalars(select(ExchangePeerRow))
        return {row.name: row for row in found}

    async def take_nonce(self, peer: str, nonce: str, *, now: datetime) -> bool:
        """Note a nonce; False if it came before."""
        statement = (
            insert(ExchangeNonceRow)
            .values(peer=peer, nonce=nonce, seen_at=now)
            .on_conflict_do_nothing()
            .returning(ExchangeNonceRow.nonce)
        )
        return (await self._session.execute(statement)).scalar_one_or_none() is not None

    async def forget_nonces(self, before: datetime) -> None:
        """Forget what the window of time refuses by itself."""
        await self._session.execute(
            delete(ExchangeNonceRow).where(ExchangeNonceRow.seen_at < before)
        )
