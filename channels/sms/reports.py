"""What became of a text message: the gateway tells by a signed POST, kept before it is read.

The body is `{"key", "state", "code"}`: the key that we sent with the message; `delivered`, or
`failed` for good; and the operator's reason, if there is one. It is signed as our own messages are
(`gateway`). 202 says that it is kept, 401 that the signature is wrong or too old, 503 that it must
be sent again. Told twice it changes nothing more.
"""

import hashlib
import json
import re
from datetime import timedelta
from typing import Any, Final

from aiohttp import web

from channels.sms.gateway import HEADER, GatewayOptions, is_signed
from hotline.contacts.contact import Channel, InboundContact, ReturnedLetter, trace_of
from hotline.intake.request import CitizenRequest
from hotline.intake.service import store
from hotline.kernel.errors import NotFound
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.routing import PUBLIC, Route, WebPart

LARGEST: Final = 16 * 1024
WINDOW: Final = timedelta(minutes=15)
"""How old a signature may be; a report that is told again later is signed again."""

GATEWAY: Final = web.AppKey("sms_gateway", GatewayOptions)

_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,39}")


async def post_report(request: web.Request) -> web.Response:
    """Keep a report of the gateway; a job reads it.

    Raises:
        NotFound: if the hotline has no gateway.
    """
    gateway = request.app.get(GATEWAY)
    if gateway is None:
        raise NotFound("gateway of text messages", "sms")
    body, now = await request.read(), request.app[CLOCK]()
    header = request.headers.get(HEADER, "")
    if not is_signed(gateway.secret, body, header, now=now, within=WINDOW):
        return web.Response(status=401)
    report = InboundContact(
        channel=Channel.SMS,
        provider_id=f"report:{hashlib.sha256(body).hexdigest()}",
        received_at=now,
        raw=body,
    )
    await store(request.app[DATABASE], report)
    return web.Response(status=202)


def read_report(contact: InboundContact) -> CitizenRequest:
    """Return a report as intake understands it: nobody's request, perhaps a message that failed."""
    return CitizenRequest(
        subject="",
        body="",
        reply_channel=Channel.SMS,
        reply_to=None,
        is_automatic=True,
        returned=_failed(contact.raw),
    )


def _failed(body: bytes) -> ReturnedLetter | None:
    """Return the message that a report says has failed; None of any other, or of nonsense."""
    try:
        report: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(report, dict) or report.get("state") != "failed":
        return None
    key, code = report.get("key"), report.get("code")
    if not isinstance(key, str):
        return None
    known = _CODE.fullmatch(code) if isinstance(code, str) else None
    return ReturnedLetter(trace_of(key), None, known[0] if known else "")


def sms_part(gateway: GatewayOptions | None) -> WebPart:
    """Return the gateway's door as a part of the web process."""
    return WebPart(
        "sms",
        (
            Route(
                "POST",
                "/sms/reports",
                post_report,
                PUBLIC,
                "sms.reports",
                max_body=LARGEST,
                forgery_check=False,
            ),
        ),
        provides={GATEWAY: gateway} if gateway else {},
    )
