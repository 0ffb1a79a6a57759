"""Forged requests: a form must come from a page of ours, a program's JSON from no other site.

A form carries a token that is bound to the session (or, without one, to a visitor cookie) by a
keyed hash. A JSON body needs none: another site's page cannot send one without a preflight,
which we never grant. Both are refused when the browser says that another site sent them.
"""

import hmac
import secrets
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web
from markupsafe import Markup

from hotline.kernel.errors import Forbidden
from hotline.web.forms import posted
from hotline.web.keys import OPTIONS

SESSION_COOKIE: Final = "hotline_session"
VISITOR_COOKIE: Final = "hotline_visitor"
FIELD: Final = "form_token"
HEADER: Final = "X-Form-Token"

VISITOR: Final = web.RequestKey("visitor", str)


class ForgedForm(Forbidden):
    """The form's token is missing, old, or another browser's."""


def form_token(request: web.Request) -> str:
    """Return the token for a form on this page; sets the visitor cookie when one is needed."""
    binding = _binding(request)
    if binding is None:
        binding = request[VISITOR] = secrets.token_urlsafe(16)
    return _sign(request, binding)


def form_token_field(request: web.Request) -> Markup:
    """Return the hidden field that every form of ours holds."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, form_token(request))


def remember_visitor(request: web.Request, response: web.StreamResponse) -> None:
    """Give the browser the visitor cookie that a form on this page is bound to."""
    if VISITOR in request:
        response.set_cookie(
            VISITOR_COOKIE,
            request[VISITOR],
            httponly=True,
            samesite="Lax",
            secure=request.app[OPTIONS].https,
        )


async def check_form(request: web.Request) -> None:
    """Let the request pass if it comes from a page of ours or from a program.

    Raises:
        ForgedForm: if another site sent it, or its token does not fit.
    """
    _check_site(request)
    if request.content_type == "application/json":
        return
    given = request.headers.get(HEADER) or (await posted(request)).get(FIELD)
    binding = _binding(request)
    if binding is None or not isinstance(given, str):
        raise ForgedForm("the form token is missing")
    if not hmac.compare_digest(given.encode(), _sign(request, binding).encode()):
        raise ForgedForm("the form token does not fit")


def check_same_site(request: web.Request) -> None:
    """Let a WebSocket pass only from a page of ours; browsers send no preflight for it.

    Raises:
        ForgedForm: if another site's page opened it.
    """
    _check_site(request)


def _check_site(request: web.Request) -> None:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in {"same-origin", "none"}:
        raise ForgedForm("another site sent the request")
    origin = request.headers.get("Origin")
    if origin is not None and site is None and urlsplit(origin).netloc != request.host:
        raise ForgedForm("another site sent the request")


def _binding(request: web.Request) -> str | None:
    return (
        request.cookies.get(SESSION_COOKIE)
        or request.get(VISITOR)
        or request.cookies.get(VISITOR_COOKIE)
    )


def _sign(request: web.Request, binding: str) -> str:
    return hmac.new(request.app[OPTIONS].secret, f"form:{binding}".encode(), "sha256").hexdigest()
