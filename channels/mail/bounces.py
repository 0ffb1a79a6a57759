"""Which letter of ours a bounce gives back (RFC 3464, and machines that never read it); pure.

Only what failed for good counts: a report of a delay changes nothing, and neither does an answer
of somebody who is on holiday. Whether the letter was ours is for the caller to see.
"""

import re
from collections.abc import Iterator
from email.message import Message

from channels.mail.headers import address, charset_of, decode_text, header, header_values
from hotline.contacts.contact import ReturnedLetter

LOOKED_AT = 64 * 1024
"""Characters of one part that are searched; a bounce says what it has to say at its beginning."""
MOST_PARTS = 20
MOST_ADDRESSES = 50

_OURS = re.compile(r"<([0-9a-f]{40})@[^<>\s]{1,255}>")
_QUOTED_ID = re.compile(r"^[>\s]*Message-ID:\s*<([0-9a-f]{40})@", re.IGNORECASE | re.MULTILINE)
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,254}[A-Za-z0-9]")
_XTEXT = re.compile(r"\+([0-9A-F]{2})")
_STATUS = re.compile(r"\b(5\.\d{1,3}\.\d{1,3})\b")
_POSTMASTERS = ("mailer-daemon", "postmaster")
_FAILED = re.compile(
    r"undeliver|not be delivered|delivery (?:has )?failed|failed delivery|unable to deliver"
    r"|wasn't able to deliver|returned mail|permanent (?:fatal )?error|退信|被退回|无法送达"
    r"|无法投递|投递失败|未能送达|发送失败",
    re.IGNORECASE,
)
_DELAYED = re.compile(
    r"delayed|still trying|will (?:be retried|keep trying|retry)|warning message|延迟|稍后重试"
    r"|继续尝试",
    re.IGNORECASE,
)


def returned_letter(message: Message) -> ReturnedLetter | None:
    """Return what a bounce says of one of our letters; None if it is no bounce, or of a delay."""
    reports = [part for part in _parts(message) if _kind(part) == "message/delivery-status"]
    if reports:
        return _reported(message, reports)
    return _plain(message)


def _reported(message: Message, reports: list[Message]) -> ReturnedLetter | None:
    """Read a report by fields: whom it names as failed, and the head of what it gives back."""
    addresses: set[str] = set()
    codes = []
    for report in reports:
        for group in _groups(report):
            if _has_failed(group):
                addresses |= _recipients(group)
                codes.append(header(group, "Status").partition(" ")[0])
    trace = _trace_given_back(message)
    if trace is None or not addresses:
        return None
    return ReturnedLetter(trace, frozenset(addresses), codes[0][:11])


def _has_failed(group: Message) -> bool:
    """RFC 3464 2.3.3: the action decides; a status of 4 may have failed for good after days."""
    action = header(group, "Action").lower()
    return action == "failed" or (not action and header(group, "Status").startswith("5."))


def _recipients(group: Message) -> set[str]:
    """Return whom a group of fields is about: as we wrote it, and as it was in the end."""
    found = set()
    for name in ("Original-Recipient", "Final-Recipient"):
        written = header(group, name).rpartition(";")[2].strip().lower().strip("<>")
        # RFC 3461 4: some machines copy the envelope's xtext as it is.
        found |= {
            written,
            _XTEXT.sub(lambda match: chr(int(match[1], 16)), written.upper()).lower(),
        }
    return found - {""}


def _groups(report: Message) -> list[Message]:
    """Return the groups of fields of a report; the first is about the message as a whole."""
    payload = report.get_payload()
    return (
        [each for each in payload if isinstance(each, Message)][:MOST_ADDRESSES]
        if isinstance(payload, list)
        else []
    )


def _trace_given_back(message: Message) -> str | None:
    """Return the trace in the head of the letter inside, whole or headers only."""
    for part in _parts(message):
        kind = _kind(part)
        if kind == "message/rfc822":
            inner = part.get_payload(0) if part.is_multipart() else None
            found = (
                _OURS.search(header(inner, "Message-ID")) if isinstance(inner, Message) else None
            )
        elif kind in ("text/rfc822-headers", "message/rfc822-headers"):
            found = _QUOTED_ID.search(_text(part))
        else:
            continue
        if found:
            return found[1]
    return None


def _plain(message: Message) -> ReturnedLetter | None:
    """Read a bounce in words: from a postmaster, of a failure, with our Message-ID in it."""
    sender = address(message, "From")[1].lower()
    if not sender.startswith(_POSTMASTERS):
        return None
    words = "\n".join(_words(message))
    said = f"{header(message, 'Subject')}\n{words}"
    if not _FAILED.search(said) or _DELAYED.search(said):
        return None
    thread = [
        value for name in ("In-Reply-To", "References") for value in header_values(message, name)
    ]
    found = _QUOTED_ID.search(words) or _OURS.search("\n".join(thread))
    trace = _trace_given_back(message) or (found[1] if found else None)
    if trace is None:
        return None
    failed = "\n".join(header_values(message, "X-Failed-Recipients"))
    named = _ADDRESS.findall(f"{failed}\n{words}".lower())[:MOST_ADDRESSES]
    status = _STATUS.search(words)
    return ReturnedLetter(trace, frozenset(named), status[1] if status else "")


def _words(message: Message) -> Iterator[str]:
    for part in _parts(message):
        kind = _kind(part)
        if kind == "message/rfc822" and part.is_multipart():
            inner = part.get_payload(0)
            if isinstance(inner, Message):
                yield f"To: {header(inner, 'To')}"
        elif part.get_content_maintype() == "text":
            yield _text(part)


def _text(part: Message) -> str:
    data = part.get_payload(decode=True)
    raw = data if isinstance(data, bytes) else b""
    return decode_text(raw[:LOOKED_AT], charset_of(part))


def _kind(part: Message) -> str:
    return part.get_content_type()


def _parts(message: Message) -> list[Message]:
    """Return the outer parts of a bounce, without those of the letter given back."""
    found: list[Message] = []
    waiting = [message]
    while waiting and len(found) < MOST_PARTS:
        part = waiting.pop(0)
        payload = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(payload, list):
            waiting[:0] = [child for child in payload if isinstance(child, Message)][:MOST_PARTS]
        else:
            found.append(part)
    return found
