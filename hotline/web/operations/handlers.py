"""Dead letters (死信): effects that were owed and given up; looked at, and owed again."""

from typing import Any, Final

from aiohttp import web

from hotline.accounts import audit
from hotline.accounts.roles import Role
from hotline.kernel import outbox
from hotline.kernel.errors import Conflict, Invalid
from hotline.web.auth import current_user
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.operations import status
from hotline.web.operations.options import OPERATIONS, OperationsOptions
from hotline.web.operations.words import JOBS
from hotline.web.pages import render
from hotline.web.requests import form_fields, wants_json
from hotline.web.routing import MenuEntry, MenuGroup, Route, WebPart

MENDING: Final = frozenset({Role.SHIFT_LEADER, Role.SYSTEM_ADMIN})
SHORTEST_REASON: Final = 2
LONGEST_REASON: Final = 200
MOST: Final = 100


async def get_dead_letters(request: web.Request) -> web.Response:
    """Show what was given up, oldest first, with why and what it is about."""
    after = _number(request.query.get("after", "0"))
    async with request.app[DATABASE].read() as session:
        rows = await outbox.dead(session, after=after, limit=MOST + 1)
    lines: list[dict[str, Any]] = [
        {
            "id": row.id,
            "job": row.job,
            "since": row.created_at,
            "attempts": row.attempts,
            "error": row.error or "",
            # Ids only: payloads hold nothing that names a person.
            "about": {key: str(value) for key, value in row.payload.items() if _names_row(key)},
        }
        for row in rows[:MOST]
    ]
    following = rows[MOST - 1].id if len(rows) > MOST else None
    if wants_json(request):
        plain = [line | {"since": line["since"].isoformat()} for line in lines]
        return web.json_response({"dead_letters": plain, "next": following})
    return render(request, "hotline/dead_letters.html", lines=lines, jobs=JOBS, following=following)


async def post_revive(request: web.Request) -> web.Response:
    """Owe a dead letter again, with a reason, in the audit log.

    Raises:
        Invalid: if there is no reason.
        Conflict: if it is not dead any more.
    """
    outbox_id = _number(request.match_info["outbox_id"])
    reason = (await form_fields(request)).get("reason", "")
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise Invalid("reason", "a reason of 2 to 200 characters is needed")
    now = request.app[CLOCK]()
    async with request.app[DATABASE].begin() as uow:
        if not await outbox.revive(uow.session, outbox_id, now=now):
            raise Conflict("somebody has revived it already")
        await audit.append(
            uow,
            actor=current_user(request).login,
            action="outbox.revive",
            target=f"outbox:{outbox_id}",
            detail={"reason": reason},
            now=now,
        )
    await request.app[DATABASE].ring([outbox_id])
    return web.Response(status=303, headers={"Location": "/operations/dead-letters"})


def _names_row(key: str) -> bool:
    return key.endswith("_id") or key in {"round", "attempt_no"}


def _number(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        raise Invalid("id", "is not a number") from None
    if not 0 <= number < 2**63:
        raise Invalid("id", "is not a number of ours")
    return number


ROUTES: Final = (
    Route("GET", "/operations/dead-letters", get_dead_letters, MENDING, "dead_letters"),
    Route(
        "POST",
        "/operations/dead-letters/{outbox_id}/revive",
        post_revive,
        MENDING,
        "dead_letters.revive",
    ),
    *status.ROUTES,
)


def operations_part(options: OperationsOptions) -> WebPart:
    """Return the pages of the running system as a part of the web process."""
    return WebPart(
        "operations",
        ROUTES,
        menu=(
            status.MENU,
            MenuEntry("未完成事项", "/operations/dead-letters", MENDING, MenuGroup.SYSTEM),
        ),
        provides={OPERATIONS: options},
    )
