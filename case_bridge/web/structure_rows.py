"""The rows behind a number of the system's parts: exactly those that it counts (R97)."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from aiohttp import web
from sqlalchemy import ColumnElement, inspect, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.evaluation.definition import ObjectKind
from case_bridge.web.evaluation_labels import KINDS
from case_bridge.web.requests import show
from case_bridge.web.structure import LOCAL_PARTS, ROWS, SUBSYSTEMS, Count, opens
from case_bridge.web.structure_reach import Conditions, narrowing_of
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.errors import Forbidden, Invalid
from hotline.web.auth import current_user
from hotline.web.keys import DATABASE
from hotline.web.requests import wants_json
from hotline.web.routing import EVERYBODY, Route

PAGE_SIZE: Final = 50

COUNTS: Final = {
    count.key: count for part in (*SUBSYSTEMS, *LOCAL_PARTS) for count in part.counts if count.shows
}


async def get_rows(request: web.Request) -> web.Response:
    """Show what a number counts, page by page; to those who may open the page of its part.

    Raises:
        Invalid: if there is no such number, or the place is not one of its list.
        Forbidden: if the person may not open the page of its part, or is not told the number.
    """
    count = COUNTS.get(request.query.get("of", ""))
    if count is None:
        raise Invalid("of", f"is none of {', '.join(COUNTS)}")
    user = current_user(request)
    if not opens(request, user, count):
        raise Forbidden("the rows are of those who may open the page of the part")
    async with request.app[DATABASE].read() as session:
        within = count.within(await narrowing_of(session, user))
        if within is None:
            raise Forbidden("this number is of the first level")
        found, after = await _page(session, count, within, request.query.get("after"))
    rows = [[_words(value) for value in row] for row in found]
    if wants_json(request):
        return web.json_response({"rows": rows, "next": after})
    return show(request, "structure_rows.html", count=count, rows=rows, after=after)


async def _page(
    session: AsyncSession, count: Count, within: Conditions, after: str | None
) -> tuple[Sequence[tuple[Any, ...]], str | None]:
    key = inspect(count.table).primary_key
    query = select(*count.shows, *key).where(*within).order_by(*key).limit(PAGE_SIZE + 1)
    if after:
        query = query.where(tuple_(*key) > tuple_(*_place(after, key)))
    found = (await session.execute(query)).all()
    shown = [row[: len(count.shows)] for row in found[:PAGE_SIZE]]
    if len(found) <= PAGE_SIZE:
        return shown, None
    last = found[PAGE_SIZE - 1][len(count.shows) :]
    return shown, json.dumps([str(value) for value in last])


def _place(after: str, key: Sequence[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    """Return the values of the key behind which a page begins."""
    try:
        texts = json.loads(after)
        return [
            literal(_value(text, each.type.python_type), each.type)
            for text, each in zip(texts, key, strict=True)
        ]
    except (ValueError, TypeError, AttributeError):
        raise Invalid("after", "was not given out by this list") from None


def _value(text: str, kind: type[Any]) -> Any:
    return datetime.fromisoformat(text) if kind is datetime else kind(text)


def _words(value: object) -> str:
    """Return a value as it stands in a cell."""
    match value:
        case None:
            return "—"
        case ObjectKind():
            return KINDS[value]
        case datetime():
            return f"{value.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
        case date():
            return value.isoformat()
        case _:
            return str(value)


ROUTES: Final = (Route("GET", ROWS, get_rows, EVERYBODY, "structure.rows"),)
