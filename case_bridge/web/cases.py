"""The page of a case: everything about it, and the acts that its state and the person allow."""

from collections.abc import Sequence

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.bridge.reading import links_of_ticket
from case_bridge.cases import reading
from case_bridge.cases.case import DECLINE_REASONS, Actor
from case_bridge.cases.course import Course, course_of
from case_bridge.cases.duties import duties_of, is_within
from case_bridge.cases.notice import DecisionKind, Ground
from case_bridge.cases.organisation import Organisation, Question
from case_bridge.cases.standard import find_category, known_category, present_category
from case_bridge.cases.states import CASE, CaseTrigger
from case_bridge.cases.views import CaseView
from case_bridge.field.reading import tasks_of_case
from case_bridge.later.reading import application_problems, requests_of_case
from case_bridge.standards.reading import item_of
from case_bridge.standards.standard import Condition
from case_bridge.units.service import oversees, unit_contact
from case_bridge.web.course_present import ELSEWHERE, course_json, is_at_fault, refusals
from case_bridge.web.desks import suggest
from case_bridge.web.labels import limit_words
from case_bridge.web.levels import level_choices
from case_bridge.web.merging import merge_json, merging_context, proposal_json
from case_bridge.web.present import case_json, line_json, link_json, task_json
from case_bridge.web.requests import actor_of, case_id_of, check_reader, see_other, show
from case_bridge.web.surroundings import surroundings
from hotline.accounts.roles import Role
from hotline.accounts.service import User
from hotline.contacts.photos import SHOWN
from hotline.kernel.errors import Invalid, NotFound
from hotline.kernel.ids import TicketId
from hotline.sla.limit import Limit
from hotline.sla.text import describe
from hotline.tickets.categories import list_categories
from hotline.tickets.category import Category
from hotline.tickets.conditions import condition_words
from hotline.web.auth import current_user
from hotline.web.files import file_response, size_words
from hotline.web.keys import CLOCK, DATABASE, LANGUAGE
from hotline.web.requests import path_id, wants_json


async def get_case(request: web.Request) -> web.Response:
    """Show one case with its history, evidence and deadline receipt."""
    case_id, user = case_id_of(request), current_user(request)
    await check_reader(request, case_id)
    now = request.app[CLOCK]()
    async with request.app[DATABASE].read() as session:
        view = await reading.case_view(session, case_id, now=now)
        tasks = await tasks_of_case(session, case_id)
        course = await course_of(session, case_id, now=now)
        requests = await requests_of_case(session, case_id)
        is_overseer = await _oversees(session, user, view)
        organisation = await reading.organisation_of(session)
        actor = await actor_of(session, user)
        acts = acts_of(actor, view, course, organisation, is_overseer=is_overseer)
        can_check = can_check_at_centre(actor, view, organisation)
        is_own = Role.UNIT in user.roles and user.unit_id == view.line.unit_id
        can_phone = CaseTrigger.URGE in acts and await _is_reached_by_phone(session, user, view)
        problems = await application_problems(session, case_id, now=now) if is_own else {}
        categories = await list_categories(session) if CaseTrigger.FILE in acts else ()
        own = await _own_category(session, view) if CaseTrigger.FILE in acts else None
        conditions = await _conditions(session, own)
        condition_text = await _condition_text(session, view)
        merging = await merging_context(session, user, view)
        around = await surroundings(session, user, view)
        named = await level_choices(session, actor, organisation) if acts & _NAMING_UNITS else {}
        (suggestion,) = await suggest(session, [view.line], request.app[CLOCK])
    if wants_json(request):
        return web.json_response(
            case_json(view)
            | line_json(view.line, suggestion)
            | course_json(course, requests)
            | {"tasks": [task_json(task) for task in tasks], "acts": sorted(acts)}
            | {
                "merges": [merge_json(each) for each in merging["merges"]],
                "proposals": [proposal_json(each) for each in merging["proposals"]],
            }
        )
    return show(
        request,
        "case.html",
        case=view,
        line=view.line,
        tasks=tasks,
        acts=acts,
        categories=categories,
        choices=condition_choices(own),
        own_key=own.key if own else None,
        conditions=conditions,
        condition_text=condition_text,
        is_exchanged=False,
        shown_photos=SHOWN,
        size_words=size_words,
        **merging,
        **around,
        can_check=can_check,
        **named,
        suggestion=suggestion,
        reasons=DECLINE_REASONS,
        receipt=_receipt(request, view),
        course=course,
        requests=requests,
        problems=problems,
        can_phone=can_phone,
        refusals=refusals(user, view, course, acts, duties_of(organisation)),
        extension_choices=_extension_choices(view),
        decisions=list(DecisionKind),
        grounds=list(Ground),
        stage_receipts=[(each, describe(each.receipt, _tongue(request))) for each in course.stages],
    )


async def get_links(request: web.Request) -> web.Response:
    """Send a person to the case that a ticket became; tell a program of every round.

    Raises:
        NotFound: if a person asks for a case that there is not yet.
    """
    ticket_id = TicketId(path_id(request, "ticket_id"))
    async with request.app[DATABASE].read() as session:
        links = await links_of_ticket(session, ticket_id)
    if wants_json(request):
        return web.json_response({"links": [link_json(link) for link in links]})
    known = [link.case_key for link in links if link.case_key]
    if not known:
        raise NotFound("case", ticket_id)
    return see_other(f"/cases/{known[-1]}")


async def get_conditions(request: web.Request) -> web.Response:
    """Return the conditions of a category as the options of a form (htmx asks for them)."""
    async with request.app[DATABASE].read() as session:
        try:
            category = await find_category(session, request.query.get("category", ""))
        except Invalid:
            category = None
        conditions = await _conditions(session, category)
    return show(
        request,
        "conditions.html",
        choices=condition_choices(category),
        conditions=conditions,
        is_exchanged=True,
    )


async def get_evidence(request: web.Request) -> web.Response:
    """Return one piece of evidence; a photo is shown, anything else is saved."""
    case_id = case_id_of(request)
    await check_reader(request, case_id)
    async with request.app[DATABASE].read() as session:
        piece, content = await reading.evidence_file(
            session, case_id, path_id(request, "evidence_id")
        )
    return file_response(piece.name, content)


def acts_of(
    actor: Actor,
    view: CaseView,
    course: Course,
    organisation: Organisation,
    *,
    is_overseer: bool,
) -> frozenset[CaseTrigger]:
    """Return what the person may do with the case now: state, duty, whose it is, and the rules."""
    duties = duties_of(organisation)
    allowed = {
        trigger
        for trigger in CASE.triggers_from(view.line.state) - ELSEWHERE
        if not actor.roles.isdisjoint(duties[trigger])
        and (
            actor.roles == {Role.UNIT}
            or is_within(
                organisation,
                trigger,
                actor,
                state=view.line.state,
                district_id=view.line.district_id,
            )
        )
    }
    if not organisation.has_districts:
        allowed.discard(CaseTrigger.HAND_DOWN)
    if actor.unit_id != view.line.unit_id:
        allowed -= _OF_UNIT
        if actor.roles == {Role.UNIT}:
            allowed -= _OF_UNIT_OR_CENTRE
    if actor.roles == {Role.UNIT} and not is_overseer:
        allowed.discard(CaseTrigger.URGE)
    if course.marks.guarded_at is not None:
        allowed.discard(CaseTrigger.GUARD)
    if not is_at_fault(view):
        allowed -= {CaseTrigger.ORDER, CaseTrigger.CIRCULATE}
    # Whoever may close may send back instead.
    if CaseTrigger.CLOSE not in allowed:
        allowed.discard(CaseTrigger.REWORK)
    return frozenset(allowed)


def can_check_at_centre(actor: Actor, view: CaseView, organisation: Organisation) -> bool:
    """Say whether the person checks the feedback at the centre (001 a17)."""
    at_centre = organisation.rules[Question.CHECKS].roles - {Role.INSPECTOR}
    if actor.roles.isdisjoint(at_centre) or not CASE.allows(view.line.state, CaseTrigger.PASS):
        return False
    return is_within(
        organisation,
        CaseTrigger.PASS,
        actor,
        state=view.line.state,
        district_id=view.line.district_id,
    )


_OF_UNIT = frozenset(
    {CaseTrigger.ACCEPT, CaseTrigger.GUARD, CaseTrigger.RETURN, CaseTrigger.HANDLE}
)
_OF_UNIT_OR_CENTRE = frozenset({CaseTrigger.DISPUTE, CaseTrigger.RESUME, CaseTrigger.UNSHELVE})
_NAMING_UNITS = frozenset(
    {
        CaseTrigger.HAND_DOWN,
        CaseTrigger.DISPATCH,
        CaseTrigger.MEET,
        CaseTrigger.DECIDE,
        CaseTrigger.URGE,
    }
)


def condition_choices(category: Category | None) -> Sequence[tuple[str, str]]:
    """Return value and words of each (condition, limit) pair that the standard offers."""
    if category is None:
        return ()
    return [
        (
            f"{item.condition}|{item.limit}",
            f"{item.words or condition_words(item.condition) or '—'}（{limit_words(item.limit)}）",
        )
        for item in category.limits
    ]


async def _own_category(session: AsyncSession, view: CaseView) -> Category | None:
    """Return what the case's category means under the standard in force."""
    if view.line.category_key is None:
        return None
    try:
        return await present_category(session, view.line.category_key)
    except Invalid:
        # The standard moved on since the report: the desk picks a present category.
        return None


async def _conditions(session: AsyncSession, category: Category | None) -> Sequence[Condition]:
    """Return filing and closing conditions for whoever decides (R20, R25)."""
    if category is None:
        return ()
    item = await item_of(session, category.scheme, category.version, category.kind, category.code)
    return item.conditions if item else ()


async def _condition_text(session: AsyncSession, view: CaseView) -> str:
    """Return the case's condition in the words of the version that it was filed under."""
    if view.line.condition is None or view.line.category_key is None:
        return condition_words(view.line.condition)
    category = await known_category(session, view.line.category_key)
    return condition_words(view.line.condition, category.limits)


def _receipt(request: web.Request, view: CaseView) -> str:
    if view.receipt is None:
        return ""
    return describe(view.receipt, _tongue(request))


def _tongue(request: web.Request) -> str:
    return "en" if request[LANGUAGE] == "en" else "zh"


async def _is_reached_by_phone(session: AsyncSession, user: User, view: CaseView) -> bool:
    """Say whether the centre records for the unit in charge what it was told by phone (R38)."""
    if view.line.unit_id is None or user.roles.isdisjoint({Role.DISPATCHER, Role.SHIFT_LEADER}):
        return False
    unit = await unit_contact(session, view.line.unit_id)
    return not unit.unit_class.has_terminal


async def _oversees(session: AsyncSession, user: User, view: CaseView) -> bool:
    if user.unit_id is None or view.line.unit_id is None:
        return False
    return await oversees(session, user.unit_id, view.line.unit_id)


def _extension_choices(view: CaseView) -> Sequence[tuple[str, str]]:
    """Return value and words of every length up to once the original limit (R54)."""
    if view.limit is None:
        return ()
    limit = Limit.parse(view.limit)
    lengths = [Limit(amount, limit.unit) for amount in range(1, limit.amount + 1)]
    return [(str(each), each.label()) for each in lengths]
