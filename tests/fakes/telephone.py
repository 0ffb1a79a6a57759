"""A media leg and a SIP endpoint that only remember what was asked of them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from channels.voice.media.engine import (
    Digit,
    LegClosed,
    MediaError,
    MediaStatistics,
    PlayOutcome,
    PromptUnusable,
    RecordingSummary,
)
from channels.voice.sip.errors import CallGone
from channels.voice.sip.events import CallKey, TransferKey
from channels.voice.sip.sdp import Direction, NotAcceptable

SILENT = MediaStatistics(
    packets_sent=0,
    packets_received=0,
    packets_lost=0,
    packets_malformed=0,
    packets_rejected=0,
    frames_concealed=0,
    jitter_ms=0.0,
    round_trip_ms=None,
    idle_seconds=0.0,
)
PLAYABLE_KEYS = frozenset("0123456789*#ABCD")


class FakeMediaLeg:
    """Plays a prompt until `finish` is called, or at once if `instant`."""

    def __init__(self, *, instant: bool = True, unusable: frozenset[str] = frozenset()) -> None:
        self.played: list[list[str]] = []
        self.answers: list[bytes] = []
        self.offers: list[bytes] = []
        self.is_closed = False
        self.is_instant = instant
        self.idle_seconds = 0.0
        self._unusable = unusable
        self._finished = asyncio.Event()
        self._direction = Direction.SENDRECV
        self._digits: asyncio.Queue[Digit] = asyncio.Queue(16)

    @property
    def call_id(self) -> str:
        return "fake"

    @property
    def direction(self) -> Direction:
        return self._direction

    @property
    def digits(self) -> asyncio.Queue[Digit]:
        return self._digits

    @property
    def statistics(self) -> MediaStatistics:
        return replace(SILENT, idle_seconds=self.idle_seconds)

    def press(self, keys: str) -> None:
        """The remote side presses keys."""
        for key in keys:
            self._digits.put_nowait(Digit(key, 100))

    def finish(self) -> None:
        """What plays comes to its end."""
        self._finished.set()

    async def accept_answer(self, answer: bytes) -> None:
        if answer in {b"", b"unusable"}:
            raise NotAcceptable("nothing in common")
        self.answers.append(answer)

    async def renegotiate(self, offer: bytes) -> bytes:
        if offer == b"unusable":
            raise NotAcceptable("nothing in common")
        self.offers.append(offer)
        return b"answer to " + offer

    async def offer_again(self, direction: Direction | None = None) -> bytes:
        self._direction = direction or self._direction
        return b"our offer"

    async def play(self, files: Sequence[Path], *, loop: bool = False) -> PlayOutcome:
        if self.is_closed:
            raise LegClosed("fake")
        for file in files:
            if file.stem in self._unusable:
                raise PromptUnusable(file, "missing")
        self.played.append([file.stem for file in files])
        if not self.is_instant or loop:
            self._finished.clear()
            await self._finished.wait()
        return PlayOutcome.FINISHED

    def keys_come_by_signalling(self) -> None:
        """Do nothing: no tones are heard here."""

    async def stop_playing(self) -> None:
        self._finished.set()

    async def send_digit(self, key: str, duration_ms: int = 100) -> None:
        if key not in PLAYABLE_KEYS:
            raise MediaError(f"no key {duration_ms}")

    async def bridge(self, other: object) -> None:
        if self.is_closed:
            raise LegClosed("fake")

    async def unbridge(self) -> None:
        return

    async def also_hear(self, voices: Sequence[object]) -> None:
        return

    async def start_recording(self, path: Path) -> None:
        return

    async def pause_recording(self) -> None:
        return

    async def resume_recording(self) -> None:
        return

    async def stop_recording(self) -> RecordingSummary | None:
        return None

    async def close(self) -> None:
        self.is_closed = True
        self._finished.set()


@dataclass
class FakeSip:
    """The dialog verbs; `gone` are calls that have ended."""

    said: list[tuple[str, str, bytes | int | None]] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)

    def hang_up(self, call: CallKey) -> None:
        self.said.append(("hang_up", call, None))

    def reoffer(self, call: CallKey, sdp: bytes) -> None:
        self._say("reoffer", call, sdp)

    def answer_reoffer(self, call: CallKey, sdp: bytes) -> None:
        self._say("answer_reoffer", call, sdp)

    def reject_reoffer(self, call: CallKey, *, status: int = 488) -> None:
        self._say("reject_reoffer", call, status)

    def reject_transfer(self, transfer: TransferKey, *, status: int = 603) -> None:
        self.said.append(("reject_transfer", transfer, status))

    def _say(self, verb: str, call: CallKey, what: bytes | int) -> None:
        if call in self.gone:
            raise CallGone(call)
        self.said.append((verb, call, what))
