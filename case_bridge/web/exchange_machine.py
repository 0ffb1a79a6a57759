"""Where other platforms knock: signed messages, wishes for what is missing, counters, schema."""

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

from aiohttp import web

from case_bridge.bridge.service import record_progress
from case_bridge.exchange.files import piece_of
from case_bridge.exchange.forms import schema
from case_bridge.exchange.journal import Journal
from case_bridge.exchange.peer import Peer
from case_bridge.exchange.receiving import receive, verify
from case_bridge.exchange.talking import send_again
from case_bridge.platforms.http import read_progress
from case_bridge.signing import HEADER
from case_bridge.web.exchange_options import EXCHANGE, MAKER
from hotline.kernel.errors import Invalid, NotFound
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.routing import PUBLIC, Route

LARGEST: Final = 256 * 1024
PAGE: Final = 500


async def post_message(request: web.Request) -> web.Response:
    """Take one message of a peer: 200 in order or known, 409 number used, 422 unreadable."""
    body = await request.read()
    peer = await _peer(request, body)
    receipt = await receive(
        request.app[DATABASE],
        request.app[EXCHANGE],
        peer,
        body,
        signature=request.headers[HEADER],
        now=request.app[CLOCK](),
    )
    return _signed(request, peer, receipt.as_json(), status=receipt.status)


async def post_resend(request: web.Request) -> web.Response:
    """Owe a peer what we sent about a case, from a number on. Body: case, from.

    Raises:
        Invalid: if the body is of another shape.
    """
    body = await request.read()
    peer = await _peer(request, body)
    try:
        wanted = json.loads(body)
        case_ref, sequence = str(wanted["case"])[:200], int(wanted["from"])
    except (ValueError, KeyError, TypeError):
        raise Invalid("body", "must hold case and from") from None
    async with request.app[DATABASE].begin() as uow:
        first = await send_again(uow, peer.name, case_ref, sequence)
    return _signed(request, peer, {"first": first}, status=202)


async def get_state(request: web.Request) -> web.Response:
    """Tell a peer how far we are with each case: what we received, what we sent."""
    peer = await _peer(request, b"")
    async with request.app[DATABASE].read() as session:
        links = await Journal(session).links(
            peer.name, after=request.query.get("after", ""), limit=PAGE
        )
    cases: list[dict[str, Any]] = [
        {"case": link.case_ref, "received": link.received, "sent": link.sent} for link in links
    ]
    return _signed(request, peer, {"cases": cases, "more": len(links) == PAGE})


async def get_file(request: web.Request) -> web.Response:
    """Give a peer a piece of a file that a form to it named; 410 if none did.

    Query: case, offset.
    """
    peer = await _peer(request, b"")
    offset = request.query.get("offset", "0")
    async with request.app[DATABASE].read() as session:
        piece = await piece_of(
            session,
            peer.name,
            request.query.get("case", ""),
            request.match_info["sha256"],
            int(offset) if offset.isascii() and offset.isdigit() and len(offset) < 12 else -1,
        )
    status = 410 if piece is None else 200
    return _signed_bytes(request, peer, piece or b"", "application/octet-stream", status=status)


async def get_schema(request: web.Request) -> web.Response:  # noqa: ARG001 - a handler's shape
    """Show the JSON Schema of every message."""
    text = json.dumps(schema(), ensure_ascii=False, indent=2)
    return web.Response(text=text, content_type="application/schema+json", charset="utf-8")


async def post_progress(request: web.Request) -> web.Response:
    """Take one message of the other maker's case system, whose answer says what became of it.

    Raises:
        NotFound: if the hotline hands its tickets to no other maker.
    """
    maker = request.app.get(MAKER)
    if maker is None:
        raise NotFound("case platform", "http")
    body, now = await request.read(), request.app[CLOCK]()
    # Told twice it changes nothing: no nonce need be kept.
    maker.keys.verify(request.headers.get(HEADER, ""), "POST", request.raw_path, body, now=now)
    async with request.app[DATABASE].begin() as uow:
        fate = await record_progress(uow, maker.name, read_progress(body), now=now)
    return web.json_response({"fate": fate.value})


def _signed(
    request: web.Request, peer: Peer, body: Mapping[str, Any], *, status: int = 200
) -> web.Response:
    """Answer a peer with our signature: one that is not signed is no answer to it."""
    text = json.dumps(body, ensure_ascii=False).encode()
    return _signed_bytes(request, peer, text, "application/json", status=status)


def _signed_bytes(
    request: web.Request, peer: Peer, content: bytes, content_type: str, *, status: int = 200
) -> web.Response:
    now = request.app[CLOCK]()
    header = peer.keys.answer_header(
        request.headers[HEADER], status, request.raw_path, content, now=now
    )
    return web.Response(
        body=content, status=status, content_type=content_type, headers={HEADER: header}
    )


async def _peer(request: web.Request, body: bytes) -> Peer:
    return await verify(
        request.app[DATABASE],
        request.app[EXCHANGE],
        unquote(request.match_info["peer"]),
        request.headers.get(HEADER, ""),
        request.method,
        request.raw_path,
        body,
        now=request.app[CLOCK](),
    )


def _machine(method: str, path: str, handler: Any, name: str) -> Route:
    return Route(method, path, handler, PUBLIC, name, max_body=LARGEST, forgery_check=False)


ROUTES: Final = (
    _machine("GET", "/exchange/v1/schema.json", get_schema, "exchange.schema"),
    _machine("POST", "/exchange/v1/{peer}/messages", post_message, "exchange.messages"),
    _machine("POST", "/exchange/v1/{peer}/resend", post_resend, "exchange.resend"),
    _machine("GET", "/exchange/v1/{peer}/state", get_state, "exchange.state"),
    _machine("GET", "/exchange/v1/{peer}/files/{sha256}", get_file, "exchange.files"),
    _machine("POST", "/case-platform/progress", post_progress, "case_platform.progress"),
)
