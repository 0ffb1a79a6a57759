"""How trunks stand, and in which order they are dialled by."""

import asyncio
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from channels.voice import trunks as module
from channels.voice.leg import LegEnd
from channels.voice.options import LineOptions, TrunkOptions
from channels.voice.sip.address import Hop, Transport
from channels.voice.sip.events import (
    PeerProbed,
    ProbeKey,
    RegistrationChanged,
    RegistrationKey,
    RegistrationState,
)
from channels.voice.srv import SrvResolver, Way
from channels.voice.trunks import (
    FAILURES,
    TrunkRegistrations,
    identity_of,
    line_of,
    may_dial,
)

FIRST = TrunkOptions(name="first", host="192.0.2.1", registers=True)
SECOND = TrunkOptions(name="second", host="192.0.2.2", port=5070)


@dataclass
class Provider:
    """What the trunks ask of the endpoint."""

    probed: list[tuple[str, Hop | None]] = field(default_factory=list)
    registered: list[str] = field(default_factory=list)
    removed: list[RegistrationKey] = field(default_factory=list)
    destinations: list[tuple[Hop, ...]] = field(default_factory=list)
    """Where the trunk was registered at, and what the endpoint was told of it later."""
    dead: set[Hop] = field(default_factory=set)
    """Servers that answer no question; the others all do, if there are any."""
    answers: asyncio.Queue[PeerProbed] = field(default_factory=asyncio.Queue)

    def register(
        self, address_of_record: str, registrar: str, *, destinations: tuple[Hop, ...], **_: object
    ) -> RegistrationKey:
        self.destinations.append(destinations)
        self.registered.append(f"{address_of_record} at {registrar}")
        return RegistrationKey(f"r{len(self.registered)}")

    def unregister(self, registration: RegistrationKey) -> None:
        self.removed.append(registration)

    def redirect(self, _registration: RegistrationKey, destinations: tuple[Hop, ...]) -> None:
        self.destinations.append(destinations)

    def name_targets(self, _trunk: str, _targets: frozenset[str]) -> None:
        """Whose calls are believed is another matter."""

    async def probe(self, target: str, *, destination: Hop | None = None) -> PeerProbed:
        self.probed.append((target, destination))
        if self.dead and destination is not None:
            is_there = destination not in self.dead
            status = 200 if is_there else 503
            return PeerProbed(probe=ProbeKey("p"), status=status, is_answered=is_there)
        return await self.answers.get()


NOW = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)


def made(*trunks: TrunkOptions, probe_seconds: float = 20.0) -> TrunkRegistrations:
    return TrunkRegistrations(trunks, clock=lambda: NOW, probe_seconds=probe_seconds)


def names(trunks: TrunkRegistrations) -> list[str]:
    return [trunk.name for trunk in trunks.in_order]


def changed(state: RegistrationState, status: int) -> RegistrationChanged:
    return RegistrationChanged(
        registration=RegistrationKey("r1"), state=state, expires=0, status=status, reason=""
    )


def test_a_trunk_is_up_until_it_has_failed_to_answer_often_enough() -> None:
    trunks = made(FIRST, SECOND)

    for _ in range(FAILURES - 1):
        trunks.note_probe("first", 408, is_answered=False)
        assert names(trunks) == ["first", "second"]
    trunks.note_probe("first", 408, is_answered=False)

    assert names(trunks) == ["second", "first"]
    assert [status.is_up for status in trunks.status] == [False, True]
    assert trunks.status[0].failures == FAILURES


def test_any_answer_is_a_sign_of_life() -> None:
    trunks = made(FIRST, SECOND)
    for _ in range(FAILURES):
        trunks.note_probe("first", 503, is_answered=False)

    trunks.note_probe("first", 405, is_answered=True)

    assert names(trunks) == ["first", "second"]
    assert (trunks.status[0].is_up, trunks.status[0].probe_status) == (True, 405)


async def test_a_trunk_that_refuses_our_registration_comes_last() -> None:
    trunks = made(FIRST, SECOND)
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
    trunks = made(SECOND, probe_seconds=0.0)
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


class Records(SrvResolver):
    """A name server whose records the test decides."""

    def __init__(self, *ways: Way) -> None:
        self._ways = iter(ways)
        self.are_told = asyncio.Event()

    async def ask(self, domain: str, transport: Transport) -> Way | None:
        assert (domain, transport) == ("carrier.test", Transport.UDP)
        way = next(self._ways, None)
        if way is None:
            self.are_told.set()
            await asyncio.Event().wait()
        return way


MAIN, SPARE, NEW = (Hop(Transport.UDP, f"{name}.carrier.test", 5060) for name in "abc")
BY_RECORDS = TrunkOptions(name="carrier", host="carrier.test", uses_srv=True, registers=True)


async def test_a_trunk_is_up_while_one_of_its_servers_answers_and_the_dead_one_comes_last() -> None:
    """RFC 3263 4.3: who is known to be silent makes no caller wait."""
    records = Records(Way((MAIN, SPARE), 0.0))
    trunks = TrunkRegistrations(
        (BY_RECORDS,), clock=lambda: NOW, probe_seconds=0.0, resolver=records
    )
    provider = Provider(dead={MAIN})
    assert trunks.hops_of(BY_RECORDS) == (Hop(Transport.UDP, "carrier.test", 5060),)

    trunks.start(provider)  # type: ignore[arg-type]
    async with asyncio.timeout(5):
        while trunks.hops_of(BY_RECORDS) != (SPARE, MAIN):
            await asyncio.sleep(0)
    assert (trunks.status[0].is_up, trunks.status[0].probe_status) == (True, 200)
    provider.dead = {SPARE}
    async with asyncio.timeout(5):
        while trunks.hops_of(BY_RECORDS) != (MAIN, SPARE):
            await asyncio.sleep(0)
    trunks.stop(provider)  # type: ignore[arg-type]


async def test_a_registration_goes_where_the_records_lead() -> None:
    """RFC 3263 4.2: at every server of the records in turn, and at those of today."""
    records = Records(Way((MAIN, SPARE), 0.0), Way((NEW,), 0.0))
    trunks = TrunkRegistrations((BY_RECORDS,), clock=lambda: NOW, resolver=records)
    provider = Provider()

    trunks.start(provider)  # type: ignore[arg-type]
    async with asyncio.timeout(5):
        await records.are_told.wait()
    trunks.stop(provider)  # type: ignore[arg-type]

    assert provider.destinations == [(MAIN, SPARE), (NEW,)]


def test_a_trunk_that_asks_for_a_pause_comes_last_until_it_is_over() -> None:
    now = NOW
    trunks = TrunkRegistrations((FIRST, SECOND), clock=lambda: now)

    trunks.note_pause("first", 30)
    assert names(trunks) == ["second", "first"]
    now += timedelta(seconds=30)
    assert names(trunks) == ["first", "second"]


def test_no_trunk_is_left_aside_for_longer_than_an_hour() -> None:
    now = NOW
    trunks = TrunkRegistrations((FIRST, SECOND), clock=lambda: now)

    trunks.note_pause("first", 86_400)
    now += timedelta(hours=1)

    assert names(trunks) == ["first", "second"]


def test_without_trunks_there_is_nothing_to_show() -> None:
    trunks = made()

    assert (trunks.status, trunks.in_order) == ((), ())


async def test_a_question_that_is_not_answered_soon_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PROBE_PATIENCE", 0.001)
    trunks = made(SECOND, probe_seconds=0.0)
    provider = Provider()

    trunks.start(provider)  # type: ignore[arg-type]
    async with asyncio.timeout(5):
        while trunks.status[0].is_up:
            await asyncio.sleep(0)
    trunks.stop(provider)  # type: ignore[arg-type]

    assert (trunks.status[0].probe_status, trunks.status[0].changed_at) == (408, NOW)


def test_a_call_that_got_not_a_word_casts_doubt_on_its_trunk() -> None:
    trunks = made(FIRST, SECOND)

    for _ in range(FAILURES):
        trunks.note_silence("first")

    assert names(trunks) == ["second", "first"]


def test_the_calls_of_a_trunk_are_counted_while_they_last() -> None:
    trunks = made(FIRST, SECOND)

    with trunks.used("first"), trunks.used("first"):
        assert (trunks.calls_of("first"), trunks.calls_of("second")) == (2, 0)
    assert trunks.calls_of("first") == 0


def test_a_number_is_dialled_only_by_trunks_that_may() -> None:
    mobile = TrunkOptions(name="m", host="192.0.2.3", allowed=(re.compile(r"1\d{10}"),))

    assert [may_dial(mobile, number) for number in ("13800001234", "0312123456")] == [True, False]
    assert may_dial(SECOND, "0312123456")


LINES = (LineOptions(number="12345", identity="03121234"), LineOptions(number="12319"))


def test_we_ring_in_the_name_of_the_line_whose_number_the_trunk_shows() -> None:
    other = TrunkOptions(name="o", host="192.0.2.3", number="12319")

    assert line_of(LINES, other) is LINES[1]
    assert line_of(LINES, TrunkOptions(name="o", host="192.0.2.3", number="9")) is LINES[0]


@pytest.mark.parametrize(
    ("identity", "asserted"),
    [
        ("", ""),
        ("03121234", "<sip:03121234@ims.example>"),
        ("03121234@other.example", "<sip:03121234@other.example>"),
        ("tel:+863121234", "<tel:+863121234>"),
        ("sips:a@b.example", "<sips:a@b.example>"),
    ],
)
def test_a_line_asserts_a_number_or_an_address(identity: str, asserted: str) -> None:
    trunk = TrunkOptions(name="o", host="192.0.2.3", domain="ims.example")

    assert identity_of(LineOptions(number="12345", identity=identity), trunk) == asserted


async def test_a_call_that_a_seat_dialled_counts_until_it_is_over() -> None:
    trunks = made(FIRST, SECOND)
    over: asyncio.Future[LegEnd] = asyncio.get_running_loop().create_future()
    with trunks.used("first"):
        trunks.note_dialled("second", over)
        assert (trunks.calls, trunks.dialled_out, trunks.calls_of("second")) == (2, 1, 1)
    over.set_result(LegEnd.REMOTE)
    await asyncio.sleep(0)

    assert (trunks.calls, trunks.dialled_out, trunks.calls_of("second")) == (0, 0, 0)
