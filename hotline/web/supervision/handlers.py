"""Why this seat, service levels that open their rows, and the calls that we owe."""

from datetime import date, timedelta
from typing import Final

from aiohttp import web

from hotline.accounts import audit
from hotline.accounts.roles import Role
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.errors import Invalid
from hotline.kernel.privacy import mask_phone
from hotline.queues.explaining import RULES, SCORES, STATES, OfferStory, explain_offer
from hotline.queues.repository import QueueEntries
from hotline.queues.returns import service as returns
from hotline.queues.returns.states import ReturnReason, ReturnState
from hotline.reports import service as reports
from hotline.reports.definition import Class
from hotline.web.auth import current_user
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.pages import render
from hotline.web.requests import path_id
from hotline.web.routing import MenuEntry, MenuGroup, Route, WebPart
from hotline.web.supervision import lines, skills, thresholds

WATCHING: Final = frozenset({Role.SHIFT_LEADER, Role.SUPERVISOR})
READING: Final = WATCHING | {Role.LEADER}

MOST_ROWS: Final = 1000

CLASSES: Final = {
    Class.KEPT: "达标",
    Class.LATE: "超时接听",
    Class.ABANDONED: "放弃",
    Class.IGNORED: "不计",
    Class.ANNOUNCED: "公告已答复",
}

RETURN_REASONS: Final = {
    ReturnReason.DROPPED: "掉线",
    ReturnReason.MISSED: "未接",
    ReturnReason.REQUESTED: "预约回拨",
}

RETURN_STATES: Final = {
    ReturnState.WAITING: "待回拨",
    ReturnState.DIALLING: "回拨中",
    ReturnState.REACHED: "已接通",
    ReturnState.CANCELLED: "已取消",
    ReturnState.NOT_REACHED: "未联系上",
    ReturnState.TOLD: "未联系上，已短信告知",
    ReturnState.UNCLEAR: "结果不明，请人工处理",
}


async def get_levels(request: web.Request) -> web.Response:
    """Show the service levels of a day; today if none is named."""
    now = request.app[CLOCK]()
    today = now.astimezone(SHANGHAI).date()
    day = _day(request, today)
    async with request.app[DATABASE].read() as session:
        levels = await reports.levels_of(session, day, now=now)
    return render(
        request, "hotline/levels.html", day=day, levels=levels, before=day - timedelta(days=1)
    )


async def get_level(request: web.Request) -> web.Response:
    """Show one kept figure, its definition, and the calls that it counts."""
    async with request.app[DATABASE].read() as session:
        level, rows = await reports.open_level(session, path_id(request, "level_id"))
    chosen = request.query.get("class", "")
    shown = [
        (each, mask_phone(each.number) if each.number else None, found)
        for each, found in rows
        if not chosen or found.value == chosen
    ]
    return render(
        request,
        "hotline/level.html",
        level=level,
        rows=shown[:MOST_ROWS],
        total=len(shown),
        classes=CLASSES,
        chosen=chosen,
    )


async def get_call_offers(request: web.Request) -> web.Response:
    """Show every decision about one call."""
    call_id = path_id(request, "call_id")
    async with request.app[DATABASE].read() as session:
        ids = await QueueEntries(session).offers_of_call(call_id)
        stories = [await explain_offer(session, offer_id) for offer_id in ids]
    return _stories(request, stories)


async def get_offer(request: web.Request) -> web.Response:
    """Show why an offer went to its seat."""
    async with request.app[DATABASE].read() as session:
        story = await explain_offer(session, path_id(request, "offer_id"))
    return _stories(request, [story])


def _stories(request: web.Request, stories: list[OfferStory]) -> web.Response:
    return render(
        request,
        "hotline/offers.html",
        stories=stories,
        rules=RULES,
        scores=SCORES,
        states=STATES,
    )


async def get_returns(request: web.Request) -> web.Response:
    """Show the calls that we owe, and the latest that we owed."""
    async with request.app[DATABASE].read() as session:
        found = await returns.return_calls(session)
    return render(
        request,
        "hotline/return_calls.html",
        lines=[(each, mask_phone(each.number)) for each in found],
        reasons=RETURN_REASONS,
        states=RETURN_STATES,
    )


async def post_cancel(request: web.Request) -> web.Response:
    """Take a return call off the list: somebody rang by hand, or it is not wanted."""
    return_id = path_id(request, "return_id")
    now = request.app[CLOCK]()
    async with request.app[DATABASE].begin() as uow:
        await returns.cancel(uow, return_id, now=now)
        await audit.append(
            uow,
            actor=current_user(request).login,
            action="return_call_cancelled",
            target=f"return_call:{return_id}",
            detail={},
            now=now,
        )
    raise web.HTTPSeeOther("/return-calls")


def _day(request: web.Request, today: date) -> date:
    text = request.query.get("day", "")
    if not text:
        return today
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid("day", "must be YYYY-MM-DD") from None


ROUTES: Final[tuple[Route, ...]] = (
    Route("GET", "/levels", get_levels, READING, "levels"),
    Route("GET", "/levels/{level_id}", get_level, READING, "level"),
    Route("GET", "/offers/{offer_id}", get_offer, WATCHING, "offer"),
    Route("GET", "/calls/{call_id}/offers", get_call_offers, WATCHING, "call_offers"),
    Route("GET", "/return-calls", get_returns, WATCHING, "return_calls"),
    Route("POST", "/return-calls/{return_id}/cancel", post_cancel, WATCHING, "cancel_return"),
)

PART: Final = WebPart(
    "supervision",
    (*ROUTES, *lines.ROUTES, *skills.ROUTES, *thresholds.ROUTES),
    menu=(
        lines.MENU,
        MenuEntry("服务水平", "/levels", READING, MenuGroup.SHIFT),
        MenuEntry("回拨", "/return-calls", WATCHING, MenuGroup.SHIFT),
        skills.MENU,
        thresholds.MENU,
    ),
)
