"""Addresses of host names."""

import asyncio

from channels.voice.names import MAX_NAMES, MAX_WAITING, NameCache


async def ask(names: NameCache, host: str) -> str | None:
    found: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
    assert names.ask(host, found.set_result)
    async with asyncio.timeout(5):
        return await found


async def test_an_address_needs_no_asking() -> None:
    names = NameCache(asyncio.get_running_loop())

    assert [names.find(host) for host in ("192.0.2.1", "::1", "localhost")] == [
        "192.0.2.1",
        "::1",
        None,
    ]


async def test_a_name_is_remembered() -> None:
    names = NameCache(asyncio.get_running_loop())

    told = await ask(names, "localhost")

    assert told in {"127.0.0.1", "::1"}
    assert names.find("localhost") == told


async def test_a_name_that_is_none_is_not_remembered() -> None:
    names = NameCache(asyncio.get_running_loop())

    assert [await ask(names, host) for host in ("no-such-host.invalid", "x" * 70)] == [None, None]
    assert names.find("no-such-host.invalid") is None


async def test_a_name_is_asked_for_once_and_told_to_a_limited_number() -> None:
    names = NameCache(asyncio.get_running_loop())
    told: list[str | None] = []

    accepted = [names.ask("localhost", told.append) for _ in range(MAX_WAITING + 5)]
    await ask(names, "127.0.0.1")
    async with asyncio.timeout(5):
        while not told:
            await asyncio.sleep(0)

    assert (sum(accepted), len(told)) == (MAX_WAITING, MAX_WAITING)


async def test_a_limited_number_of_names_is_remembered() -> None:
    names = NameCache(asyncio.get_running_loop())
    hosts = [f"127.0.{n // 250}.{n % 250 + 1}" for n in range(MAX_NAMES + 1)]

    for host in hosts:
        await ask(names, host)

    assert len(names) == MAX_NAMES


async def test_what_is_asked_ends_with_the_cache() -> None:
    names = NameCache(asyncio.get_running_loop())
    told: list[str | None] = []
    names.ask("localhost", told.append)

    names.close()
    await asyncio.sleep(0)

    assert told == []
