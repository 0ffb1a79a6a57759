"""Live screens: pictures at once after a signal, anyway after a while, and to nobody else."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientWebSocketResponse, WSCloseCode, WSMsgType
from aiohttp.test_utils import TestClient

from hotline.accounts.roles import Role
from hotline.web import live
from hotline.web.signals import Signal
from tests.fakes.memory_signals import MemorySignals
from tests.fakes.web_house import WebHouse

Browse = Callable[..., Awaitable[TestClient[Any, Any]]]
SOON = 30.0
NEVER = 3600.0


async def picture(socket: ClientWebSocketResponse) -> dict[str, Any]:
    told: dict[str, Any] = await socket.receive_json(timeout=SOON)
    return told


async def state(socket: ClientWebSocketResponse, wanted: str) -> None:
    """Wait for the picture with this state of the seat."""
    async with asyncio.timeout(SOON):
        while (await picture(socket))["seat"]["state"] != wanted:
            pass


async def test_a_signal_brings_a_new_picture_at_once(house: WebHouse, browse: Browse) -> None:
    house.refresh_seconds = NEVER
    await house.user("wang", Role.SEAT, seat="801")
    client = await browse("wang")
    async with client.ws_connect("/desk/live") as socket:
        await state(socket, "signed_out")

        await client.post("/desk/state", json={"act": "sign_in"})
        await state(socket, "available")
        call_id = await house.ring()
        await state(socket, "offered")
        await house.pick_up("801")
        await state(socket, "talking")
        await house.hang_up(call_id)
        await state(socket, "wrap_up")


async def test_without_signals_the_screen_is_right_again_after_the_refresh(
    house: WebHouse, browse: Browse
) -> None:
    class DeafSignals(MemorySignals):
        @asynccontextmanager
        async def subscribe(self, *topics: str) -> AsyncGenerator[AsyncIterator[Signal], None]:
            raise ConnectionError("no Redis")
            yield

    house.signals = DeafSignals()
    house.refresh_seconds = 0.1
    await house.user("wang", Role.SEAT, seat="801")
    client = await browse("wang")
    async with client.ws_connect("/desk/live") as socket:
        await state(socket, "signed_out")

        await client.post("/desk/state", json={"act": "sign_in"})

        await state(socket, "available")


async def test_many_signals_at_once_make_few_pictures(house: WebHouse, browse: Browse) -> None:
    house.refresh_seconds = NEVER
    await house.user("wang", Role.SEAT, seat="801")
    async with (await browse("wang")).ws_connect("/desk/live") as socket:
        await picture(socket)

        for _ in range(500):
            await house.signals.publish("ticket", {})

        await picture(socket)
        pictures = 1
        try:
            while True:
                await socket.receive_json(timeout=0.5)
                pictures += 1
        except TimeoutError:
            pass
    assert pictures <= 10


async def test_a_person_who_is_shut_out_loses_the_screen(house: WebHouse, browse: Browse) -> None:
    house.refresh_seconds = 0.1
    user_id = await house.user("wang", Role.SEAT, seat="801")
    async with (await browse("wang")).ws_connect("/desk/live") as socket:
        await picture(socket)
        async with house.database.begin() as uow:
            await house.shut_out(uow, user_id)

        message = await socket.receive(timeout=SOON)
        while message.type is WSMsgType.TEXT:
            message = await socket.receive(timeout=SOON)

        assert (message.type, message.data) == (WSMsgType.CLOSE, live.SIGNED_OUT)


async def test_screens_are_told_when_the_process_stops(house: WebHouse, browse: Browse) -> None:
    house.refresh_seconds = NEVER
    await house.user("wang", Role.SEAT, seat="801")
    client = await browse("wang")
    async with client.ws_connect("/desk/live") as socket:
        await picture(socket)

        await live.close_all(client.app)

        message = await socket.receive(timeout=SOON)
        assert (message.type, message.data) == (WSMsgType.CLOSE, WSCloseCode.GOING_AWAY)


async def test_a_chatty_screen_is_cut_off(house: WebHouse, browse: Browse) -> None:
    await house.user("wang", Role.SEAT, seat="801")
    async with (await browse("wang")).ws_connect("/desk/live") as socket:
        await picture(socket)

        await socket.send_str("x" * (live.TOO_LARGE + 1))

        message = await socket.receive(timeout=SOON)
        while message.type is WSMsgType.TEXT:
            message = await socket.receive(timeout=SOON)
        assert message.type in {WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.CLOSING}


async def test_the_board_shows_every_seat_and_no_citizen(house: WebHouse, browse: Browse) -> None:
    await house.user("wang", Role.SEAT, seat="801")
    await house.user("leader", Role.SHIFT_LEADER)
    seat = await browse("wang")
    await seat.post("/desk/state", json={"act": "sign_in"})
    await house.ring()

    async with (await browse("leader")).ws_connect("/board/live") as socket:
        told = await picture(socket)

    assert [(s["extension"], s["state"]) for s in told["seats"]] == [("801", "offered")]
    assert "138" not in str(told)


async def test_a_slow_listener_never_holds_up_the_publisher() -> None:
    signals = MemorySignals()
    async with signals.subscribe("seat") as heard:
        for number in range(1000):
            await signals.publish("seat", {"number": number})
            await signals.publish("other", {})

        first = await anext(heard)

    assert (first.topic, first.payload) == ("seat", {"number": 0})
