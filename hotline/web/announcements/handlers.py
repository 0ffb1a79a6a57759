"""突发事件公告: what callers hear while a shift leader has it on, and whom it answered."""

from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from hotline.accounts.roles import Role
from hotline.contacts.announcements import service as announcements
from hotline.contacts.announcements.choice import Choice
from hotline.contacts.announcements.service import HearingClass
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.errors import NotFound
from hotline.kernel.privacy import mask_phone
from hotline.web.announcements.form import (
    FILE,
    PROBLEMS,
    PROMPT,
    SPOKEN,
    Filled,
    read_draft,
)
from hotline.web.announcements.options import ANNOUNCEMENTS, AnnouncementOptions
from hotline.web.auth import current_user
from hotline.web.keys import CLOCK, DATABASE, OPTIONS
from hotline.web.pages import render
from hotline.web.requests import path_id
from hotline.web.routing import MenuEntry, MenuGroup, Route, WebPart

SWITCHING: Final = frozenset({Role.SHIFT_LEADER, Role.SUPERVISOR})
READING: Final = SWITCHING | {Role.LEADER}

MAX_BODY: Final = 13 * 1024 * 1024
USUAL: Final = timedelta(hours=4)
"""So long the form proposes."""

CLASSES: Final = {
    HearingClass.ANSWERED: "公告已答复",
    HearingClass.PERSON: "转入人工",
    HearingClass.ONGOING: "通话中",
}

CHOICES: Final = {
    Choice.NONE: "未选择",
    Choice.ENOUGH: "已了解",
    Choice.PERSON: "要人工",
}


async def get_announcements(request: web.Request) -> web.Response:
    """Show what is on, will be and was, and the form that switches one on."""
    until = request.app[CLOCK]().astimezone(SHANGHAI) + USUAL
    source = PROMPT if request.app[ANNOUNCEMENTS].speak is None else SPOKEN
    values = {"text": "", "prompt": "", "lines": (), "asks": True, "source": source, "from": ""}
    return await _page(request, Filled({**values, "until": f"{until:%Y-%m-%dT%H:%M}"}))


async def post_announcement(request: web.Request) -> web.Response:
    """Switch one on."""
    now = request.app[CLOCK]()
    numbers = request.app[OPTIONS].numbers
    filled, draft = await read_draft(request, request.app[ANNOUNCEMENTS], numbers, now)
    if draft is None:
        return await _page(request, filled)
    async with request.app[DATABASE].begin() as uow:
        await announcements.switch_on(uow, draft, actor=current_user(request).login, now=now)
    raise web.HTTPSeeOther("/announcements?saved=1")


async def post_off(request: web.Request) -> web.Response:
    """Switch one off before its time."""
    announcement_id = path_id(request, "announcement_id")
    now = request.app[CLOCK]()
    async with request.app[DATABASE].begin() as uow:
        await announcements.switch_off(
            uow, announcement_id, actor=current_user(request).login, now=now
        )
    raise web.HTTPSeeOther("/announcements")


async def get_announcement(request: web.Request) -> web.Response:
    """Show one announcement and the calls that heard it."""
    async with request.app[DATABASE].read() as session:
        found, heard = await announcements.open_announcement(
            session, path_id(request, "announcement_id")
        )
    chosen = request.query.get("class", "")
    rows = [
        (each, mask_phone(each.call.number) if each.call.number else None)
        for each in heard
        if not chosen or each.what.value == chosen
    ]
    return render(
        request,
        "hotline/announcement.html",
        announcement=found,
        rows=rows,
        classes=CLASSES,
        choices=CHOICES,
        chosen=chosen,
    )


async def get_sound(request: web.Request) -> web.StreamResponse:
    """Return what callers hear, to listen to it."""
    async with request.app[DATABASE].read() as session:
        found, _ = await announcements.open_announcement(
            session, path_id(request, "announcement_id")
        )
        if found.prompt is None:
            sound = await announcements.sound_of(session, found.announcement_id)
            return web.Response(body=sound, content_type="audio/wav")
    return web.FileResponse(_file_of(request.app[ANNOUNCEMENTS], found.prompt))


def _file_of(options: AnnouncementOptions, prompt: str) -> Path:
    if prompt not in options.prompts:
        raise NotFound("prompt", prompt)
    return options.prompts[prompt].file


async def _page(request: web.Request, filled: Filled) -> web.Response:
    now = request.app[CLOCK]()
    options = request.app[ANNOUNCEMENTS]
    async with request.app[DATABASE].read() as session:
        found = await announcements.announcements(session, now)
    return render(
        request,
        "hotline/announcements.html",
        status=422 if filled.problems else 200,
        lines=[(each, tally, each.standing(now).value) for each, tally in found],
        classes=CLASSES,
        values=filled.values,
        is_refused=bool(filled.problems),
        problems={name: filled.problems.get(name, "") for name in PROBLEMS},
        sources=_sources(options),
        prompts=[(name, each.text) for name, each in options.prompts.items()],
        numbers=request.app[OPTIONS].numbers,
        may_switch=not SWITCHING.isdisjoint(current_user(request).roles),
        saved="saved" in request.query and not filled.problems,
    )


def _sources(options: AnnouncementOptions) -> list[tuple[str, str]]:
    found = [(PROMPT, "录好的提示音"), (FILE, "上传录音（WAV）")]
    if options.speak is not None:
        found.insert(0, (SPOKEN, "由语音合成朗读公告内容"))
    return found


ROUTES: Final[tuple[Route, ...]] = (
    Route("GET", "/announcements", get_announcements, READING, "announcements"),
    Route(
        "POST",
        "/announcements",
        post_announcement,
        SWITCHING,
        "announcements.on",
        max_body=MAX_BODY,
    ),
    Route(
        "GET", "/announcements/{announcement_id}", get_announcement, READING, "announcements.one"
    ),
    Route(
        "GET",
        "/announcements/{announcement_id}/sound",
        get_sound,
        READING,
        "announcements.sound",
    ),
    Route(
        "POST",
        "/announcements/{announcement_id}/off",
        post_off,
        SWITCHING,
        "announcements.off",
    ),
)


def announcements_part(options: AnnouncementOptions) -> WebPart:
    """Return the pages as a part of the web process."""
    provides: dict[web.AppKey[Any], Any] = {ANNOUNCEMENTS: options}
    menu = (MenuEntry("突发公告", "/announcements", READING, MenuGroup.SHIFT),)
    return WebPart("announcements", ROUTES, menu=menu, provides=provides)
