"""The public form and its receipt."""

import asyncio
import secrets
from collections.abc import Mapping
from typing import Final
from uuid import UUID

import structlog
from aiohttp import web
from aiohttp.web_request import FileField
from itsdangerous import BadData, URLSafeTimedSerializer

from channels.web.form import REPLY_CHANNELS, TRAP, Checked, Upload, check_report
from channels.web.options import PUBLIC_PAGES
from channels.web.photos import LARGEST_PHOTO, MOST_PHOTOS
from hotline.contacts.contact import Channel
from hotline.intake import service as intake
from hotline.kernel.errors import Invalid, Unavailable
from hotline.kernel.ids import ContactId
from hotline.tickets import reading
from hotline.tickets.categories import list_categories
from hotline.tickets.category import Category
from hotline.tickets.ticket import RequestKind
from hotline.web.forms import posted
from hotline.web.keys import CLOCK, DATABASE, OPTIONS
from hotline.web.labels import choices
from hotline.web.language import translate
from hotline.web.pages import Blanks, render
from hotline.web.rates import subscriber
from hotline.web.requests import form_fields, is_own_machine, source_of
from hotline.web.routing import PUBLIC, Route

log = structlog.get_logger()

MAX_BODY: Final = MOST_PHOTOS * LARGEST_PHOTO + 256 * 1024
RECEIPT_LIVES: Final = 24 * 3600
"""Seconds; afterwards number and code are what opens the page."""

_REPLY_WORDS: Final = {
    Channel.VOICE: "电话回访",
    Channel.SMS: "短信",
    Channel.MAIL: "电子邮件",
    Channel.WEB: "不留联系方式，凭工单号和提取码查询",
}
_FRESH: Final = {"reply_channel": Channel.VOICE.value}


async def get_report(request: web.Request) -> web.Response:
    """Show the empty form."""
    return await _form(request, _FRESH, {})


async def post_report(request: web.Request) -> web.Response:
    """Take the report: stored raw first, then a ticket; then the receipt.

    With the database down the form comes back with everything that was typed.
    """
    options = request.app[PUBLIC_PAGES]
    now = request.app[CLOCK]()
    fields = await form_fields(request)
    if not is_own_machine(request):
        await options.reports.check(subscriber(source_of(request)), now=now)
    checked = check_report(fields, await _uploads(request))
    if checked.form is None:
        return await _form(request, fields, _translated(request, checked), status=422)
    try:
        received = await intake.receive(
            request.app[DATABASE],
            checked.form.to_contact(now=now),
            options=options.intake,
            now=now,
        )
    except Unavailable as error:
        return await _come_again(request, fields, error)
    log.info("report_received", contact_id=str(received.contact_id), is_new=received.is_new)
    token = _receipts(request).dumps(received.contact_id.hex)
    return web.Response(status=303, headers={"Location": f"/receipt/{token}"})


async def get_receipt(request: web.Request) -> web.Response:
    """Show number and query code of what was just reported.

    Raises:
        Invalid: if the address is not one of ours, or too old.
    """
    try:
        known = _receipts(request).loads(request.match_info["token"], max_age=RECEIPT_LIVES)
    except BadData:
        raise Invalid("token", "the receipt is not one of ours, or older than a day") from None
    options = request.app[PUBLIC_PAGES]
    async with request.app[DATABASE].read() as session:
        ticket = await reading.ticket_of_contact(session, ContactId(UUID(hex=known)))
        code = (
            await reading.query_code_of(session, ticket.ticket_id, options.query_codes)
            if ticket
            else ""
        )
    return render(request, "public/receipt.html", ticket=ticket, code=code)


async def _form(
    request: web.Request,
    fields: Mapping[str, str],
    problems: Mapping[str, str],
    *,
    status: int = 200,
    notice: str = "",
) -> web.Response:
    return render(
        request,
        "public/report.html",
        status=status,
        fields=Blanks(fields),
        problems=Blanks(problems),
        notice=notice,
        nonce=fields.get("nonce") or secrets.token_urlsafe(18),
        kinds=choices(RequestKind),
        reply_channels=[(each.value, _REPLY_WORDS[each]) for each in REPLY_CHANNELS],
        categories=await _categories(request),
        trap=TRAP,
        most_photos=MOST_PHOTOS,
        largest_mb=LARGEST_PHOTO // 1024 // 1024,
    )


async def _come_again(
    request: web.Request, fields: Mapping[str, str], error: Unavailable
) -> web.Response:
    log.warning("report_not_stored", what=error.what)
    numbers = "、".join(request.app[OPTIONS].numbers)
    notice = translate(
        request, "系统暂时无法保存，您填写的内容都还在下面。请稍后再按“提交”；照片需要重新选择。"
    )
    urgent = translate(request, "紧急情况请拨打：")
    response = await _form(request, fields, {}, status=503, notice=f"{notice}{urgent}{numbers}")
    response.headers["Retry-After"] = str(int(error.retry_after.total_seconds()))
    return response


async def _categories(request: web.Request) -> Mapping[str, list[Category]]:
    """Return the categories by major class; none while the database is away: it is optional."""
    groups: dict[str, list[Category]] = {}
    try:
        async with request.app[DATABASE].read() as session:
            for each in await list_categories(session):
                groups.setdefault(each.major_name, []).append(each)
    except Unavailable:
        return {}
    return groups


async def _uploads(request: web.Request) -> list[Upload]:
    form = await posted(request)
    files = [each for each in form.getall("photos", []) if isinstance(each, FileField)]
    return [await _upload(each) for each in files if each.filename]


async def _upload(file: FileField) -> Upload:
    # One byte more than allowed is enough to know that it is too large.
    content = await asyncio.to_thread(file.file.read, LARGEST_PHOTO + 1)
    return Upload(file.filename[-200:], content)


def _translated(request: web.Request, checked: Checked) -> dict[str, str]:
    return {name: translate(request, text) for name, text in checked.problems.items()}


def _receipts(request: web.Request) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(request.app[PUBLIC_PAGES].receipt_secret, salt="receipt-1")


ROUTES = (
    Route("GET", "/report", get_report, PUBLIC, "report"),
    Route("POST", "/report", post_report, PUBLIC, "report.submit", max_body=MAX_BODY),
    Route("GET", "/receipt/{token}", get_receipt, PUBLIC, "receipt"),
)
