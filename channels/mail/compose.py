"""Messages to mail; pure. Nothing a citizen wrote can add a header."""

import re
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from hotline.contacts.contact import OutboundMessage, trace_of
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.errors import Invalid
from hotline.people.citizen import normal_mail

SUBJECT_LIMIT = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_THREAD_HEADERS = ("In-Reply-To", "References")
_MESSAGE_IDS = re.compile(r"(?:<[\x21-\x3b\x3d\x3f-\x7e]{1,250}>\s*){1,20}")


@dataclass(frozen=True, slots=True)
class Sender:
    """Who our mail is from: `市民热线 <12345@city.example>`."""

    name: str
    address: str

    def __post_init__(self) -> None:
        """Refuse an address that is none.

        Raises:
            Invalid: if it is.
        """
        if normal_mail(self.address) is None:
            raise Invalid("sender", "it is not a mail address")

    @property
    def domain(self) -> str:
        """The part after the @."""
        return self.address.rpartition("@")[2]


def compose(message: OutboundMessage, sender: Sender, *, now: datetime) -> EmailMessage:
    """Return the mail for a message.

    Its Message-ID follows from the message's key, so that a repeat is recognised as one. It is
    marked as automatic, so that no machine answers it (RFC 3834 5).

    Raises:
        Invalid: if the address is not a mail address.
    """
    to = normal_mail(message.to)
    if to is None:
        raise Invalid("to", "it is not a mail address")
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(one_line(sender.name), addr_spec=sender.address)
    mail["To"] = Address(addr_spec=to)
    mail["Subject"] = one_line(message.subject)[:SUBJECT_LIMIT]
    mail["Date"] = now.astimezone(SHANGHAI)
    mail["Message-ID"] = message_id(message.key, sender)
    for name in _THREAD_HEADERS:
        value = message.headers.get(name, "")
        if _MESSAGE_IDS.fullmatch(value):
            mail[name] = value
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(message.body, cte="base64")
    return mail


def message_id(key: str, sender: Sender) -> str:
    """Return the Message-ID of the message with a key: always the same one."""
    return f"<{trace_of(key)}@{sender.domain}>"


def one_line(text: str) -> str:
    """Return text without control characters and line ends."""
    return _CONTROL.sub(" ", text).strip()
