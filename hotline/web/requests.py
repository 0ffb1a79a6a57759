"""Reading requests: ids in paths, JSON bodies, where a request came from, what it wants back."""

import re
from ipaddress import ip_address
from typing import Final, TypeVar
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel

from hotline.kernel.errors import Invalid
from hotline.web.forms import posted, posted_json
from hotline.web.keys import OPTIONS

Body = TypeVar("Body", bound=BaseModel)

_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f]")


def path_id(request: web.Request, name: str) -> UUID:
    """Return the id that the path carries under `name`.

    Raises:
        Invalid: if it is not a UUID.
    """
    try:
        return UUID(request.match_info[name])
    except ValueError:
        raise Invalid(name, "is not an id") from None


async def json_body(request: web.Request, kind: type[Body]) -> Body:
    """Return the JSON body as `kind`.

    Raises:
        Invalid: if the body is not JSON, or holds what is no text.
        pydantic.ValidationError: if it is of another shape; answered as 422 with every field.
    """
    return kind.model_validate(await posted_json(request))


async def form_fields(request: web.Request) -> dict[str, str]:
    """Return the text fields of a form, stripped; of a repeated field the last one."""
    fields = (await posted(request)).items()
    return {name: value.strip() for name, value in fields if isinstance(value, str)}


def wants_json(request: web.Request) -> bool:
    """Say whether the other side is a program: it sent JSON, or accepts JSON and not HTML."""
    accept = request.headers.get("Accept", "")
    if "text/html" in accept:
        return False
    return request.content_type == "application/json" or "application/json" in accept


def source_of(request: web.Request) -> str:
    """Return the address that the request came from, seen through our own proxies.

    Only as many entries of X-Forwarded-For are believed as there are proxies of ours.
    """
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
    trusted = request.app[OPTIONS].trusted_proxies
    if trusted and len(hops) >= trusted and hops[-trusted]:
        return hops[-trusted]
    return request.remote or "unknown"


def is_own_machine(request: web.Request) -> bool:
    """Say whether the request began on this machine: not from a proxy's visitor."""
    came_by_proxy = "X-Forwarded-For" in request.headers
    try:
        return not came_by_proxy and ip_address(request.remote or "").is_loopback
    except ValueError:
        return False


def local_path(target: str | None, default: str) -> str:
    """Return `target` if it is a path on this site, else `default` (no redirects elsewhere).

    Browsers leave tabs and ends of lines out before they read an address, and take a backslash
    for a slash (URL Standard, 4.4): `/<tab>/example.org` is another site.
    """
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return default
    return default if _CONTROLS.search(target) else target
