"""Files of strangers: shown only if they are photos, otherwise saved; never run."""

from typing import Final
from urllib.parse import quote

from aiohttp import web

from hotline.contacts.photos import HEAD, SHOWN, photo_type

_HEADERS: Final = {
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}


def file_response(name: str, content: bytes) -> web.Response:
    """Return a file as what its content proves it to be; its name and its sender prove nothing."""
    media_type = photo_type(content[:HEAD])
    is_shown = media_type in SHOWN
    how = "inline" if is_shown else "attachment"
    return web.Response(
        body=content,
        content_type=media_type if media_type and is_shown else "application/octet-stream",
        headers={
            "Content-Disposition": f"{how}; filename*=UTF-8''{quote(name, safe='')}",
            **_HEADERS,
        },
    )


def size_words(size: int) -> str:
    """Return a number of bytes as people read it."""
    if size < 1024:
        return f"{size} B"
    if size < 1024 * 1024:
        return f"{size / 1024:.0f} KB"
    if size < 1024 * 1024 * 1024:
        return f"{size / 1024 / 1024:.1f} MB"
    return f"{size / 1024 / 1024 / 1024:.1f} GB"
