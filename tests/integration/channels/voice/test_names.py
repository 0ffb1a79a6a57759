"""Addresses of host names."""

import asyncio

import pytest

from channels.voice import names as module
from channels.voice.names import MAX_NAMES, MAX_WAITING, NameCache, NameWatch


async def ask(names: NameCache, host: str) -> str | None:
    found: asyncio.Future[tuple[str, ...]] = asyncio.get_running_loop().create_future()
    assert names.ask(host, found.set_result)
    async with asyncio.timeout(20):
        return next(iter(await found), None)


async def test_an_address_needs_no_asking() -> None:
    names = NameCache(asyncio.get_running_loop())

    assert [names.find(host) for host in ("192.0.2.1", "::1", "localhost")] == [
        ("192.0.2.1",),
        ("::1",),
        (),
    ]


async def test_a_name_is_remembered() -> None:
    names = NameCache(asyncio.get_running_loop())

    told = await ask(names, "localhost")

    assert told in {"127.0.0.1", "::1"}
    assert told in names.find("localhost")


async def test_a_name_that_is_none_is_not_remembered() -> None:
    names = NameCache(asyncio.get_running_loop())

    assert [await ask(names, host) for host in ("no-such-host.invalid", "x" * 70)] == [None, None]
    assert names.find("no-such-host.invalid") == ()


async def test_a_name_is_asked_for_once_and_told_to_a_limited_number() -> None:
    names = NameCache(asyncio.get_running_loop())
    told: list[tuple[str, ...]] = []

    accepted = [names.ask("localhost", told.append) for _ in range(MAX_WAITING + 5)]
    await ask(names, "127.0.0.1")
    async with asyncio.timeout(20):
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
    told: list[tuple[str, ...]] = []
    names.ask("localhost", told.append)

    names.close()
    await asyncio.sleep(0)

    assert told == []


class Directory(NameCache):
    """Names whose addresses the test decides."""

    def __init__(self, **told: tuple[str, ...]) -> None:
        super().__init__(asyncio.get_running_loop())
        self.told = told

    def ask(self, host: str, told: module.Told) -> bool:
        told(self.told[host])
        return True


def watch(directory: Directory, names: list[str]) -> tuple[NameWatch, dict[str, frozenset[str]]]:
    known: dict[str, frozenset[str]] = {}
    loop = asyncio.get_running_loop()
    return NameWatch(directory, names, known.__setitem__, loop), known


async def test_a_watched_name_is_known_at_once_and_by_all_its_addresses() -> None:
    directory = Directory(carrier=("192.0.2.1", "2001:db8::1"))
    watched, known = watch(directory, ["carrier", "192.0.2.9"])

    await watched.start()
    watched.stop()

    assert known == {"carrier": frozenset({"192.0.2.1", "2001:db8::1"})}


async def test_a_name_that_cannot_be_resolved_just_now_keeps_what_it_meant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "NAME_SECONDS", 0.0)
    directory = Directory(carrier=("192.0.2.1",))
    watched, known = watch(directory, ["carrier"])
    await watched.start()

    directory.told["carrier"] = ()
    for _ in range(5):
        await asyncio.sleep(0)
    watched.stop()

    assert known == {"carrier": frozenset({"192.0.2.1"})}


async def test_an_address_that_a_name_no_longer_means_is_forgotten_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "NAME_SECONDS", 0.0)
    directory = Directory(carrier=("192.0.2.1",))
    watched, known = watch(directory, ["carrier"])
    await watched.start()

    directory.told["carrier"] = ("192.0.2.2",)
    async with asyncio.timeout(20):
        while "192.0.2.2" not in known["carrier"]:
            await asyncio.sleep(0)
    both = known["carrier"]
    monkeypatch.setattr(module, "FORGET_SECONDS", 0.0)
    async with asyncio.timeout(20):
        while known["carrier"] == both:
            await asyncio.sleep(0)
            directory.told["carrier"] = ("192.0.2.2", "192.0.2.3")
    watched.stop()

    assert both == {"192.0.2.1", "192.0.2.2"}
    assert "192.0.2.1" not in known["carrier"]


async def test_a_start_does_not_wait_for_ever_for_a_silent_name_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Silent(Directory):
        def ask(self, host: str, told: module.Told) -> bool:
            return True

    monkeypatch.setattr(module, "FIRST_ANSWER_SECONDS", 0.01)
    watched, known = watch(Silent(), ["carrier"])

    async with asyncio.timeout(20):
        await watched.start()
    watched.stop()

    assert known == {}
