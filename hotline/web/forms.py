"""What a browser or a program sent in a body: forms, files and JSON, as text and nothing else.

Written for senders who mean harm. A form is UTF-8 whatever its sender calls it: some of the codecs
of the standard library take minutes for a megabyte. What a database cannot keep as text (NUL,
halves of surrogate pairs) is refused at the door.
"""

import asyncio
import json
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import Any, Final, TypeAlias, cast
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web import FileField
from multidict import MultiDict, MultiDictProxy

from hotline.kernel.errors import Invalid

Posted: TypeAlias = MultiDictProxy[str | FileField]

MOST_FIELDS: Final = 1_000
LONGEST_FIELD: Final = 1024 * 1024
"""Bytes of one text field."""
IN_MEMORY: Final = 1024 * 1024
"""Bytes of a file; a larger one waits on the disk for its handler."""

_URLENCODED: Final = frozenset({"", "application/x-www-form-urlencoded"})
_MULTIPART: Final = "multipart/form-data"
_POSTED: Final[web.RequestKey[Posted]] = web.RequestKey("posted")
_FAULTS: Final = (
    *(ValueError, LookupError, AssertionError, RuntimeError, TypeError),
    HttpProcessingError,
)
"""What the reader of multipart bodies is known to raise on those that are broken."""


async def posted(request: web.Request) -> Posted:
    """Return the fields and files of a form, read once; nothing for any other body.

    Raises:
        Invalid: if the body is no whole form, has too many fields, or one that is no text.
    """
    if _POSTED not in request:
        try:
            found = await _read(request)
        except _FAULTS:
            raise Invalid("body", "is no whole form in UTF-8") from None
        for name, value in found.items():
            text = value.filename if isinstance(value, FileField) else value
            if not is_text(name + text):
                raise Invalid("body", "holds signs that no text has")
        request[_POSTED] = MultiDictProxy(found)
    return request[_POSTED]


async def posted_json(request: web.Request) -> Any:
    """Return what a JSON body holds.

    Raises:
        Invalid: if it is no JSON in UTF-8, nests without end, or a text in it is none.
    """
    try:
        found = json.loads((await request.read()).decode())
    except (ValueError, RecursionError):
        raise Invalid("body", "is not JSON in UTF-8") from None
    if not all(map(is_text, _texts(found))):
        raise Invalid("body", "holds signs that no text has")
    return found


def close_files(request: web.Request) -> None:
    """Let go of the files of a form, whose texts stay for a page of errors."""
    for value in request[_POSTED].values() if _POSTED in request else ():
        if isinstance(value, FileField):
            value.file.close()


def is_text(value: str) -> bool:
    """Say whether a database keeps it as text: no NUL, no half of a surrogate pair."""
    try:
        return b"\x00" not in value.encode()
    except UnicodeEncodeError:
        return False


async def _read(request: web.Request) -> MultiDict[str | FileField]:
    if request.content_type == _MULTIPART:
        return await _read_parts(request)
    if request.content_type not in _URLENCODED:
        return MultiDict()
    query = (await request.read()).rstrip().decode()
    fields = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    return MultiDict(fields)


async def _read_parts(request: web.Request) -> MultiDict[str | FileField]:
    found: MultiDict[str | FileField] = MultiDict()
    reader = MultipartReader(request.headers, request.content)
    while (part := await reader.next()) is not None:
        if not isinstance(part, BodyPartReader) or part.name is None or len(found) >= MOST_FIELDS:
            raise ValueError("a form has named fields, and not without end")
        found.add(part.name, await (_file(part) if part.filename else _field(part)))
    return found


async def _field(part: BodyPartReader) -> str:
    value = bytearray()
    while chunk := await part.read_chunk():
        value += chunk
        if len(value) > LONGEST_FIELD:
            raise ValueError("a text field has an end")
    return value.decode()


async def _file(part: BodyPartReader) -> FileField:
    kept = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - the handler reads it
    while chunk := await part.read_chunk():
        await asyncio.to_thread(kept.write, chunk)
    kept.seek(0)
    media_type = part.headers.get("Content-Type", "application/octet-stream")
    return FileField(
        cast(str, part.name), cast(str, part.filename), cast(Any, kept), media_type, part.headers
    )


def _texts(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str() as text:
                yield text
            case dict() as fields:
                waiting += (*fields, *fields.values())
            case list() as items:
                waiting += items
