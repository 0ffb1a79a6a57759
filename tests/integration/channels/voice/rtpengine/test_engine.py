"""What the rtpengine engine does beside the contract: dead hosts, killed processes, the mix."""

import asyncio
import math
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from channels.voice.media.arrivals import Arrivals
from channels.voice.media.embedded import EmbeddedMediaEngine, EmbeddedMediaOptions
from channels.voice.media.engine import MediaEngine, MediaError, MediaLeg, PortsExhausted
from channels.voice.media.path import UdpPath
from channels.voice.media.ports import PortPool
from channels.voice.rtp.codec import Codec
from channels.voice.rtp.terms import StreamTerms
from channels.voice.rtpengine import bodies, hosts, ng
from channels.voice.rtpengine.engine import RtpengineMediaEngine
from channels.voice.rtpengine.leg import RtpengineLeg
from channels.voice.rtpengine.local import LocalLeg
from channels.voice.rtpengine.ng import HostRefused, HostSilent, NgClient
from channels.voice.rtpengine.prompts import SoundShelf
from channels.voice.rtpengine.recording import finish_abandoned
from tests.fakes.cutting import CuttingRelay
from tests.fakes.media_host import MediaHostProcess, engine_on, media_host
from tests.fakes.tones import channels_of, loudest_hz, seconds_of, write_tone

NOBODY = ("127.0.0.1", 9)


@pytest.fixture
async def host(tmp_path: Path) -> AsyncGenerator[MediaHostProcess, None]:
    async with media_host(tmp_path / "host") as running:
        yield running


@pytest.fixture
async def media(host: MediaHostProcess) -> AsyncGenerator[RtpengineMediaEngine, None]:
    async with engine_on(host) as engine:
        yield engine


@pytest.fixture
async def phones() -> AsyncGenerator[EmbeddedMediaEngine, None]:
    async with EmbeddedMediaEngine(EmbeddedMediaOptions("127.0.0.1")) as engine:
        yield engine


async def incoming(
    media: MediaEngine, phones: MediaEngine, name: str, change: tuple[bytes, bytes] = (b"", b"")
) -> tuple[RtpengineLeg, MediaLeg]:
    """Return our leg and the phone that has called; `change` replaces words of its offer."""
    phone, offer = await phones.offer(name)
    leg, answer = await media.answer(name, offer.replace(*change))
    await phone.accept_answer(answer)
    assert isinstance(leg, RtpengineLeg)
    return leg, phone


async def until(condition: object, seconds: float = 10) -> None:
    assert callable(condition)
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


async def test_two_laws_hear_each_other_and_keys_cross_though_their_numbers_differ(
    media: RtpengineMediaEngine, phones: EmbeddedMediaEngine, tmp_path: Path
) -> None:
    """A trunk may say 96 for keys and the seat's phone 101; rtpengine 10.5 does not translate."""
    ulaw = (b"RTP/AVP 8 0", b"RTP/AVP 0")
    one, caller = await incoming(media, phones, "caller", ulaw)
    other, offer = await media.offer("seat")
    seat, answer = await phones.answer("seat", offer.replace(b"101", b"96"))
    await other.accept_answer(answer)
    assert isinstance(other, RtpengineLeg)
    await one.bridge(other)
    await seat.start_recording(tmp_path / "seat.wav")

    await caller.play([write_tone(tmp_path / "a.wav", 440, 0.6)])
    await caller.send_digit("7", 120)
    async with asyncio.timeout(20):
        at_seat = await seat.digits.get()
    await seat.send_digit("#", 120)
    async with asyncio.timeout(20):
        at_caller = await caller.digits.get()
    await seat.stop_recording()

    heard, _ = channels_of(tmp_path / "seat.wav")
    assert (one.circuit.wishes.telephone.codec, one.event_type) == (Codec.PCMU, 101)
    assert (other.circuit.wishes.telephone.codec, other.event_type) == (Codec.PCMA, 96)
    assert (at_seat.key, at_caller.key) == ("7", "#")
    assert loudest_hz(heard) == pytest.approx(440, abs=5)
    assert seat.digits.empty()
    assert caller.digits.empty()


async def test_no_packet_of_two_who_talk_comes_to_this_process_unless_a_third_is_heard(
    media: RtpengineMediaEngine, phones: EmbeddedMediaEngine, tmp_path: Path
) -> None:
    one, caller = await incoming(media, phones, "caller")
    other, seat = await incoming(media, phones, "seat")
    third, _ = await incoming(media, phones, "leader")
    await one.bridge(other)
    straight = (media.is_mixed(one), one.circuit.wishes.goes_to == other.circuit.inner)

    await third.also_hear([one, other])
    mixed = [media.is_mixed(leg) for leg in (one, other, third)]
    await third.also_hear([])
    again = [media.is_mixed(leg) for leg in (one, other, third)]
    await seat.start_recording(tmp_path / "seat.wav")
    await caller.play([write_tone(tmp_path / "a.wav", 440, 0.6)])
    await seat.stop_recording()

    heard, _ = channels_of(tmp_path / "seat.wav")
    assert straight == (False, True)
    assert mixed == [True, True, True]
    assert again == [False, False, False]
    assert loudest_hz(heard) == pytest.approx(440, abs=5)


async def test_a_page_and_a_telephone_hear_each_other(
    media: RtpengineMediaEngine, phones: EmbeddedMediaEngine, tmp_path: Path
) -> None:
    citizen, caller = await incoming(media, phones, "caller")
    browser, terms, path = await page(phones)
    seat = media.open_on("page", path, terms)
    assert isinstance(seat, LocalLeg)
    await citizen.bridge(seat)
    await caller.start_recording(tmp_path / "caller.wav")
    await browser.start_recording(tmp_path / "browser.wav")

    await asyncio.gather(
        caller.play([write_tone(tmp_path / "a.wav", 440, 0.6)]),
        browser.play([write_tone(tmp_path / "b.wav", 1000, 0.6)]),
    )
    await asyncio.gather(caller.stop_recording(), browser.stop_recording())
    await seat.close()

    at_caller, _ = channels_of(tmp_path / "caller.wav")
    at_browser, _ = channels_of(tmp_path / "browser.wav")
    assert seconds_of(at_caller, 1000) == pytest.approx(0.6, abs=0.2)
    assert seconds_of(at_browser, 440) == pytest.approx(0.6, abs=0.2)
    assert not media.is_mixed(citizen)


async def test_a_recording_has_the_partner_on_the_right_and_prompts_in_his_place(
    media: RtpengineMediaEngine, phones: EmbeddedMediaEngine, tmp_path: Path
) -> None:
    citizen, caller = await incoming(media, phones, "caller")
    other, seat = await incoming(media, phones, "seat")
    await citizen.bridge(other)
    await citizen.start_recording(tmp_path / "call.wav")

    seat_talks = asyncio.create_task(
        seat.play([write_tone(tmp_path / "b.wav", 1000, 0.6)], loop=True)
    )
    await caller.play([write_tone(tmp_path / "a.wav", 440, 0.6)])
    await citizen.play([write_tone(tmp_path / "c.wav", 1500, 0.6)])
    await caller.play([write_tone(tmp_path / "a.wav", 440, 0.6)])
    summary = await citizen.stop_recording()
    await seat.stop_playing()
    await seat_talks

    left, right = channels_of(tmp_path / "call.wav")
    assert summary is not None
    assert summary.problem is None
    assert summary.duration_ms == pytest.approx(1800, abs=300)
    assert seconds_of(left, 440) == pytest.approx(1.2, abs=0.25)
    assert seconds_of(right, 1500) == pytest.approx(0.6, abs=0.15)
    assert seconds_of(right, 1000) == pytest.approx(1.2, abs=0.3)


async def test_nothing_said_in_a_pause_reaches_the_disk(
    host: MediaHostProcess,
    media: RtpengineMediaEngine,
    phones: EmbeddedMediaEngine,
    tmp_path: Path,
) -> None:
    """What a citizen says in a pause is not even in rtpengine's captures."""
    citizen, caller = await incoming(media, phones, "caller")
    await citizen.start_recording(tmp_path / "call.wav")
    await caller.play([write_tone(tmp_path / "a.wav", 440, 0.3)])
    await citizen.pause_recording()
    sizes = [path.stat().st_size for path in (host.spool / "pcaps").iterdir()]
    await caller.play([write_tone(tmp_path / "secret.wav", 1000, 0.6)])
    after = [path.stat().st_size for path in (host.spool / "pcaps").iterdir()]
    await citizen.resume_recording()
    await caller.play([write_tone(tmp_path / "a.wav", 440, 0.3)])
    await citizen.stop_recording()

    left, _ = channels_of(tmp_path / "call.wav")
    assert sizes == after
    assert seconds_of(left, 1000) == 0
    assert seconds_of(left, 440) == pytest.approx(0.6, abs=0.2)
    assert not list((host.spool / "pcaps").iterdir())


async def test_a_killed_process_leaves_recordings_that_the_next_one_finishes(
    host: MediaHostProcess, phones: EmbeddedMediaEngine, tmp_path: Path
) -> None:
    async with engine_on(host) as dying:
        leg, caller = await incoming(dying, phones, "caller")
        await leg.start_recording(tmp_path / "call.wav")
        await caller.play([write_tone(tmp_path / "a.wav", 440, 1.0)])
        before = len(channels_of(tmp_path / "call.wav")[0])
        # What the system does with the lock of a process that is killed.
        recording, leg._recording = leg._recording, None
        assert recording is not None
        assert recording._journal is not None
        recording._journal.abandon()

    later = max(path.stat().st_mtime for path in (host.spool / "pcaps").iterdir()) + 60
    finished = await finish_abandoned(host.spool, lambda: later, SoundShelf())

    left, _ = channels_of(tmp_path / "call.wav")
    assert before == 0
    assert finished == 1
    assert seconds_of(left, 440) == pytest.approx(1.0, abs=0.2)
    assert not list(host.spool.glob("*.journal"))


async def test_when_a_media_host_dies_the_next_call_goes_to_the_other_at_once(
    tmp_path: Path, phones: EmbeddedMediaEngine
) -> None:
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(media_host(tmp_path / "first"))
        second = await stack.enter_async_context(media_host(tmp_path / "second"))
        media = await stack.enter_async_context(engine_on(first, second))
        here, _ = await incoming(media, phones, "one")
        there, _phone = await incoming(media, phones, "two")
        assert {here.circuit.host.address, there.circuit.host.address} == {
            first.address,
            second.address,
        }
        doomed, kept = (
            (here, there) if here.circuit.host.address == first.address else (there, here)
        )

        await first.kill()
        new, _ = await incoming(media, phones, "three")
        await until(lambda: math.isinf(doomed.statistics.idle_seconds))
        with pytest.raises(MediaError):
            await doomed.play([write_tone(tmp_path / "a.wav", 440, 0.3)])
        await kept.bridge(new)
        await doomed.close()

    assert new.circuit.host.address == second.address


async def test_without_any_living_host_a_call_is_refused_and_taken_when_one_is_back(
    tmp_path: Path, phones: EmbeddedMediaEngine
) -> None:
    async with AsyncExitStack() as stack:
        host = await stack.enter_async_context(media_host(tmp_path / "host"))
        media = await stack.enter_async_context(engine_on(host))
        await host.kill()
        with pytest.raises(PortsExhausted):
            await media.offer("too early")
        port = host.address[1]
        await stack.enter_async_context(
            media_host(tmp_path / "host", control=port, http=host.http[1])
        )
        await until(lambda: media.living_hosts == 1)

        leg, phone = await incoming(media, phones, "again")
        await leg.play([write_tone(tmp_path / "a.wav", 440, 0.3)])

    assert phone.statistics.packets_received > 5


async def test_calls_of_two_hosts_are_bridged(tmp_path: Path, phones: EmbeddedMediaEngine) -> None:
    async with AsyncExitStack() as stack:
        both = [
            await stack.enter_async_context(media_host(tmp_path / name)) for name in ("one", "two")
        ]
        media = await stack.enter_async_context(engine_on(*both))
        one, caller = await incoming(media, phones, "caller")
        other, seat = await incoming(media, phones, "seat")
        await one.bridge(other)
        await seat.start_recording(tmp_path / "seat.wav")
        await caller.play([write_tone(tmp_path / "a.wav", 440, 0.6)])
        await seat.stop_recording()

    heard, _ = channels_of(tmp_path / "seat.wav")
    assert one.circuit.host is not other.circuit.host
    assert loudest_hz(heard) == pytest.approx(440, abs=5)


async def test_a_connection_that_is_cut_costs_no_call_and_no_command(
    host: MediaHostProcess, phones: EmbeddedMediaEngine, tmp_path: Path
) -> None:
    """The host lives on: what it was asked is asked again under the same cookie."""
    relay = CuttingRelay(host.address)
    behind = replace(host, address=await relay.listen())
    async with engine_on(behind, spool=host.spool) as media:
        relay.cut_at_next_answer()
        leg, phone = await incoming(media, phones, "first")
        relay.cut()
        other, seat = await incoming(media, phones, "second")
        relay.cut_at_next_answer()
        await leg.bridge(other)
        await seat.start_recording(tmp_path / "seat.wav")
        await phone.play([write_tone(tmp_path / "a.wav", 440, 0.6)])
        await seat.stop_recording()
        client = await NgClient.open(host.address, lambda _event, _said: None)
        calls = (await client.ask("list"))["calls"]
        await client.close()
        assert relay.connections == 4
        assert isinstance(calls, list)
        assert len(calls) == 2
        assert not leg.is_lost
    await relay.close()

    heard, _ = channels_of(tmp_path / "seat.wav")
    assert loudest_hz(heard) == pytest.approx(440, abs=5)


async def test_a_leg_is_lost_when_its_host_has_begun_anew_behind_a_cut(
    tmp_path: Path, phones: EmbeddedMediaEngine
) -> None:
    """A fresh daemon would make a new call of it, at ports that the telephone does not know."""
    async with AsyncExitStack() as stack:
        host = await stack.enter_async_context(media_host(tmp_path / "host"))
        media = await stack.enter_async_context(engine_on(host))
        one, _ = await incoming(media, phones, "one")
        other, _phone = await incoming(media, phones, "other")
        await host.kill()
        port = host.address[1]
        await stack.enter_async_context(
            media_host(tmp_path / "host", control=port, http=host.http[1])
        )
        await until(lambda: media.living_hosts == 1)

        await one.bridge(other)

        assert one.is_lost


async def test_a_host_that_takes_connections_and_answers_nothing_is_not_alive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ng, "ANSWER_SECONDS", 0.1)
    monkeypatch.setattr(hosts, "LOST_SECONDS", 0.2)
    connected = asyncio.Queue[asyncio.StreamWriter]()
    server = await asyncio.start_server(
        lambda _reader, writer: connected.put_nowait(writer), "127.0.0.1", 0
    )
    address = server.sockets[0].getsockname()
    host = hosts.MediaHost(hosts.HostAddress(address, address), lambda _event, _said: None)
    await host.start()

    async with asyncio.timeout(10):
        writers = [await connected.get() for _ in range(3)]

    assert not host.is_alive
    assert host.is_lost
    with pytest.raises(HostSilent):
        await host.ask("ping")
    await host.stop()
    for writer in writers:
        writer.close()
    server.close()
    await server.wait_closed()


async def test_rtpengine_says_why_it_refuses(host: MediaHostProcess) -> None:
    client = await NgClient.open(host.address, lambda _event, _said: None)

    with pytest.raises(HostRefused, match="Unknown call"):
        await client.ask("query", call_id="nobody knows me")
    await client.close()
    with pytest.raises(HostSilent):
        await client.ask("ping")
    with pytest.raises(HostSilent):
        await NgClient.open(NOBODY, lambda _event, _said: None)


async def test_a_stranger_who_speaks_something_else_is_no_media_host() -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.org ESMTP\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        address = server.sockets[0].getsockname()
        client = await NgClient.open(address, lambda _event, _said: None)
        with pytest.raises(HostSilent):
            await client.ask("ping")
        assert client.ended.is_set()
        await client.close()


async def page(phones: EmbeddedMediaEngine) -> tuple[MediaLeg, StreamTerms, UdpPath]:
    """Return a browser, and the path and terms that would lead to it, without encryption."""
    pool = PortPool("127.0.0.1", 0, 0)
    pair = pool.open()
    browser, offer = await phones.offer("browser")
    here = bodies.Party(("127.0.0.1", pair.port), event_type=101)
    await browser.accept_answer(here.describe().encode())
    _, port = bodies.address_in({"sdp": offer})
    terms = StreamTerms(
        codec=Codec.PCMA,
        send_type=8,
        receive_types={8: Codec.PCMA},
        remote=("127.0.0.1", port),
        remote_control=("127.0.0.1", port + 1),
    )
    return browser, terms, UdpPath(pair, pool.release, Arrivals())
