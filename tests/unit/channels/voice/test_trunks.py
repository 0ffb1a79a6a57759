"""How trunks stand, and in which order they are dialled by."""

import asyncio
from dataclasses import dataclass, field

from channels.voice.options import TrunkOptions
from channels.voice.sip.address import Hop
from channels.voice.sip.events import (
    PeerProbed,
    ProbeKey,
    RegistrationChanged,
    RegistrationKey,
    RegistrationState,
)
from channels.voice.trunks import FAILURES, TrunkRegistrations

FIRST = TrunkOptions(name="first", host="192.0.2.1", registers=True)
SECOND = TrunkOptions(name="second", host="192.0.2.2", port=5070)


@dataclass
class Provider:
    """What the trunks ask of the endpoint."""

    probed: list[tuple[str, Hop | None]] = field(default_factory=list)
    registered: list[str] = field(default_factory=list)
    removed: list[RegistrationKey] = field(default_factory=list)
    answers: asyncio.Queue[PeerProbed] = field(default_factory=asyncio.Queue)

    def register(self, address_of_record: str, registrar: str, **_: object) -> RegistrationKey:
        self.registered.append(f"{address_of_record} at {registrar}")
        return RegistrationKey(f"r{len(self.registered)}")

    def unregister(self, registration: RegistrationKey) -> None:
        self.removed.append(registration)

    async def probe(self, target: str, *, destination: Hop | None = None) -> PeerProbed:
        self.probed.append((target, destination))
        return await self.answers.get()


def names(trunks: TrunkRegistrations) -> list[str]:
    return [trunk.name for trunk in trunks.in_order]


def changed(state: RegistrationState, status: int) -> RegistrationChanged:
    return RegistrationChanged(
        registration=RegistrationKey("r1"), state=state, expires=0, status=status, reason=""
    )


def test_a_trunk_is_up_until_it_has_failed_to_answer_often_enough() -> None:
    trunks = TrunkRegistrations([FIRST, SECOND])

    for _ in range(FAILURES - 1):
        trunks.note_probe("first", 408, is_answered=False)
        assert names(trunks) == ["first", "second"]
    trunks.note_probe("first", 408, is_answered=False)

    assert names(trunks) == ["second", "first"]
    assert [status.is_up for status in trunks.status] == [False, True]
    assert trunks.status[0].failures == FAILURES


def test_any_answer_is_a_sign_of_life() -> None:
    trunks = TrunkRegistrations([FIRST, SECOND])
    for _ in range(FAILURES):
        trunks.note_probe("first", 503, is_answered=False)

    trunks.note_probe("first", 405, is_answered=True)

    assert names(trunks) == ["first", "second"]
    assert (trunks.status[0].is_up, trunks.status[0].probe_status) == (True, 405)


async def test_a_trunk_that_refuses_our_registration_comes_last() -> None:
    trunks = TrunkRegistrations([FIRST, SECOND])
    provider = Provider()
    trunks.start(provider)  # type: ignore[arg-type]
    assert provider.registered == ["sip:12345@192.0.2.1 at sip:192.0.2.1:5060"]

    trunks.receive(changed(RegistrationState.FAILED, 403))
    assert names(trunks) == ["second", "first"]
    assert trunks.status[0].registration_status == 403
    trunks.receive(changed(RegistrationState.REGISTERED, 200))
    assert names(trunks) == ["first", "second"]

    trunks.stop(provider)  # type: ignore[arg-type]
    assert provider.removed == ["r1"]


async def test_trunks_are_asked_again_and_again_until_the_end() -> None:
    trunks = TrunkRegistrations([SECOND], probe_seconds=0.0)
    provider = Provider()
    for number in range(FAILURES):
        provider.answers.put_nowait(
            PeerProbed(probe=ProbeKey(f"{number}"), status=408, is_answered=False)
        )

    trunks.start(provider)  # type: ignore[arg-type]
    async with asyncio.timeout(5):
        while trunks.status[0].is_up:
            await asyncio.sleep(0)
    trunks.stop(provider)  # type: ignore[arg-type]

    target, destination = provider.probed[0]
    assert target == "sip:192.0.2.2:5070"
    assert destination is not None
    assert destination.port == 5070


def test_without_trunks_there_is_nothing_to_show() -> None:
    trunks = TrunkRegistrations([])

    assert (trunks.status, trunks.in_order) == ((), ())
