"""Mail headers as they really come: encoded words, raw GBK, broken base64; pure."""

import re
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parseaddr

HEADER_LIMIT = 4_000
NAME_OF_CHARSET = 40

_SUPERSETS = {"gb2312": "gb18030", "gbk": "gb18030", "cp936": "gb18030", "x-gbk": "gb18030"}
_FALLBACKS = ("utf-8", "gb18030")
_KNOWN = re.compile(
    r"(us-)?ascii|utf-?8|utf-?16(-?[lb]e)?|gb18030|big5(-?hkscs)?|hz(-gb-2312)?|iso-2022-(jp|kr|cn).*"
    r"|iso-?8859-?\d+|latin-?1|(windows-|cp)(125\d|874|932|949|950)|koi8-[ru]|shift_?jis|euc-?(jp|kr)"
)
"""Charsets of mail. The library has codecs that take minutes, or give what is no text."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


def decode_text(data: bytes, charset: str | None) -> str:
    """Return text in a named charset; a wrong or missing name falls back to UTF-8 and GB18030."""
    named = (charset or "").strip().strip("\"'").lower()
    named = _SUPERSETS.get(named, named)
    for candidate in (*([named] if _KNOWN.fullmatch(named) else ()), *_FALLBACKS):
        try:
            return data.decode(candidate)
        except (LookupError, UnicodeDecodeError, ValueError):
            continue
    return data.decode("gb18030", errors="replace")


def charset_of(part: Message) -> str:
    """Return the charset that a part names; empty if it names none."""
    found = part.get_param("charset")
    return str(found[2] if isinstance(found, tuple) else found or "")[:NAME_OF_CHARSET]


def file_name(part: Message) -> str:
    """Return the name that a part has as a file; empty if it has none (RFC 2183, RFC 2231)."""
    found = part.get_param("filename", None, "content-disposition") or part.get_param("name")
    if isinstance(found, tuple):
        charset, _, text = found
        return decode_text(text[:HEADER_LIMIT].encode("raw-unicode-escape"), charset)
    return decode_words(str(found or "")[:HEADER_LIMIT])


def header_values(message: Message, name: str) -> list[str]:
    """Return every header of a name as the parser kept it, in their order."""
    wanted = name.lower()
    return [
        str(value)[:HEADER_LIMIT] for key, value in message.raw_items() if key.lower() == wanted
    ]


def header(message: Message, name: str) -> str:
    """Return the first header of a name, unfolded and decoded; empty if there is none."""
    values = header_values(message, name)
    return decode_words(values[0]) if values else ""


def decode_words(value: str) -> str:
    """Return a header's value with its encoded words decoded and on one line."""
    if not value.isascii():
        # Bytes beyond ASCII arrive as surrogates: the sender wrote its charset without saying so.
        value = decode_text(value.encode("utf-8", "surrogateescape"), None)
    try:
        chunks = decode_header(value)
    except HeaderParseError:
        chunks = [(value, None)]
    text = "".join(
        chunk if isinstance(chunk, str) else decode_text(chunk, charset)
        for chunk, charset in chunks
    )
    return _CONTROL.sub(" ", text).strip()


def address(message: Message, name: str) -> tuple[str, str]:
    """Return display name and mail address of the first mailbox in a header; empty if none."""
    for value in header_values(message, name):
        for display, mailbox in getaddresses([value]):
            if "@" in mailbox:
                return decode_words(display), _CONTROL.sub("", mailbox).strip()
    return "", ""


def envelope_sender(message: Message) -> str | None:
    """Return the sender of the envelope, "" for the null sender, None if it is not recorded."""
    values = header_values(message, "Return-Path")
    if not values:
        return None
    return parseaddr(values[0])[1]
