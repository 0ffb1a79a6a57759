"""Ordered calls: dialled once, asked, answered key by key, and honest after a crash."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from channels.voice.options import OutboundOptions, TrunkOptions
from channels.voice.phone import Phone, PhoneOptions
from hotline.callbacks import reading
from hotline.callbacks import service as callbacks
from hotline.callbacks.attempts import attempt
from hotline.callbacks.links import LinkOptions
from hotline.callbacks.model import CallbackRow
from hotline.callbacks.options import CallbackOptions
from hotline.callbacks.policy import CallbackPolicy
from hotline.contacts.calls import service as calls
from hotline.contacts.calls.events import CallOrderFinished
from hotline.contacts.calls.model import CallOrderRow
from hotline.contacts.calls.states import CallEnd, CallResult, OrderState
from hotline.contacts.contact import Channel
from hotline.kernel.clock import system_clock
from hotline.kernel.db import Database
from hotline.kernel.outbox import OutboxRow
from tests.fakes.ports import free_range
from tests.integration.channels.voice.hall import (
    Hall,
    eventually,
    hears,
    open_hall,
    outbound_to,
)
from tests.integration.hotline.tickets.drafts import resolved_ticket

NUMBER = "13800009999"


@pytest.fixture
async def live_database(database_url: str) -> AsyncGenerator[Database, None]:
    database = Database.connect(
        database_url, clock=system_clock, subscriptions={CallOrderFinished: ("tell",)}
    )
    yield database
    await database.close()


async def place(
    database: Database, *, to: str = NUMBER, flow: str = "survey", reference: str = "order:1"
) -> UUID:
    now = system_clock()
    async with database.begin() as uow:
        return await calls.place_order(
            uow,
            key=reference,
            to=to,
            flow=flow,
            variables={},
            reference=reference,
            expires_at=now + timedelta(minutes=5),
            now=now,
        )


async def order_in(database: Database, order_id: UUID, *states: OrderState) -> CallOrderRow:
    """Wait until the order is in one of the states."""

    async def read() -> CallOrderRow:
        async with database.read() as session:
            return await session.get_one(CallOrderRow, order_id)

    async def reached() -> bool:
        return (await read()).state in states

    await eventually(reached, f"order is {states}")
    return await read()


async def told(database: Database) -> list[tuple[str, CallResult]]:
    async with database.read() as session:
        rows = await session.scalars(select(OutboxRow).where(OutboxRow.job == "tell"))
        events = [CallOrderFinished.from_payload(row.payload) for row in rows]
    return [(event.reference, event.result) for event in events]


def phone(folder: Path, **kind: object) -> "Phone":
    return Phone.open(PhoneOptions(user="carrier", folder=folder, **kind))  # type: ignore


async def test_an_ordered_call_asks_and_keeps_each_answer(
    live_database: Database, tmp_path: Path
) -> None:
    async with (
        phone(tmp_path) as citizen,
        open_hall(live_database, tmp_path, **outbound_to(*citizen.address)) as hall,
    ):
        order_id = await place(live_database)
        hall.voice.wake("orders")
        call = await citizen.next_call()
        await call.wait_pause(seconds=0.4, timeout=10)
        await call.press("1")
        await call.wait_pause(seconds=0.4, timeout=10)
        await call.press("5")
        await call.wait_over(timeout=20)
        await hears(call.heard, 1100.0, seconds=0.2)
        order = await order_in(live_database, order_id, OrderState.DONE)
        row = await hall.ended_call()

    assert order.answers == {"solved": "1", "satisfaction": "5"}
    assert await told(live_database) == [("order:1", CallResult.ANSWERED)]
    assert (row.end, row.number, row.id) == (CallEnd.FLOW_ENDED, NUMBER, order.call_id)


async def test_an_answer_is_kept_although_the_citizen_then_hangs_up(
    live_database: Database, tmp_path: Path
) -> None:
    async with (
        phone(tmp_path) as citizen,
        open_hall(live_database, tmp_path, **outbound_to(*citizen.address)),
    ):
        order_id = await place(live_database)
        call = await citizen.next_call()
        await call.press("2")

        async def kept() -> bool:
            async with live_database.read() as session:
                return (await session.get_one(CallOrderRow, order_id)).answers == {"solved": "2"}

        await eventually(kept, "the answer is kept before the call ends")
        await call.hang_up()
        order = await order_in(live_database, order_id, OrderState.DONE)

    assert order.result is CallResult.ANSWERED


@pytest.mark.parametrize(
    ("kind", "result"),
    [
        pytest.param({"refuses_with": 486}, CallResult.BUSY, id="busy"),
        pytest.param({"refuses_with": 603}, CallResult.BUSY, id="declined"),
        pytest.param({"refuses_with": 404}, CallResult.FAILED, id="no such number"),
        pytest.param({"refuses_with": 503}, CallResult.FAILED, id="no path"),
        pytest.param({"answers": False}, CallResult.NO_ANSWER, id="rings in vain"),
    ],
)
async def test_a_citizen_who_is_not_reached_is_reported_as_such(
    live_database: Database, tmp_path: Path, kind: dict[str, object], result: CallResult
) -> None:
    async with (
        phone(tmp_path, **kind) as citizen,
        open_hall(live_database, tmp_path, **outbound_to(*citizen.address)) as hall,
    ):
        order_id = await place(live_database)
        order = await order_in(live_database, order_id, OrderState.DONE)
        await hall.ended_call()

    assert order.result is result
    assert await told(live_database) == [("order:1", result)]


async def test_a_trunk_without_a_path_hands_over_to_the_next(
    live_database: Database, tmp_path: Path
) -> None:
    async with (
        phone(tmp_path, refuses_with=503) as broken,
        Phone.open(PhoneOptions(user="second", folder=tmp_path)) as citizen,
    ):
        changes = outbound_to(*citizen.address)
        host, port = broken.address
        first = TrunkOptions(name="broken", host=host, port=port)
        changes["trunks"] = (first, *changes["trunks"])  # type: ignore[misc]
        async with open_hall(live_database, tmp_path, **changes):
            order_id = await place(live_database)
            call = await citizen.next_call()
            await call.hang_up()
            order = await order_in(live_database, order_id, OrderState.DONE)

    assert order.result is CallResult.ANSWERED


@pytest.mark.parametrize(
    ("to", "flow"),
    [
        pytest.param("0015551234567", "survey", id="a number that is not allowed"),
        pytest.param(NUMBER, "no such flow", id="a flow that does not exist"),
    ],
)
async def test_an_order_that_may_not_be_carried_out_rings_nobody(
    live_database: Database, tmp_path: Path, to: str, flow: str
) -> None:
    async with (
        phone(tmp_path) as citizen,
        open_hall(live_database, tmp_path, **outbound_to(*citizen.address)) as hall,
    ):
        order_id = await place(live_database, to=to, flow=flow)
        order = await order_in(live_database, order_id, OrderState.DONE)
        assert await hall.calls() == []

    assert (order.result, order.call_id) == (CallResult.FAILED, None)


async def test_the_budget_of_an_hour_is_not_exceeded(
    live_database: Database, tmp_path: Path
) -> None:
    async with phone(tmp_path, refuses_with=486) as citizen:
        changes = outbound_to(*citizen.address)
        allowed = changes["outbound"].allowed  # type: ignore[attr-defined]
        changes["outbound"] = OutboundOptions(allowed=allowed, max_calls=1, calls_an_hour=2)
        async with open_hall(live_database, tmp_path, **changes) as hall:
            orders = [await place(live_database, reference=f"order:{n}") for n in range(3)]
            await order_in(live_database, orders[1], OrderState.DONE)
            desk = hall.voice._orders

            async def is_idle() -> bool:
                return not desk.going

            # Nothing is under way, so that the budget alone can be why nothing more is taken.
            await eventually(is_idle, "the second call is over")
            assert not await desk._take()
            third = await order_in(live_database, orders[2], *OrderState)

    assert third.state is OrderState.QUEUED
    assert len(await hall.calls()) == 2


async def test_an_order_that_finds_no_port_is_free_for_another_process(
    live_database: Database, tmp_path: Path
) -> None:
    async with phone(tmp_path) as citizen:
        changes = outbound_to(*citizen.address)
        async with open_hall(live_database, tmp_path, ports=free_range(1), **changes) as full:
            await full.sign_in("8001")
            waiting = await citizen.dial(full.line())
            order_id = await place(live_database)

            async def given_back() -> bool:
                async with live_database.read() as session:
                    row = await session.get_one(CallOrderRow, order_id)
                    return row.state is OrderState.QUEUED and full.voice._orders._rests_until > 0

            await eventually(given_back, "the order was taken and given back")
            async with open_hall(live_database, tmp_path / "other", name="other", **changes):
                call = await citizen.next_call()
                await call.hang_up()
                order = await order_in(live_database, order_id, OrderState.DONE)
            await waiting.hang_up()

    assert order.result is CallResult.ANSWERED


async def test_stopping_ends_the_ordered_call_with_its_result(
    live_database: Database, tmp_path: Path
) -> None:
    async with phone(tmp_path) as citizen:
        async with open_hall(live_database, tmp_path, **outbound_to(*citizen.address)):
            order_id = await place(live_database)
            call = await citizen.next_call()
        await call.wait_over(timeout=20)

    order = await order_in(live_database, order_id, OrderState.DONE)
    assert order.result is CallResult.ANSWERED


async def test_a_killed_voice_process_leaves_the_order_unknown_and_nobody_rings_twice(
    live_database: Database, database_url: str, tmp_path: Path
) -> None:
    async with phone(tmp_path, answers=False) as citizen:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.integration.channels.voice.voice_child",
            database_url, str(tmp_path), str(citizen.address[1]),
            stdout=asyncio.subprocess.PIPE, env=os.environ | {"PYTHONPATH": "."},
        )  # fmt: skip
        assert child.stdout is not None
        try:
            async with asyncio.timeout(30):
                while not (await child.stdout.readline()).startswith(b"ready"):
                    pass
            order_id = await place(live_database)
            await citizen.next_call()
            await order_in(live_database, order_id, OrderState.DIALLING)
        finally:
            child.send_signal(signal.SIGKILL)
            await child.wait()

        async with open_hall(live_database, tmp_path, **outbound_to(*citizen.address)) as hall:
            async with live_database.begin() as uow:
                await calls.sweep(uow, system_clock())
            order = await order_in(live_database, order_id, OrderState.UNKNOWN)
            hall.voice.wake("orders")
            await asyncio.sleep(0.3)
            [row] = await hall.calls()

    assert order.result is CallResult.UNKNOWN
    assert await told(live_database) == [("order:1", CallResult.UNKNOWN)]
    assert row.end is CallEnd.CRASHED


async def test_a_callback_by_phone_has_its_answers_the_moment_the_keys_are_pressed(
    live_database: Database, tmp_path: Path
) -> None:
    """R69: is it solved, and how satisfied is the citizen?"""
    now = system_clock()
    options = CallbackOptions(
        links=LinkOptions(b"a secret of the installation", "https://city.example"),
        channels=frozenset({Channel.VOICE}),
        policy=CallbackPolicy.for_demo(),
    )
    ticket_id = await resolved_ticket(live_database, now)
    async with live_database.begin() as uow:
        await callbacks.schedule_callbacks(uow, ticket_id, in_round=1, options=options, now=now)
    async with live_database.read() as session:
        [callback] = await reading.callbacks_of_ticket(session, ticket_id)

    async def answers() -> tuple[int | None, int | None]:
        async with live_database.read() as session:
            row = await session.get_one(CallbackRow, callback.callback_id)
            return row.solved, row.satisfaction

    async def is_solved() -> bool:
        return await answers() == (1, None)

    async def is_satisfied() -> bool:
        return await answers() == (1, 5)

    async with (
        phone(tmp_path) as citizen,
        open_hall(live_database, tmp_path, **outbound_to(*citizen.address)),
    ):
        await attempt(live_database, callback.callback_id, attempt_no=1, options=options, now=now)
        call = await citizen.next_call()
        await call.press("1")
        await eventually(is_solved, "the first answer is there before the second question")
        await call.press("5")
        await eventually(is_satisfied, "the second answer is there")
        await call.wait_over(timeout=20)


async def test_the_hall_is_ready_while_it_runs(hall: Hall) -> None:
    assert hall.voice.is_ready
    assert hall.voice.calls == 0
