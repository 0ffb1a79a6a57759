"""The port between call logic and media: SDP in, SDP out, verbs in between.

Call logic never touches a packet. It asks a `MediaEngine` for a leg (one leg = one SIP dialog's
audio), hands over the SDP bodies that signalling carries, and speaks in verbs: play, collect
digits, bridge, record. Two implementations share one contract test: `media.embedded`, and
rtpengine in larger installations.

The order of calls of a leg:

- an INVITE with SDP: `engine.answer(call_id, offer)` gives the leg and the body of the 200;
- an INVITE of ours, or one without SDP: `engine.offer(call_id)` gives the leg and the offer;
  `leg.accept_answer(body)` when the answer arrives (200, 183 or ACK; a later one replaces it);
- a re-INVITE with SDP: `leg.renegotiate(offer)`; without SDP, or our own hold and refresh:
  `leg.offer_again(direction)` and then `leg.accept_answer(body)`;
- at the end always `leg.close()`.

SDP that cannot be used raises `sip.sdp.SdpError`, whose `status` is the SIP answer (400 or 488);
the leg stays as it was (RFC 3261 14.2).
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Protocol, Self

from channels.voice.media.pulse import Pulse
from channels.voice.media.sdes import Srtp
from channels.voice.sip.sdp import Direction
from hotline.kernel.errors import Conflict, HotlineError, Unavailable


class MediaError(HotlineError):
    """Something about media failed; the call itself may live on."""


class PromptUnusable(MediaError):
    """A prompt file is missing, unreadable or not 8 kHz WAV: the verb fails, the call goes on."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"prompt {path.name}: {problem}")
        self.path = path
        self.problem = problem


class RecordingFailed(MediaError):
    """A recording could not be opened or written; the call goes on without it."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"recording {path.name}: {problem}")
        self.path = path
        self.problem = problem


class LegClosed(Conflict):
    """A verb was asked of a leg that is closed."""


class PortsExhausted(Unavailable):
    """No RTP port is free: answer 503 with Retry-After."""

    def __init__(self, first: int, last: int) -> None:
        super().__init__(f"RTP port in {first}-{last}", retry_after=timedelta(seconds=10))


class ConferenceFull(Conflict):
    """No more legs can join this conference."""


MAX_MEMBERS = 8
"""Of one conference: each member costs the others a mixing, and eight people are a meeting."""


class PlayOutcome(StrEnum):
    """Why `play` came back."""

    FINISHED = "finished"
    STOPPED = "stopped"  # stop_playing, or another play took its place
    CLOSED = "closed"  # the leg was closed meanwhile


@dataclass(frozen=True, slots=True)
class Digit:
    """One key as the remote side pressed it (RFC 4733); `key` is one of ``0-9 * # A-D``."""

    key: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class MediaStatistics:
    """What one leg has sent and received so far; stays readable after `close`."""

    packets_sent: int
    packets_received: int
    packets_lost: int
    """Cumulative loss as RFC 3550 A.3 counts it; negative when duplicates outnumber losses."""
    packets_malformed: int
    """Datagrams that are no RTP, among them those of 0, 1 and 3 bytes."""
    packets_rejected: int
    """Good RTP from a stranger's address or of a payload type nobody agreed on."""
    frames_concealed: int
    """20 ms frames that had to be made up for lost or late packets."""
    jitter_ms: float
    """Interarrival jitter, RFC 3550 A.8."""
    round_trip_ms: float | None
    """From the latest RTCP report block about us (RFC 3550 6.4.1); None before one came."""
    idle_seconds: float
    """Since the last accepted packet, or since the leg was opened: end dead calls by this.
    Infinite when the host that carries the leg is gone."""


@dataclass(frozen=True, slots=True)
class RecordingSummary:
    """A finished recording."""

    path: Path
    duration_ms: int
    lost_ms: int
    """Silence written in place of audio that the disk was too slow for."""
    problem: str | None
    """Why the file ends early (disk full, for one), or None."""


class MediaLeg(Protocol):
    """The audio of one SIP dialog.

    A leg with nothing to play and no partner sends silence, so that the path stays open. While
    the negotiated direction forbids sending, nothing is sent, and a prompt that plays goes on
    unheard.
    """

    @property
    def call_id(self) -> str:
        """Return the name that the call was given."""

    @property
    def direction(self) -> Direction:
        """Return what we do, after negotiation: RECVONLY or INACTIVE means the remote holds us."""

    @property
    def digits(self) -> asyncio.Queue[Digit]:
        """Return the queue of keys pressed, oldest first; bounded, further keys are dropped.

        Keys are collected while prompts play and while the leg is bridged (the partner hears
        them too): those of RFC 4733, and where the remote agreed on no telephone-event and did not
        send any in INFO, those that it sounds as tones. Wait with a limit of your own: closing the
        leg does not wake a reader.
        """

    @property
    def statistics(self) -> MediaStatistics:
        """Return the counters of this moment."""

    async def accept_answer(self, answer: bytes) -> None:
        """Take the answer to the offer that the engine or `offer_again` made.

        Raises:
            SdpError: the answer is malformed or agrees on nothing; hang up.
        """

    async def renegotiate(self, offer: bytes) -> bytes:
        """Take the offer of a re-INVITE or UPDATE and return our answer.

        Raises:
            SdpError: answer with its `status`; the session stays as it was.
        """

    async def offer_again(self, direction: Direction | None = None) -> bytes:
        """Return a new offer of ours; `direction` SENDONLY holds the remote, SENDRECV resumes it.

        None repeats the present wish (session refresh, re-INVITE without SDP).
        """

    async def play(self, files: Sequence[Path], *, loop: bool = False) -> PlayOutcome:
        """Play WAV files (8 kHz A-law, mu-law or PCM16) one after the other, until the end.

        With `loop` it goes on until stopped (music on hold). A second `play` takes the place of
        the first. While playing, the remote hears the files instead of a bridge partner.
        Cancelling the caller's task stops the playing.

        Raises:
            PromptUnusable: nothing was played.
            LegClosed: the leg is closed.
        """

    async def stop_playing(self) -> None:
        """Fall silent now (barge-in); harmless when nothing plays."""

    async def send_digit(self, key: str, duration_ms: int = 100) -> None:
        """Press one key towards the remote (RFC 4733) and wait until it is sent.

        Raises:
            MediaError: the key does not exist, or the remote did not agree on telephone-event.
            LegClosed: the leg is closed.
        """

    def keys_come_by_signalling(self) -> None:
        """Take note that this remote sends its keys in SIP INFO: tones from it are only sound."""

    async def bridge(self, other: "MediaLeg") -> None:
        """Let the remote parties of both legs hear each other; ends what they were in before.

        Raises:
            LegClosed: one of the two is closed.
            ValueError: `other` is this leg itself, or belongs to another engine.
        """

    async def unbridge(self) -> None:
        """Part from the partner or leave the conference, if there is one; all legs stay open."""

    async def also_hear(self, others: Sequence["MediaLeg"]) -> None:
        """Let the remote party hear those of other legs beside its bridge or conference.

        One direction only: they hear nothing of it. Each call replaces what an earlier one
        asked for; an empty list ends it. A leg that closes falls silent. So a supervisor listens
        (hears both), whispers (the seat alone hears the supervisor too) or joins in.

        Raises:
            LegClosed: this leg is closed.
            ValueError: one of them is this leg itself, or belongs to another engine.
        """

    async def start_recording(self, path: Path) -> None:
        """Record to a stereo 8 kHz PCM WAV: left the remote party, right what it is sent.

        The folder must exist, the file must not. The file is playable at any moment and misses
        at most its last second when the process is killed.

        Raises:
            RecordingFailed: the file cannot be made, or a recording is going on already.
            LegClosed: the leg is closed.
        """

    async def pause_recording(self) -> None:
        """Write silence from now on (the citizen speaks a secret); harmless when not recording."""

    async def resume_recording(self) -> None:
        """Write sound again; harmless when not paused."""

    async def stop_recording(self) -> RecordingSummary | None:
        """Finish the file and return what became of it; None when nothing was recording."""

    async def close(self) -> None:
        """End everything of this leg and free its ports; a second time does nothing.

        Ends a recording, a play (CLOSED) and the bridge.
        """


class Conference(Protocol):
    """Three or more legs whose remote parties hear each other, and none of them itself.

    It runs while legs come and go; with two it is what a bridge is, with one the remote hears
    silence. Keys of one are passed to all others. What else a leg does goes on: recordings
    (the right channel holds all the others), prompts (whoever hears one hears it instead of the
    others, who still hear him), `also_hear`.

    conference = await media.confer([citizen, seat])
    await conference.join(department)   # and so on; `leave`, or the leg's `close`, `bridge`,
    await conference.end()              # `unbridge` let it out
    """

    @property
    def members(self) -> Sequence[MediaLeg]:
        """Return who is in it now, in the order of joining; closed legs have left."""

    async def join(self, leg: MediaLeg) -> None:
        """Let a leg in, out of its bridge or earlier conference; again changes nothing.

        A partner that it leaves behind hears silence.

        Raises:
            LegClosed: it is closed.
            ConferenceFull: `MAX_MEMBERS` are in it.
            ValueError: it belongs to another engine.
        """

    async def leave(self, leg: MediaLeg) -> None:
        """Let a leg out; it stays open. Harmless if it is not in."""

    async def end(self) -> None:
        """Let everybody out; all legs stay open, and it can be joined again."""


class MediaEngine(Protocol):
    """Makes legs; `async with` starts it, and closes every leg at the end."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *_exc: object) -> None: ...

    async def answer(
        self, call_id: str, offer: bytes, *, srtp: Srtp = Srtp.OFF
    ) -> tuple[MediaLeg, bytes]:
        """Open a leg for an offer and return it with our answer.

        `srtp` says whether keys may stand in descriptions of this leg: see `Srtp.over`.

        Raises:
            SdpError: answer with its `status`; no leg was opened.
            PortsExhausted: answer 503 with Retry-After.
        """

    async def offer(self, call_id: str, *, srtp: Srtp = Srtp.OFF) -> tuple[MediaLeg, bytes]:
        """Open a leg and return it with our offer; nothing is sent before `accept_answer`.

        Raises:
            PortsExhausted: no port is free.
            NotAcceptable: SRTP is required, and this engine cannot do it.
        """

    @property
    def pulse(self) -> Pulse:
        """Return how much work the sound is for this process, and how late it is done."""

    async def confer(self, legs: Sequence[MediaLeg] = ()) -> Conference:
        """Begin a conference with these legs, as `Conference.join` lets them in one by one.

        Raises:
            LegClosed: one of them is closed.
            ConferenceFull: there are too many.
            ValueError: one belongs to another engine.
        """
