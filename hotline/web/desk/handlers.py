"""The desk's pages and everything it reads."""

import json
from typing import Any, Final

from aiohttp import web

from hotline.accounts.roles import Role
from hotline.accounts.service import User
from hotline.contacts.contact import Channel
from hotline.kernel.ids import TicketId
from hotline.sla.deadline import DeadlineReceipt
from hotline.sla.text import describe
from hotline.tickets import reading
from hotline.tickets.attachments import attachments_of_ticket
from hotline.tickets.categories import search_categories
from hotline.tickets.conditions import condition_words
from hotline.web.auth import current_user
from hotline.web.desk import (
    acts,
    directory,
    messages,
    phone,
    query_codes,
    supervise,
    wrap_up,
    wrap_ups,
)
from hotline.web.desk.acts import DESK_ROLES
from hotline.web.desk.attachments import attachment_json, get_attachment
from hotline.web.desk.options import DESK, DeskOptions, DeskPlaces
from hotline.web.desk.present import category_json, history_json, ticket_json
from hotline.web.desk.snapshot import board_snapshot, desk_snapshot
from hotline.web.desk.supervise import SUPERVISING_ROLES
from hotline.web.keys import CLOCK, DATABASE, LANGUAGE
from hotline.web.labels import LABELS, QUEUES, reason_of, standing
from hotline.web.language import texts_of, translate
from hotline.web.live import serve_live
from hotline.web.pages import render
from hotline.web.policy import allow_pictures_from
from hotline.web.requests import path_id
from hotline.web.routing import MenuEntry, Route, WebPart

BOARD_ROLES: Final = frozenset({Role.SHIFT_LEADER, Role.SUPERVISOR, Role.LEADER})
TICKET_ROLES: Final = DESK_ROLES | BOARD_ROLES | {Role.DISPATCHER}

REPLY_CHANNELS: Final = (Channel.VOICE, Channel.SMS, Channel.MAIL, Channel.WEB)
"""How a seat may promise an answer: by call, text message, mail, or number and code."""

_MOST_CATEGORIES: Final = 20


async def get_desk(request: web.Request) -> web.Response:
    """Show the desk; everything on it comes over its WebSocket."""
    response = render(request, "hotline/desk.html", wide=True, words=_words(request))
    places = request.app[DESK].places
    return allow_pictures_from(response, places.tile_host if places else "")


async def get_live(request: web.Request) -> web.WebSocketResponse:
    """Keep one desk up to date."""
    user = current_user(request)

    async def snapshot() -> dict[str, Any]:
        return await _picture(request, user)

    return await serve_live(
        request,
        snapshot,
        topics=("seat", "queue", "ticket"),
        refresh=request.app[DESK].refresh_seconds,
    )


async def get_snapshot(request: web.Request) -> web.Response:
    """Return what the WebSocket would send: for programs, and for a desk without one."""
    return web.json_response(await _picture(request, current_user(request)))


async def _picture(request: web.Request, user: User) -> dict[str, Any]:
    options = request.app[DESK]
    async with request.app[DATABASE].read() as session:
        return await desk_snapshot(session, user, people=options.people, now=request.app[CLOCK]())


async def get_categories(request: web.Request) -> web.Response:
    """Return the categories that fit `q`: a name, pinyin, its initials, or a code."""
    query = request.query.get("q", "").strip()
    async with request.app[DATABASE].read() as session:
        found = await search_categories(session, query, limit=_MOST_CATEGORIES) if query else []
    return web.json_response(
        {"categories": [category_json(each, request[LANGUAGE]) for each in found]}
    )


async def get_ticket_by_number(request: web.Request) -> web.Response:
    """Return the id of the ticket whose number a citizen names.

    Raises:
        NotFound: if there is none.
    """
    number = request.query.get("number", "").strip()[:20]
    async with request.app[DATABASE].read() as session:
        view = await reading.ticket_by_number(session, number)
    return web.json_response({"ticket_id": str(view.ticket_id)})


async def get_ticket(request: web.Request) -> web.Response:
    """Return one ticket with its history."""
    ticket_id = TicketId(path_id(request, "ticket_id"))
    async with request.app[DATABASE].read() as session:
        view = await reading.ticket_view(session, ticket_id)
        history = await reading.history(session, ticket_id)
        files = await attachments_of_ticket(session, ticket_id)
    return web.json_response(
        {
            "ticket": ticket_json(view, request[LANGUAGE]),
            "history": [history_json(entry) for entry in history],
            "attachments": [attachment_json(ticket_id, file) for file in files],
        }
    )


async def get_ticket_page(request: web.Request) -> web.Response:
    """Show one ticket with its timeline, to read or print."""
    ticket_id = TicketId(path_id(request, "ticket_id"))
    async with request.app[DATABASE].read() as session:
        view = await reading.ticket_view(session, ticket_id)
        history = await reading.history(session, ticket_id)
        message = await messages.message_of(session, view)
        files = await attachments_of_ticket(session, ticket_id)
    receipt = DeadlineReceipt.from_payload(view.deadline) if view.deadline else None
    return render(
        request,
        "hotline/ticket.html",
        ticket=view,
        standing=standing(view.state, view.close_reason),
        history=history,
        receipt=describe(receipt, request[LANGUAGE][:2]) if receipt else "",
        reason_of=reason_of,
        condition_words=condition_words,
        message=message,
        files=[(attachment_json(ticket_id, file), file.received_at) for file in files],
        listening=request.query.get("listening", "") if message else "",
    )


async def get_board(request: web.Request) -> web.Response:
    """Show the board of the shift: who waits, and what every seat is doing."""
    return render(request, "hotline/board.html", wide=True, words=_words(request))


async def get_board_live(request: web.Request) -> web.WebSocketResponse:
    """Keep one board up to date."""
    may_supervise = not SUPERVISING_ROLES.isdisjoint(current_user(request).roles)

    async def snapshot() -> dict[str, Any]:
        async with request.app[DATABASE].read() as session:
            return await board_snapshot(
                session,
                current_user(request),
                may_supervise=may_supervise,
                now=request.app[CLOCK](),
            )

    return await serve_live(
        request,
        snapshot,
        topics=("seat", "queue"),
        refresh=request.app[DESK].refresh_seconds,
    )


def _words(request: web.Request) -> str:
    """Return the words that scripts put on the screen, as JSON safe inside a script element."""
    labels = {
        kind.__name__: {value: translate(request, word) for value, word in words.items()}
        for kind, words in LABELS.items()
    }
    labels["Queue"] = {code: translate(request, word) for code, word in QUEUES.items()}
    words = {
        "labels": labels,
        "replyChannels": list(REPLY_CHANNELS),
        "texts": texts_of(request),
        "places": _places(request.app[DESK].places),
    }
    return json.dumps(words, ensure_ascii=False).replace("<", "\\u003c")


def _places(places: DeskPlaces | None) -> dict[str, str | None] | None:
    if places is None:
        return None
    return {
        "search": places.search,
        "tiles": places.tiles,
        "attribution": places.attribution,
    }


ROUTES = (
    Route("GET", "/desk", get_desk, DESK_ROLES, "desk"),
    Route("GET", "/desk/live", get_live, DESK_ROLES, "desk.live"),
    Route("GET", "/desk/snapshot", get_snapshot, DESK_ROLES, "desk.snapshot"),
    Route("GET", "/desk/categories", get_categories, DESK_ROLES, "desk.categories"),
    Route("GET", "/desk/tickets", get_ticket_by_number, DESK_ROLES, "desk.tickets.find"),
    Route("GET", "/desk/tickets/{ticket_id}", get_ticket, DESK_ROLES, "desk.tickets.read"),
    Route("GET", "/tickets/{ticket_id}", get_ticket_page, TICKET_ROLES, "tickets.page"),
    Route(
        "POST", "/tickets/{ticket_id}/message", messages.post_message, TICKET_ROLES, "tickets.hear"
    ),
    Route(
        "GET", "/tickets/{ticket_id}/message", messages.get_message, TICKET_ROLES, "tickets.message"
    ),
    Route(
        "GET",
        "/tickets/{ticket_id}/attachments/{attachment_id}",
        get_attachment,
        TICKET_ROLES,
        "tickets.attachment",
    ),
    Route("GET", "/board", get_board, BOARD_ROLES, "board"),
    Route("GET", "/board/live", get_board_live, BOARD_ROLES, "board.live"),
)


def desk_part(options: DeskOptions) -> WebPart:
    """Return the desk and the board as a part of the web process."""
    return WebPart(
        "desk",
        (
            *ROUTES,
            *acts.ROUTES,
            *phone.ROUTES,
            *directory.ROUTES,
            *supervise.ROUTES,
            *wrap_up.ROUTES,
            *wrap_ups.ROUTES,
            *query_codes.ROUTES,
        ),
        menu=(
            MenuEntry("坐席工作台", "/desk", DESK_ROLES, home_of=frozenset({Role.SEAT})),
            MenuEntry("值班看板", "/board", BOARD_ROLES, home_of=frozenset({Role.SHIFT_LEADER})),
            wrap_ups.MENU,
        ),
        provides={DESK: options},
    )
