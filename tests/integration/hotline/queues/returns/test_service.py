import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select

from hotline.contacts.calls import orders
from hotline.contacts.calls import service as calls
from hotline.contacts.calls.model import CallOrderRow
from hotline.contacts.calls.states import CallDirection, CallEnd, CallResult
from hotline.contacts.calls.values import CallDraft, Order
from hotline.kernel.errors import IllegalTransition
from hotline.kernel.ids import CallId, SeatId
from hotline.queues import service
from hotline.queues.model import QueueEntryRow
from hotline.queues.returns import service as returns
from hotline.queues.returns.states import ReturnReason, ReturnState
from hotline.queues.routing import Overflow, QueueRules
from hotline.queues.states import QueuedState
from hotline.queues.values import QueuePolicy
from tests.integration.hotline.queues.floor import QUEUE, SmallFloor


async def owed(floor: SmallFloor) -> list[returns.ReturnCall]:
    async with floor.database.read() as session:
        return await returns.return_calls(session)


async def dial(floor: SmallFloor) -> int:
    async with floor.database.begin() as uow:
        return await returns.dial_due(uow, floor.now)


async def order_count(floor: SmallFloor) -> int:
    async with floor.database.read() as session:
        return await session.scalar(select(func.count()).select_from(CallOrderRow)) or 0


async def crash(floor: SmallFloor) -> None:
    """The voice process dies; another life of it begins, and the sweeper comes round."""
    async with floor.database.begin() as uow:
        floor.process_id = await calls.start_process(uow, "voice", now=floor.now)
    async with floor.database.begin() as uow:
        await service.sweep(uow, floor.now)


async def take_order(floor: SmallFloor) -> tuple[Order, CallId]:
    """The voice process dials the oldest order."""
    async with floor.database.begin() as uow:
        order = await orders.claim_order(uow, process_id=floor.process_id, now=floor.now)
        assert order is not None
        call_id = await calls.open_call(
            uow,
            CallDraft(
                process_id=floor.process_id,
                direction=CallDirection.OUTBOUND,
                line="trunk",
                number=order.to_number,
                number_hash="h",
                to_number=order.to_number,
                sip_call_id="",
                contact_id=None,
            ),
            now=floor.now,
        )
        await orders.mark_dialling(
            uow, order.order_id, process_id=floor.process_id, call_id=call_id, now=floor.now
        )
    return order, call_id


async def end_order(
    floor: SmallFloor, order: Order, call_id: CallId, result: CallResult, end: CallEnd
) -> None:
    async with floor.database.begin() as uow:
        await calls.end_call(uow, call_id, end=end, now=floor.now)
        await orders.finish_order(
            uow, order.order_id, process_id=floor.process_id, result=result, now=floor.now
        )
    await report_end(floor, order, result)


async def report_end(floor: SmallFloor, order: Order, result: CallResult) -> None:
    async with floor.database.begin() as uow:
        await returns.record_end(
            uow,
            reference=order.reference,
            order_id=order.order_id,
            result=result,
            now=floor.now,
        )


async def caller_from(floor: SmallFloor, number: str) -> CallId:
    call_id = await floor.call(number)
    async with floor.database.begin() as uow:
        await service.enqueue(uow, call_id=call_id, queue=QUEUE, number_hash=number, now=floor.now)
    floor.now += timedelta(milliseconds=1)
    return call_id


async def test_whom_a_crash_drops_is_rung_before_everybody_who_waits(floor: SmallFloor) -> None:
    """Issue B 5: killing a voice process: the citizen is called back first."""
    await floor.seat("8001")
    dropped = await caller_from(floor, "13800000001")
    await crash(floor)
    await caller_from(floor, "13800000002")

    assert [(one.call_id, one.reason) for one in await owed(floor)] == [
        (dropped, ReturnReason.DROPPED)
    ]
    assert await dial(floor) == 1
    order, _ = await take_order(floor)
    assert (order.to_number, order.flow) == ("13800000001", "return_call")


async def test_a_talk_that_a_crash_ends_is_owed_a_call_too(floor: SmallFloor) -> None:
    await floor.seat("8001")
    call_id = await caller_from(floor, "13800000001")
    offer = await floor.ringing()
    async with floor.database.begin() as uow:
        await service.answer_offer(uow, offer.offer_id, now=floor.now)
        await calls.enter_queue(uow, call_id, queue=QUEUE, now=floor.now)
        await calls.connect_call(uow, call_id, seat_id=offer.seat_id, now=floor.now)

    await crash(floor)

    assert [(one.call_id, one.reason) for one in await owed(floor)] == [
        (call_id, ReturnReason.DROPPED)
    ]


async def test_a_caller_who_gives_up_after_a_while_is_rung_and_a_quick_one_is_not(
    floor: SmallFloor,
) -> None:
    """Domain 6.1, 66号 (四): missed calls are called back."""
    quick, patient = (
        await caller_from(floor, "13800000001"),
        await caller_from(floor, "13800000002"),
    )
    async with floor.database.begin() as uow:
        assert await service.abandon(uow, quick, now=floor.now + timedelta(seconds=3))
        assert await service.abandon(uow, patient, now=floor.now + timedelta(seconds=30))

    assert [(one.call_id, one.reason) for one in await owed(floor)] == [
        (patient, ReturnReason.MISSED)
    ]


async def test_who_withholds_the_number_is_owed_a_call_only_at_one_that_was_given(
    floor: SmallFloor,
) -> None:
    silent, speaking = await floor.call(None), await floor.call(None)
    given = returns.RingAt("13900001111", "given")
    async with floor.database.begin() as uow:
        for call_id in (silent, speaking):
            await service.enqueue(
                uow, call_id=call_id, queue="hotline", number_hash=None, now=floor.now
            )
    later = floor.now + timedelta(minutes=1)
    async with floor.database.begin() as uow:
        refused = await service.call_back_instead(uow, silent, now=later)
        kept = await service.call_back_instead(uow, speaking, now=later, at=given)
        await service.abandon(uow, silent, now=later)

    assert (refused, kept) == (False, True)
    async with floor.database.read() as session:
        [owed] = await returns.return_calls(session)
    assert (owed.call_id, owed.number, owed.place) == (speaking, given.number, floor.now)


async def test_a_call_instead_of_waiting_comes_back_to_the_exact_place(floor: SmallFloor) -> None:
    seat = await floor.seat("8001")
    first, second, third = [await caller_from(floor, f"1380000000{n}") for n in (1, 2, 3)]
    async with floor.database.begin() as uow:
        assert await service.call_back_instead(uow, second, now=floor.now)
    assert await dial(floor) == 0, "the first caller is still in front"

    offer = await floor.ringing()
    assert offer.call_id == first
    async with floor.database.begin() as uow:
        await service.answer_offer(uow, offer.offer_id, now=floor.now)
    assert await dial(floor) == 1
    order, back = await take_order(floor)
    async with floor.database.begin() as uow:
        place = await returns.place_for(uow.session, order.reference)
        assert place is not None
        await service.enqueue(
            uow, call_id=back, queue=place.queue, number_hash=None, place=place.place, now=floor.now
        )
        await service.finish(uow, seat, floor.now)
        await service.end_wrap_up(uow, seat, floor.now)

    async with floor.database.read() as session:
        assert await service.position(session, back) == 1
        assert await service.position(session, third) == 2
    assert (await floor.ringing()).call_id == back


async def test_a_caller_whose_seat_rings_already_is_not_sent_away(floor: SmallFloor) -> None:
    await floor.seat("8001")
    call_id = await caller_from(floor, "13800000001")
    await floor.ringing()

    async with floor.database.begin() as uow:
        assert not await service.call_back_instead(uow, call_id, now=floor.now)

    assert await owed(floor) == []


async def test_two_rounds_at_once_dial_once(floor: SmallFloor) -> None:
    await floor.seat("8001")
    call_id = await caller_from(floor, "13800000001")
    async with floor.database.begin() as uow:
        await service.call_back_instead(uow, call_id, now=floor.now)

    dialled = await asyncio.gather(*(dial(floor) for _ in range(8)))

    assert (sum(dialled), await order_count(floor)) == (1, 1)


async def test_a_number_that_is_lost_again_and_again_is_owed_one_call(floor: SmallFloor) -> None:
    for _ in range(3):
        await caller_from(floor, "13800000001")
        await crash(floor)

    assert len(await owed(floor)) == 1


async def test_who_gets_through_otherwise_is_not_rung(floor: SmallFloor) -> None:
    await caller_from(floor, "13800000001")
    await crash(floor)
    await floor.seat("8001")
    await caller_from(floor, "13800000001")
    offer = await floor.ringing()
    async with floor.database.begin() as uow:
        await service.answer_offer(uow, offer.offer_id, now=floor.now)

    [one] = await owed(floor)

    assert (one.state, one.why) == (ReturnState.CANCELLED, "got_through")
    assert await dial(floor) == 0


async def test_the_ladder_survives_restarts_and_ends(floor: SmallFloor) -> None:
    await floor.seat("8001")
    call_id = await caller_from(floor, "13800000001")
    async with floor.database.begin() as uow:
        await service.call_back_instead(uow, call_id, now=floor.now)
    for gap in (2, 10, 0):
        assert await dial(floor) == 1
        order, back = await take_order(floor)
        await end_order(floor, order, back, CallResult.NO_ANSWER, CallEnd.NOT_ANSWERED)
        await report_end(floor, order, CallResult.NO_ANSWER)  # the job runs again: no change
        await crash(floor)
        assert await dial(floor) == 0
        floor.now += timedelta(minutes=gap)

    [one] = await owed(floor)

    assert (one.state, one.attempts, one.why) == (ReturnState.NOT_REACHED, 3, "no_answer")


async def test_a_process_that_dies_while_it_rings_leaves_the_decision_to_a_person(
    floor: SmallFloor,
) -> None:
    await floor.seat("8001")
    call_id = await caller_from(floor, "13800000001")
    async with floor.database.begin() as uow:
        await service.call_back_instead(uow, call_id, now=floor.now)
    await dial(floor)
    order, _ = await take_order(floor)
    await crash(floor)
    await report_end(floor, order, CallResult.UNKNOWN)

    [one] = await owed(floor)

    assert one.state is ReturnState.UNCLEAR
    assert await dial(floor) == 0


async def test_without_anybody_signed_in_nobody_is_rung_and_late_ones_expire(
    floor: SmallFloor,
) -> None:
    await caller_from(floor, "13800000001")
    await crash(floor)
    assert await dial(floor) == 0

    floor.now += timedelta(hours=4)
    assert await dial(floor) == 1

    [one] = await owed(floor)
    assert (one.state, one.why, await order_count(floor)) == (ReturnState.NOT_REACHED, "expired", 0)


async def test_a_person_can_take_a_return_call_off_the_list_once(floor: SmallFloor) -> None:
    await caller_from(floor, "13800000001")
    await crash(floor)
    [one] = await owed(floor)
    async with floor.database.begin() as uow:
        await returns.cancel(uow, one.return_id, now=floor.now)

    with pytest.raises(IllegalTransition):
        async with floor.database.begin() as uow:
            await returns.cancel(uow, one.return_id, now=floor.now)


async def test_restarting_everything_keeps_the_order_of_the_lost_callers(
    floor: SmallFloor,
) -> None:
    lost = [await caller_from(floor, f"1380000000{n}") for n in range(5)]
    await crash(floor)
    seats: list[SeatId] = [await floor.seat(f"800{n}") for n in range(5)]
    assert await dial(floor) == len(seats)

    numbers = [(await take_order(floor))[0].to_number for _ in lost]

    assert numbers == [f"1380000000{n}" for n in range(5)]


async def test_the_entry_of_a_requested_call_says_so(floor: SmallFloor) -> None:
    call_id = await caller_from(floor, "13800000001")
    async with floor.database.begin() as uow:
        await service.call_back_instead(uow, call_id, now=floor.now)
    async with floor.database.read() as session:
        row = await session.scalar(select(QueueEntryRow).where(QueueEntryRow.call_id == call_id))

    assert row is not None
    assert row.state is QueuedState.CALLED_BACK


@pytest.mark.parametrize(
    "text", ["callback:7:1", "return:x:1", "return:", f"return:{UUID(int=7)}:a"]
)
async def test_references_of_others_are_left_alone(floor: SmallFloor, text: str) -> None:
    async with floor.database.begin() as uow:
        await returns.record_end(
            uow, reference=text, order_id=UUID(int=0), result=CallResult.FAILED, now=floor.now
        )
        assert await returns.place_for(uow.session, text) is None


async def test_seats_of_a_queue_that_helps_are_enough_to_ring_back(floor: SmallFloor) -> None:
    await floor.seat("8001")
    call_id = await floor.call("13800000001")
    async with floor.database.begin() as uow:
        await service.enqueue(uow, call_id=call_id, queue="duty", number_hash=None, now=floor.now)
        await service.call_back_instead(uow, call_id, now=floor.now)
    assert await dial(floor) == 0
    rules = QueueRules(overflow=(Overflow(QUEUE, timedelta(0)),))

    async with floor.database.begin() as uow:
        policy = QueuePolicy(queues={"duty": rules})
        assert await returns.dial_due(uow, floor.now, queue_policy=policy) == 1


async def test_a_seat_without_the_skill_is_nobody_to_ring_back_for(floor: SmallFloor) -> None:
    """As many are rung at once as there are seats for them; the wish is kept for the new wait."""
    needs = {"language.en": 2}
    for extension, skills in (("8001", needs), ("8002", {}), ("8003", {})):
        seat_id = await floor.seat(extension)
        async with floor.database.begin() as uow:
            await service.set_skills(uow, seat_id, skills)
    for number in ("13800000001", "13800000002"):
        call_id = await floor.call(number)
        async with floor.database.begin() as uow:
            await service.enqueue(
                uow,
                call_id=call_id,
                queue=QUEUE,
                number_hash=number,
                now=floor.now,
                needs=needs,
            )
            await service.call_back_instead(uow, call_id, now=floor.now)
        floor.now += timedelta(milliseconds=1)
    anybody = await caller_from(floor, "13800000003")
    async with floor.database.begin() as uow:
        await service.call_back_instead(uow, anybody, now=floor.now)

    assert await dial(floor) == 2, "one who speaks English, and the one whom anybody can serve"

    first, _ = await take_order(floor)
    second, _ = await take_order(floor)
    assert (first.to_number, second.to_number) == ("13800000001", "13800000003")
    async with floor.database.read() as session:
        kept = await returns.place_for(session, first.reference)
    assert kept is not None
    assert kept.needs == needs
