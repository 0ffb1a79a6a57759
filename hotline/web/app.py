"""The web process's application: parts put together, every route behind its guard.

How another package adds pages:

    ROUTES = (Route("GET", "/cases", get_cases, frozenset({Role.DISPATCHER}), "cases.list"),)
    PART = WebPart("cases", ROUTES, templates=HERE / "templates", catalogue=HERE / "catalogue",
                   menu=(MenuEntry("案卷", "/cases", frozenset({Role.DISPATCHER})),))

Its pages lie in `<templates>/cases/*.html`, begin with `{% extends "hotline/layout.html" %}`, and
hold `{{ form_token_field() }}` in every form that posts. `config` calls
`make_app(database, parts, options, clock=..., signals=...)`.
"""

from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Final

import structlog
from aiohttp import web

from hotline.kernel.clock import Clock
from hotline.kernel.db import Database
from hotline.kernel.ids import new_id
from hotline.web import auth, health, live, own_password, static_files
from hotline.web.auth import guard
from hotline.web.errors import answer_errors
from hotline.web.health import measure
from hotline.web.keys import (
    CLOCK,
    DATABASE,
    LANGUAGE,
    LIVE_SOCKETS,
    OPTIONS,
    PARTS,
    REQUEST_ID,
    SIGNALS,
    WebOptions,
)
from hotline.web.language import TEXTS, choose_language, load_texts
from hotline.web.pages import ASSETS, ENVIRONMENTS, OWN_TEMPLATES, Assets, make_environments
from hotline.web.policy import SECURITY_HEADERS
from hotline.web.routing import Handler, Route, WebPart
from hotline.web.signals import Signals

OWN_PART: Final = WebPart(
    "hotline",
    (*auth.ROUTES, *own_password.ROUTES, *health.ROUTES, *static_files.ROUTES),
    templates=OWN_TEMPLATES,
    catalogue=Path(__file__).parent / "catalogue",
)


def make_app(
    database: Database,
    parts: Sequence[WebPart],
    options: WebOptions,
    *,
    clock: Clock,
    signals: Signals,
) -> web.Application:
    """Return the application with the hotline's own pages and those of `parts`.

    Raises:
        ValueError: if two routes have one name, or one method and path.
    """
    all_parts = (OWN_PART, *parts)
    routes = all_routes(all_parts)
    app = web.Application(
        middlewares=[accompany, measure, answer_errors],
        client_max_size=max(route.max_body for route in routes),
    )
    app[DATABASE] = database
    app[CLOCK] = clock
    app[SIGNALS] = signals
    app[OPTIONS] = options
    app[PARTS] = all_parts
    app[LIVE_SOCKETS] = set()
    app.on_shutdown.append(live.close_all)
    app[TEXTS] = load_texts(all_parts)
    app[ASSETS] = Assets.of(all_parts)
    for part in all_parts:
        for key, value in part.provides.items():
            app[key] = value
    app[ENVIRONMENTS] = make_environments(app)
    for route in routes:
        app.router.add_route(route.method, route.path, guard(route))
    return app


def all_routes(parts: Sequence[WebPart]) -> tuple[Route, ...]:
    """Return the routes of every part.

    Raises:
        ValueError: if two routes have one name, or one method and path.
    """
    routes = tuple(route for part in parts for route in part.routes)
    for keys in ([r.name for r in routes], [(r.method, r.path) for r in routes]):
        doubles = {str(key) for key in keys if keys.count(key) > 1}  # type: ignore[arg-type]
        if doubles:
            raise ValueError(f"routes defined twice: {', '.join(sorted(doubles))}")
    return routes


@web.middleware
async def accompany(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give every request a number and a language, and every answer its security headers."""
    request[REQUEST_ID] = new_id().hex[:12]
    request[LANGUAGE] = choose_language(request)
    with structlog.contextvars.bound_contextvars(request_id=request[REQUEST_ID]):
        try:
            response = await handler(request)
        except web.HTTPException as redirect:
            if redirect.status >= HTTPStatus.BAD_REQUEST:
                raise
            response = web.Response(status=redirect.status, headers=dict(redirect.headers))
    if not response.prepared:
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers["X-Request-Id"] = request[REQUEST_ID]
        if request.app[OPTIONS].https:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
    return response
