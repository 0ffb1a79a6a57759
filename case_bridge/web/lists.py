"""Find cases: by number, words, what they are, whose they are and when; keep and take a list."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from aiohttp import web
from multidict import MultiDict, MultiMapping
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases.case import CaseSource
from case_bridge.cases.listing import CaseCategory, CaseFilter, Narrowing, list_cases
from case_bridge.cases.reading import case_by_number
from case_bridge.cases.states import CaseState
from case_bridge.units.service import list_districts, list_units
from case_bridge.web.labels import word
from case_bridge.web.present import line_json
from case_bridge.web.requests import READERS, check_reader, district_of, see_other, show
from hotline.accounts.roles import Role
from hotline.accounts.saved_views import saved_views
from hotline.accounts.service import User
from hotline.kernel.errors import Forbidden, Invalid
from hotline.kernel.ids import UnitId
from hotline.tickets.categories import list_categories, resolve_category
from hotline.tickets.category import Category
from hotline.tickets.conditions import condition_words
from hotline.tickets.lists import Due, Sort
from hotline.tickets.question import LONGEST_QUESTION
from hotline.web.auth import current_user
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.labels import label
from hotline.web.lists import DUES, day_of, kept_query, values_of, view_routes
from hotline.web.requests import wants_json
from hotline.web.routing import Route
from hotline.web.tickets.exports import Wanted, owe_export

LIST: Final = "cases"
PATH: Final = "/cases/all"
EXPORTING: Final = frozenset(
    {Role.SHIFT_LEADER, Role.DISPATCHER, Role.UNIT, Role.SUPERVISOR, Role.LEADER}
)

SORTS: Final = {
    Sort.NEWEST: "最新登记在前",
    Sort.OLDEST: "最早登记在前",
    Sort.DUE: "按处置截止（仅在办）",
}

KEPT: Final = (
    "words", "state", "source", "category", "condition", "unit", "district", "since", "until",
    "due", "sort",
)  # fmt: skip
"""Fields of the address that make the list, in the order in which it is written again."""


async def get_cases(request: web.Request) -> web.Response:
    """Show a page of the cases that fit; a case's number leads to the case.

    Raises:
        Invalid: with the field that no list understands.
        NotFound: if no case has the number.
        Forbidden: if the person is of a unit, and the account says not of which.
    """
    user, now = current_user(request), request.app[CLOCK]()
    number = request.query.get("number", "").strip()[:20]
    if number:
        async with request.app[DATABASE].read() as session:
            case_id = await case_by_number(session, number)
        await check_reader(request, case_id)
        return see_other(f"/cases/{case_id}")
    async with request.app[DATABASE].read() as session:
        wanted, sort = await _asked(session, user, request.query)
        found = await list_cases(
            session, wanted, sort=sort, after=request.query.get("after"), now=now
        )
        if wants_json(request):
            return web.json_response(
                {
                    "cases": [line_json(line) for line in found.lines],
                    "about": found.about,
                    "is_exact": found.is_exact,
                    "next": found.next_cursor,
                }
            )
        categories = await list_categories(session)
        district = wanted.narrowing.district_id
        units = await list_units(session, district_id=district)
        districts = () if district else await list_districts(session)
        views = await saved_views(session, user, LIST)
    return show(
        request,
        "cases.html",
        wide=True,
        found=found,
        query=kept_query(request.query, KEPT),
        is_first="after" not in request.query,
        held=request.query,
        sort=sort,
        views=views,
        categories=categories,
        conditions=_conditions(categories),
        units=() if wanted.narrowing.unit_id else units,
        districts=() if wanted.narrowing.unit_id else districts,
        states=[(each.value, word(each)) for each in CaseState],
        sources=[(each.value, word(each)) for each in CaseSource],
        dues=[(each.value, text) for each, text in DUES.items()],
        sorts=[(each.value, text) for each, text in SORTS.items()],
        roles=[(role.value, label(role)) for role in sorted(user.roles)],
        may_export=not EXPORTING.isdisjoint(user.roles),
    )


def _conditions(categories: Sequence[Category]) -> list[tuple[str, str]]:
    """Return every condition of the standard in force once, with its words."""
    limits = [limit for each in categories for limit in each.limits if limit.condition]
    return sorted(
        {each.condition: condition_words(each.condition, limits) for each in limits}.items()
    )


async def post_export(request: web.Request) -> web.Response:
    """Owe a file of the list; it holds what the person sees, whatever the address says."""
    user = current_user(request)

    async def asked_for(session: AsyncSession, query: MultiDict[str]) -> Wanted:
        wanted, sort = await _asked(session, user, query)
        return wanted.to_payload(), sort

    # What cases say of people stays masked: nobody may have it otherwise (R88).
    return await owe_export(request, LIST, asked_for, unmasking=frozenset())


async def _asked(
    session: AsyncSession, user: User, query: MultiMapping[str]
) -> tuple[CaseFilter, Sort]:
    category = query.get("category", "")
    row = await resolve_category(session, category) if category else None
    wanted = CaseFilter(
        narrowing=await _narrowing(session, user),
        states=values_of(CaseState, query, "state"),
        sources=values_of(CaseSource, query, "source"),
        category=CaseCategory(row.scheme, row.kind, row.code) if row else None,
        condition=query.get("condition", "")[:40],
        unit_id=_unit(query, "unit"),
        district_id=_unit(query, "district"),
        since=day_of(query.get("since", ""), "since"),
        to=day_of(query.get("until", ""), "until", days=1),
        due=next(iter(values_of(Due, query, "due")), None),
        words=query.get("words", "").strip()[:LONGEST_QUESTION],
    )
    return wanted, next(iter(values_of(Sort, query, "sort")), Sort.NEWEST)


async def _narrowing(session: AsyncSession, user: User) -> Narrowing:
    """Return what a person may list: of a unit its own cases, of a district its own (R28)."""
    if not user.roles.isdisjoint(READERS - {Role.UNIT}):
        return Narrowing(district_id=await district_of(session, user))
    if user.unit_id is None:
        raise Forbidden("the account belongs to no unit")
    return Narrowing(unit_id=user.unit_id)


def _unit(query: MultiMapping[str], name: str) -> UnitId | None:
    text = query.get(name, "")
    try:
        return UnitId(UUID(text)) if text else None
    except ValueError:
        raise Invalid(name, "is not an id") from None


ROUTES: Final = (
    Route("GET", PATH, get_cases, READERS, "cases.cases"),
    Route("POST", "/lists/cases/exports", post_export, EXPORTING, "cases.export"),
    *view_routes(LIST, PATH, KEPT, READERS),
)
