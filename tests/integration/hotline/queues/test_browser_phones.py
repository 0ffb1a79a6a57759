"""Pages as telephones in SQL, requests to the voice process, and care after abuse."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from hotline.contacts.calls.model import CallRow
from hotline.kernel.errors import Conflict
from hotline.kernel.ids import CallId, SeatId, UserId, new_id
from hotline.queues import abuse, phone_requests, phones
from hotline.queues import service as queues
from hotline.queues.model import PhoneRequestRow
from hotline.queues.phone_act import PhoneAct, PhoneRequest
from tests.integration.hotline.queues.floor import SmallFloor

PAGE, OTHER = "page-0001", "page-0002"
USER = UserId(new_id())


async def open_page(floor: SmallFloor, seat_id: SeatId, page: str, *, claims: bool = False) -> None:
    async with floor.database.begin() as uow:
        await phones.open_browser_phone(uow, seat_id, page, claims=claims, now=floor.now)


async def close_page(floor: SmallFloor, seat_id: SeatId, page: str) -> None:
    async with floor.database.begin() as uow:
        await phones.close_browser_phone(uow, seat_id, page, now=floor.now)


async def is_page(floor: SmallFloor, seat_id: SeatId) -> bool:
    async with floor.database.read() as session:
        return await phones.has_browser_phone(session, seat_id, now=floor.now)


async def test_a_page_is_a_telephone_while_it_says_so(floor: SmallFloor) -> None:
    seat_id = await floor.seat("801", phone=False)
    await open_page(floor, seat_id, PAGE)
    floor.now += timedelta(seconds=24)
    assert await is_page(floor, seat_id)
    await open_page(floor, seat_id, PAGE)
    floor.now += timedelta(seconds=24)
    assert await is_page(floor, seat_id)
    floor.now += timedelta(seconds=1)
    assert not await is_page(floor, seat_id)


async def test_a_seat_whose_page_is_its_only_telephone_is_offered_callers(
    floor: SmallFloor,
) -> None:
    seat_id = await floor.seat("801", phone=False)
    await floor.caller()
    assert await floor.offer() is None

    await open_page(floor, seat_id, PAGE)

    assert (await floor.ringing()).extension == "801"


async def test_of_two_pages_the_one_that_claims_it_is_the_telephone(floor: SmallFloor) -> None:
    seat_id = await floor.seat("801", phone=False)
    await open_page(floor, seat_id, PAGE)

    with pytest.raises(Conflict):
        await open_page(floor, seat_id, OTHER)
    await open_page(floor, seat_id, OTHER, claims=True)
    with pytest.raises(Conflict):
        await open_page(floor, seat_id, PAGE)
    await close_page(floor, seat_id, PAGE)
    assert await is_page(floor, seat_id)
    await close_page(floor, seat_id, OTHER)
    assert not await is_page(floor, seat_id)


async def ask(floor: SmallFloor, call: CallRow, act: PhoneAct) -> UUID:
    async with floor.database.begin() as uow:
        return await phone_requests.put(
            uow, call_id=CallId(call.id), user_id=USER, act=act, detail={"x": 1}, now=floor.now
        )


async def pending(floor: SmallFloor, call: CallRow) -> list[PhoneRequest]:
    async with floor.database.read() as session:
        return await phone_requests.pending(session, call.process_id, floor.now)


async def call_row(floor: SmallFloor) -> CallRow:
    call_id = await floor.call()
    async with floor.database.read() as session:
        return await session.get_one(CallRow, call_id)


async def test_a_request_reaches_the_process_of_its_call_and_its_answer_comes_back(
    floor: SmallFloor,
) -> None:
    call = await call_row(floor)
    request_id = await ask(floor, call, PhoneAct.HOLD)
    async with floor.database.read() as session:
        assert await phone_requests.pending(session, new_id(), floor.now) == []
    (request,) = await pending(floor, call)
    assert (request.request_id, request.act, request.detail) == (
        request_id,
        PhoneAct.HOLD,
        {"x": 1},
    )

    async def answer() -> None:
        async with floor.database.begin() as uow:
            await phone_requests.finish(uow, request.request_id, {"sdp": "v=0"})

    given, _ = await asyncio.gather(
        phone_requests.wait(floor.database, request.request_id), answer()
    )

    assert given == {"sdp": "v=0"}
    assert await pending(floor, call) == []


async def test_a_refusal_says_why_and_the_first_answer_counts(floor: SmallFloor) -> None:
    call = await call_row(floor)
    await ask(floor, call, PhoneAct.HANG_UP)
    (request,) = await pending(floor, call)
    async with floor.database.begin() as uow:
        await phone_requests.finish(uow, request.request_id, {}, problem="Conflict")
    async with floor.database.begin() as uow:
        await phone_requests.finish(uow, request.request_id, {"late": True})

    with pytest.raises(phone_requests.PhoneRefused) as refused:
        await phone_requests.wait(floor.database, request.request_id)
    assert refused.value.problem == "Conflict"


async def test_nobody_carries_out_a_request_after_its_limit_and_it_is_forgotten(
    floor: SmallFloor,
) -> None:
    call = await call_row(floor)
    await ask(floor, call, PhoneAct.HOLD)
    floor.now += timedelta(seconds=10)
    assert await pending(floor, call) == []

    floor.now += timedelta(minutes=5)
    async with floor.database.begin() as uow:
        assert await phone_requests.sweep(uow, floor.now) == 1
    async with floor.database.read() as session:
        assert list(await session.scalars(select(PhoneRequestRow))) == []


async def test_a_caller_whose_seat_was_lost_is_at_the_old_place(floor: SmallFloor) -> None:
    await floor.seat("801")
    began = floor.now
    first = await floor.caller()
    offer = await floor.ringing()
    async with floor.database.begin() as uow:
        await queues.answer_offer(uow, offer.offer_id, now=floor.now)
    floor.now += timedelta(minutes=1)
    later = await floor.caller()
    async with floor.database.begin() as uow:
        await queues.end_contact(uow, first, now=floor.now)
        await queues.enqueue(
            uow, call_id=first, queue=offer.queue, number_hash=None, since=began, now=floor.now
        )

    async with floor.database.read() as session:
        assert await queues.position(session, first) == 1
        assert await queues.position(session, later) == 2
    async with floor.database.begin() as uow:
        assert await queues.abandon(uow, first, now=floor.now)


async def test_a_flag_is_shown_for_the_number_and_gives_a_rest(floor: SmallFloor) -> None:
    seat_id = await floor.seat("801")
    call = await call_row(floor)
    for reason in ("辱骂", "又一次"):
        async with floor.database.begin() as uow:
            await abuse.flag(uow, CallId(call.id), seat_id=seat_id, reason=reason, now=floor.now)

    now, number = floor.now, call.number_hash
    async with floor.database.read() as session:
        assert await abuse.is_flagged(session, call.id)
        assert await abuse.flags_of_number(session, number, now) == 1
        assert await abuse.flags_of_number(session, None, now) == 0
        assert await abuse.may_rest(session, seat_id, now)
        assert not await abuse.may_rest(session, seat_id, now + timedelta(minutes=30))
        assert await abuse.flags_of_number(session, number, now + timedelta(days=365)) == 0
