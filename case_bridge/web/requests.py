"""What every handler of these pages does: who acts, what was sent, what is answered."""

import math
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import partial, wraps
from typing import Any, Final, TypeAlias, TypedDict, TypeVar
from uuid import UUID

from aiohttp import web
from aiohttp.web import FileField
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases import reading
from case_bridge.cases.case import Actor, Attachment
from case_bridge.cases.course import is_concerned
from case_bridge.units.service import platform_of
from case_bridge.web.labels import limit_words, word
from case_bridge.web.present import case_json
from hotline.accounts import audit
from hotline.accounts.roles import Role
from hotline.accounts.service import User
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, Forbidden, Invalid
from hotline.kernel.ids import CaseId, UnitId
from hotline.tickets.conditions import condition_words
from hotline.web.auth import current_user
from hotline.web.forms import posted, posted_json
from hotline.web.keys import CLOCK, DATABASE, LANGUAGE, REFUSAL_NOTED
from hotline.web.language import ENGLISH
from hotline.web.pages import render
from hotline.web.requests import form_fields, local_path, path_id, wants_json
from hotline.web.routing import Handler

E = TypeVar("E", bound=StrEnum)

REFUSED: Final = "case.refused"
"""The audit's word for an act that was not the person's, or did not fit the case."""

READERS: Final = frozenset(
    {
        Role.SEAT,
        Role.SHIFT_LEADER,
        Role.DISPATCHER,
        Role.UNIT,
        Role.INSPECTOR,
        Role.SUPERVISOR,
        Role.LEADER,
    }
)
"""Who may open a case; people of a unit only what is or was theirs."""


@dataclass(frozen=True, slots=True)
class Fields:
    """What a form or a program sent: texts by name, and files."""

    texts: Mapping[str, str]
    files: tuple[Attachment, ...] = ()

    def text(self, name: str) -> str:
        """Return a text, empty if it was not sent."""
        return self.texts.get(name, "")

    def optional(self, name: str) -> str | None:
        """Return a text, or None if it is empty or was not sent."""
        return self.texts.get(name) or None

    def flag(self, name: str) -> bool:
        """Say whether a box was ticked, or a program sent true."""
        return self.text(name).lower() in {"1", "on", "true", "yes"}

    def number(self, name: str) -> float | None:
        """Return a number, or None if none was sent.

        Raises:
            Invalid: if it is not one.
        """
        text = self.text(name)
        if not text:
            return None
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise Invalid(name, "is not a number")
        return number

    def id(self, name: str) -> UUID:
        """Return an id.

        Raises:
            Invalid: if it is none.
        """
        try:
            return UUID(self.text(name))
        except ValueError:
            raise Invalid(name, "is not an id") from None

    def member(self, name: str, kind: type[E]) -> E:
        """Return a code of `kind`.

        Raises:
            Invalid: if it is none of them.
        """
        try:
            return kind(self.text(name))
        except ValueError:
            raise Invalid(name, f"is none of {', '.join(kind)}") from None

    def day(self, name: str) -> date | None:
        """Return a day, or None if none was sent.

        Raises:
            Invalid: if it is not one.
        """
        text = self.text(name)
        try:
            return date.fromisoformat(text) if text else None
        except ValueError:
            raise Invalid(name, "is not a date such as 2026-03-11") from None

    def required_day(self, name: str) -> date:
        """Return a day.

        Raises:
            Invalid: if it is missing, or not one.
        """
        day = self.day(name)
        if day is None:
            raise Invalid(name, "is missing")
        return day

    def instant(self, name: str) -> datetime | None:
        """Return an instant, or None; what a browser's field sends is Shanghai's wall clock.

        Raises:
            Invalid: if it is not one.
        """
        text = self.text(name)
        if not text:
            return None
        try:
            instant = datetime.fromisoformat(text)
        except ValueError:
            raise Invalid(name, "is not a date with a time") from None
        return instant if instant.tzinfo else instant.replace(tzinfo=SHANGHAI)


async def read_fields(request: web.Request) -> Fields:
    """Return what was sent, by a form or as one flat JSON object.

    Raises:
        Invalid: if a JSON body is not an object of texts, numbers and truths.
    """
    if request.content_type == "application/json":
        return Fields(_flat(await posted_json(request)))
    sent = (await posted(request)).values()
    files = [value for value in sent if isinstance(value, FileField) and value.filename]
    return Fields(await form_fields(request), tuple(_attachment(each) for each in files))


def _flat(body: Any) -> dict[str, str]:
    if not isinstance(body, dict):
        raise Invalid("body", "is not an object")
    fields = {}
    for name, value in body.items():
        if isinstance(value, bool):
            fields[name] = "true" if value else "false"
        elif isinstance(value, (str, int, float)):
            fields[name] = str(value).strip()
        elif value is not None:
            raise Invalid(name, "is not a text, number or truth")
    return fields


def _attachment(file: FileField) -> Attachment:
    return Attachment(
        name=file.filename[-120:], media_type=file.content_type, content=file.file.read()
    )


@asynccontextmanager
async def acting(request: web.Request) -> AsyncGenerator[tuple[UnitOfWork, Actor, datetime], None]:
    """Open the transaction of one act; give who acts, and when.

    What is refused changes nothing and leaves a row in the audit log.
    """
    try:
        async with request.app[DATABASE].begin() as uow:
            yield uow, await actor_of(uow.session, current_user(request)), request.app[CLOCK]()
    except (Forbidden, Conflict) as refused:
        await _note_refusal(request, str(refused))
        raise


async def _note_refusal(request: web.Request, problem: str) -> None:
    request[REFUSAL_NOTED] = True
    async with request.app[DATABASE].begin() as uow:
        await audit.append(
            uow,
            actor=current_user(request).login,
            action=REFUSED,
            target=request.path,
            detail={"problem": problem},
            now=request.app[CLOCK](),
        )


class By(TypedDict):
    """Who acts, and when: what every act of the services takes."""

    actor: Actor
    now: datetime


class ByUser(TypedDict):
    """Who acts, and when: what the registers beside the cases take."""

    actor: User
    now: datetime


def by_user(request: web.Request) -> ByUser:
    """Return who acts, and when."""
    return ByUser(actor=current_user(request), now=request.app[CLOCK]())


CaseAct: TypeAlias = Callable[[UnitOfWork, CaseId, Fields, By], Awaitable[None]]
PartAct: TypeAlias = Callable[[UnitOfWork, UUID, Fields, By], Awaitable[CaseId]]


def on_case(act: CaseAct) -> Handler:
    """Make the handler of an act on the case in the path, for forms and programs alike."""

    @wraps(act)
    async def handle(request: web.Request) -> web.StreamResponse:
        case_id, fields = case_id_of(request), await read_fields(request)
        async with acting(request) as (uow, actor, now):
            await require_own_district(uow.session, case_id, actor)
            await act(uow, case_id, fields, By(actor=actor, now=now))
        return await answer_act(request, case_id, fields)

    return handle


def on_part(name: str) -> Callable[[PartAct], Handler]:
    """Make the handler of an act on something that belongs to a case, such as a notice.

    The path carries its id under `name`; the act returns the case that it belongs to.
    """

    def decorate(act: PartAct) -> Handler:
        @wraps(act)
        async def handle(request: web.Request) -> web.StreamResponse:
            part_id, fields = path_id(request, name), await read_fields(request)
            async with acting(request) as (uow, actor, now):
                case_id = await act(uow, part_id, fields, By(actor=actor, now=now))
                # The act names the case; what it did goes with the transaction.
                await require_own_district(uow.session, case_id, actor)
            return await answer_act(request, case_id, fields)

        return handle

    return decorate


async def actor_of(session: AsyncSession, user: User) -> Actor:
    """Return the signed-in person as the actor of a case, with the district they act for."""
    return Actor(
        name=user.display_name,
        user_id=user.id,
        login=user.login,
        roles=user.roles,
        unit_id=user.unit_id,
        district_id=await district_of(session, user),
    )


async def district_of(session: AsyncSession, user: User) -> UnitId | None:
    """Return the second-level platform at which a person works; None at the first level."""
    if user.roles == {Role.UNIT}:
        return None
    return await platform_of(session, user.unit_id)


async def require_own_district(session: AsyncSession, case_id: CaseId, actor: Actor) -> None:
    """Return unless somebody of a district acts on a case that it does not hold (R28, R30).

    The one door of every act on a case: who works for the whole city passes.

    Raises:
        NotFound: if there is no such case.
        Forbidden: if the case is another district's, or the first level's.
    """
    if actor.district_id is None:
        return
    if await reading.holder_of(session, case_id) != actor.district_id:
        raise Forbidden("the case is another district's, or the first level's")


def at_first_level(handler: Handler) -> Handler:
    """Make a handler that nobody of a district passes: what it shows is of the whole city."""

    @wraps(handler)
    async def handle(request: web.Request) -> web.StreamResponse:
        async with request.app[DATABASE].read() as session:
            district = await district_of(session, current_user(request))
        if district is not None:
            raise Forbidden("this page is of the first level")
        return await handler(request)

    return handle


def case_id_of(request: web.Request) -> CaseId:
    """Return the id of the case in the path.

    Raises:
        Invalid: if it is not an id.
    """
    return CaseId(path_id(request, "case_id"))


async def check_reader(request: web.Request, case_id: CaseId) -> None:
    """Return if the person may read the case.

    Raises:
        Forbidden: if they are of a unit that never had it, or of another district.
    """
    user = current_user(request)
    async with request.app[DATABASE].read() as session:
        district = await district_of(session, user)
        if not user.roles.isdisjoint(READERS - {Role.UNIT}) and (
            district is None or await reading.is_of_district(session, case_id, district)
        ):
            return
        if user.unit_id and (
            await reading.was_with_unit(session, case_id, user.unit_id)
            or await is_concerned(session, case_id, user.unit_id)
        ):
            return
    raise Forbidden("the case was never with this unit or district")


async def answer_act(request: web.Request, case_id: CaseId, fields: Fields) -> web.StreamResponse:
    """Answer an act: a program gets the case as it is now, a form goes back where it came from."""
    if not wants_json(request):
        return see_other(local_path(fields.optional("back"), f"/cases/{case_id}"))
    async with request.app[DATABASE].read() as session:
        view = await reading.case_view(session, case_id, now=request.app[CLOCK]())
    return web.json_response(case_json(view))


def see_other(location: str) -> web.Response:
    """Send the browser to another page after a form."""
    return web.Response(status=303, headers={"Location": location})


def show(request: web.Request, template: str, **context: Any) -> web.Response:
    """Return a page of ours; which finds the words of stored values in Chinese."""
    language = "en" if request[LANGUAGE] == ENGLISH else "zh"
    context |= {
        "word": word,
        "condition_words": condition_words,
        "limit_words": partial(limit_words, language=language),
    }
    return render(request, f"cases/{template}", **context)
