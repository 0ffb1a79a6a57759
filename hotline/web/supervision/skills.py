"""技能: which seat can do what, how well; a sheet that a shift leader fills in by keyboard."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from aiohttp import web

from hotline.accounts import audit
from hotline.accounts.roles import Role
from hotline.kernel.errors import Conflict, Invalid
from hotline.kernel.ids import SeatId
from hotline.queues import skills
from hotline.queues.routing import Needs
from hotline.queues.skills import SKILL, SkillKind
from hotline.web.auth import current_user
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.pages import render
from hotline.web.requests import form_fields
from hotline.web.routing import MenuEntry, MenuGroup, Route

LEADING: Final = frozenset({Role.SHIFT_LEADER, Role.SUPERVISOR})

KINDS: Final = {
    SkillKind.BUSINESS.value: "业务",
    SkillKind.DIALECT.value: "方言",
    SkillKind.LANGUAGE.value: "语言",
}

SEATS_SHOWN: Final = 50
LEVELS: Final = frozenset("123456789")


async def get_skills(request: web.Request) -> web.Response:
    """Show seats and skills, with the levels to be changed."""
    return await _page(request)


async def post_skills(request: web.Request) -> web.Response:
    """Write the levels that were changed; each seat is in the audit log with what changed.

    Raises:
        Invalid: if a level is not 1 to 9, or a name is no skill.
    """
    fields = await form_fields(request)
    now = request.app[CLOCK]()
    refused: list[str] = []
    changed = 0
    for seat_id, seen, wanted in _rows(fields):
        try:
            async with request.app[DATABASE].begin() as uow:
                found = await skills.change(uow, seat_id, seen=seen, skills=wanted)
                if not found:
                    continue
                await audit.append(
                    uow,
                    actor=current_user(request).login,
                    action="seat.skills",
                    target=f"seat:{seat_id}",
                    detail={name: f"{old} → {new}" for name, (old, new) in found.items()},
                    now=now,
                )
        except Conflict:
            refused.append(fields.get(f"extension.{seat_id}", str(seat_id)))
        else:
            changed += 1
    if refused:
        return await _page(request, refused=refused)
    raise web.HTTPSeeOther(f"/skills?{urlencode({**_where(request), 'saved': changed})}")


async def _page(request: web.Request, refused: list[str] | None = None) -> web.Response:
    where = _where(request)
    added = _added(request)
    async with request.app[DATABASE].read() as session:
        sheet = await skills.sheet(
            session, queue=where.get("queue"), after=where.get("after", ""), limit=SEATS_SHOWN
        )
        queues = await skills.queues_of_seats(session)
    columns = skills.in_order((*sheet.skills, *added))
    if len(columns) > skills.MOST_SKILLS:
        raise Invalid("name", f"more than {skills.MOST_SKILLS} skills")
    return render(
        request,
        "hotline/skills.html",
        status=409 if refused else 200,
        sheet=sheet,
        columns=[(each, *each.split(".", 1)) for each in columns],
        kinds=KINDS,
        queues=queues,
        queue=where.get("queue", ""),
        here=f"/skills?{urlencode(where)}",
        following=f"/skills?{urlencode({**where, 'after': sheet.following or ''})}",
        seen={each.seat_id: json.dumps(dict(each.skills)) for each in sheet.seats},
        saved=request.query.get("saved", "") if not refused else "",
        refused=refused or [],
    )


def _where(request: web.Request) -> dict[str, str]:
    """Return which seats the page is about."""
    return {name: request.query[name] for name in ("queue", "after") if request.query.get(name)}


def _added(request: web.Request) -> list[str]:
    """Return the skill that a column is wanted for, though nobody has it yet.

    Raises:
        Invalid: if it can be no skill.
    """
    name = request.query.get("name", "").strip().lower()
    if not name:
        return []
    skill = f"{request.query.get('kind', '')}.{name}"
    if request.query.get("kind") not in KINDS or not SKILL.fullmatch(skill):
        raise Invalid("name", "small letters, digits, - and _ of a business, dialect or language")
    return [skill]


def _rows(fields: Mapping[str, str]) -> Iterator[tuple[SeatId, Needs, Needs]]:
    """Read the form: each seat with the skills that its reader saw, and those that are wanted."""
    for name, text in fields.items():
        kind, _, rest = name.partition(".")
        if kind != "seen":
            continue
        seen = _seen(rest, text)
        prefix = f"level.{rest}."
        levels = {
            key.removeprefix(prefix): value
            for key, value in fields.items()
            if key.startswith(prefix) and value not in {"", "0"}
        }
        for skill, level in levels.items():
            if level not in LEVELS:
                raise Invalid(skill, f"{level!r} is not a level from 1 to 9")
        try:
            seat_id = SeatId(UUID(rest))
        except ValueError:
            raise Invalid("seat", "is not an id") from None
        yield seat_id, seen, {skill: int(level) for skill, level in levels.items()}


def _seen(seat: str, text: str) -> dict[str, Any]:
    try:
        seen = json.loads(text)
    except json.JSONDecodeError:
        seen = None
    if not isinstance(seen, dict):
        raise Invalid(f"seen.{seat}", "is not what the page sent")
    return seen


ROUTES: Final[tuple[Route, ...]] = (
    Route("GET", "/skills", get_skills, LEADING, "skills"),
    Route("POST", "/skills", post_skills, LEADING, "change_skills"),
)

MENU: Final = MenuEntry("技能", "/skills", LEADING, MenuGroup.SHIFT)
