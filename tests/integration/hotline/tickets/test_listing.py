"""Lists of tickets: what fits, in which order, page by page, by words."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from hotline.contacts.contact import Channel
from hotline.kernel.db import Database
from hotline.kernel.errors import Invalid
from hotline.kernel.ids import TicketId
from hotline.tickets import search, service
from hotline.tickets.listing import TicketFilter, list_tickets
from hotline.tickets.lists import Due, Sort
from hotline.tickets.states import TicketState
from hotline.tickets.ticket import RequestKind, TicketAmendment, TicketDraft
from tests.conftest import FakeClock


async def opened(database: Database, now: datetime, **fields: Any) -> TicketId:
    values = {
        "channel": Channel.WEB,
        "request_kind": RequestKind.COMPLAINT,
        "subject": "路灯不亮",
        "body": "",
        "reply_channel": Channel.WEB,
        "reply_to": None,
    }
    async with database.begin() as uow:
        return await service.open_ticket(uow, TicketDraft(**(values | fields)), now=now)


async def found(
    database: Database, clock: FakeClock, wanted: TicketFilter, **options: Any
) -> Sequence[TicketId]:
    """Every ticket that fits, page by page of two."""
    ids: list[TicketId] = []
    after = None
    while True:
        async with database.read() as session:
            page = await list_tickets(session, wanted, after=after, limit=2, now=clock(), **options)
        ids += [line.ticket_id for line in page.lines]
        after = page.next_cursor
        if after is None:
            return ids


async def test_pages_by_time_lose_and_repeat_nothing(database: Database, clock: FakeClock) -> None:
    """Issue C 11: keyset paging; five of them at the very same instant."""
    made = [await opened(database, clock()) for _ in range(5)]
    made.append(await opened(database, clock.advance(timedelta(hours=1))))

    newest = await found(database, clock, TicketFilter())
    oldest = await found(database, clock, TicketFilter(), sort=Sort.OLDEST)

    assert newest[0] == made[-1]
    assert oldest == list(reversed(newest))
    assert set(newest) == set(made)


async def test_words_are_found_in_subject_body_and_address(
    database: Database, clock: FakeClock
) -> None:
    """Issue C 11: search over Chinese, also inside what a dictionary takes for one word."""
    lamp = await opened(database, clock(), subject="路灯不亮", address="荷香路138号")
    cover = await opened(database, clock(), subject="井盖", body="荷香路的路灯旁边缺井盖")
    wanted = TicketFilter

    assert set(await found(database, clock, wanted(words="荷香路"))) == {lamp, cover}
    assert await found(database, clock, wanted(words="荷香路 井盖")) == [cover]
    assert await found(database, clock, wanted(words="香路138")) == [lamp]
    assert await found(database, clock, wanted(words="盖")) == [cover]
    assert await found(database, clock, wanted(words="施工")) == []
    assert await found(database, clock, wanted(words="路灯", channels=[Channel.MAIL])) == []


@pytest.mark.parametrize("is_long", [False, True])
async def test_words_find_the_same_however_the_list_is_read(
    database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, is_long: bool
) -> None:
    """Issue C 11: a list of a million rows is read in stretches of time; none is lost at a seam."""
    made = []
    for number in range(24):
        # Some on one instant, then hours, days, months and years apart.
        clock.advance(timedelta(hours=3) * (number % 4) ** number.bit_length())
        word = "路灯不亮" if number % 3 else "井盖缺失"
        kind = RequestKind.REPORT if number % 2 else RequestKind.COMPLAINT
        made.append(await opened(database, clock(), subject=word, request_kind=kind))
        if number % 5 == 0:
            async with database.begin() as uow:
                await service.transfer_ticket(uow, made[-1], actor="user:a", now=clock())
    if is_long:
        monkeypatch.setattr(search, "FEW", 0)
        monkeypatch.setattr(search, "_EXPECTED", 0)
    lamps = [ticket for number, ticket in enumerate(made) if number % 3]
    open_lamps = [t for n, t in enumerate(made) if n % 3 and n % 5]
    sent_lamps = [t for n, t in enumerate(made) if n % 3 and n % 5 == 0]
    wanted = TicketFilter(words="路灯")

    oldest = await found(database, clock, wanted, sort=Sort.OLDEST)
    assert set(oldest) == set(lamps)
    assert await found(database, clock, wanted) == oldest[::-1]
    still = TicketFilter(words="路灯", states=[TicketState.OPEN])
    assert set(await found(database, clock, still)) == set(open_lamps)
    asked = TicketFilter(words="路灯", kinds=[RequestKind.REPORT])
    assert set(await found(database, clock, asked)) == set(made[1::2]) & set(lamps)
    assert await found(database, clock, TicketFilter(words="路灯", due=Due.OVERDUE)) != []
    by_due = await found(database, clock, wanted, sort=Sort.DUE)
    assert set(by_due) == set(sent_lamps)
    assert len(by_due) == len(sent_lamps)
    assert await found(database, clock, TicketFilter(words="施工")) == []


async def test_the_few_of_some_states_are_found_at_either_end(
    database: Database, clock: FakeClock
) -> None:
    made = []
    for number in range(6):
        made.append(await opened(database, clock.advance(timedelta(minutes=1))))
        if number < 4:
            async with database.begin() as uow:
                await service.cancel_ticket(
                    uow, made[-1], reason="duplicate", actor="user:a", now=clock()
                )
    async with database.begin() as uow:
        await service.transfer_ticket(uow, made[5], actor="user:a", now=clock())
    both = TicketFilter(states=[TicketState.OPEN, TicketState.TRANSFERRED])

    assert await found(database, clock, both, sort=Sort.OLDEST) == made[4:]
    assert await found(database, clock, both) == made[:3:-1]


async def test_an_amended_ticket_is_found_by_its_new_words_only(
    database: Database, clock: FakeClock
) -> None:
    ticket = await opened(database, clock(), subject="路灯不亮")
    async with database.begin() as uow:
        await service.amend_ticket(
            uow, ticket, TicketAmendment(subject="井盖缺失"), actor="user:a", now=clock()
        )

    assert await found(database, clock, TicketFilter(words="井盖")) == [ticket]
    assert await found(database, clock, TicketFilter(words="路灯")) == []


async def test_due_and_overdue_are_of_what_is_with_the_city(
    database: Database, clock: FakeClock
) -> None:
    """R62: what is near or past its deadline is one choice away."""
    first = await opened(database, clock())
    second = await opened(database, clock(), request_kind=RequestKind.INQUIRY)
    await opened(database, clock())
    for ticket in (first, second):
        async with database.begin() as uow:
            await service.transfer_ticket(uow, ticket, actor="user:a", now=clock())

    by_due = await found(database, clock, TicketFilter(), sort=Sort.DUE)
    assert by_due == [second, first]
    assert set(await found(database, clock, TicketFilter(due=Due.RUNNING))) == {first, second}
    clock.advance(timedelta(days=6))
    assert await found(database, clock, TicketFilter(due=Due.OVERDUE)) == [second]
    assert await found(database, clock, TicketFilter(due=Due.RUNNING)) == [first]
    assert await found(database, clock, TicketFilter(states=[TicketState.OPEN], due=Due.NEAR)) == []


async def test_days_bound_the_list(database: Database, clock: FakeClock) -> None:
    await opened(database, clock())
    second = await opened(database, clock.advance(timedelta(days=1)))
    await opened(database, clock.advance(timedelta(days=1)))
    day = TicketFilter(since=clock() - timedelta(days=1), to=clock(), words="路灯")

    assert await found(database, clock, day) == [second]


async def test_a_filter_comes_back_from_its_payload(clock: FakeClock) -> None:
    wanted = TicketFilter(
        states=[TicketState.OPEN], due=Due.NEAR, since=clock(), words="井盖", kinds=[]
    )
    again = TicketFilter.from_payload(wanted.to_payload())
    assert again.to_payload() == wanted.to_payload()


async def test_a_stranger_s_cursor_and_a_question_of_nothing_are_refused(
    database: Database, clock: FakeClock
) -> None:
    for options in ({"after": "newest|yesterday|x"}, {"after": f"due|{clock().isoformat()}|x"}):
        async with database.read() as session:
            with pytest.raises(Invalid):
                await list_tickets(session, TicketFilter(), now=clock(), **options)
    async with database.read() as session:
        with pytest.raises(Invalid, match="words"):
            await list_tickets(session, TicketFilter(words="？！"), now=clock())


async def test_the_count_is_exact_on_one_page_and_expected_beyond(
    database: Database, clock: FakeClock
) -> None:
    for _ in range(3):
        await opened(database, clock())
    async with database.read() as session:
        whole = await list_tickets(session, TicketFilter(), now=clock())
        part = await list_tickets(session, TicketFilter(), limit=2, now=clock())
    assert (whole.about, whole.is_exact) == (3, True)
    assert not part.is_exact
    assert part.about >= 3
