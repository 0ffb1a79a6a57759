"""From captures and journal to the recording: two channels of sound in one WAV."""

import os
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from channels.voice.media import wav
from channels.voice.media.engine import PromptUnusable
from channels.voice.rtp.codec import FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE
from channels.voice.rtp.g711 import Samples
from channels.voice.rtpengine import pcap
from channels.voice.rtpengine.journal import SUFFIX, Moment, Story
from channels.voice.rtpengine.pcap import Captured
from channels.voice.rtpengine.prompts import SoundShelf
from channels.voice.rtpengine.soundtrack import lay_out

CAPTURES = "pcaps"
METADATA = "metadata"
"""The two folders that rtpengine keeps below its `recording-dir`."""


def journal_of(spool: Path, leg: str) -> Path:
    """Return where the journal of a leg is."""
    return spool / f"{leg}{SUFFIX}"


def captures_of(spool: Path, leg: str) -> list[Path]:
    """Return the captures of a leg: one more after each pause."""
    return sorted((spool / CAPTURES).glob(f"{leg}-*.pcap"))


def remove_captures(spool: Path, leg: str) -> None:
    """Delete what rtpengine wrote about a leg."""
    for path in (*captures_of(spool, leg), *(spool / METADATA).glob(f"*-{leg}-*.txt")):
        path.unlink(missing_ok=True)


def convert(story: Story, captures: Sequence[Path], shelf: SoundShelf) -> int:
    """Write the recording in place of the empty one, and return its milliseconds.

    Raises:
        OSError: a file cannot be read or written.
        PcapUnusable: a capture is none.
    """
    packets = [packet for path in captures for packet in pcap.read(path.read_bytes())]
    packets.sort(key=lambda packet: packet.at)
    last = packets[-1].at if packets else story.started_at
    ended_at = last if story.ended_at is None else story.ended_at
    frames = max(round((ended_at - story.started_at) * 1000 / FRAME_MS), 0)
    left, right = _channels(story, packets, frames * FRAME_SAMPLES, shelf)
    _replace(story.path, wav.interleave(left, right))
    return frames * FRAME_MS


def _channels(
    story: Story, packets: Sequence[Captured], samples: int, shelf: SoundShelf
) -> tuple[Samples, Samples]:
    left, right = (
        lay_out(
            (packet for packet in packets if packet.port == port),
            starts_at=story.started_at,
            samples=samples,
        )
        for port in (story.outer_port, story.inner_port)
    )
    for moment, start, end in _stretches(story, samples):
        if moment.paused or not moment.hears:
            left[start:end] = 0
        if moment.paused or not moment.speaks:
            right[start:end] = 0
        elif moment.plays:
            _fill(right[start:end], moment, shelf)
    return left, right


def _stretches(story: Story, samples: int) -> Iterator[tuple[Moment, int, int]]:
    starts = [round((moment.at - story.started_at) * SAMPLE_RATE) for moment in story.moments]
    bounds = [min(max(start, 0), samples) for start in starts] + [samples]
    for moment, (start, end) in zip(story.moments, pairwise(bounds), strict=True):
        if end > start:
            yield moment, start, end


def _fill(track: Samples, moment: Moment, shelf: SoundShelf) -> None:
    """Write what was played; a prompt that is gone since then is silence."""
    try:
        sound = shelf.load_in_thread(tuple(map(Path, moment.plays))).samples
    except (PromptUnusable, OSError):
        sound = np.zeros(0, dtype=np.int16)
    if moment.loop and len(sound):
        sound = np.resize(sound, len(track))
    length = min(len(sound), len(track))
    track[:length] = sound[:length]
    track[length:] = 0


def _replace(path: Path, sound: bytes) -> None:
    """Put the finished file in place of the empty one at once."""
    growing = path.with_name(f".{path.name}.part")
    with growing.open("wb") as file:
        file.write(wav.recording_header(len(sound)))
        file.write(sound)
        file.flush()
        os.fsync(file.fileno())
    growing.chmod(0o640)
    growing.replace(path)
