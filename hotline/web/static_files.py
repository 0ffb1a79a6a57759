"""Our own style sheets, scripts and pictures; nothing is loaded from another host."""

from typing import Final

from aiohttp import web

from hotline.kernel.errors import NotFound
from hotline.web.pages import ASSETS
from hotline.web.routing import PUBLIC, Route

FOR_EVER: Final = "public, max-age=31536000, immutable"
BRIEFLY: Final = "public, max-age=300"


async def get_static(request: web.Request) -> web.FileResponse:
    """Send one file; for ever cacheable when the address names the content's hash.

    Raises:
        NotFound: if there is no such file.
    """
    assets = request.app[ASSETS]
    name = request.match_info["name"]
    path = assets.path(name)
    if path is None:
        raise NotFound("file", name)
    is_exact = request.query.get("v") == assets.version(path)
    headers = {"Cache-Control": FOR_EVER if is_exact else BRIEFLY}
    return web.FileResponse(path, headers=headers)


ROUTES = (Route("GET", "/static/{name:.+}", get_static, PUBLIC, "static"),)
