"""Is the process alive, is it ready, and what does it measure."""

import asyncio
import hmac
import os
from http import HTTPStatus
from typing import Final

from aiohttp import web
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy import text

from hotline.contacts.telephony import service as telephony
from hotline.kernel.errors import NotFound, Unavailable
from hotline.web.keys import CLOCK, DATABASE, OPTIONS
from hotline.web.requests import is_own_machine
from hotline.web.routing import PUBLIC, Handler, Route
from hotline.web.telephony_figures import telephony_figures

READY_WITHIN: Final = 2.0
"""Seconds; a load balancer asks more often than it waits."""

REQUESTS: Final = Counter(
    "hotline_http_requests_total", "Requests answered.", ["method", "route", "status"]
)
SECONDS: Final = Histogram("hotline_http_request_seconds", "Time to answer.", ["route"])


async def get_live(_request: web.Request) -> web.Response:
    """Say that the process runs its loop."""
    return web.json_response({"live": True})


async def get_ready(request: web.Request) -> web.Response:
    """Say whether work can be taken: the database answers."""
    try:
        async with asyncio.timeout(READY_WITHIN), request.app[DATABASE].read() as session:
            await session.execute(text("SELECT 1"))
    except (Unavailable, TimeoutError):
        return web.json_response({"ready": False, "database": False}, status=503)
    return web.json_response({"ready": True, "database": True})


async def get_metrics(request: web.Request) -> web.Response:
    """Show the figures to the monitoring; to nobody else, not even that they exist."""
    if not _may_measure(request):
        raise NotFound("page", request.path)
    body = generate_latest(_registry()) + await _figures_of_calls(request)
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


def _registry() -> CollectorRegistry:
    """Return where the figures are: those of all web processes where several share a folder."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return together


async def _figures_of_calls(request: web.Request) -> bytes:
    """Return what the voice processes tell; nothing while the database is away."""
    try:
        async with asyncio.timeout(READY_WITHIN), request.app[DATABASE].read() as session:
            told = await telephony.reports(session)
    except (Unavailable, TimeoutError):
        return b""
    return telephony_figures(told, request.app[CLOCK]())


def _may_measure(request: web.Request) -> bool:
    token = request.app[OPTIONS].metrics_token
    if token is not None:
        given = request.headers.get("Authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {token}".encode())
    return is_own_machine(request)


@web.middleware
async def measure(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count and time every answer by route, never by path: paths hold ids."""
    resource = request.match_info.route.resource
    route = resource.canonical if resource else "none"
    status = HTTPStatus.INTERNAL_SERVER_ERROR.value
    with SECONDS.labels(route).time():
        try:
            response = await handler(request)
            status = response.status
        except web.HTTPException as redirect:
            status = redirect.status
            raise
        finally:
            REQUESTS.labels(request.method, route, status).inc()
    return response


ROUTES = (
    Route("GET", "/health/live", get_live, PUBLIC, "health.live"),
    Route("GET", "/health/ready", get_ready, PUBLIC, "health.ready"),
    Route("GET", "/metrics", get_metrics, PUBLIC, "metrics"),
)
