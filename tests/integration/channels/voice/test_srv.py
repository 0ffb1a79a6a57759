"""Trunks by their domain: which hosts are rung, in which order, and who may call."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path

import pytest

from channels.voice import srv as module
from channels.voice.options import TrunkOptions
from channels.voice.phone import Phone, PhoneOptions
from channels.voice.phone_call import NotAnswered
from channels.voice.sip.address import Hop, Transport
from channels.voice.srv import LONGEST, MAX_HOPS, SHORTEST, SrvResolver, Way
from hotline.contacts.calls.states import CallResult, OrderState
from hotline.kernel.db import Database
from tests.fakes.name_server import NameServer, name_server
from tests.integration.channels.voice.hall import eventually, open_hall
from tests.integration.channels.voice.test_orders import order_in, place
from tests.integration.channels.voice.test_trunk_choice import outbound

UDP_NAME, TCP_NAME = "_sip._udp.carrier.test.", "_sip._tcp.carrier.test."


@pytest.fixture(name="server")
async def serve() -> AsyncGenerator[NameServer, None]:
    async with name_server() as server:
        yield server


async def ask(server: NameServer, transport: Transport = Transport.UDP) -> Way | None:
    return await SrvResolver([server.address]).ask("carrier.test", transport)


async def test_targets_come_by_priority_and_only_of_the_transport(server: NameServer) -> None:
    """RFC 2782, RFC 3263 4.2."""
    server.records[UDP_NAME] = 300, ["20 0 5080 b.carrier.test.", "10 0 5070 a.carrier.test."]
    server.records[TCP_NAME] = 300, ["10 0 5090 c.carrier.test."]

    assert await ask(server) == Way(
        (
            Hop(Transport.UDP, "a.carrier.test", 5070),
            Hop(Transport.UDP, "b.carrier.test", 5080),
        ),
        300.0,
    )
    assert await ask(server, Transport.TCP) == Way(
        (Hop(Transport.TCP, "c.carrier.test", 5090),), 300.0
    )


async def test_within_a_priority_weight_decides_how_often_one_is_first(server: NameServer) -> None:
    server.records[UDP_NAME] = 60, ["10 1 5060 light.test.", "10 99 5060 heavy.test."]
    resolver = SrvResolver([server.address])
    first: list[str] = []
    for _ in range(40):
        way = await resolver.ask("carrier.test", Transport.UDP)
        assert way is not None
        assert way.hops is not None
        first.append(way.hops[0].host)

    assert first.count("heavy.test") > first.count("light.test")


@pytest.mark.parametrize(("told", "held"), [(0, SHORTEST), (90, 90.0), (604_800, LONGEST)])
async def test_how_long_records_are_good_has_bounds(
    server: NameServer, told: int, held: float
) -> None:
    server.records[UDP_NAME] = told, ["10 0 5060 a.test."]
    way = await ask(server)

    assert way is not None
    assert way.seconds == held


async def test_no_more_hosts_are_tried_than_a_caller_can_wait_for(server: NameServer) -> None:
    server.records[UDP_NAME] = 60, [f"{n} 0 5060 host{n}.test." for n in range(20)]
    way = await ask(server)

    assert way is not None
    assert [hop.host for hop in way.hops or ()] == [f"host{n}.test" for n in range(MAX_HOPS)]


async def test_a_domain_that_offers_nothing_and_one_without_records(server: NameServer) -> None:
    """RFC 2782: the target `.` says that the service is decidedly not there."""
    assert await ask(server) == Way(None, SHORTEST)
    server.records[UDP_NAME] = 60, []
    assert await ask(server) == Way(None, SHORTEST)
    server.records[UDP_NAME] = 60, ["0 0 0 ."]
    assert await ask(server) == Way((), 60.0)


async def test_a_silent_name_server_says_nothing_and_stops_nobody(
    server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ASK_SECONDS", 0.5)
    server.is_silent = True
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0.01)

    other = asyncio.create_task(others())
    assert await ask(server) is None
    other.cancel()
    assert turns > 10


async def test_a_call_goes_to_the_second_host_when_the_first_is_silent(
    live_database: Database, tmp_path: Path, server: NameServer
) -> None:
    """Issue B 3: failover, within one trunk by its SRV records."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        async with Phone.open(PhoneOptions(user="carrier", folder=tmp_path)) as citizen:
            server.records[UDP_NAME] = (
                60,
                [
                    f"10 0 {silent.getsockname()[1]} 127.0.0.1.",
                    f"20 0 {citizen.address[1]} 127.0.0.1.",
                ],
            )
            trunk = TrunkOptions(name="carrier", host="carrier.test", uses_srv=True)
            changes = outbound(trunk, trunk_patience=timedelta(seconds=0.6))
            changes["name_servers"] = (server.address,)
            async with open_hall(live_database, tmp_path, **changes) as hall:  # type: ignore[arg-type]

                async def is_found() -> bool:
                    return len(hall.voice._trunks.hops_of(trunk)) == 2

                await eventually(is_found, "the records are known")
                order_id = await place(live_database)
                hall.voice.wake("orders")
                call = await citizen.next_call()
                await call.press("2")
                await call.wait_over(timeout=15)
                order = await order_in(live_database, order_id, OrderState.DONE)

    assert order.result is CallResult.ANSWERED


async def test_whom_the_records_name_may_call_and_no_longer_when_they_do_not(
    live_database: Database, tmp_path: Path, server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The records are asked for again; an address that they named is a stranger's afterwards."""
    monkeypatch.setattr(module, "SHORTEST", 0.2)
    server.records[UDP_NAME] = 0, ["10 0 5060 127.0.0.1."]
    trunk = TrunkOptions(name="carrier", host="carrier.test", uses_srv=True)
    async with (
        open_hall(live_database, tmp_path, trunks=(trunk,), name_servers=(server.address,)) as hall,
        hall.phone() as citizen,
    ):
        endpoint = hall.voice._switchboard.endpoint

        async def is_trunk() -> bool:
            return endpoint._agent._peers.trunk_hosts("127.0.0.1") == {"carrier.test"}

        async def is_stranger() -> bool:
            return not endpoint._agent._peers.is_trunk("127.0.0.1")

        await eventually(is_trunk, "the address is the trunk's")
        call = await citizen.dial(hall.line("12345"))
        await call.hang_up()

        server.records[UDP_NAME] = 0, ["10 0 5060 192.0.2.1."]
        await eventually(is_stranger, "the address is the trunk's no longer")
        with pytest.raises(NotAnswered):
            await citizen.dial(hall.line("12345"), timeout=5)
