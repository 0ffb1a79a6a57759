"""Personal data: how it is masked for people and logs, and how it is found again.

Masking shows enough to recognise what one already knows and no more (R88, domain notes 7).
"""

import hashlib
import hmac
import re

_DIGITS = re.compile(
    r"(?<!\d)(?:\+?\d{7,19}[Xx]?"
    r"|(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}"
    r"|\d{6}[ -]\d{8}[ -]\d{3}[\dXx]"
    r"|\d{4}(?:[ -]\d{4}){3}(?:[ -]\d{1,3})?)(?!\d)"
)
"""Telephone numbers, as people write them too; identity cards (GB 11643) and bank cards."""
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


def mask_phone(number: str) -> str:
    """Return the number with its middle hidden: `138****1234`; numbers up to 6 digits stay.

    Short numbers such as 12345 belong to services, not to people.
    """
    if len(number) <= 6:
        return number
    keep_front = 3 if len(number) >= 9 else 1
    return f"{number[:keep_front]}{'*' * (len(number) - keep_front - 4)}{number[-4:]}"


def mask_email(address: str) -> str:
    """Return the address with all but the first letter of the mailbox hidden."""
    mailbox, at, host = address.partition("@")
    return f"{mailbox[:1]}***{at}{host}" if at else "***"


def mask_name(name: str) -> str:
    """Return the family name only: 张三 becomes 张*."""
    return f"{name[:1]}{'*' * (len(name) - 1)}"


def mask_text(text: str) -> str:
    """Return the text with what looks like a number of a person or a mail address masked.

    Those are the numbers of telephones, identity cards and bank cards.
    """
    text = _MAIL.sub(lambda found: mask_email(found.group()), text)
    return _DIGITS.sub(lambda found: mask_phone(found.group()), text)


def blind_index(key: bytes, value: str) -> str:
    """Return a keyed hash of `value`: equal values meet, nobody reads them back.

    `key` is the installation's secret; HMAC-SHA-256, 32 hexadecimal digits.
    """
    return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()[:32]
