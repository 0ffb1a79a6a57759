"""Messages that come twice, late, too early, or not at all; calls that fail."""

import asyncio
from datetime import timedelta

import pytest

from case_bridge.bridge.model import ProgressFate
from case_bridge.bridge.reconcile import reconcile
from case_bridge.bridge.service import (
    record_progress,
    reopen_case,
    retry_failed,
    settle_alarm,
    submit_case,
)
from case_bridge.bridge.states import CrossingState
from case_bridge.bridge.trouble import Trouble
from case_bridge.platform import CaseProgress, PlatformUnavailable, ProgressKind
from hotline.kernel.errors import Conflict, Invalid
from hotline.kernel.ids import TicketId, new_id
from hotline.tickets import service as tickets
from hotline.tickets.states import TicketState
from tests.fakes.memory_platform import MemoryPlatform
from tests.integration.case_bridge.city import City

FILED, DISPATCHED, HANDLED, CLOSED, DECLINED = (
    ProgressKind.FILED,
    ProgressKind.DISPATCHED,
    ProgressKind.HANDLED,
    ProgressKind.CLOSED,
    ProgressKind.DECLINED,
)


@pytest.fixture
def memory(city: City) -> MemoryPlatform:
    """The city keeps another maker's case system."""
    city.platform = platform = MemoryPlatform()
    return platform


async def hear(city: City, message: CaseProgress) -> ProgressFate:
    async with city.database.begin() as uow:
        return await record_progress(uow, "memory", message, now=city.clock())


async def submitted(city: City) -> TicketId:
    ticket_id = await city.transferred_ticket()
    await city.run_jobs()
    return ticket_id


async def test_submitting_twice_makes_one_case(city: City, memory: MemoryPlatform) -> None:
    ticket_id = await submitted(city)

    await submit_case(city.database, memory, ticket_id, 1, now=city.clock())

    assert len(memory.cases) == 1


async def test_two_workers_submitting_at_once_make_one_case(
    city: City, memory: MemoryPlatform
) -> None:
    ticket_id = await city.transferred_ticket()

    await asyncio.gather(
        *(submit_case(city.database, memory, ticket_id, 1, now=city.clock()) for _ in range(4))
    )

    assert len(memory.cases) == 1
    assert (await city.link(ticket_id)).state is CrossingState.SUBMITTED


async def test_submitting_again_does_not_throw_a_filed_case_back(
    city: City, memory: MemoryPlatform
) -> None:
    ticket_id = await submitted(city)
    await hear(city, memory.tell("m-1", FILED, at=city.clock()))

    await submit_case(city.database, memory, ticket_id, 1, now=city.clock())

    assert (await city.link(ticket_id)).state is CrossingState.FILED


async def test_a_message_that_comes_twice_changes_nothing_the_second_time(
    city: City, memory: MemoryPlatform
) -> None:
    ticket_id = await submitted(city)
    message = memory.tell("m-1", CLOSED, "已修复", at=city.clock())

    fates = [await hear(city, message), await hear(city, message)]

    assert fates == [ProgressFate.APPLIED, ProgressFate.APPLIED]
    assert (await city.ticket(ticket_id)).state is TicketState.RESOLVED
    assert await city.alarms() == []


async def test_the_same_message_twice_at_once_resolves_the_ticket_once(
    city: City, memory: MemoryPlatform
) -> None:
    ticket_id = await submitted(city)
    message = memory.tell("m-1", CLOSED, "已修复", at=city.clock())

    await asyncio.gather(*(hear(city, message) for _ in range(4)))

    assert (await city.ticket(ticket_id)).state is TicketState.RESOLVED
    assert await city.alarms() == []


async def test_a_message_overtaken_by_a_newer_one_is_kept_as_late(
    city: City, memory: MemoryPlatform
) -> None:
    ticket_id = await submitted(city)
    filed = memory.tell("m-1", FILED, at=city.clock())
    handled = memory.tell("m-1", HANDLED, at=city.clock())

    fates = [await hear(city, handled), await hear(city, filed)]

    assert fates == [ProgressFate.APPLIED, ProgressFate.LATE]
    assert (await city.link(ticket_id)).state is CrossingState.CHECKING
    assert await city.alarms() == []


async def test_a_message_that_contradicts_raises_an_alarm_and_forces_nothing(
    city: City, memory: MemoryPlatform
) -> None:
    ticket_id = await submitted(city)
    await hear(city, memory.tell("m-1", FILED, at=city.clock()))

    fate = await hear(city, memory.tell("m-1", DECLINED, "不归我们管", at=city.clock()))

    assert fate is ProgressFate.REFUSED
    assert (await city.ticket(ticket_id)).state is TicketState.TRANSFERRED
    (alarm,) = await city.alarms()
    assert alarm.ticket_id == ticket_id
    assert "declined" in alarm.problem


async def test_an_alarm_is_settled_once(city: City, memory: MemoryPlatform) -> None:
    await submitted(city)
    await hear(city, memory.tell("m-1", FILED, at=city.clock()))
    await hear(city, memory.tell("m-1", DECLINED, "不归我们管", at=city.clock()))
    (alarm,) = await city.alarms()
    async with city.database.begin() as uow:
        await settle_alarm(uow, alarm.id, by="值班长甲", now=city.clock())

    assert await city.alarms() == []
    with pytest.raises(Conflict):
        async with city.database.begin() as uow:
            await settle_alarm(uow, alarm.id, by="值班长甲", now=city.clock())


async def test_a_closing_of_a_ticket_that_went_another_way_raises_an_alarm(
    city: City, memory: MemoryPlatform
) -> None:
    ticket_id = await submitted(city)
    async with city.database.begin() as uow:
        await tickets.return_ticket(uow, ticket_id, reason="重新核对", now=city.clock())

    await hear(city, memory.tell("m-1", CLOSED, "已修复", at=city.clock()))

    assert (await city.ticket(ticket_id)).state is TicketState.OPEN
    assert len(await city.alarms()) == 1


async def test_a_message_faster_than_its_link_waits_for_it(
    city: City, memory: MemoryPlatform
) -> None:
    ticket_id = await city.transferred_ticket()
    message = CaseProgress(
        message_id="early",
        case_key="m-1",
        round=1,
        sequence=1,
        kind=FILED,
        text="",
        occurred_at=city.clock(),
    )

    fate = await hear(city, message)
    await city.run_jobs()

    assert fate is ProgressFate.WAITING
    assert (await city.link(ticket_id)).state is CrossingState.FILED


async def test_a_platform_that_does_not_answer_leaves_the_link_pending_for_another_try(
    city: City, memory: MemoryPlatform
) -> None:
    memory.is_up = False
    ticket_id = await city.transferred_ticket()

    with pytest.raises(PlatformUnavailable):
        await submit_case(city.database, memory, ticket_id, 1, now=city.clock())
    assert (await city.link(ticket_id)).state is CrossingState.PENDING

    memory.is_up = True
    await submit_case(city.database, memory, ticket_id, 1, now=city.clock())
    assert (await city.link(ticket_id)).state is CrossingState.SUBMITTED


async def test_a_filing_that_the_platform_refuses_waits_for_a_person(
    city: City, memory: MemoryPlatform
) -> None:
    ticket_id = await submitted(city)
    await hear(city, memory.tell("m-1", CLOSED, "已修复", at=city.clock()))
    memory.cases.clear()  # the other maker lost it
    async with city.database.begin() as uow:
        await tickets.reopen_ticket(uow, ticket_id, reason="没修", now=city.clock())
    await city.run_jobs()

    link = await city.link(ticket_id, 2)
    assert link.state is CrossingState.FAILED
    assert link.problem
    assert len(await city.alarms()) == 1

    async with city.database.begin() as uow:
        await retry_failed(uow, ticket_id, 2, now=city.clock())
    assert (await city.link(ticket_id, 2)).state is CrossingState.PENDING
    assert await city.owed() == 1


async def test_a_link_that_has_not_failed_is_not_sent_again(
    city: City, memory: MemoryPlatform
) -> None:
    ticket_id = await submitted(city)

    with pytest.raises(Conflict):
        async with city.database.begin() as uow:
            await retry_failed(uow, ticket_id, 1, now=city.clock())


async def test_the_first_round_is_never_reopened(city: City, memory: MemoryPlatform) -> None:
    with pytest.raises(Invalid):
        await reopen_case(city.database, memory, TicketId(new_id()), 1, now=city.clock())


async def test_a_round_that_the_ticket_left_behind_is_not_sent(
    city: City, memory: MemoryPlatform
) -> None:
    ticket_id = await city.transferred_ticket()
    async with city.database.begin() as uow:
        await tickets.return_ticket(uow, ticket_id, reason="填错了", now=city.clock())

    await city.run_jobs()

    assert memory.cases == {}


# --- reconciliation


async def test_nothing_stuck_is_nothing_found(city: City, memory: MemoryPlatform) -> None:
    await submitted(city)
    await hear(city, memory.tell("m-1", FILED, at=city.clock()))
    city.clock.advance(timedelta(hours=2))

    assert await reconcile(city.database, memory, now=city.clock()) == ()


async def test_a_transferred_ticket_without_a_link_is_sent(
    city: City, memory: MemoryPlatform
) -> None:
    ticket_id = await city.transferred_ticket()  # and the job is lost
    city.clock.advance(timedelta(minutes=6))

    (finding,) = await reconcile(city.database, memory, now=city.clock())

    assert (finding.trouble, finding.repaired) == (Trouble.NOT_SENT, True)
    assert (await city.link(ticket_id)).state is CrossingState.SUBMITTED


async def test_a_link_that_never_got_an_answer_is_sent_again(
    city: City, memory: MemoryPlatform
) -> None:
    memory.is_up = False
    ticket_id = await city.transferred_ticket()
    with pytest.raises(PlatformUnavailable):
        await submit_case(city.database, memory, ticket_id, 1, now=city.clock())
    city.clock.advance(timedelta(minutes=6))

    down = await reconcile(city.database, memory, now=city.clock())
    memory.is_up = True
    up = await reconcile(city.database, memory, now=city.clock())

    assert [(f.trouble, f.repaired) for f in down] == [
        (Trouble.NOT_ANSWERED, False),
        (Trouble.NOT_REACHABLE, False),
    ]
    assert [(f.trouble, f.repaired) for f in up] == [(Trouble.NOT_ANSWERED, True)]
    assert (await city.link(ticket_id)).state is CrossingState.SUBMITTED


async def test_progress_that_never_arrived_is_fetched_and_told(
    city: City, memory: MemoryPlatform
) -> None:
    ticket_id = await submitted(city)
    memory.tell("m-1", FILED, at=city.clock())
    memory.tell("m-1", CLOSED, "已修复", at=city.clock())

    findings = await reconcile(city.database, memory, now=city.clock())
    again = await reconcile(city.database, memory, now=city.clock())

    assert [f.trouble for f in findings] == [Trouble.NOT_HEARD, Trouble.NOT_HEARD]
    assert again == ()
    assert (await city.ticket(ticket_id)).result == "已修复"


async def test_a_ticket_whose_case_ended_unnoticed_is_told(
    city: City, memory: MemoryPlatform
) -> None:
    ticket_id = await submitted(city)
    async with city.database.begin() as uow:
        await tickets.return_ticket(uow, ticket_id, reason="重新核对", now=city.clock())
    await hear(city, memory.tell("m-1", CLOSED, "已修复", at=city.clock()))
    async with city.database.begin() as uow:
        await tickets.transfer_ticket(uow, ticket_id, actor="system", now=city.clock())

    findings = await reconcile(city.database, memory, now=city.clock())

    assert [(f.trouble, f.repaired) for f in findings] == [(Trouble.NOT_TOLD, True)]
    assert (await city.ticket(ticket_id)).result == "已修复"


async def test_a_message_that_crossed_with_its_link_is_matched(
    city: City, memory: MemoryPlatform
) -> None:
    ticket_id = await submitted(city)
    message = memory.tell("m-1", FILED, at=city.clock())
    await hear(city, message)
    async with city.database.begin() as uow:
        # As if the link had been committed in the blink between the two looks.
        from case_bridge.bridge.repository import Links, Messages

        (await Messages(uow.session).get(message.message_id)).fate = ProgressFate.WAITING
        link = await Links(uow.session).get(ticket_id, 1)
        link.state, link.sequence = CrossingState.SUBMITTED, 0

    findings = await reconcile(city.database, memory, now=city.clock())

    assert [f.trouble for f in findings] == [Trouble.NOT_MATCHED]
    assert (await city.link(ticket_id)).state is CrossingState.FILED
