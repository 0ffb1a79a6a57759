"""One SIP dialog with its audio: what a call does with the caller, a seat, or a citizen it rings.

The switchboard hands every event of the dialog to `receive`. Renegotiation (hold, refresh) is
answered here, so that whoever uses a leg knows only: answered, over, digits, sound.
"""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from typing import Protocol

import structlog

from channels.voice.media.engine import Digit, LegClosed, MediaLeg
from channels.voice.sip.errors import CallGone
from channels.voice.sip.events import (
    CallAnswered,
    CallCancelled,
    CallConfirmed,
    CallEnded,
    CallFailed,
    CallKey,
    CallProgressed,
    CallReoffered,
    DigitsReceived,
    EndReason,
    ReofferAnswered,
    ReofferRefused,
    SipEvent,
    TransferAsked,
    TransferKey,
    TransferProgressed,
)
from channels.voice.sip.sdp import Direction, SdpError
from hotline.kernel.tasks import spawn

log = structlog.get_logger()

MAX_EVENTS = 64
"""Events of one dialog that wait to be handled; a peer that sends more is hung up."""


GLARE_MS = (200, 4000)
"""Shortest and longest pause before an offer that met one of the other side is made again."""

MAX_GLARES = 5
"""How often it is made again."""


class LegEnd(StrEnum):
    """Why a leg is over."""

    REMOTE = "remote"  # the other side hung up, or gave up before the answer
    LOCAL = "local"  # we hung up
    REFUSED = "refused"  # our INVITE was refused; `status` says how
    BROKEN = "broken"  # timeout, protocol error, or unusable SDP


_ENDS = {
    EndReason.BYE: LegEnd.REMOTE,
    EndReason.HUNG_UP: LegEnd.LOCAL,
    EndReason.TIMEOUT: LegEnd.BROKEN,
    EndReason.ERROR: LegEnd.BROKEN,
}


class DialogVerbs(Protocol):
    """What a leg needs of the SIP endpoint."""

    def hang_up(self, call: CallKey) -> None:
        """End the dialog in whatever state it is."""

    def reoffer(self, call: CallKey, sdp: bytes) -> None:
        """Send a re-INVITE."""

    def answer_reoffer(self, call: CallKey, sdp: bytes) -> None:
        """Accept a re-INVITE."""

    def reject_reoffer(self, call: CallKey, *, status: int = 488) -> None:
        """Refuse a re-INVITE."""

    def reject_transfer(self, transfer: TransferKey, *, status: int = 603) -> None:
        """Refuse a REFER."""


class Leg:
    """One dialog and its media leg, from the first packet to `close`.

    A dialog that somebody opens towards us is a leg before its media is: `media` is set later.
    """

    def __init__(self, sip: DialogVerbs, key: CallKey, media: MediaLeg | None = None) -> None:
        self.key = key
        self.status: int | None = None
        """Of a refused INVITE."""
        self.retry_after: int | None = None
        """Seconds for which whoever refused it wants no other call (RFC 3261 21.5.4)."""
        self.ringing = asyncio.Event()
        self.answered = asyncio.Event()
        """The dialog is up: our INVITE was answered, or our answer was acknowledged."""
        self.over: asyncio.Future[LegEnd] = asyncio.get_running_loop().create_future()
        self.hold_changed = asyncio.Event()
        """Set when the other side holds us or takes us back; cleared by who waits for it."""
        self.on_transfer: Callable[[TransferAsked], None] | None = None
        """Who carries out what the other side asks for by REFER; without one it is refused."""
        self.transfer_statuses: list[int] = []
        """How a transfer that we asked the other side for goes, as it tells us."""
        self.transferred = asyncio.Event()
        """That transfer is over, one way or the other."""
        self._sip = sip
        self._media = media
        self._events: asyncio.Queue[SipEvent] = asyncio.Queue(MAX_EVENTS)
        self._worker = spawn(self._work(), f"leg {key}")
        self._again: asyncio.Task[None] | None = None
        self._wanted: Direction | None = None
        """The direction that we offered last."""
        self._glares = 0
        self._is_changed_early = False
        """An UPDATE has come before the call was answered."""

    @property
    def media(self) -> MediaLeg:
        """The audio of the dialog.

        Raises:
            LegClosed: if none was attached.
        """
        if self._media is None:
            raise LegClosed(self.key)
        return self._media

    def attach(self, media: MediaLeg) -> None:
        """Give the dialog its audio; it is closed with the leg."""
        self._media = media

    @property
    def is_over(self) -> bool:
        """Whether the dialog has ended."""
        return self.over.done()

    @property
    def is_holding(self) -> bool:
        """Whether the other side holds us."""
        return self.media.direction in {Direction.RECVONLY, Direction.INACTIVE}

    def receive(self, event: SipEvent) -> None:
        """Take one event of the dialog; never blocks."""
        match event:
            case CallCancelled():
                self._finish(LegEnd.REMOTE)
            case CallEnded(reason=reason):
                self._finish(_ENDS[reason])
            case CallFailed(status=status, retry_after=retry_after):
                self.status, self.retry_after = status, retry_after
                self._finish(LegEnd.REFUSED)
            case DigitsReceived(digits=digits, duration_ms=duration_ms):
                self._press(digits, duration_ms)
            case TransferProgressed(status=status, is_over=is_over):
                self._note_transfer(status, is_over=is_over)
            case TransferAsked() if self.on_transfer is not None:
                self.on_transfer(event)
            case TransferAsked(transfer=transfer):
                with suppress(CallGone):
                    self._sip.reject_transfer(transfer)
            case _:
                try:
                    self._events.put_nowait(event)
                except asyncio.QueueFull:
                    self.hang_up()

    def _note_transfer(self, status: int, *, is_over: bool) -> None:
        if len(self.transfer_statuses) < MAX_EVENTS:
            self.transfer_statuses.append(status)
        if is_over:
            self.transferred.set()

    def _press(self, digits: str, duration_ms: int) -> None:
        with suppress(asyncio.QueueFull, LegClosed):
            self.media.keys_come_by_signalling()
            for key in digits:
                self.media.digits.put_nowait(Digit(key, duration_ms))

    def hang_up(self) -> None:
        """End the dialog; again changes nothing."""
        self._sip.hang_up(self.key)
        self._finish(LegEnd.LOCAL)

    async def hold(self, direction: Direction) -> None:
        """Offer the remote another direction: SENDONLY holds it, SENDRECV takes it back.

        An offer that meets one of the other side is made again a little later.
        """
        self._glares = 0
        await self._offer(direction)

    async def _offer(self, direction: Direction) -> None:
        self._wanted = direction
        offer = await self.media.offer_again(direction)
        with suppress(CallGone):
            self._sip.reoffer(self.key, offer)

    async def _offer_later(self, direction: Direction) -> None:
        # RFC 3261 14.1: a random while, so that the two do not meet for ever.
        shortest, longest = GLARE_MS
        await asyncio.sleep((shortest + secrets.randbelow(longest - shortest + 1)) / 1000)
        with suppress(LegClosed):
            await self._offer(direction)

    async def close(self) -> None:
        """End the dialog and free the media; again changes nothing."""
        self.hang_up()
        ending = [self._worker, *([] if self._again is None else [self._again])]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        if self._media is not None:
            await self._media.close()

    def _finish(self, end: LegEnd) -> None:
        if not self.over.done():
            self.over.set_result(end)

    async def _work(self) -> None:
        while True:
            event = await self._events.get()
            try:
                await self._handle(event)
            except SdpError as error:
                log.warning("sdp_unusable", call=self.key, status=error.status)
                self._sip.hang_up(self.key)
                self._finish(LegEnd.BROKEN)
            except (CallGone, LegClosed):
                # The dialog ended while its media was being changed; its last event says how.
                log.info("dialog_gone", call=self.key)

    async def _handle(self, event: SipEvent) -> None:
        match event:
            case CallProgressed(sdp=sdp):
                if sdp:
                    await self.media.accept_answer(sdp)
                self.ringing.set()
            case CallAnswered(sdp=b"") if self._is_changed_early:
                self.answered.set()
            case CallAnswered(sdp=sdp):
                await self.media.accept_answer(sdp)
                self.answered.set()
            case CallConfirmed(sdp=sdp):
                if sdp:
                    await self.media.accept_answer(sdp)
                self.answered.set()
            case ReofferAnswered(sdp=sdp):
                await self.media.accept_answer(sdp)
            case ReofferRefused(status=491) if self._wanted and self._glares < MAX_GLARES:
                self._glares += 1
                self._again = spawn(self._offer_later(self._wanted), f"offer of {self.key}")
            case CallReoffered(sdp=sdp):
                await self._renegotiate(sdp)

    async def _renegotiate(self, offer: bytes) -> None:
        self._is_changed_early |= not self.answered.is_set()
        try:
            if offer:
                answer = await self.media.renegotiate(offer)
            else:
                answer = await self.media.offer_again()
        except SdpError as error:
            # RFC 3261 14.2: the session stays as it was.
            self._sip.reject_reoffer(self.key, status=error.status)
        else:
            self._sip.answer_reoffer(self.key, answer)
            self.hold_changed.set()
