"""The work lists: filing desk, dispatcher, unit."""

from collections.abc import Mapping, Sequence, Set

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.bridge import reading as bridge
from case_bridge.cases.course import helps_wanted, waiting_notices
from case_bridge.cases.duties import duties_of
from case_bridge.cases.levels import districts_that_gave_back
from case_bridge.cases.reading import (
    case_counts,
    case_page,
    organisation_of,
    units_that_returned,
)
from case_bridge.cases.repository import DISTRICTS, FIRST_LEVEL, MOST_COUNTED
from case_bridge.cases.states import CaseState, CaseTrigger
from case_bridge.cases.views import CaseLine, CasePage
from case_bridge.merging.reading import proposals
from case_bridge.units.matcher import Matter
from case_bridge.units.service import (
    districts_of_units,
    find_units,
    has_looked,
    list_units,
    note_look,
    unit_name,
)
from case_bridge.units.unit import Suggestion
from case_bridge.web.course_present import notice_json
from case_bridge.web.merging import proposal_json
from case_bridge.web.present import alarm_json, line_json, link_json, waiting_json
from case_bridge.web.requests import district_of, show
from hotline.accounts.roles import Role
from hotline.kernel.clock import Clock
from hotline.kernel.errors import Forbidden
from hotline.kernel.ids import UnitId
from hotline.tickets.lists import Sort
from hotline.web.auth import current_user
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.requests import wants_json

TO_DECIDE = (CaseState.REGISTERED, CaseState.VERIFYING, CaseState.VERIFIED, CaseState.REFUTED)
TO_DISPATCH = (CaseState.FILED, CaseState.RETURNED, CaseState.DISPUTED)
TO_HANDLE = (CaseState.DISPATCHED, CaseState.HANDLING)
HELD_BELOW = (CaseState.HANDED_DOWN, CaseState.RETURNED, CaseState.DISPUTED, CaseState.HANDLED)
WAITING = (CaseState.DEFERRED, CaseState.SHELVED, CaseState.DISPUTED)


async def get_desk(request: web.Request) -> web.Response:
    """Show what waits for a decision: to file or decline, to close or rework, what went wrong."""
    now = request.app[CLOCK]()
    is_leader = Role.SHIFT_LEADER in current_user(request).roles
    async with request.app[DATABASE].read() as session:
        district = await district_of(session, current_user(request))
        closers = duties_of(await organisation_of(session))[CaseTrigger.CLOSE]
        is_closer = not current_user(request).roles.isdisjoint(closers)
        to_decide = await case_page(
            session, TO_DECIDE, district=district, after=request.query.get("after"), now=now
        )
        ready = (
            await case_page(session, [CaseState.READY_TO_CLOSE], district=district, now=now)
            if is_closer
            else CasePage((), None)
        )
        alike = await proposals(
            session, [line.case_id for line in to_decide.lines], district=district
        )
        is_leader = is_leader and district is None
        alarms = await bridge.open_alarms(session) if is_leader else ()
        failed = await bridge.failed_links(session) if is_leader else ()
        counts = await case_counts(session, district=district)
    if wants_json(request):
        return web.json_response(
            {
                "to_decide": [waiting_json(line) for line in to_decide.lines],
                "next": to_decide.next_cursor,
                "proposals": [proposal_json(each) for each in alike],
                "ready_to_close": [line_json(line) for line in ready.lines],
                "alarms": [alarm_json(each) for each in alarms],
                "failed": [link_json(each) for each in failed],
            }
        )
    return show(
        request,
        "desk.html",
        to_decide=to_decide,
        proposals=alike,
        ready=ready,
        alarms=alarms,
        failed=failed,
        counts={state: counted(number) for state, number in counts.items()},
        is_closer=is_closer,
    )


def counted(number: int) -> str:
    """Return a number of cases as it is shown: nobody counts a million for a screen."""
    return str(number) if number < MOST_COUNTED else f"{MOST_COUNTED - 1}+"


async def get_dispatch(request: web.Request) -> web.Response:
    """Show filed and returned cases with the unit that the matrix suggests, and why (R26)."""
    now = request.app[CLOCK]()
    async with request.app[DATABASE].read() as session:
        district = await district_of(session, current_user(request))
        page = await case_page(
            session,
            TO_DISPATCH if district is None else [CaseState.HANDED_DOWN, *TO_DISPATCH],
            district=district or FIRST_LEVEL,
            after=request.query.get("after"),
            now=now,
        )
        suggestions = await suggest(session, page.lines, request.app[CLOCK])
        organisation = await organisation_of(session)
        is_named = wants_json(request) or organisation.has_districts
        units = await list_units(session, district_id=district) if is_named else ()
        below = await districts_of_units(session) if organisation.has_districts else {}
        # What the second level has to report up; the first level sees what it handed down.
        reported = (
            await case_page(
                session,
                [CaseState.HANDLED] if district else HELD_BELOW,
                district=district or DISTRICTS,
                now=now,
            )
            if district or organisation.has_districts
            else CasePage((), None)
        )
    pairs = [
        (line, found, None if district else _platform(found, below, dict(units)))
        for line, found in zip(page.lines, suggestions, strict=True)
    ]
    if wants_json(request):
        return web.json_response(
            {
                "to_dispatch": [
                    waiting_json(line, found)
                    | {"suggested_district_id": str(platform[0]) if platform else None}
                    for line, found, platform in pairs
                ],
                "below": [line_json(line) for line in reported.lines],
                "next": page.next_cursor,
                "units": [{"unit_id": str(unit_id), "name": name} for unit_id, name in units],
            }
        )
    return show(
        request,
        "dispatch.html",
        pairs=pairs,
        page=page,
        below=reported,
        is_second=district is not None,
        has_districts=organisation.has_districts,
    )


def _platform(
    found: Suggestion | None, below: Mapping[UnitId, UnitId], names: Mapping[UnitId, str]
) -> tuple[UnitId, str] | None:
    """Return the second-level platform that commands a suggested unit: territory first (R29)."""
    if found is None or found.unit_id not in below:
        return None
    platform = below[found.unit_id]
    return platform, names.get(platform, "")


async def get_unit(request: web.Request) -> web.Response:
    """Show the cases that the person's unit has to handle, what is due first on top.

    Raises:
        Forbidden: if the person belongs to no unit.
    """
    user, now = current_user(request), request.app[CLOCK]()
    unit_id = user.unit_id
    if unit_id is None:
        raise Forbidden("the account belongs to no unit")
    async with request.app[DATABASE].read() as session:
        is_first_look = not await has_looked(session, unit_id, now=now)
        page = await case_page(
            session,
            TO_HANDLE,
            unit_id=unit_id,
            sort=Sort.DUE,
            after=request.query.get("after"),
            now=now,
        )
        waiting = await case_page(session, WAITING, unit_id=unit_id, now=now)
        helps = await helps_wanted(session, unit_id)
        notices = await waiting_notices(session, unit_id)
        name = await unit_name(session, unit_id)
    if is_first_look:
        # R37: a class I unit looks at least once a day; the first look is on record.
        async with request.app[DATABASE].begin() as uow:
            await note_look(uow, unit_id, by_name=user.display_name, now=now)
    if wants_json(request):
        return web.json_response(
            {
                "to_handle": [line_json(line) for line in page.lines],
                "next": page.next_cursor,
                "waiting": [line_json(line) for line in waiting.lines],
                "helps": [
                    {"case_id": str(each.case_id), "number": each.case_number, "task": each.task}
                    for each in helps
                ],
                "notices": [notice_json(each) for each in notices],
            }
        )
    return show(
        request,
        "unit.html",
        page=page,
        waiting=waiting,
        helps=helps,
        notices=notices,
        unit_name=name,
    )


async def suggest(
    session: AsyncSession, lines: Sequence[CaseLine], clock: Clock
) -> list[Suggestion | None]:
    """Return the unit that the matrix names for each case, in their order; none twice a round.

    A second-level platform finds its own units alone; one that gave the case back, and its units,
    are not named again.
    """
    case_ids = [line.case_id for line in lines]
    returned = await units_that_returned(session, case_ids)
    given_back = await districts_that_gave_back(session, case_ids)
    is_below = bool(given_back) or any(line.district_id for line in lines)
    below = await districts_of_units(session) if is_below else {}
    nobody: frozenset[UnitId] = frozenset()
    matters = [
        _matter(
            line,
            returned_by=returned.get(line.case_id, nobody),
            beyond=_commanded(below, given_back.get(line.case_id, nobody) - {line.district_id}),
            within=_commanded(below, {line.district_id}) if line.district_id else None,
        )
        for line in lines
    ]
    return await find_units(session, matters, now=clock())


def _commanded(below: Mapping[UnitId, UnitId], platforms: Set[UnitId]) -> frozenset[UnitId]:
    return frozenset(unit for unit, platform in below.items() if platform in platforms)


def _matter(
    line: CaseLine,
    *,
    returned_by: frozenset[UnitId],
    beyond: frozenset[UnitId],
    within: frozenset[UnitId] | None,
) -> Matter:
    # scheme[@version]:kind:code, as hotline.tickets.category writes it.
    scheme, _, code = (line.category_key or "::").split(":", 2)
    return Matter(
        scheme=scheme.partition("@")[0],
        kind=line.kind.value if line.kind else "",
        code=code,
        place=line.place,
        returned_by=returned_by,
        beyond=beyond,
        within=within,
    )
