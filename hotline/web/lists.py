"""What the pages of long lists share: their addresses, and the views kept of them."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final, TypeVar
from urllib.parse import parse_qsl, urlencode

from aiohttp import web
from multidict import MultiDict, MultiMapping

from hotline.accounts.roles import Role
from hotline.accounts.saved_views import remove_view, save_view
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.errors import Invalid
from hotline.tickets.lists import Due
from hotline.web.auth import current_user
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.requests import form_fields, path_id
from hotline.web.routing import Route

Value = TypeVar("Value", bound=StrEnum)

DUES: Final = {
    Due.OVERDUE: "已超期",
    Due.NEAR: "24小时内到期",
    Due.RUNNING: "未到期",
}


def kept_query(query: MultiMapping[str], kept: Sequence[str]) -> str:
    """Return the fields of a list's address that make it and hold something, in their order."""
    return urlencode([(name, value) for name in kept for value in query.getall(name, []) if value])


def values_of(kind: type[Value], query: MultiMapping[str], name: str) -> Sequence[Value]:
    """Return the codes under a field.

    Raises:
        Invalid: if one is none of them.
    """
    try:
        return [kind(value) for value in query.getall(name, []) if value]
    except ValueError:
        raise Invalid(name, f"is none of {', '.join(kind)}") from None


def day_of(text: str, field: str, *, days: int = 0) -> datetime | None:
    """Return when a day begins in Shanghai, or the one `days` after it; None for no text.

    Raises:
        Invalid: if it is not a day.
    """
    if not text:
        return None
    try:
        day = date.fromisoformat(text) + timedelta(days=days)
    except (ValueError, OverflowError):
        raise Invalid(field, "must be YYYY-MM-DD") from None
    return datetime.combine(day, time(0), SHANGHAI)


def view_routes(
    list_name: str, path: str, kept: Sequence[str], readers: Collection[Role]
) -> tuple[Route, ...]:
    """Return the ways to keep a list under a name and to forget it; `path` shows the list."""

    async def post_view(request: web.Request) -> web.Response:
        """Keep the list as it is under a name."""
        fields = await form_fields(request)
        query = kept_query(MultiDict(parse_qsl(fields.get("query", ""))), kept)
        async with request.app[DATABASE].begin() as uow:
            await save_view(
                uow,
                current_user(request),
                list_name=list_name,
                name=fields.get("name", ""),
                query=query,
                role=fields.get("role", ""),
                now=request.app[CLOCK](),
            )
        return _see(f"{path}?{query}")

    async def post_remove_view(request: web.Request) -> web.Response:
        """Forget one of one's own views."""
        async with request.app[DATABASE].begin() as uow:
            await remove_view(uow, current_user(request), path_id(request, "view_id"))
        return _see(path)

    who, views = frozenset(readers), f"/lists/{list_name}/views"
    return (
        Route("POST", views, post_view, who, f"{list_name}.save_view"),
        Route(
            "POST",
            f"{views}/{{view_id}}/remove",
            post_remove_view,
            who,
            f"{list_name}.remove_view",
        ),
    )


def _see(path: str) -> web.Response:
    return web.Response(status=303, headers={"Location": path})
