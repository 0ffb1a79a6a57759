"""Tickets a second from the public form, beside the machine's raw figure.

    python -m benchmarks.web.form [--seconds 10] [--writers 8]

The whole way: HTTP, form token, contact stored raw in one transaction, ticket opened in a second,
receipt page. Beside it, in the same run with the same client and server: the least that an aiohttp
handler can do durably, one insert and commit over asyncpg. Prints one line of JSON.
"""

import argparse
import asyncio
import json
import re
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import uvloop
from aiohttp import web

from config.embedded import EmbeddedPostgres, EmbeddedValkey
from config.loading import prepare_database
from config.logging import configure_logging
from config.roles.web import application
from config.runtime import Servers, open_runtime
from config.settings import LogSettings, Settings

TOKEN = re.compile(r'name="form_token" value="([^"]+)"')

Send = Callable[[aiohttp.ClientSession, int, int], Awaitable[None]]


async def measure(servers: Servers, folder: Path, seconds: float, writers: int) -> dict[str, Any]:
    """Return tickets and raw inserts a second."""
    settings = Settings(data=folder)
    await prepare_database(servers, settings)
    async with open_runtime(settings, servers) as runtime, serving(application(runtime)) as base:
        page = await form_page(base)
        ours = await rate(base, form_sender(page), seconds, writers)
    async with raw_application(servers.database_url) as app, serving(app) as base:
        raw = await rate(base, insert, seconds, writers)
    return {
        "writers": writers,
        "tickets_per_second": ours,
        "raw_inserts_per_second": raw,
        "ratio": round(raw / ours, 1),
    }


async def rate(base: str, send: Send, seconds: float, writers: int) -> int:
    """Return how many requests a second `writers` clients get answered."""
    counts = [0] * writers
    end = time.monotonic() + seconds

    async def write(number: int) -> None:
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(base, cookie_jar=jar) as session:
            while time.monotonic() < end:
                await send(session, number, counts[number])
                counts[number] += 1

    await asyncio.gather(*(write(number) for number in range(writers)))
    return round(sum(counts) / seconds)


def form_sender(page: tuple[str, dict[str, str]]) -> Send:
    """Return what posts the form; a different matter each time."""
    token, cookies = page

    async def send(session: aiohttp.ClientSession, number: int, count: int) -> None:
        fields = {
            "form_token": token,
            "nonce": f"benchmark-{number:04}-{count:08}",
            "body": f"第{number}号路口第{count}盏路灯不亮，请尽快修理。",
            "address": "荷香路",
            "request_kind": "complaint",
            "reply_channel": "web",
        }
        async with session.post(
            "/report", data=fields, cookies=cookies, allow_redirects=False
        ) as answer:
            if answer.status != 303:
                raise RuntimeError(f"the form was answered {answer.status}")

    return send


async def insert(session: aiohttp.ClientSession, number: int, count: int) -> None:
    async with session.post("/", data={"body": f"{number} {count}"}) as answer:
        if answer.status != 200:
            raise RuntimeError(f"the insert was answered {answer.status}")


async def form_page(base: str) -> tuple[str, dict[str, str]]:
    """Return the form's token and the cookies that it is bound to."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(base, cookie_jar=jar) as session:
        async with session.get("/report") as answer:
            found = TOKEN.search(await answer.text())
        assert found is not None
        return found.group(1), {cookie.key: cookie.value for cookie in jar}


@asynccontextmanager
async def raw_application(url: str) -> AsyncGenerator[web.Application, None]:
    plain = url.replace("postgresql+asyncpg://", "postgresql://")
    async with asyncpg.create_pool(plain, min_size=8, max_size=8) as pool:
        await pool.execute("CREATE TABLE raw_figure (id bigserial PRIMARY KEY, body text)")

        async def post(request: web.Request) -> web.Response:
            fields = await request.post()
            await pool.execute("INSERT INTO raw_figure (body) VALUES ($1)", fields["body"])
            return web.Response(text="ok")

        app = web.Application()
        app.router.add_post("/", post)
        yield app


@asynccontextmanager
async def serving(app: web.Application) -> AsyncGenerator[str, None]:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=10.0)
    arguments.add_argument("--writers", type=int, default=8)
    chosen = arguments.parse_args()
    configure_logging(LogSettings(level="error"), role="benchmark")
    with tempfile.TemporaryDirectory(prefix="form-") as made:
        folder = Path(made)
        postgres, valkey = EmbeddedPostgres(folder / "postgres"), EmbeddedValkey(folder / "valkey")
        try:
            servers = Servers(database_url=postgres.start(), redis_url=valkey.start())
            figures = uvloop.run(measure(servers, folder, chosen.seconds, chosen.writers))
        finally:
            valkey.stop()
            postgres.stop()
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
