"""The directory at the desk (通讯录): whom a seat may bring into its call."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from aiohttp import web
from pypinyin import Style, lazy_pinyin
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.kernel.ids import SeatId
from hotline.queues import phone_directory
from hotline.queues import service as queues
from hotline.queues.control.states import TargetKind
from hotline.queues.states import SeatState
from hotline.tickets.category import SearchText, rank
from hotline.web.auth import current_user
from hotline.web.desk.acts import DESK_ROLES
from hotline.web.keys import DATABASE, LANGUAGE
from hotline.web.language import ENGLISH
from hotline.web.routing import Route

MOST: Final = 40
"""Entries on the screen at once; the search finds the others."""

QUERY_LIMIT: Final = 64

PLACES: Final = {
    TargetKind.EMERGENCY: 0,
    TargetKind.SEAT: 1,
    TargetKind.QUEUE: 2,
    TargetKind.DEPARTMENT: 3,
}
"""The order in which kinds are shown while nothing is searched for."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the directory."""

    kind: TargetKind
    key: str
    name: str
    english: str = ""
    number: str = ""
    note: str = ""
    state: str | None = None
    """Of a seat."""
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def shown_number(self) -> str:
        """What a person would dial."""
        return self.number or self.key


async def get_directory(request: web.Request) -> web.Response:
    """Return who fits `q`: a name, pinyin, initials, an extension or a number; all of a `kind`."""
    query = request.query.get("q", "").strip()[:QUERY_LIMIT]
    own = current_user(request).seat_id
    async with request.app[DATABASE].read() as session:
        entries = [entry async for entry in _entries(session, own)]
    kind = request.query.get("kind", "")
    if kind:
        entries = [entry for entry in entries if entry.kind.value == kind]
    is_english = request[LANGUAGE] == ENGLISH
    found = [_json(entry, is_english) for entry in _found(query, entries)]
    if _is_number(query) and not any(each["number"] == query for each in found):
        found.append(_json(Entry(TargetKind.NUMBER, query, query, number=query), is_english))
    return web.json_response({"entries": found})


async def _entries(session: AsyncSession, own: SeatId | None) -> AsyncIterator[Entry]:
    board = await queues.board(session)
    for each in await phone_directory.directory(session):
        yield Entry(
            each.kind, each.key, each.name_zh, each.name_en, number=each.number, note=each.note
        )
    free: dict[str, int] = {}
    for seat in board.seats:
        free[seat.queue] = free.get(seat.queue, 0) + (seat.state is SeatState.AVAILABLE)
        if seat.seat_id != own:
            yield Entry(TargetKind.SEAT, seat.extension, seat.name, state=seat.state.value)
    waiting = {line.queue: line.waiting for line in board.queues}
    for name, count in sorted(free.items()):
        more = {"free": count, "waiting": waiting.get(name, 0)}
        yield Entry(TargetKind.QUEUE, name, name, more=more)


def _found(query: str, entries: list[Entry]) -> Iterator[Entry]:
    if not query:
        yield from sorted(entries, key=lambda entry: PLACES[entry.kind])[:MOST]
        return
    by_id = {f"{entry.kind}:{entry.key}": entry for entry in entries}
    for found in rank(query, ((name, _text(each)) for name, each in by_id.items()), limit=MOST):
        yield by_id[found]


def _text(entry: Entry) -> SearchText:
    pinyin, initials = _pinyin(entry.name)
    return SearchText(
        name=entry.name,
        pinyin=pinyin,
        initials=initials,
        english=entry.english.lower(),
        code=entry.shown_number,
        major=entry.note,
    )


@lru_cache(maxsize=4096)
def _pinyin(name: str) -> tuple[str, str]:
    return (
        "".join(lazy_pinyin(name)),
        "".join(lazy_pinyin(name, style=Style.FIRST_LETTER)),
    )


def _is_number(query: str) -> bool:
    return query.isascii() and query.isdigit() and len(query) >= 3


def _json(entry: Entry, is_english: bool) -> dict[str, Any]:
    return {
        "kind": entry.kind.value,
        "key": entry.key,
        "name": entry.english if is_english and entry.english else entry.name,
        "number": entry.shown_number,
        "note": entry.note,
        "state": entry.state,
        **entry.more,
    }


ROUTES = (Route("GET", "/desk/directory", get_directory, DESK_ROLES, "desk.directory"),)
