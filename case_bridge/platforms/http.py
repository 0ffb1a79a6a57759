"""Another maker's case system over HTTP and JSON.

`POST /filings` and `POST /cases/{case_key}/rounds` carry an `Idempotency-Key` of ticket and round:
a repetition after a lost answer is answered with the same case. `GET /progress?since=…&after=…`
gives every message again; the maker may also push each one to our `/case-platform/progress`.
"""

import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any, Final
from urllib.parse import quote, urlencode

import aiohttp
import structlog
from pydantic import ValidationError
from yarl import URL

from case_bridge.platform import (
    CaseFiling,
    CaseProgress,
    CaseReference,
    FilingRefused,
    PlatformUnavailable,
)
from case_bridge.platforms.http_messages import (
    WirePage,
    WireProgress,
    WireReference,
    filing_json,
    filing_key,
    instant,
)
from case_bridge.signing import HEADER, KeyRing
from hotline.kernel.clock import Clock
from hotline.kernel.errors import Invalid

log = structlog.get_logger()

LARGEST_ANSWER: Final = 4 * 1024 * 1024
MOST_PAGES: Final = 10_000
REFUSALS: Final = frozenset({400, 404, 409, 410, 413, 422})
"""What no repetition changes. 401 and 403 do not count: a key is mended, the filing was good."""


@dataclass(frozen=True, slots=True)
class HttpPlatformOptions:
    """Where the other maker's system is, and how we prove who we are."""

    url: str
    keys: KeyRing
    name: str = "http"
    timeout: timedelta = timedelta(seconds=10)


class HttpPlatform:
    """A case system behind `CasePlatform` whose people are another maker's."""

    def __init__(
        self, options: HttpPlatformOptions, session: aiohttp.ClientSession, *, clock: Clock
    ) -> None:
        self._options = options
        self._session = session
        self._clock = clock

    @property
    def name(self) -> str:
        """The name of the platform in links, logs and alarms."""
        return self._options.name

    async def submit(self, filing: CaseFiling) -> CaseReference:
        """Hand over a filing."""
        answer = await self._ask("POST", "/filings", filing_json(filing), filing_key(filing))
        return _reference(answer)

    async def reopen(self, case_key: str, filing: CaseFiling, reason: str) -> CaseReference:
        """Ask to work on a case again."""
        body = {"filing": filing_json(filing), "reason": reason}
        target = f"/cases/{quote(case_key, safe='')}/rounds"
        return _reference(await self._ask("POST", target, body, filing_key(filing)))

    async def progress_since(self, since: datetime) -> AsyncIterator[CaseProgress]:
        """Yield the maker's messages, page by page."""
        query = {"since": instant(since)}
        seen: set[str] = set()
        for _ in range(MOST_PAGES):
            page = _page(await self._ask("GET", f"/progress?{urlencode(query)}"))
            for message in page.messages:
                yield message.progress()
            if page.next is None or page.next in seen:
                return
            seen.add(page.next)
            query["after"] = page.next

    async def probe(self) -> None:
        """Return if the maker's system answers and knows our key.

        Raises:
            PlatformUnavailable: if it does not answer.
            FilingRefused: if it does not know `GET /progress`.
        """
        _page(await self._ask("GET", f"/progress?{urlencode({'since': instant(self._clock())})}"))

    async def aclose(self) -> None:
        """The connections belong to the house."""

    async def _ask(
        self, method: str, target: str, body: dict[str, Any] | None = None, key: str | None = None
    ) -> bytes:
        content = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        now, nonce = self._clock(), secrets.token_urlsafe(16)
        headers = {
            "Accept": "application/json",
            HEADER: self._options.keys.header(method, target, content, nonce=nonce, now=now),
        }
        if body is not None:
            headers["Content-Type"] = "application/json"
        if key is not None:
            headers["Idempotency-Key"] = key
        status, answer = await self._exchange(method, target, content, headers)
        if status in REFUSALS:
            raise FilingRefused(_problem(answer) or f"HTTP {status}")
        if not 200 <= status <= 299:
            log.warning("case_platform_failed", status=status, target=target.partition("?")[0])
            raise PlatformUnavailable
        return answer

    async def _exchange(
        self, method: str, target: str, content: bytes, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        limit = aiohttp.ClientTimeout(total=self._options.timeout.total_seconds())
        # Files make it large: a stream is written bit by bit.
        body = BytesIO(content) if content else None
        # As it was signed: no second quoting.
        url = URL(self._options.url.rstrip("/") + target, encoded=True)
        try:
            async with self._session.request(
                method, url, data=body, headers=headers, timeout=limit, allow_redirects=False
            ) as response:
                answer = await response.content.read(LARGEST_ANSWER + 1)
                while len(answer) <= LARGEST_ANSWER and not response.content.at_eof():
                    answer += await response.content.read(LARGEST_ANSWER + 1 - len(answer))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise PlatformUnavailable from error
        if len(answer) > LARGEST_ANSWER:
            log.error("case_platform_answer_too_long", target=target.partition("?")[0])
            raise PlatformUnavailable
        return response.status, answer


def read_progress(raw: bytes) -> CaseProgress:
    """Return the message that the maker pushed to us.

    Raises:
        Invalid: if it is not one, with the field and what is wrong.
    """
    try:
        return WireProgress.model_validate_json(raw).progress()
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"]) or "body"
        raise Invalid(where, first["msg"]) from None


def _reference(answer: bytes) -> CaseReference:
    try:
        return WireReference.model_validate_json(answer).reference()
    except ValidationError as error:
        log.error("case_platform_answer_unreadable", problems=error.error_count())
        raise PlatformUnavailable from error


def _page(answer: bytes) -> WirePage:
    try:
        return WirePage.model_validate_json(answer)
    except ValidationError as error:
        log.error("case_platform_answer_unreadable", problems=error.error_count())
        raise PlatformUnavailable from error


def _problem(answer: bytes) -> str:
    try:
        found = json.loads(answer)
    except ValueError:
        return ""
    return str(found.get("problem", ""))[:400] if isinstance(found, dict) else ""
