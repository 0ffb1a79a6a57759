"""Facts about contacts and messages."""

from dataclasses import dataclass

from hotline.kernel.events import Event
from hotline.kernel.ids import ContactId


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactStored(Event):
    """A contact is in the database, raw; it can be understood now. Job: `parse_contact`."""

    contact_id: ContactId


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSent(Event):
    """The other side has accepted a message. Job: `record_message_sent`."""

    reference: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFailed(Event):
    """A message was refused, came back, or its fate stays unknown. Job: `record_message_failed`."""

    reference: str
    key: str
