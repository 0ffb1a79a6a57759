"""Mail bytes to what a citizen asks for; pure, bounded, raises nothing but Unreadable."""

import hashlib
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import policy
from email.message import Message
from email.parser import BytesParser

import nh3

from channels.mail.automatic import is_automatic
from channels.mail.bounces import returned_letter
from channels.mail.headers import address, charset_of, decode_text, file_name, header
from hotline.contacts.contact import Attachment, Channel, InboundContact
from hotline.intake.form import first_line
from hotline.intake.request import CitizenRequest, Unreadable

MAX_BOUNDARIES = 100
"""The standard parser recurses once a nested part; a person's mail nests three or four deep."""
MAX_PARTS = 300
MAX_ATTACHMENTS = 50
MAX_TEXT = 1_000_000
"""Bytes of one text part that are read; the whole of it stays in the original."""
MAX_HEAD = 256 * 1024
"""Bytes of headers that are looked at for a Message-ID."""
NAME_LIMIT = 200

_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_LINE_ENDS = re.compile(r"<\s*(?:br|/p|/div|/tr|/li|/h[1-6])\b[^>]*>", re.IGNORECASE)
_UNSAFE_IN_NAME = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|]+")
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,250}>")


@dataclass(slots=True)
class _Content:
    plain: list[str] = field(default_factory=list)
    rich: list[str] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    left_out: int = 0


def read_mail(contact: InboundContact) -> CitizenRequest:
    """Return what a stored mail asks for.

    Raises:
        Unreadable: if it is no mail, nests without end, or holds neither words nor files.
    """
    try:
        return _understood(contact.raw)
    except _PARSER_FAULTS as error:
        raise Unreadable(f"the mail is broken: {type(error).__name__}") from None


_PARSER_FAULTS = (LookupError, ValueError, TypeError, AttributeError, RecursionError)
"""What the standard library's mail parser is known to raise on mail that is broken enough."""


def _understood(raw: bytes) -> CitizenRequest:
    message = _parsed(raw)
    content = _collect(message)
    body = _body(content)
    subject = header(message, "Subject")
    automatic = is_automatic(message)
    if not (subject or body or content.attachments or automatic):
        raise Unreadable("the mail is empty")
    name, sender = address(message, "From")
    reply_to = address(message, "Reply-To")[1] or sender
    return CitizenRequest(
        subject=subject or first_line(body) or "（无主题邮件）",
        body=body,
        reply_channel=Channel.MAIL if reply_to else Channel.WEB,
        reply_to=reply_to or None,
        mail=sender or None,
        name=name or None,
        is_automatic=automatic,
        returned=returned_letter(message) if automatic else None,
        attachments=tuple(content.attachments),
    )


def mail_identity(raw: bytes) -> str:
    """Return what makes two mails the same one.

    Message-ID and a digest of the body: a relay that sends again changes neither, and a program
    that gives every mail the same Message-ID loses none. Without a Message-ID, a digest of all.
    """
    end = _BLANK_LINE.search(raw)
    head, body = (raw[: end.start()], raw[end.end() :]) if end else (raw, b"")
    message = BytesParser(policy=policy.compat32).parsebytes(head[:MAX_HEAD], headersonly=True)
    found = _MESSAGE_ID.search(header(message, "Message-ID"))
    if found is None:
        return f"sha256:{hashlib.sha256(raw).hexdigest()}"
    return f"{found.group()} {hashlib.sha256(body).hexdigest()[:16]}"


def _parsed(raw: bytes) -> Message:
    if raw.lower().count(b"boundary") > MAX_BOUNDARIES:
        raise Unreadable("too many nested parts")
    message = BytesParser(policy=policy.compat32).parsebytes(raw)
    if not message.keys():
        raise Unreadable("no mail headers")
    return message


def _collect(message: Message) -> _Content:
    content = _Content()
    for part in _leaves(message):
        kind = part.get_content_type()
        if _is_file(part):
            _keep(content, part)
        elif kind == "text/plain" or part.get_content_maintype() == "multipart":
            # A leaf that calls itself multipart has lost its boundary; its words are still there.
            content.plain.append(_text(part))
        elif kind == "text/html":
            content.rich.append(_text(part))
        else:
            _keep(content, part)
    return content


def _leaves(message: Message) -> Iterator[Message]:
    """Yield the parts that hold something; a mail inside the mail is one part, a file."""
    waiting = [message]
    seen = 0
    while waiting:
        part = waiting.pop(0)
        seen += 1
        if seen > MAX_PARTS:
            raise Unreadable("too many parts")
        payload = part.get_payload()
        if isinstance(payload, list) and part.get_content_type() != "message/rfc822":
            waiting[:0] = [child for child in payload if isinstance(child, Message)]
        else:
            yield part


def _is_file(part: Message) -> bool:
    return part.get_content_disposition() == "attachment" or bool(_file_name(part))


def _keep(content: _Content, part: Message) -> None:
    data = _data(part)
    if not data:
        return
    if len(content.attachments) >= MAX_ATTACHMENTS:
        content.left_out += 1
        return
    name = _file_name(part) or f"附件{len(content.attachments) + 1}"
    content.attachments.append(Attachment(name, part.get_content_type()[:100], data))


def _data(part: Message) -> bytes:
    if part.get_content_type() == "message/rfc822":
        inner = part.get_payload(0) if part.is_multipart() else None
        return inner.as_bytes() if isinstance(inner, Message) else b""
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _file_name(part: Message) -> str:
    cleaned = _UNSAFE_IN_NAME.sub("_", file_name(part)).strip(" .")
    return cleaned[-NAME_LIMIT:]


def _text(part: Message) -> str:
    return decode_text(_data(part)[:MAX_TEXT], charset_of(part))


def _body(content: _Content) -> str:
    plain = "\n".join(text for text in content.plain if text.strip())
    body = plain or "\n".join(plain_text(text) for text in content.rich)
    body = body.replace("\x00", "").replace("\r\n", "\n").strip()
    if content.left_out:
        body += f"\n（另有 {content.left_out} 个附件，见原件）"
    return body.strip()


def plain_text(markup: str) -> str:
    """Return the words of an HTML text, without markup, scripts and styles."""
    broken = _LINE_ENDS.sub("\n", markup)
    words = html.unescape(nh3.clean(broken, tags=set()))
    lines = (" ".join(line.split()) for line in words.splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
