"""Which adapter sends a message: one visible table."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from hotline.contacts.contact import Channel, OutboundMessage, Undeliverable


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
