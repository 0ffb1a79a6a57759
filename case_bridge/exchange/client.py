"""The requests to a peer: a message, a wish for what is missing, how far both sides are."""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

import aiohttp
from yarl import URL

from case_bridge.exchange.peer import Peer
from case_bridge.signing import HEADER, SignatureRefused, answer_method
from hotline.kernel.clock import Clock
from hotline.kernel.errors import Unavailable

LARGEST_ANSWER: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What the peer answered."""

    status: int
    body: dict[str, Any]

    @property
    def received(self) -> int:
        """Return up to which number the peer has our messages about the case."""
        found = self.body.get("received", 0)
        return found if isinstance(found, int) else 0

    @property
    def problem(self) -> str:
        """Return what the peer did not like, in its words."""
        return str(self.body.get("problem") or self.body.get("message") or f"HTTP {self.status}")


class PeerClient:
    """Speaks for us (`name`) to one peer after the other."""

    def __init__(self, name: str, session: aiohttp.ClientSession, *, clock: Clock) -> None:
        self._name = name
        self._session = session
        self._clock = clock

    async def send(self, peer: Peer, raw: bytes) -> tuple[Answer, str]:
        """Deliver one message; return the answer and the signature it went with."""
        status, text, signature = await self._ask(peer, "POST", "messages", raw)
        return Answer(status, _object(text)), signature

    async def ask_again(self, peer: Peer, case_ref: str, sequence: int) -> Answer:
        """Ask for what the peer sent about a case, from a number on."""
        body = json.dumps({"case": case_ref, "from": sequence}, ensure_ascii=False).encode()
        status, text, _ = await self._ask(peer, "POST", "resend", body)
        return Answer(status, _object(text))

    async def state(self, peer: Peer, after: str) -> Answer:
        """Ask how far the peer is with each case, a page at a time."""
        status, text, _ = await self._ask(peer, "GET", f"state?{urlencode({'after': after})}", b"")
        return Answer(status, _object(text))

    async def piece(self, peer: Peer, case_ref: str, sha256: str, offset: int) -> bytes | None:
        """Fetch the piece of a file behind an offset; None if the peer offers no such file."""
        query = urlencode({"case": case_ref, "offset": offset})
        status, content, _ = await self._ask(peer, "GET", f"files/{sha256}?{query}", b"")
        return content if status == 200 else None

    async def _ask(self, peer: Peer, method: str, what: str, body: bytes) -> tuple[int, bytes, str]:
        """Make one request; return status and body of the answer, and the signature it went with.

        Raises:
            Unavailable: if the peer does not answer, says "later", does not take our key, or the
                answer is not signed by it.
        """
        target = f"/exchange/v1/{quote(self._name)}/{what}"
        nonce = secrets.token_urlsafe(16)
        signature = peer.keys.header(method, target, body, nonce=nonce, now=self._clock())
        headers = {HEADER: signature, "Accept": "application/json"}
        if body:
            headers["Content-Type"] = peer.dialect.content_type
        limit = aiohttp.ClientTimeout(total=peer.timeout.total_seconds())
        url = URL(peer.url.rstrip("/") + target, encoded=True)
        try:
            async with self._session.request(
                method, url, data=body, headers=headers, timeout=limit, allow_redirects=False
            ) as response:
                text = await _whole(response)
                signed = response.headers.get(HEADER, "")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(f"{peer.name}: {type(error).__name__}") from error
        status = response.status
        if status in {401, 403, 404, 429} or status >= 500 or status < 200:
            problem = Answer(status, _object(text)).problem
            raise Unavailable(f"{peer.name}: {status} {problem}"[:400])
        _check_signed(peer, signed, nonce, status, target, text, now=self._clock())
        return status, text, signature


def _check_signed(
    peer: Peer, header: str, nonce: str, status: int, target: str, text: bytes, *, now: datetime
) -> None:
    """Return if the answer to our nonce is the peer's own: who sits between can forge none.

    Raises:
        Unavailable: if it is not.
    """
    try:
        echoed = peer.keys.verify(header, answer_method(status), target, text, now=now)
    except SignatureRefused as error:
        raise Unavailable(f"{peer.name}: an answer that is not signed: {error}"[:400]) from error
    if echoed != nonce:
        raise Unavailable(f"{peer.name}: the answer to another request")


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    text = b""
    async for chunk in response.content.iter_chunked(65536):
        text += chunk
        if len(text) > LARGEST_ANSWER:
            raise aiohttp.ClientPayloadError("the answer is too long")
    return text


def _object(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
