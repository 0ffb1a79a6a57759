"""User administration (用户管理): who may sign in, as what, and who is shut out."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.accounts import administration, lockout
from hotline.accounts.model import UserRow
from hotline.accounts.repository import Sessions, Users
from hotline.accounts.roles import Role
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, IllegalTransition, Invalid, NotFound
from hotline.kernel.ids import SeatId, UserId
from hotline.queues import service as queues
from hotline.queues.seat_repository import Seats
from hotline.web.accounts.form import AccountForm, form_of, read_form
from hotline.web.accounts.options import ACCOUNTS, AccountsOptions
from hotline.web.auth import current_user
from hotline.web.field_words import words_for
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.labels import choices
from hotline.web.language import translate
from hotline.web.pages import render
from hotline.web.requests import form_fields, path_id, wants_json
from hotline.web.routing import MenuEntry, MenuGroup, Route, WebPart

ADMINISTERING: Final = frozenset({Role.SECURITY_ADMIN})
MOST: Final = 50
LONGEST_WORDS: Final = 60
SHORTEST_REASON: Final = 2
LONGEST_REASON: Final = 200

Pairs = Sequence[tuple[UUID, str]]


async def get_accounts(request: web.Request) -> web.Response:
    """Show a page of the people who may sign in, by login name."""
    words = request.query.get("words", "").strip()[:LONGEST_WORDS]
    role = _role(request.query.get("role", ""))
    now = request.app[CLOCK]()
    async with request.app[DATABASE].read() as session:
        rows = await Users(session).page(
            words=words, role=role, after=request.query.get("after", ""), limit=MOST + 1
        )
        shown = rows[:MOST]
        open_sessions = await Sessions(session).counts([row.id for row in shown], now=now)
        units, seats = await _belongings(request, session)
    following = shown[-1].login if len(rows) > MOST else None
    lines = [_line(row, open_sessions.get(row.id, 0), units, seats, now) for row in shown]
    if wants_json(request):
        return web.json_response({"accounts": lines, "next": following})
    return render(
        request,
        "hotline/accounts.html",
        wide=True,
        lines=lines,
        following=following,
        words_asked=words,
        role_asked=role or "",
        roles=choices(Role),
        role_of=Role,
    )


async def get_new(request: web.Request) -> web.Response:
    """Show the empty form."""
    return await _form_page(request, AccountForm())


async def post_new(request: web.Request) -> web.Response:
    """Make a user and show the one-time password, once."""
    form = await read_form(request)
    now = request.app[CLOCK]()
    try:
        async with request.app[DATABASE].begin() as uow:
            units, seats = await _belongings(request, uow.session)
            user_id, password = await administration.make_user(
                uow,
                current_user(request),
                login=form.login,
                display_name=form.named(),
                roles=form.held_roles(),
                unit_id=form.chosen("unit_id", units),
                seat_id=form.chosen("seat_id", seats),
                now=now,
            )
            await request.app[ACCOUNTS].settle(uow, user_id)
    except (Invalid, Conflict) as error:
        return await _form_page(request, _with_problem(request, form, error), status=_status(error))
    return _password_page(request, user_id, form.login.lower(), password)


async def get_account(request: web.Request) -> web.Response:
    """Show one account, and what may be done to it."""
    user_id = UserId(path_id(request, "user_id"))
    async with request.app[DATABASE].read() as session:
        row = await _row(session, user_id)
    return await _form_page(request, form_of(row), row=row)


async def post_account(request: web.Request) -> web.Response:
    """Change name, roles and belonging."""
    user_id = UserId(path_id(request, "user_id"))
    form = await read_form(request)
    now = request.app[CLOCK]()
    try:
        async with request.app[DATABASE].begin() as uow:
            units, seats = await _belongings(request, uow.session)
            changed = await administration.change_user(
                uow,
                current_user(request),
                user_id,
                display_name=form.named(),
                roles=form.held_roles(),
                unit_id=form.chosen("unit_id", units),
                seat_id=form.chosen("seat_id", seats),
                now=now,
            )
            if changed & {"roles", "seat_id"}:
                await _leave_seat(uow, user_id, now)
            if changed:
                await request.app[ACCOUNTS].settle(uow, user_id)
    except (Invalid, Conflict) as error:
        async with request.app[DATABASE].read() as session:
            row = await _row(session, user_id)
        shown = _with_problem(request, replace(form, login=row.login), error)
        return await _form_page(request, shown, row=row, status=_status(error))
    return _back(user_id)


async def post_shut(request: web.Request) -> web.Response:
    """Shut somebody out, or let them in again; with a reason.

    Raises:
        Invalid: if there is no reason.
    """
    user_id = UserId(path_id(request, "user_id"))
    reason = (await form_fields(request)).get("reason", "")
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise Invalid("reason", "a reason of 2 to 200 characters is needed")
    disabled, now = request.match_info["act"] == "lock", request.app[CLOCK]()
    async with request.app[DATABASE].begin() as uow:
        await administration.set_disabled(
            uow, current_user(request), user_id, disabled=disabled, reason=reason, now=now
        )
        if disabled:
            await _leave_seat(uow, user_id, now)
    return _back(user_id)


async def post_password(request: web.Request) -> web.Response:
    """Give somebody a one-time password and show it, once."""
    user_id = UserId(path_id(request, "user_id"))
    async with request.app[DATABASE].begin() as uow:
        password = await administration.reset_password(
            uow, current_user(request), user_id, now=request.app[CLOCK]()
        )
        row = await _row(uow.session, user_id)
    return _password_page(request, user_id, row.login, password)


async def post_end_sessions(request: web.Request) -> web.Response:
    """Sign somebody out everywhere."""
    user_id, now = UserId(path_id(request, "user_id")), request.app[CLOCK]()
    async with request.app[DATABASE].begin() as uow:
        await administration.end_sessions(uow, current_user(request), user_id, now=now)
        await _leave_seat(uow, user_id, now)
    return _back(user_id)


async def _leave_seat(uow: UnitOfWork, user_id: UserId, now: datetime) -> None:
    """Nobody sits where a person was signed out; who is talking ends the talk first."""
    seat = await Seats(uow.session).of_user(user_id)
    if seat is not None:
        with suppress(IllegalTransition):
            await queues.sign_out(uow, SeatId(seat.id), now)


async def _form_page(
    request: web.Request, form: AccountForm, *, row: UserRow | None = None, status: int = 200
) -> web.Response:
    now = request.app[CLOCK]()
    async with request.app[DATABASE].read() as session:
        units, seats = await _belongings(request, session)
        sessions = await Sessions(session).counts([row.id], now=now) if row else {}
    return render(
        request,
        "hotline/account.html",
        status=status,
        form=form,
        line=_line(row, sessions.get(row.id, 0), units, seats, now) if row else None,
        roles=choices(Role),
        units=[(str(unit_id), name) for unit_id, name in units],
        seats=[(str(seat_id), name) for seat_id, name in seats],
        is_own=row is not None and row.id == current_user(request).id,
    )


def _password_page(
    request: web.Request, user_id: UserId, login: str, password: str
) -> web.Response:
    return render(request, "hotline/one_time.html", user_id=user_id, login=login, password=password)


async def _belongings(request: web.Request, session: AsyncSession) -> tuple[Pairs, Pairs]:
    units = await request.app[ACCOUNTS].units(session)
    seats = [(row.id, f"{row.extension} {row.name}") for row in await Seats(session).all()]
    return units, seats


def _line(row: UserRow, sessions: int, units: Pairs, seats: Pairs, now: datetime) -> dict[str, Any]:
    is_locked = lockout.is_locked(row.locked_until, now=now)
    return {
        "id": str(row.id),
        "login": row.login,
        "name": row.display_name,
        "roles": sorted(row.roles),
        "unit": dict(units).get(row.unit_id, "") if row.unit_id else "",
        "seat": dict(seats).get(row.seat_id, "") if row.seat_id else "",
        "disabled": row.disabled,
        "locked_until": row.locked_until.isoformat() if is_locked and row.locked_until else None,
        "must_change_password": row.must_change_password,
        "sessions": sessions,
    }


async def _row(session: AsyncSession, user_id: UserId) -> UserRow:
    row = await Users(session).get(user_id)
    if row is None:
        raise NotFound("user", user_id)
    return row


def _with_problem(
    request: web.Request, form: AccountForm, error: Invalid | Conflict
) -> AccountForm:
    if isinstance(error, Invalid):
        return replace(form, problems={error.field: translate(request, words_for(error.field))})
    words = translate(request, "登录名或坐席已属于他人，请换一个。")
    return replace(form, problems={"taken": words})


def _status(error: Invalid | Conflict) -> int:
    return 422 if isinstance(error, Invalid) else 409


def _role(text: str) -> Role | None:
    if not text:
        return None
    try:
        return Role(text)
    except ValueError:
        raise Invalid("roles", "is not a role") from None


def _back(user_id: UserId) -> web.Response:
    return web.Response(status=303, headers={"Location": f"/accounts/{user_id}"})


ROUTES: Final = (
    Route("GET", "/accounts", get_accounts, ADMINISTERING, "accounts"),
    Route("POST", "/accounts", post_new, ADMINISTERING, "accounts.make"),
    Route("GET", "/accounts/new", get_new, ADMINISTERING, "accounts.new"),
    Route("GET", "/accounts/{user_id}", get_account, ADMINISTERING, "account"),
    Route("POST", "/accounts/{user_id}", post_account, ADMINISTERING, "account.change"),
    Route(
        "POST", "/accounts/{user_id}/{act:lock|unlock}", post_shut, ADMINISTERING, "account.shut"
    ),
    Route("POST", "/accounts/{user_id}/password", post_password, ADMINISTERING, "account.password"),
    Route(
        "POST", "/accounts/{user_id}/sign-out", post_end_sessions, ADMINISTERING, "account.sign_out"
    ),
)


def accounts_part(options: AccountsOptions) -> WebPart:
    """Return the pages of accounts."""
    return WebPart(
        "accounts",
        ROUTES,
        menu=(MenuEntry("用户管理", "/accounts", ADMINISTERING, MenuGroup.SYSTEM),),
        provides={ACCOUNTS: options},
    )
