"""Live screens: one WebSocket, and every message is the whole picture.

A picture is sent when a signal says that something changed, and every few seconds anyway.
Signals that come together make one picture. A browser that lost the line comes back by itself
and needs to catch up on nothing.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from hotline.accounts.service import read_session
from hotline.kernel.errors import Unavailable
from hotline.web.forgery import SESSION_COOKIE
from hotline.web.keys import CLOCK, DATABASE, LIVE_SOCKETS, OPTIONS, ROUTE, SIGNALS
from hotline.web.signals import Signal

log = structlog.get_logger()

Snapshot = Callable[[], Awaitable[dict[str, Any]]]

GATHER: Final = 0.05
"""Seconds in which further signals join the same picture."""
HEARTBEAT: Final = 20.0
SEND_LIMIT: Final = 10.0
"""Seconds; a screen that does not take a picture by then is gone."""
SIGNED_OUT: Final = 4401
"""Close code: the session is over; the page goes to the sign-in."""
TOO_LARGE: Final = 4096
"""Bytes of a message from a screen; it has nothing to say but that it is there."""


async def serve_live(
    request: web.Request, snapshot: Snapshot, *, topics: tuple[str, ...], refresh: float
) -> web.WebSocketResponse:
    """Send pictures until the screen goes, or its person is signed out."""
    socket = web.WebSocketResponse(heartbeat=HEARTBEAT, max_msg_size=TOO_LARGE)
    await socket.prepare(request)
    request.app[LIVE_SOCKETS].add(socket)
    changed = asyncio.Event()
    try:
        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(_listen(request, topics, changed))
            sending = tasks.create_task(_send(request, socket, snapshot, changed, refresh))
            await _until_closed(socket)
            listening.cancel()
            sending.cancel()
    finally:
        request.app[LIVE_SOCKETS].discard(socket)
    return socket


async def close_all(app: web.Application) -> None:
    """Tell every screen that the process stops, so that it looks for another one."""
    sockets = app[LIVE_SOCKETS]
    for socket in tuple(sockets):
        await socket.close(code=WSCloseCode.GOING_AWAY, message=b"restart")


async def _until_closed(socket: web.WebSocketResponse) -> None:
    async for message in socket:
        if message.type is WSMsgType.ERROR:
            return


async def _send(
    request: web.Request,
    socket: web.WebSocketResponse,
    snapshot: Snapshot,
    changed: asyncio.Event,
    refresh: float,
) -> None:
    while not socket.closed:
        changed.clear()
        if not await _is_signed_in(request):
            await socket.close(code=SIGNED_OUT, message=b"signed out")
            return
        with contextlib.suppress(Unavailable):
            picture = await snapshot()
            try:
                async with asyncio.timeout(SEND_LIMIT):
                    await socket.send_json(picture)
            except (TimeoutError, ConnectionError):
                await socket.close()
                return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(refresh):
                await changed.wait()
        await asyncio.sleep(GATHER)


async def _is_signed_in(request: web.Request) -> bool:
    """Say whether the session still admits to this screen; unknown counts as yes for now."""
    token = request.cookies.get(SESSION_COOKIE, "")
    now, idle = request.app[CLOCK](), request.app[OPTIONS].administrators_idle
    try:
        async with request.app[DATABASE].read() as session:
            found = await read_session(session, token, idle=idle, now=now)
    except Unavailable:
        return True
    return found is not None and request[ROUTE].admits(found.user.roles)


async def _listen(request: web.Request, topics: tuple[str, ...], changed: asyncio.Event) -> None:
    """Set `changed` at each signal; without signals the refresh alone must do."""
    while True:
        try:
            async with request.app[SIGNALS].subscribe(*topics) as signals:
                await _relay(signals, changed)
        except OSError as error:
            log.warning("signals_lost", error=type(error).__name__)
        await asyncio.sleep(1)


async def _relay(signals: AsyncIterator[Signal], changed: asyncio.Event) -> None:
    async for _ in signals:
        changed.set()
