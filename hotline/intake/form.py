"""The public web form as it is stored raw, and how it is read."""

import json
import math
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hotline.contacts.contact import Attachment, Channel, InboundContact
from hotline.intake.request import CitizenRequest, Unreadable
from hotline.tickets.ticket import RequestKind

FORM_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class WebForm:
    """What a citizen fills in; checked by the page for sizes, and understood later.

    `nonce` is made with the empty page, so that a form sent twice is one contact. With
    `reply_channel` WEB the citizen looks up the status page with number and query code.
    """

    nonce: str
    body: str
    subject: str = ""
    reply_channel: Channel = Channel.WEB
    phone: str = ""
    mail: str = ""
    name: str = ""
    request_kind: RequestKind | None = None
    category_code: str = ""
    condition: str = ""
    address: str = ""
    longitude: float | None = None
    latitude: float | None = None
    anonymous: bool = False
    confidential: bool = False
    attachments: tuple[Attachment, ...] = ()

    def to_contact(self, *, now: datetime) -> InboundContact:
        """Return the contact to store before anything else is done."""
        fields: dict[str, Any] = {name: getattr(self, name) for name in _TEXTS + _FLAGS + _NUMBERS}
        raw = {
            "version": FORM_VERSION,
            **fields,
            "reply_channel": self.reply_channel.value,
            "request_kind": self.request_kind and self.request_kind.value,
            "attachments": [
                {
                    "name": file.name,
                    "mime": file.mime,
                    "content": b64encode(file.content).decode(),
                }
                for file in self.attachments
            ],
        }
        return InboundContact(
            channel=Channel.WEB,
            provider_id=self.nonce,
            received_at=now,
            raw=json.dumps(raw, ensure_ascii=False).encode(),
            sender=self.phone or self.mail or None,
        )


_TEXTS = (
    "body",
    "subject",
    "phone",
    "mail",
    "name",
    "category_code",
    "condition",
    "address",
)
_FLAGS = ("anonymous", "confidential")
_NUMBERS = ("longitude", "latitude")


def read_form(contact: InboundContact) -> CitizenRequest:
    """Return what a stored form asks for.

    Raises:
        Unreadable: if it is not a form that `WebForm.to_contact` wrote.
    """
    try:
        raw = json.loads(contact.raw)
    except ValueError:
        raise Unreadable("not JSON") from None
    if not isinstance(raw, dict) or raw.get("version") != FORM_VERSION:
        raise Unreadable("not a form of this version")
    texts = {name: _text(raw, name) for name in _TEXTS}
    if not texts["body"]:
        raise Unreadable("the form has no text")
    channel = _enum(Channel, raw.get("reply_channel"), "reply_channel") or Channel.WEB
    return CitizenRequest(
        subject=texts["subject"] or first_line(texts["body"]),
        body=texts["body"],
        reply_channel=channel,
        reply_to=_reply_to(channel, texts),
        phone=texts["phone"] or None,
        mail=texts["mail"] or None,
        name=texts["name"] or None,
        request_kind=_enum(RequestKind, raw.get("request_kind"), "request_kind"),
        category_code=texts["category_code"] or None,
        condition=texts["condition"] or None,
        address=texts["address"],
        longitude=_number(raw, "longitude"),
        latitude=_number(raw, "latitude"),
        anonymous=raw.get("anonymous") is True,
        confidential=raw.get("confidential") is True,
        attachments=_attachments(raw.get("attachments", [])),
    )


def first_line(text: str, limit: int = 40) -> str:
    """Return the beginning of a text as its subject."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def _reply_to(channel: Channel, texts: dict[str, str]) -> str | None:
    match channel:
        case Channel.MAIL:
            return texts["mail"] or None
        case Channel.VOICE | Channel.SMS:
            return texts["phone"] or None
        case _:
            return None


def _text(raw: dict[str, Any], name: str) -> str:
    value = raw.get(name, "")
    if not isinstance(value, str):
        raise Unreadable(f"{name} is not text")
    return value.replace("\x00", "").strip()


def _number(raw: dict[str, Any], name: str) -> float | None:
    value = raw.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Unreadable(f"{name} is not a number")
    return float(value)


def _enum(kind: type[Any], value: object, name: str) -> Any:
    if value is None:
        return None
    try:
        return kind(value)
    except ValueError:
        raise Unreadable(f"{name} is unknown") from None


def _attachments(items: object) -> tuple[Attachment, ...]:
    if not isinstance(items, list):
        raise Unreadable("attachments are not a list")
    found = []
    for item in items:
        try:
            found.append(
                Attachment(
                    name=str(item["name"])[:200],
                    mime=str(item["mime"])[:100],
                    content=b64decode(item["content"], validate=True),
                )
            )
        except (KeyError, TypeError, NotBase64):
            raise Unreadable("an attachment is damaged") from None
    return tuple(found)
