"""Several trunks: a silent one costs seconds, nobody rings twice, and we say who we are."""

import asyncio
import re
import socket
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from channels.voice.endpoint import Endpoint, EndpointOptions
from channels.voice.options import LineOptions, OutboundOptions, TrunkOptions
from channels.voice.phone import Phone, PhoneOptions
from channels.voice.sip.events import CallCancelled, CallOffered, SipEvent
from channels.voice.trunks import TrunkRegistrations
from hotline.contacts.calls.states import CallResult, OrderState
from hotline.kernel.db import Database
from tests.integration.channels.voice.hall import Hall, eventually, open_hall
from tests.integration.channels.voice.test_orders import NUMBER, order_in, place

PATIENCE = timedelta(seconds=0.6)


def outbound(*trunks: TrunkOptions, **more: object) -> dict[str, object]:
    options = {
        "allowed": (re.compile(r"1[3-9]\d{9}"),),
        "ring_limit": timedelta(seconds=8),
        "trunk_patience": PATIENCE,
    } | more
    return {"trunks": trunks, "outbound": OutboundOptions(**options)}  # type: ignore[arg-type]


def at(name: str, address: tuple[str, int], **more: object) -> TrunkOptions:
    host, port = address
    return TrunkOptions(name=name, host=host, port=port, **more)  # type: ignore[arg-type]


@pytest.fixture
def silence() -> Iterator[tuple[str, int]]:
    """A socket that takes every datagram and says nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()


class Carrier:
    """A trunk that does what the test says with each call."""

    def __init__(self, *, status: int = 0, rings: bool = False) -> None:
        self.endpoint: Endpoint
        self.status, self.rings = status, rings
        self.offered: list[CallOffered] = []
        self.cancelled = 0

    def receive(self, event: SipEvent) -> None:
        if isinstance(event, CallCancelled):
            self.cancelled += 1
        if isinstance(event, CallOffered):
            self.offered.append(event)
            if self.rings:
                self.endpoint.ring(event.call)
            if self.status:
                self.endpoint.reject(event.call, self.status)


@asynccontextmanager
async def carrier(**kind: object) -> AsyncGenerator[Carrier, None]:
    made = Carrier(**kind)  # type: ignore[arg-type]
    async with Endpoint.open(EndpointOptions(port=0), made.receive) as endpoint:
        made.endpoint = endpoint
        yield made


def trunks_of(hall: Hall) -> TrunkRegistrations:
    return hall.voice._trunks


async def test_a_silent_trunk_costs_seconds_and_exactly_one_phone_rings(
    live_database: Database, tmp_path: Path, silence: tuple[str, int]
) -> None:
    async with Phone.open(PhoneOptions(user="carrier", folder=tmp_path)) as citizen:
        trunks = outbound(at("dead", silence), at("good", citizen.address))
        async with open_hall(live_database, tmp_path, **trunks) as hall:
            order_id = await place(live_database)
            hall.voice.wake("orders")
            began = asyncio.get_running_loop().time()
            call = await citizen.next_call()
            waited = asyncio.get_running_loop().time() - began
            await call.press("2")
            await call.wait_over(timeout=15)
            order = await order_in(live_database, order_id, OrderState.DONE)
            status = trunks_of(hall).status

    assert order.result is CallResult.ANSWERED
    assert waited >= PATIENCE.total_seconds()
    assert waited < 10.0  # not the 32 s of timer B
    assert [each.failures for each in status] == [1, 0]


async def test_who_has_rung_is_not_rung_again_by_the_next_trunk(
    live_database: Database, tmp_path: Path
) -> None:
    async with carrier(rings=True, status=503) as first, carrier(status=486) as second:
        trunks = outbound(at("a", first.endpoint.address), at("b", second.endpoint.address))
        async with open_hall(live_database, tmp_path, **trunks) as hall:
            order_id = await place(live_database)
            hall.voice.wake("orders")
            order = await order_in(live_database, order_id, OrderState.DONE)

    assert order.result is CallResult.FAILED
    assert (len(first.offered), len(second.offered)) == (1, 0)


async def test_a_number_goes_only_by_trunks_that_may_dial_it(
    live_database: Database, tmp_path: Path
) -> None:
    async with carrier(status=486) as first, carrier(status=486) as second:
        trunks = outbound(
            at("landlines", first.endpoint.address, allowed=(re.compile(r"0\d+"),)),
            at("mobiles", second.endpoint.address, allowed=(re.compile(r"1\d+"),)),
        )
        async with open_hall(live_database, tmp_path, **trunks) as hall:
            order_id = await place(live_database)
            hall.voice.wake("orders")
            order = await order_in(live_database, order_id, OrderState.DONE)

    assert order.result is CallResult.BUSY
    assert (len(first.offered), len(second.offered)) == (0, 1)


@pytest.mark.parametrize("is_private", [False, True])
async def test_a_line_says_to_the_trunk_who_it_is_and_to_the_citizen_if_it_wants(
    live_database: Database, tmp_path: Path, is_private: bool
) -> None:
    """RFC 3325 9.1, RFC 3323 4.2."""
    line = LineOptions(number="12345", identity="03121234", is_private=is_private)
    async with carrier(status=486) as network:
        trunks = outbound(at("carrier", network.endpoint.address, domain="ims.example"))
        async with open_hall(live_database, tmp_path, lines=(line,), **trunks) as hall:
            order_id = await place(live_database)
            hall.voice.wake("orders")
            await order_in(live_database, order_id, OrderState.DONE)

    (offered,) = network.offered
    assert offered.asserted is not None
    assert str(offered.asserted.uri) == "sip:03121234@ims.example"
    assert offered.wants_privacy is is_private
    shown = "anonymous@anonymous.invalid" if is_private else "12345@ims.example"
    assert shown in offered.request.header("from")


async def test_a_number_is_not_rung_more_often_than_its_budget(
    live_database: Database, tmp_path: Path
) -> None:
    async with carrier(status=486) as network:
        trunks = outbound(at("carrier", network.endpoint.address), calls_to_one=2)
        async with open_hall(live_database, tmp_path, **trunks) as hall:
            results = []
            for number in range(3):
                order_id = await place(live_database, reference=f"order:{number}")
                hall.voice.wake("orders")
                order = await order_in(live_database, order_id, OrderState.DONE)
                results.append(order.result)
            other = await place(live_database, to="13800008888", reference="order:other")
            hall.voice.wake("orders")
            await order_in(live_database, other, OrderState.DONE)

    assert results == [CallResult.BUSY, CallResult.BUSY, CallResult.FAILED]
    dialled = [offered.target.number for offered in network.offered]
    assert dialled == [NUMBER, NUMBER, "13800008888"]


async def test_a_call_that_rings_too_long_is_cancelled(
    live_database: Database, tmp_path: Path
) -> None:
    async with carrier(rings=True) as network:
        trunks = outbound(at("carrier", network.endpoint.address), ring_limit=timedelta(seconds=1))
        async with open_hall(live_database, tmp_path, **trunks) as hall:
            order_id = await place(live_database)
            hall.voice.wake("orders")
            order = await order_in(live_database, order_id, OrderState.DONE)

            async def cancelled() -> bool:
                return network.cancelled == 1

            await eventually(cancelled, "the ringing is cancelled")

    assert order.result is CallResult.NO_ANSWER
