"""告警阈值: from where on the board of the shift raises an alarm; changed by a shift leader."""

from typing import Any, Final

from aiohttp import web

from hotline.accounts import audit
from hotline.accounts.roles import Role
from hotline.queues.alarm_limits import BOUNDS, as_numbers, set_thresholds, thresholds_of
from hotline.web.auth import current_user
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.pages import render
from hotline.web.requests import form_fields
from hotline.web.routing import MenuEntry, MenuGroup, Route

SETTING: Final = frozenset({Role.SHIFT_LEADER, Role.SUPERVISOR})

NAMES: Final = {
    "waiting": ("排队人数超过", "人"),
    "longest_wait": ("最长等待超过", "秒"),
    "talking": ("通话超过", "秒"),
    "wrap_up": ("话后处理超过", "秒"),
    "on_break": ("小休超过", "秒"),
}


async def get_thresholds(request: web.Request) -> web.Response:
    """Show the limits of alarms."""
    async with request.app[DATABASE].read() as session:
        values: dict[str, Any] = as_numbers(await thresholds_of(session))
    return _page(request, values, {})


async def post_thresholds(request: web.Request) -> web.Response:
    """Change the limits of alarms; what changed is in the audit log."""
    fields = await form_fields(request)
    texts = {name: fields.get(name, "") for name in NAMES}
    problems = {name: text for name in NAMES if (text := _problem(name, texts[name]))}
    if problems:
        return _page(request, texts, problems)
    async with request.app[DATABASE].begin() as uow:
        found = await set_thresholds(uow, {name: int(text) for name, text in texts.items()})
        if found:
            await audit.append(
                uow,
                actor=current_user(request).login,
                action="alarms.thresholds",
                target="board",
                detail={name: f"{old} → {new}" for name, (old, new) in found.items()},
                now=request.app[CLOCK](),
            )
    raise web.HTTPSeeOther("/thresholds?saved=1")


def _problem(name: str, text: str) -> tuple[int, int] | None:
    """Return the bounds that the text is not within; None if it is."""
    least, most = BOUNDS[name]
    # isdecimal alone would admit digits of other scripts and any length.
    is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(most))
    return None if is_number and least <= int(text) <= most else (least, most)


def _page(
    request: web.Request, values: dict[str, Any], problems: dict[str, tuple[int, int]]
) -> web.Response:
    return render(
        request,
        "hotline/thresholds.html",
        status=422 if problems else 200,
        names=NAMES,
        bounds=BOUNDS,
        values=values,
        problems=problems,
        saved="saved" in request.query and not problems,
    )


ROUTES: Final[tuple[Route, ...]] = (
    Route("GET", "/thresholds", get_thresholds, SETTING, "thresholds"),
    Route("POST", "/thresholds", post_thresholds, SETTING, "change_thresholds"),
)

MENU: Final = MenuEntry("告警阈值", "/thresholds", SETTING, MenuGroup.SHIFT)
