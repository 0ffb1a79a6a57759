"""An offer that rings in the seat's page: the page sees it in its picture, and answers with SDP."""

import asyncio

from channels.voice.webrtc.leg import PageAttempt
from hotline.kernel.errors import Conflict


class PageRing:
    """What the page makes of one offer."""

    def __init__(self) -> None:
        self.decided = asyncio.Event()
        self.attempt: PageAttempt | None = None

    def answer(self, attempt: PageAttempt) -> None:
        """The seat answers (接听).

        Raises:
            Conflict: if it has answered or declined already.
        """
        if self.decided.is_set():
            attempt.path.stop()
            raise Conflict("the offer is answered or declined already")
        self.attempt = attempt
        self.decided.set()

    def decline(self) -> None:
        """The seat declines; after an answer it changes nothing."""
        self.decided.set()

    def close(self) -> None:
        """The offer is over: an answer that is being prepared comes too late."""
        self.decided.set()
