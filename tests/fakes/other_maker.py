"""Another maker's case system: a real HTTP server that speaks our documented JSON."""

import asyncio
import json
from base64 import b64decode
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from aiohttp import web

from case_bridge.platform import CaseFiling, CaseProgress, FilingAttachment, FilingRefused
from case_bridge.signing import HEADER, KeyRing, SignatureRefused
from hotline.kernel.ids import TicketId
from tests.fakes.memory_platform import MemoryPlatform

PAGE = 2
"""Small, so that every test turns pages."""


@dataclass
class OtherMaker:
    """The maker's people are `memory`; its troubles are the fields."""

    keys: KeyRing
    clock: Callable[[], datetime]
    memory: MemoryPlatform = field(default_factory=MemoryPlatform)
    url: str = ""
    status: int | None = None
    """Answer everything with it, having done nothing."""
    answers_lost: int = 0
    """So many filings are taken, and their answers cut off."""
    hangs: bool = False
    garbage: bytes | None = None
    requests: list[tuple[str, str, str]] = field(default_factory=list)
    _release: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.requests.append(
            (request.method, request.path, request.headers.get("Idempotency-Key", ""))
        )
        if self.hangs:
            await self._release.wait()
        if self.status is not None:
            return web.json_response({"problem": "出了问题"}, status=self.status)
        try:
            self.keys.verify(
                request.headers.get(HEADER, ""),
                request.method,
                request.raw_path.removeprefix("/api"),
                body,
                now=self.clock(),
            )
        except SignatureRefused as error:
            return web.json_response({"problem": str(error)}, status=401)
        if self.garbage is not None:
            return web.Response(body=self.garbage)
        try:
            answer = await self._answer(request, body)
        except FilingRefused as error:
            return web.json_response({"problem": error.problem}, status=422)
        if request.method == "POST" and self.answers_lost:
            self.answers_lost -= 1
            assert request.transport is not None
            request.transport.abort()
        return web.json_response(answer)

    async def _answer(self, request: web.Request, body: bytes) -> dict[str, Any]:
        if request.path == "/api/progress":
            return await self._progress(request)
        sent = json.loads(body)
        if request.path == "/api/filings":
            reference = await self.memory.submit(_filing(sent))
        else:
            reference = await self.memory.reopen(
                request.match_info["case_key"], _filing(sent["filing"]), sent["reason"]
            )
        return {
            "case_key": reference.case_key,
            "number": reference.number,
            "round": reference.round,
            "a_field_of_theirs": "left alone",
        }

    async def _progress(self, request: web.Request) -> dict[str, Any]:
        since = datetime.fromisoformat(request.query["since"])
        told = [message async for message in self.memory.progress_since(since)]
        begin = int(request.query.get("after", "0"))
        end = begin + PAGE
        return {
            "messages": [progress_json(each) for each in told[begin:end]],
            "next": str(end) if end < len(told) else None,
        }


def progress_json(message: CaseProgress) -> dict[str, Any]:
    return {
        "message_id": message.message_id,
        "case_key": message.case_key,
        "round": message.round,
        "sequence": message.sequence,
        "kind": message.kind.value,
        "text": message.text,
        "occurred_at": message.occurred_at.isoformat(),
    }


def _attachment(sent: dict[str, Any]) -> FilingAttachment:
    content = b64decode(sent["content"], validate=True)
    assert len(content) == sent["size"]
    assert sha256(content).hexdigest() == sent["sha256"]
    received_at = datetime.fromisoformat(sent["received_at"])
    return FilingAttachment(
        name=sent["name"],
        media_type=sent["media_type"],
        sha256=sent["sha256"],
        received_at=received_at,
        content=content,
    )


def _filing(sent: dict[str, Any]) -> CaseFiling:
    return CaseFiling(
        **sent
        | {
            "ticket_id": TicketId(UUID(sent["ticket_id"])),
            "submitted_at": datetime.fromisoformat(sent["submitted_at"]),
            "attachments": tuple(_attachment(each) for each in sent["attachments"]),
        }
    )


@asynccontextmanager
async def serve_other_maker(
    keys: KeyRing, clock: Callable[[], datetime]
) -> AsyncGenerator[OtherMaker, None]:
    """Serve on loopback until the block ends."""
    maker = OtherMaker(keys, clock)
    app = web.Application(client_max_size=80 * 1024 * 1024)
    app.router.add_route("*", "/api/filings", maker.handle)
    app.router.add_route("*", "/api/cases/{case_key}/rounds", maker.handle)
    app.router.add_route("*", "/api/progress", maker.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    maker.url = f"http://127.0.0.1:{runner.addresses[0][1]}/api"
    try:
        yield maker
    finally:
        maker._release.set()
        await runner.cleanup()
