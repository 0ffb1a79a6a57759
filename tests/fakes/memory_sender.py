"""A channel that keeps what it is given, for tests."""

from datetime import datetime

from hotline.contacts.contact import OutboundMessage
from hotline.kernel.errors import HotlineError


class MemorySender:
    """Keeps what it is given.

    `failures` are raised, first to last, instead of accepting the next messages.
    """

    def __init__(self, *failures: HotlineError) -> None:
        self.sent: list[OutboundMessage] = []
        self.failures = list(failures)

    async def send(self, message: OutboundMessage, *, now: datetime) -> None:
        """Accept a message, or fail as told."""
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(message)
