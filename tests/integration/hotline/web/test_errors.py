"""The edge of the web process, over a real socket."""

import asyncio

import structlog
from aiohttp import web

from hotline.web.errors import answer_errors


async def test_a_page_that_goes_while_it_speaks_is_no_failure() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def hear(request: web.Request) -> web.Response:
        begun.set()
        try:
            return web.json_response(await request.json())
        finally:
            asyncio.get_running_loop().call_soon(ended.set)

    app = web.Application(middlewares=[answer_errors])
    app.router.add_post("/desk/phone", hear)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]

    with structlog.testing.capture_logs() as logs:
        _, writer = await asyncio.open_connection(host, port)
        writer.write(b"POST /desk/phone HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        async with asyncio.timeout(30):
            await begun.wait()
            writer.close()
            await ended.wait()
    await runner.cleanup()

    assert [each["event"] for each in logs] == ["page_gone"]
