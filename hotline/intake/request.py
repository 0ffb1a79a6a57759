"""What a reader understood of a raw contact; the port that channels implement."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from traceback import extract_tb

import structlog

from hotline.contacts.contact import Attachment, Channel, InboundContact, ReturnedLetter
from hotline.kernel.errors import HotlineError
from hotline.tickets.ticket import RequestKind

log = structlog.get_logger()


class Unreadable(HotlineError):
    """A contact that no reader understands; `reason` holds nothing of the citizen's words."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the contact cannot be read: {reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class CitizenRequest:
    """A contact as understood: what is wanted, by whom, and where to answer."""

    subject: str
    body: str
    reply_channel: Channel
    reply_to: str | None
    phone: str | None = None
    mail: str | None = None
    name: str | None = None
    request_kind: RequestKind | None = None
    """As the citizen chose it; None lets the words decide."""
    category_code: str | None = None
    condition: str | None = None
    address: str = ""
    longitude: float | None = None
    latitude: float | None = None
    anonymous: bool = False
    confidential: bool = False
    is_automatic: bool = False
    """A bounce, an automatic reply, a mailing list: kept, but no ticket and never a receipt."""
    returned: ReturnedLetter | None = None
    """The letter of ours that a bounce gives back."""
    attachments: tuple[Attachment, ...] = ()


Reader = Callable[[InboundContact], CitizenRequest]
"""Pure; raises nothing but `Unreadable`."""

Readers = Mapping[Channel, Reader]


def read_contact(contact: InboundContact, readers: Readers) -> CitizenRequest:
    """Return what a contact asks for.

    Raises:
        Unreadable: if there is no reader for its channel, or the reader does not understand it.
    """
    reader = readers.get(contact.channel)
    if reader is None:
        raise Unreadable(f"nobody reads {contact.channel}")
    try:
        return reader(contact)
    except Unreadable:
        raise
    except Exception as error:  # noqa: BLE001 - foreign bytes meet our reader here
        # A bug of the reader becomes work for a person, not a lost contact.
        # The text of the error may hold the citizen's words, so the log gets kind and place only.
        place = extract_tb(error.__traceback__)[-1]
        log.error(
            "reader_failed",
            channel=contact.channel,
            error=type(error).__name__,
            place=f"{place.filename}:{place.lineno}",
        )
        raise Unreadable(f"the reader failed: {type(error).__name__}") from None
