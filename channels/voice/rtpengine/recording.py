"""A recording of one leg that is going on, and those that the dead have left."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import structlog

from channels.voice.media.engine import RecordingFailed, RecordingSummary
from channels.voice.media.recorder import WavFile
from channels.voice.rtp.source import Address
from channels.voice.rtpengine.conversion import (
    captures_of,
    convert,
    journal_of,
    remove_captures,
)
from channels.voice.rtpengine.journal import SUFFIX, JournalFile, Moment, Story, is_abandoned
from channels.voice.rtpengine.pcap import PcapUnusable
from channels.voice.rtpengine.prompts import SoundShelf

log = structlog.get_logger()

SETTLED_SECONDS = 5.0
"""A capture that has not grown for so long is finished; rtpengine holds back a few packets."""


class SpoolRecording:
    """Notes what happens, and makes the WAV of the captures at the end."""

    def __init__(self, leg: str, spool: Path, path: Path, shelf: SoundShelf) -> None:
        self._leg = leg
        self._spool = spool
        self._path = path
        self._shelf = shelf
        self._moment = Moment(0.0)
        self._journal: JournalFile | None = None

    async def begin(self, outer: Address, inner: Address, now: float) -> None:
        """Make the file, empty, and the journal.

        Raises:
            RecordingFailed: one of them cannot be made.
        """
        try:
            await asyncio.to_thread(lambda: WavFile(self._path).close())
            self._journal = JournalFile(journal_of(self._spool, self._leg))
        except OSError as error:
            raise RecordingFailed(self._path, error.strerror or "cannot be made") from error
        self._journal.begin(self._path, outer[1], inner[1], now)
        self._moment = Moment(now)
        self._journal.note(self._moment)

    @property
    def is_paused(self) -> bool:
        """Whether silence is written."""
        return self._moment.paused

    def note(self, moment: Moment) -> None:
        """Remember how it is from now on."""
        if self._journal is None or replace(moment, at=self._moment.at) == self._moment:
            return
        self._moment = moment
        self._journal.note(moment)

    async def finish(self, now: float, problem: str | None = None) -> RecordingSummary:
        """Convert the captures and tell what became of them."""
        assert self._journal is not None, "begin() comes first"
        self._journal.end(now)
        duration = 0
        try:
            duration = await asyncio.to_thread(_convert, self._spool, self._leg, self._shelf)
        except (OSError, PcapUnusable, ValueError) as error:
            problem = str(error)
            self._journal.abandon()
        else:
            self._journal.remove()
        return RecordingSummary(self._path, duration, lost_ms=0, problem=problem)


async def finish_abandoned(spool: Path, clock: Callable[[], float], shelf: SoundShelf) -> int:
    """Make the recordings that killed processes have left, and return how many."""
    finished = 0
    for path in await asyncio.to_thread(lambda: sorted(spool.glob(f"*{SUFFIX}"))):
        leg = path.name.removesuffix(SUFFIX)
        if not is_abandoned(path) or not _is_settled(spool, leg, clock()):
            continue
        try:
            await asyncio.to_thread(_convert, spool, leg, shelf)
        except (OSError, PcapUnusable, ValueError) as error:
            log.error("recording_not_restored", leg=leg, problem=str(error))
            path.rename(path.with_suffix(".broken"))
        else:
            path.unlink(missing_ok=True)
            finished += 1
            log.info("recording_restored", leg=leg)
    return finished


def _convert(spool: Path, leg: str, shelf: SoundShelf) -> int:
    story = Story.read(journal_of(spool, leg).read_text())
    duration = convert(story, captures_of(spool, leg), shelf)
    remove_captures(spool, leg)
    return duration


def _is_settled(spool: Path, leg: str, now: float) -> bool:
    files = captures_of(spool, leg)
    return all(now - file.stat().st_mtime > SETTLED_SECONDS for file in files)
