"""Callers whom our side lost before they stood in any queue."""

from hotline.contacts.calls import service as calls
from hotline.contacts.calls.states import CallEnd
from hotline.kernel.ids import CallId
from hotline.queues import lost_callers
from hotline.queues.returns import service as returns
from hotline.queues.returns.states import ReturnReason
from tests.integration.hotline.queues.floor import QUEUE, SmallFloor


async def round_of_the_sweeper(floor: SmallFloor) -> int:
    async with floor.database.begin() as uow:
        return await lost_callers.put_in_line(uow, {"12345": QUEUE}, now=floor.now)


async def owed(floor: SmallFloor) -> dict[CallId, returns.ReturnCall]:
    async with floor.database.read() as session:
        return {call.call_id: call for call in await returns.return_calls(session)}


async def end(floor: SmallFloor, call_id: CallId, how: CallEnd) -> None:
    async with floor.database.begin() as uow:
        await calls.end_call(uow, call_id, end=how, now=floor.now)


async def test_a_caller_lost_in_the_menu_is_owed_a_call_at_the_head(floor: SmallFloor) -> None:
    """The process died while the caller heard the notice; nobody goes before them."""
    waiting = await floor.caller()
    lost = await floor.call("01000002222")
    failed = await floor.call("01000003333")
    await end(floor, failed, CallEnd.FAILED)
    async with floor.database.begin() as uow:
        floor.process_id = await calls.start_process(uow, "voice", now=floor.now)

    moved = await round_of_the_sweeper(floor)
    again = await round_of_the_sweeper(floor)

    known = await owed(floor)
    assert (moved, again) == (2, 0)
    assert {known[lost].reason, known[failed].reason} == {ReturnReason.DROPPED}
    assert known[lost].queue == QUEUE
    assert known[lost].place < floor.now
    # The one who waited is the business of the queues' own round.
    assert waiting not in known


async def test_whoever_left_by_their_own_wish_is_owed_nothing(floor: SmallFloor) -> None:
    for number, how in (
        ("01000001111", CallEnd.CALLER_HUNG_UP),
        ("01000002222", CallEnd.FLOW_ENDED),
    ):
        await end(floor, await floor.call(number), how)

    assert await round_of_the_sweeper(floor) == 0
    assert await owed(floor) == {}
