"""Merging on pages: proposals with reasons, two cases side by side, together and apart."""

from typing import Any, Final

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases.duties import ANYBODY
from case_bridge.cases.reading import OPEN_STATES, case_by_number
from case_bridge.cases.states import CaseTrigger
from case_bridge.cases.views import CaseView
from case_bridge.merging import service
from case_bridge.merging.reading import (
    MergeView,
    Proposal,
    Side,
    can_merge_state,
    merge_trigger,
    merges_of,
    pair,
    proposals,
    wins_time,
)
from case_bridge.web.requests import (
    By,
    Fields,
    case_id_of,
    check_reader,
    district_of,
    on_case,
    see_other,
    show,
)
from hotline.accounts.roles import Role
from hotline.accounts.service import User
from hotline.kernel.db import UnitOfWork
from hotline.kernel.ids import CaseId
from hotline.web.auth import current_user
from hotline.web.keys import DATABASE, LANGUAGE
from hotline.web.requests import path_id, wants_json
from hotline.web.routing import Route

DESK: Final = frozenset({Role.SEAT, Role.SHIFT_LEADER})
"""Who decides about filing decides about merging."""


async def get_pair(request: web.Request) -> web.Response:
    """Show two cases side by side, with what speaks for one matter and the acts."""
    case_id, other_id = case_id_of(request), CaseId(path_id(request, "other_id"))
    await check_reader(request, case_id)
    await check_reader(request, other_id)
    async with request.app[DATABASE].read() as session:
        found = await pair(session, case_id, other_id)
    if wants_json(request):
        return web.json_response(proposal_json(found))
    return show(
        request,
        "pair.html",
        found=found,
        rows=_rows(found),
        problem=_problem(found, current_user(request)),
        english=request[LANGUAGE] == "en",
    )


async def get_other(request: web.Request) -> web.StreamResponse:
    """Lead to the comparison with the case whose number was typed.

    Raises:
        NotFound: if no case has the number.
    """
    await check_reader(request, case_id_of(request))
    async with request.app[DATABASE].read() as session:
        other_id = await case_by_number(session, request.query.get("number", ""))
    return see_other(f"/cases/{case_id_of(request)}/merge/{other_id}")


@on_case
async def post_merge(uow: UnitOfWork, case_id: CaseId, fields: Fields, by: By) -> None:
    """Let the case go into another one. Fields: into (a case's id), reason."""
    kept_id = CaseId(fields.id("into"))
    await service.merge_cases(uow, case_id, kept_id, reason=fields.text("reason"), **by)


@on_case
async def post_unmerge(uow: UnitOfWork, case_id: CaseId, fields: Fields, by: By) -> None:
    """Take the case out of the one that it went into. Fields: reason."""
    await service.unmerge_case(uow, case_id, reason=fields.text("reason"), **by)


@on_case
async def post_apart(uow: UnitOfWork, case_id: CaseId, fields: Fields, by: By) -> None:
    """Note that two cases are two matters. Fields: other (a case's id)."""
    other_id = CaseId(fields.id("other"))
    await service.keep_apart(uow, case_id, other_id, **by)


async def merging_context(session: AsyncSession, user: User, view: CaseView) -> dict[str, Any]:
    """Return what the page of a case shows of merging; proposals only to whom they are for."""
    may_decide = not user.roles.isdisjoint(DESK)
    district = await district_of(session, user)
    found = await proposals(session, [view.line.case_id], district=district) if may_decide else ()
    return {
        "merges": await merges_of(session, view.line.case_id),
        "proposals": found,
        "may_unmerge": may_decide,
        "may_unmerge_filed": not user.roles.isdisjoint(ANYBODY[CaseTrigger.UNMERGE_FILED]),
        "may_compare": may_decide and can_merge_state(view.line.state),
    }


def proposal_json(found: Proposal) -> dict[str, Any]:
    """Return a pair with its reasons."""
    return {
        "merged": str(found.merged.case_id),
        "merged_number": found.merged.number,
        "kept": str(found.kept.case_id),
        "kept_number": found.kept.number,
        "points": found.likeness.points,
        "reasons": [
            {"ground": each.ground.value, "points": each.points, "text": each.text}
            for each in found.likeness.reasons
        ],
    }


def merge_json(merge: MergeView) -> dict[str, Any]:
    """Return one merge, present or undone."""
    return {
        "merged": str(merge.merged_id),
        "kept": str(merge.kept_id),
        "by": merge.merged_by,
        "at": merge.merged_at.isoformat(),
        "undone_at": merge.undone_at.isoformat() if merge.undone_at else None,
        "undone_reason": merge.undone_reason,
    }


def _problem(found: Proposal, user: User) -> str:
    """Return why the person cannot put the two together; empty if they can."""
    trigger = merge_trigger(found.merged.state)
    if trigger is None or found.kept.state not in OPEN_STATES:
        return "案卷已办结、正在核实核查、已反馈，或正在协调、缓办、挂账，不能并案。"
    if wins_time(found.merged, found.kept):
        return "保留的案卷截止更晚，不能并案。"
    if user.roles.isdisjoint(ANYBODY[trigger]):
        return "案卷已立案，由值班长并案。"
    return ""


def _rows(found: Proposal) -> list[tuple[str, str, str]]:
    """Return the lines of the comparison: name, the case that would go, the one that stays."""

    def line(name: str, attribute: str) -> tuple[str, str, str]:
        return name, _cell(found.merged, attribute), _cell(found.kept, attribute)

    return [
        line("问题", "subject"),
        line("诉求内容", "body"),
        line("地点", "place"),
        line("类别", "category_name"),
        line("诉求人数", "reports"),
    ]


def _cell(side: Side, attribute: str) -> str:
    return str(getattr(side, attribute) or "—")


ROUTES: Final = (
    Route("GET", "/cases/{case_id}/merge/{other_id}", get_pair, DESK, "cases.pair"),
    Route("GET", "/cases/{case_id}/merge", get_other, DESK, "cases.compare"),
    Route("POST", "/cases/{case_id}/merge", post_merge, DESK, "cases.merge"),
    Route("POST", "/cases/{case_id}/unmerge", post_unmerge, DESK, "cases.unmerge"),
    Route("POST", "/cases/{case_id}/apart", post_apart, DESK, "cases.apart"),
)
