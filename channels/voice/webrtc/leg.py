"""A leg whose far end is a page: no SIP dialog, and a path that may be replaced in mid-call."""

import asyncio
from collections.abc import Sequence

from channels.voice.leg import Leg
from channels.voice.media.pages import PageEngine, PageSound
from channels.voice.rtp.codec import LAWS, Codec
from channels.voice.sip.events import CallKey, TransferKey
from channels.voice.webrtc.description import BrowserOffer, read_offer, write_answer
from channels.voice.webrtc.path import BrowserPath

PAGE_SILENCE = 2.0
"""Seconds. A page sends 50 packets a second even when muted: without one it has gone."""


class NoDialog:
    """There is no SIP towards a page: what it must know it learns from its live picture."""

    def hang_up(self, call: CallKey) -> None:
        """Nothing to say: the path closes."""

    def reoffer(self, call: CallKey, sdp: bytes) -> None:
        """Never asked: a page's leg has no SDP of SIP."""

    def answer_reoffer(self, call: CallKey, sdp: bytes) -> None:
        """Never asked."""

    def reject_reoffer(self, call: CallKey, *, status: int = 488) -> None:
        """Never asked."""

    def reject_transfer(self, transfer: TransferKey, *, status: int = 603) -> None:
        """Never asked."""


class PageLeg(Leg):
    """The seat's or a supervisor's page, answered."""

    def __init__(self, name: str, media: PageSound, path: BrowserPath) -> None:
        super().__init__(NoDialog(), CallKey(f"page:{name}"), media)
        self._sound = media
        self._path = path
        self.back = asyncio.Event()
        """Set when the page has come back over another path; cleared by who waits for it."""
        self.answered.set()

    @property
    def is_lost(self) -> bool:
        """Whether the page has gone: reloaded, crashed, or without a network."""
        return self._path.lost.is_set() or self._sound.statistics.idle_seconds > PAGE_SILENCE

    async def close(self) -> None:
        """End the leg and wait until its path is closed; again changes nothing."""
        await super().close()
        await self._path.closed()

    async def rejoin(self, attempt: "PageAttempt") -> None:
        """Go on over the path of another attempt; bridge and recording stay.

        Raises:
            BrowserUnreachable: the path did not come about; the leg stays lost.
            LegClosed: the call is over.
        """
        await attempt.connect()
        try:
            self._sound.move(attempt.path, attempt.offer.terms())
        except BaseException:
            attempt.path.stop()
            raise
        self._path = attempt.path
        self.back.set()


class PageAttempt:
    """One offer of a page and our answer, before the path is there."""

    def __init__(self, offer: BrowserOffer, path: BrowserPath, answer: str) -> None:
        self.offer = offer
        self.path = path
        self.answer = answer

    @classmethod
    async def begin(cls, text: str, codecs: Sequence[Codec] = LAWS) -> "PageAttempt":
        """Read a page's offer and prepare the answer, with the first of `codecs` that it knows.

        Raises:
            SdpError: the offer cannot be used.
        """
        offer = read_offer(text, codecs)
        path = BrowserPath(offer)
        try:
            return cls(offer, path, write_answer(offer, await path.describe()))
        except BaseException:
            path.stop()
            await path.closed()
            raise

    async def connect(self) -> None:
        """Wait until sound can pass.

        Raises:
            BrowserUnreachable: it did not come about; the path is closed.
        """
        try:
            await self.path.connect()
        except BaseException:
            self.path.stop()
            await self.path.closed()
            raise

    async def open_leg(self, media: PageEngine, name: str) -> PageLeg:
        """Connect, and return the leg.

        Raises:
            BrowserUnreachable: the path did not come about.
        """
        await self.connect()
        leg = media.open_on(name, self.path, self.offer.terms())
        return PageLeg(name, leg, self.path)
