"""Scripted people at browsers: staff at the desk's own endpoints, citizens at the forms."""

import asyncio
import html
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import aiohttp

from config.demo.people import PASSWORD
from hotline.kernel.errors import HotlineError

T = TypeVar("T")

PATIENCE: Final = 60.0
"""Seconds for anything that happens by itself: a job, a call, a mail."""

_LOOK_AGAIN: Final = 0.15
_TOKEN: Final = re.compile(r'name="form_token" value="([^"]+)"')
_HIDDEN: Final = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')


class StepFailed(HotlineError):
    """A step of a story did not hold."""


def expect(holds: bool, problem: str) -> None:
    """Go on if the step holds.

    Raises:
        StepFailed: with `problem` if it does not.
    """
    if not holds:
        raise StepFailed(problem)


async def eventually(
    what: str,
    look: Callable[[], Awaitable[T | None]],
    *,
    patience: float = PATIENCE,
    look_again: float = _LOOK_AGAIN,
) -> T:
    """Look again and again until `look` returns something, and return it.

    Raises:
        StepFailed: if it does not within `patience` seconds.
    """
    try:
        async with asyncio.timeout(patience):
            while True:
                found = await look()
                if found is not None:
                    return found
                await asyncio.sleep(look_again)
    except TimeoutError:
        raise StepFailed(f"{what}: not within {patience:g} s") from None


class Browser:
    """One person's cookies."""

    def __init__(self, base: str, session: aiohttp.ClientSession) -> None:
        self._base = base
        self._session = session

    @classmethod
    @asynccontextmanager
    async def open(cls, base: str) -> AsyncGenerator["Browser", None]:
        """Open a browser on the site at `base`."""
        jar = aiohttp.CookieJar(unsafe=True)  # the site is an IP address here
        limit = aiohttp.ClientTimeout(total=30)
        async with aiohttp.ClientSession(cookie_jar=jar, timeout=limit) as session:
            yield cls(base, session)

    async def sign_in(self, login: str) -> None:
        """Sign in with a demo account."""
        await self.post("/login", {"login": login, "password": PASSWORD})

    async def get(self, path: str) -> dict[str, Any]:
        """Return the JSON that a page shows to programs.

        Raises:
            StepFailed: if the answer is not 200.
        """
        headers = {"Accept": "application/json"}
        async with self._session.get(f"{self._base}{path}", headers=headers) as response:
            if response.status != 200:
                raise StepFailed(f"GET {path}: {response.status} {await response.text()}")
            body: dict[str, Any] = await response.json()
            return body

    async def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Do something and return what the site answers.

        Raises:
            StepFailed: if it is refused.
        """
        return await self._send("POST", path, body)

    async def put(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Change something and return what the site answers.

        Raises:
            StepFailed: if it is refused.
        """
        return await self._send("PUT", path, body)

    async def _send(self, method: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        headers = {"Accept": "application/json"}
        async with self._session.request(
            method, f"{self._base}{path}", json=dict(body), headers=headers
        ) as response:
            if response.status >= 300:
                raise StepFailed(f"{method} {path}: {response.status} {await response.text()}")
            answer: dict[str, Any] = await response.json()
            return answer

    async def page(self, path: str) -> str:
        """Return the HTML of a page.

        Raises:
            StepFailed: if the answer is not 200.
        """
        address = path if path.startswith("http") else f"{self._base}{path}"
        async with self._session.get(address) as response:
            if response.status != 200:
                raise StepFailed(f"GET {path}: {response.status}")
            return await response.text()

    async def submit(self, path: str, fields: Mapping[str, str], *, form: str | None = None) -> str:
        """Fill in the form of a page, send it, and return the page that follows.

        `form` is the page that holds it, if it is not at `path`.

        Raises:
            StepFailed: if the site does not take it.
        """
        page = await self.page(form or path)
        hidden = {name: html.unescape(value) for name, value in _HIDDEN.findall(page)}
        token = _TOKEN.search(page)
        if token is None:
            raise StepFailed(f"{path}: the page has no form")
        address = path if path.startswith("http") else f"{self._base}{path}"
        data = {**hidden, "form_token": token.group(1), **fields}
        async with self._session.post(address, data=data) as response:
            if response.status != 200:
                raise StepFailed(f"POST {path}: {response.status}")
            return await response.text()


@asynccontextmanager
async def signed_in(base: str, login: str) -> AsyncGenerator[Browser, None]:
    """Open a browser with somebody signed in."""
    async with Browser.open(base) as browser:
        await browser.sign_in(login)
        yield browser


def by_id(page: str, name: str) -> str:
    """Return the text of the element with an id.

    Raises:
        StepFailed: if the page has none.
    """
    found = re.search(rf'id="{name}"[^>]*>([^<]+)<', page)
    if found is None:
        raise StepFailed(f"the page shows no {name}")
    return html.unescape(found.group(1)).strip()
