from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from hotline.contacts.calls import service as calls
from hotline.kernel.clock import SHANGHAI, Clock
from hotline.kernel.db import Database
from hotline.kernel.errors import NotFound
from hotline.kernel.ids import new_id
from hotline.queues import phone_contacts
from hotline.queues import service as queues
from hotline.reports import service as reports
from hotline.reports.definition import DEFINITIONS, Class, Definition
from hotline.reports.replay import ReplayOptions
from tests.integration.hotline.queues.floor import QUEUE, SmallFloor

DAY = date(2026, 3, 11)
NEXT = datetime(2026, 3, 12, 1, 0, tzinfo=SHANGHAI)

BY_NAME = {each.name: each for each in DEFINITIONS}


@pytest.fixture
async def floor(database: Database, clock: Clock) -> SmallFloor:
    """A day with a call answered in 10 s, one in 18 s, one abandoned at 3 s and one at 40 s."""
    async with database.begin() as uow:
        process_id = await calls.start_process(uow, "voice", now=clock())
    floor = SmallFloor(database, clock(), process_id)
    seat = await floor.seat("8001")
    for wait in (10, 18):
        await floor.caller()
        offer = await floor.ringing()
        floor.now += timedelta(seconds=wait) - timedelta(milliseconds=1)
        async with database.begin() as uow:
            await queues.answer_offer(uow, offer.offer_id, now=floor.now)
            await queues.finish(uow, seat, floor.now)
            await queues.end_wrap_up(uow, seat, floor.now)
    for wait in (3, 40):
        call_id = await floor.caller()
        async with database.begin() as uow:
            at = floor.now + timedelta(seconds=wait, milliseconds=-1)
            await queues.abandon(uow, call_id, now=at)
    return floor


async def keep(
    floor: SmallFloor, now: datetime = NEXT, definitions: Sequence[Definition] = DEFINITIONS
) -> int:
    async with floor.database.begin() as uow:
        return await reports.keep_day(uow, DAY, now=now, definitions=definitions)


async def levels(floor: SmallFloor, queue: str = "*") -> dict[tuple[str, str], reports.Level]:
    async with floor.database.read() as session:
        found = await reports.levels_of(session, DAY, now=NEXT)
    return {
        (each.definition.name, each.definition.version): each
        for each in found
        if each.queue == queue
    }


async def test_each_definition_says_its_own_of_one_day(floor: SmallFloor) -> None:
    """Domain 6.2: 15 s, connect rate, 80/20 with and without short abandons."""
    assert await keep(floor) == 2 * len(DEFINITIONS)

    found = {name: each.figure.rate for (name, _), each in (await levels(floor)).items()}

    assert found == {
        "answer_15s": pytest.approx(1 / 4),
        "connect_24h": pytest.approx(2 / 4),
        "level_80_20": pytest.approx(2 / 4),
        "level_80_20_long": pytest.approx(2 / 3),
    }
    assert len(await levels(floor, QUEUE)) == len(DEFINITIONS)


async def test_a_changed_definition_never_changes_what_was_reported(floor: SmallFloor) -> None:
    """Issue B 10: a later change of definition never changes an old report."""
    await keep(floor)
    before = await levels(floor)
    stricter = replace(BY_NAME["answer_15s"], version="3", within=5)

    assert await keep(floor, NEXT + timedelta(days=3), [*DEFINITIONS, stricter]) == 2
    assert await keep(floor, NEXT + timedelta(days=3), [*DEFINITIONS, stricter]) == 0

    after = await levels(floor)
    assert {key: after[key] for key in before} == before
    assert after["answer_15s", "3"].figure.rate == 0


async def test_even_a_definition_changed_under_its_old_version_changes_nothing(
    floor: SmallFloor,
) -> None:
    await keep(floor)
    before = await levels(floor)
    tampered = [replace(each, within=3600.0) for each in DEFINITIONS]

    assert await keep(floor, NEXT, tampered) == 0
    assert await levels(floor) == before


async def test_a_figure_opens_the_calls_that_it_counts(floor: SmallFloor) -> None:
    await keep(floor)
    level = (await levels(floor))["level_80_20_long", "2"]
    assert level.level_id is not None

    async with floor.database.read() as session:
        _, rows = await reports.open_level(session, level.level_id)

    assert [found for _, found in rows] == [
        Class.KEPT,
        Class.KEPT,
        Class.IGNORED,
        Class.ABANDONED,
    ]
    assert [round(each.waited) for each, _ in rows] == [10, 18, 3, 40]


async def test_the_worst_window_opens_as_many_calls_as_it_counted(floor: SmallFloor) -> None:
    await keep(floor)
    level = (await levels(floor))["connect_24h", "3"]
    assert level.level_id is not None

    async with floor.database.read() as session:
        _, rows = await reports.open_level(session, level.level_id)

    assert len(rows) == level.figure.counted == 4


async def test_a_day_is_kept_only_when_its_last_wait_has_ended(floor: SmallFloor) -> None:
    begins, ends = reports.bounds(DAY)

    assert await keep(floor, ends + timedelta(minutes=29)) == 0
    assert (await levels(floor))["answer_15s", "2"].level_id is None
    assert begins.utcoffset() == timedelta(hours=8)


async def test_an_unknown_figure_is_not_found(floor: SmallFloor) -> None:
    async with floor.database.read() as session:
        with pytest.raises(NotFound):
            await reports.open_level(session, new_id())


async def test_a_recorded_day_is_played_again_from_its_rows(floor: SmallFloor) -> None:
    """Issue B 9: `hotline replay DAY --seats N`."""
    options = ReplayOptions(seats=2, wrap_up=0, rules={})
    async with floor.database.read() as session:
        found = await reports.replay_day(session, DAY, options)

    assert (found.real.calls, found.real.answered, found.real.seats) == (4, 2, 1)
    assert found.real.mean_wait == pytest.approx(14)
    # The seats ring for 14 s, their mean: in time for the one who waited 40 s.
    assert (found.replayed.answered, found.replayed.seats) == (3, 2)


async def test_a_seat_that_was_rung_for_a_transfer_is_no_arrival(floor: SmallFloor) -> None:
    """Issue B 4, 9: no rule chose the seat, and nobody waited in a queue; neither is counted."""
    seat_id = await floor.seat("8002")
    call_id = await floor.call()
    async with floor.database.begin() as uow:
        offer = await phone_contacts.call_seat(
            uow, call_id, seat_id, limit=timedelta(seconds=20), now=floor.now
        )
        await phone_contacts.answer_call_to_seat(uow, offer.offer_id, now=floor.now)
        await queues.end_contact(uow, call_id, now=floor.now)

    async with floor.database.read() as session:
        found = await reports.replay_day(session, DAY, ReplayOptions(seats=2, rules={}))
        counted = await reports.count_day(session, DAY, now=NEXT)
    assert (found.real.calls, found.real.seats) == (4, 1)
    assert {each.queue for each in counted} == {"*", QUEUE}
