"""All SQL about tickets."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, Select, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.kernel.cursors import read_cursor, write_cursor
from hotline.kernel.errors import NotFound
from hotline.kernel.ids import CitizenId, ContactId, TicketId
from hotline.tickets.model import CategoryRow, TicketHistoryRow, TicketRow
from hotline.tickets.states import TicketState
from hotline.tickets.views import TicketLine, TicketPage

PAGE_LIMIT = 200


class Tickets:
    """Queries over one session."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def get(self, ticket_id: TicketId, *, lock: bool = False) -> TicketRow:
        """Return one ticket; with `lock` nobody else moves it until the transaction ends.

        Raises:
            NotFound: if there is none.
        """
        query = select(TicketRow).where(TicketRow.id == ticket_id)
        if lock:
            query = query.with_for_update().execution_options(populate_existing=True)
        row = await self.session.scalar(query)
        if row is None:
            raise NotFound("ticket", ticket_id)
        return row

    async def find_by_number(self, number: str, *, lock: bool = False) -> TicketRow | None:
        """Return the ticket with a number, or None."""
        query = select(TicketRow).where(TicketRow.number == number)
        if lock:
            query = query.with_for_update().execution_options(populate_existing=True)
        return await self.session.scalar(query)

    async def find_by_origin(self, origin_key: str) -> TicketRow | None:
        """Return the ticket that was opened under an origin key, or None."""
        return await self.session.scalar(
            select(TicketRow).where(TicketRow.origin_key == origin_key)
        )

    async def find_by_contact(self, contact_id: ContactId) -> TicketRow | None:
        """Return the first ticket that was opened from a contact, or None."""
        return await self.session.scalar(
            select(TicketRow)
            .where(TicketRow.contact_id == contact_id)
            .order_by(TicketRow.opened_at, TicketRow.id)
            .limit(1)
        )

    async def of_calls(self, call_ids: Iterable[UUID]) -> Mapping[UUID, Sequence[TicketLine]]:
        """Return the tickets that came of each of these calls, in the order they were opened."""
        query = (
            lines_query()
            .where(TicketRow.call_id.in_(list(call_ids)))
            .order_by(TicketRow.opened_at, TicketRow.number)
        )
        found: defaultdict[UUID, list[TicketLine]] = defaultdict(list)
        for row in await self.session.execute(query):
            call_id = row[0].call_id
            assert call_id is not None
            found[call_id].append(line_of(row))
        return found

    async def next_serial(self) -> int:
        """Return the next serial, 1 to 999999 and round again; gaps are allowed.

        A sequence, not a counter row: no transaction waits for another one's commit.
        """
        value = await self.session.scalar(
            text("SELECT nextval(pg_get_serial_sequence('tickets', 'serial'))")
        )
        assert isinstance(value, int)
        return value

    async def history(self, ticket_id: TicketId) -> Sequence[TicketHistoryRow]:
        """Return every move of a ticket, first to last."""
        found = await self.session.scalars(
            select(TicketHistoryRow)
            .where(TicketHistoryRow.ticket_id == ticket_id)
            .order_by(TicketHistoryRow.position)
        )
        return found.all()

    async def category(self, category_id: UUID | None) -> CategoryRow | None:
        """Return a category's row, or None for none."""
        return await self.session.get(CategoryRow, category_id) if category_id else None

    async def of_citizen(
        self, citizen_id: CitizenId, *, states: Iterable[TicketState], limit: int
    ) -> Sequence[TicketLine]:
        """Return a citizen's tickets in some states, newest first."""
        query = (
            lines_query()
            .where(
                TicketRow.citizen_id == citizen_id,
                TicketRow.state.in_(list(states)),
            )
            .order_by(TicketRow.opened_at.desc(), TicketRow.id.desc())
            .limit(limit)
        )
        return [line_of(row) for row in await self.session.execute(query)]

    async def page(
        self, *, states: Iterable[TicketState], after: str | None, limit: int
    ) -> TicketPage:
        """Return one page of tickets in some states, oldest first, from a cursor on.

        Raises:
            Invalid: if the cursor was not one of ours.
        """
        limit = max(1, min(limit, PAGE_LIMIT))
        query = lines_query().where(TicketRow.state.in_(list(states)))
        if after is not None:
            at, ticket_id = read_cursor(after)
            same = (TicketRow.opened_at == at) & (TicketRow.id > ticket_id)
            query = query.where(or_(TicketRow.opened_at > at, same))
        query = query.order_by(TicketRow.opened_at, TicketRow.id).limit(limit + 1)
        found = (await self.session.execute(query)).all()
        lines = tuple(line_of(row) for row in found[:limit])
        more = len(found) > limit
        return TicketPage(
            lines, write_cursor(lines[-1].opened_at, lines[-1].ticket_id) if more else None
        )

    async def count(self, states: Iterable[TicketState]) -> int:
        """Return how many tickets are in some states."""
        return (
            await self.session.scalar(
                select(func.count()).select_from(TicketRow).where(TicketRow.state.in_(list(states)))
            )
            or 0
        )

    async def recent_of_sender(
        self, *, citizen_id: CitizenId, since: datetime, limit: int
    ) -> Sequence[TicketRow]:
        """Return what a citizen opened since an instant, newest first."""
        found = await self.session.scalars(
            select(TicketRow)
            .where(TicketRow.citizen_id == citizen_id, TicketRow.opened_at >= since)
            .order_by(TicketRow.opened_at.desc(), TicketRow.id)
            .limit(limit)
        )
        return found.all()


def lines_query() -> Select[TicketRow, str]:
    """Return the query of list lines, for `line_of`."""
    return select(TicketRow, CategoryRow.name_zh).outerjoin(
        CategoryRow, CategoryRow.id == TicketRow.category_id
    )


def line_of(found: Row[TicketRow, str]) -> TicketLine:
    """Return a line of a list."""
    row, category_name = found
    return TicketLine(
        ticket_id=TicketId(row.id),
        number=row.number,
        state=row.state,
        round=row.round,
        channel=row.channel,
        request_kind=row.request_kind,
        urgency=row.urgency,
        category_name=category_name or "",
        subject=row.subject,
        address=row.address,
        opened_at=row.opened_at,
        due_at=row.due_at,
    )
