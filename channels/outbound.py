"""Which adapter sends a message: one visible table."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from hotline.contacts.contact import Channel, OutboundMessage, Undeliverable
from hotline.kernel.errors import HotlineError


class Sender(Protocol):
    """One channel's way out; errors as in `hotline.contacts.contact.Outbound`."""

    async def send(self, message: OutboundMessage, *, now: datetime) -> None:
        """Return when the other side has accepted the message."""


class OutboundByChannel:
    """Hands each message to the adapter of its channel; implements `Outbound`."""

    def __init__(self, senders: Mapping[Channel, Sender]) -> None:
        self._senders = dict(senders)

    @property
    def channels(self) -> frozenset[Channel]:
        """The channels that are configured."""
        return frozenset(self._senders)

    async def send(self, message: OutboundMessage, *, now: datetime) -> None:
        """Send a message over its channel.

        Raises:
            Undeliverable: if the channel is not configured, or refuses the message for good.
            Unavailable: if the other side says "later".
            DeliveryUnknown: if nobody knows whether the message left.
        """
        sender = self._senders.get(message.channel)
        if sender is None:
            raise Undeliverable(message.channel, "channel not configured")
        await sender.send(message, now=now)


class MemorySender:
    """Keeps what it is given; good enough to run the product without a relay.

    `failures` are raised, first to last, instead of accepting the next messages.
    """

    def __init__(self, *failures: HotlineError) -> None:
        self.sent: list[OutboundMessage] = []
        self.failures = list(failures)

    async def send(self, message: OutboundMessage, *, now: datetime) -> None:  # noqa: ARG002
        """Accept a message, or fail as told."""
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(message)
