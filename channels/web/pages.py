"""The home page, and the public pages as one part of the web process."""

from pathlib import Path
from typing import Final

from aiohttp import web

from channels.web import callback, report, status
from channels.web.options import PUBLIC_PAGES, PublicOptions
from hotline.web.pages import render
from hotline.web.routing import PUBLIC, MenuEntry, Route, WebPart

HERE: Final = Path(__file__).parent


async def get_home(request: web.Request) -> web.Response:
    """Show the numbers to call and the ways to write (R1)."""
    return render(request, "public/home.html")


ROUTES = (
    Route("GET", "/", get_home, PUBLIC, "home"),
    *report.ROUTES,
    *status.ROUTES,
    *callback.ROUTES,
)


def public_part(options: PublicOptions) -> WebPart:
    """Return the public pages as a part of the web process."""
    return WebPart(
        "public",
        ROUTES,
        templates=HERE / "templates",
        catalogue=HERE / "catalogue",
        menu=(
            MenuEntry("反映问题", "/report", PUBLIC),
            MenuEntry("查询进度", "/status", PUBLIC),
        ),
        provides={PUBLIC_PAGES: options},
    )
