import asyncio
import errno
import os
import threading
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from channels.voice.media import recorder
from channels.voice.media.engine import RecordingFailed
from channels.voice.media.recorder import (
    CHUNK_FRAMES,
    MAX_PENDING_CHUNKS,
    Recording,
    RecordingWriter,
    WavFile,
)
from channels.voice.rtp.codec import Codec
from channels.voice.rtp.g711 import SILENCE, encode
from tests.fakes.tones import channels_of, level_of, loudest_hz, tone

LEFT = encode(Codec.PCMA, tone(440, 0.02))
RIGHT = encode(Codec.PCMA, tone(1000, 0.02))
LEFT_MU = encode(Codec.PCMU, tone(440, 0.02))


@pytest.fixture
async def writer() -> AsyncGenerator[RecordingWriter, None]:
    writer = RecordingWriter()
    yield writer
    await asyncio.to_thread(writer.stop)


async def test_both_sides_come_out_on_their_channel(
    writer: RecordingWriter, tmp_path: Path
) -> None:
    recording = await Recording.create(tmp_path / "call.wav", writer)
    for _ in range(60):
        recording.add(LEFT, RIGHT, Codec.PCMA)
    summary = await recording.finish()

    left, right = channels_of(tmp_path / "call.wav")
    assert (summary.duration_ms, summary.lost_ms, summary.problem) == (1200, 0, None)
    assert len(left) == 9600
    assert loudest_hz(left) == pytest.approx(440, abs=60)
    assert loudest_hz(right) == pytest.approx(1000, abs=60)


async def test_silence_keeps_its_place(writer: RecordingWriter, tmp_path: Path) -> None:
    recording = await Recording.create(tmp_path / "call.wav", writer)
    for _ in range(10):
        recording.add(LEFT, None, Codec.PCMA)
    recording.add_silence(70)
    for _ in range(10):
        recording.add(None, RIGHT, Codec.PCMA)
    await recording.finish()

    left, right = channels_of(tmp_path / "call.wav")
    assert len(left) == 90 * 160
    assert [level_of(left[at : at + 1600]) > 0.1 for at in (0, 1600, 80 * 160)] == [
        True,
        False,
        False,
    ]
    assert [level_of(right[at : at + 1600]) > 0.1 for at in (0, 1600, 80 * 160)] == [
        False,
        False,
        True,
    ]


async def test_a_pause_of_the_recording_is_silent_for_as_long(
    writer: RecordingWriter, tmp_path: Path
) -> None:
    recording = await Recording.create(tmp_path / "call.wav", writer)
    for n in range(90):
        recording.is_paused = 30 <= n < 60
        recording.add(LEFT, RIGHT, Codec.PCMA)
    await recording.finish()

    left, _ = channels_of(tmp_path / "call.wav")
    assert [level_of(left[at * 160 : (at + 30) * 160]) > 0.1 for at in (0, 30, 60)] == [
        True,
        False,
        True,
    ]


async def test_the_law_may_change_within_a_recording(
    writer: RecordingWriter, tmp_path: Path
) -> None:
    recording = await Recording.create(tmp_path / "call.wav", writer)
    for _ in range(10):
        recording.add(LEFT, SILENCE[Codec.PCMA], Codec.PCMA)
    for _ in range(10):
        recording.add(LEFT_MU, SILENCE[Codec.PCMU], Codec.PCMU)
    await recording.finish()

    left, _ = channels_of(tmp_path / "call.wav")
    assert len(left) == 3200
    assert level_of(left[:1600]) == pytest.approx(level_of(left[1600:]), rel=0.05)


async def test_an_existing_file_is_never_touched(writer: RecordingWriter, tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    path.write_text("evidence")

    with pytest.raises(RecordingFailed, match=r"call\.wav: File exists"):
        await Recording.create(path, writer)

    assert path.read_text() == "evidence"


async def test_a_missing_folder_is_said(writer: RecordingWriter, tmp_path: Path) -> None:
    with pytest.raises(RecordingFailed, match="No such file or directory"):
        await Recording.create(tmp_path / "absent" / "call.wav", writer)


async def test_finishing_twice_tells_the_same(writer: RecordingWriter, tmp_path: Path) -> None:
    recording = await Recording.create(tmp_path / "call.wav", writer)
    recording.add(LEFT, RIGHT, Codec.PCMA)

    assert await recording.finish() == await recording.finish()


async def test_a_full_disk_ends_the_file_and_nothing_else(
    writer: RecordingWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = await Recording.create(tmp_path / "call.wav", writer)
    other = await Recording.create(tmp_path / "other.wav", writer)
    pwrite = os.pwrite
    chunk_bytes = CHUNK_FRAMES * 640

    def full(descriptor: int, data: bytes, at: int) -> int:
        if at > 44 and len(data) == chunk_bytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return pwrite(descriptor, data, at)

    monkeypatch.setattr(os, "pwrite", full)
    for _ in range(3 * CHUNK_FRAMES):
        recording.add(LEFT, RIGHT, Codec.PCMA)
    summary = await recording.finish()
    for _ in range(10):
        other.add(LEFT, RIGHT, Codec.PCMA)
    fine = await other.finish()

    left, _ = channels_of(tmp_path / "call.wav")
    assert summary.problem == "No space left on device"
    assert summary.duration_ms == 500
    assert len(left) == CHUNK_FRAMES * 160
    assert (fine.problem, fine.duration_ms) == (None, 200)


async def test_a_disk_that_hangs_costs_silence_and_no_time(
    writer: RecordingWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = await Recording.create(tmp_path / "call.wav", writer)
    released = threading.Event()
    append = WavFile.append

    def hang(file: WavFile, sound: bytes) -> None:
        released.wait(10)
        append(file, sound)

    monkeypatch.setattr(WavFile, "append", hang)
    frames = (MAX_PENDING_CHUNKS + 10) * CHUNK_FRAMES
    for _ in range(frames):
        recording.add(LEFT, RIGHT, Codec.PCMA)
    released.set()
    summary = await recording.finish()

    left, _ = channels_of(tmp_path / "call.wav")
    assert summary.lost_ms == 10 * CHUNK_FRAMES * 20
    assert summary.duration_ms <= MAX_PENDING_CHUNKS * CHUNK_FRAMES * 20
    assert level_of(left[-1600:]) > 0.1


async def test_a_disk_that_never_comes_back_does_not_hold_the_call(
    writer: RecordingWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = await Recording.create(tmp_path / "call.wav", writer)
    released = threading.Event()
    monkeypatch.setattr(recorder, "FINISH_SECONDS", 0.05)
    monkeypatch.setattr(WavFile, "append", lambda *_: released.wait(10))

    recording.add(LEFT, RIGHT, Codec.PCMA)
    summary = await recording.finish()
    released.set()

    assert summary.problem == "the disk did not finish in time"


def test_a_recording_that_no_header_can_tell_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "MAX_SOUND_BYTES", 1000)
    file = WavFile(tmp_path / "call.wav")
    file.append(bytes(1000))

    with pytest.raises(OSError, match="too long"):
        file.append(bytes(4))
    file.close()

    left, _ = channels_of(tmp_path / "call.wav")
    assert len(left) == 250
