"""The course of a case as JSON, and why an act is or is not open to a person."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from case_bridge.cases.course import Course, NoticeView
from case_bridge.cases.duties import OF_HOUSE, Duties
from case_bridge.cases.states import CASE, CaseTrigger
from case_bridge.cases.views import CaseView
from case_bridge.later.reading import Pool, RequestView
from hotline.accounts.service import User

ELSEWHERE: Final = frozenset(
    {
        CaseTrigger.CONFIRM,
        CaseTrigger.REFUTE,
        CaseTrigger.PASS,
        CaseTrigger.EXTEND,
        CaseTrigger.DEFER,
        CaseTrigger.SHELVE,
        CaseTrigger.MERGE,
        CaseTrigger.UNMERGE,
        CaseTrigger.MERGE_FILED,
        CaseTrigger.UNMERGE_FILED,
    }
)
"""Done on the page of a task, by answering an application, or beside the other case."""

_LEVELS: Final = frozenset(
    {CaseTrigger.HAND_DOWN, CaseTrigger.HAND_UP, CaseTrigger.PASS_UP, CaseTrigger.SEND_BACK}
)
"""Of no interest where there is one level, and said by the state where there are two."""

_LATE_ONLY: Final = frozenset({CaseTrigger.ORDER, CaseTrigger.CIRCULATE})


def course_json(course: Course, requests: Sequence[RequestView]) -> dict[str, Any]:
    """Return what happened around a case."""
    marks = course.marks
    return {
        "marks": {
            "is_absolute": marks.is_absolute,
            "guarded_at": _instant(marks.guarded_at),
            "is_deferred": marks.is_deferred,
            "is_ownerless": marks.is_ownerless,
            "is_emergency": marks.is_emergency,
            "extension": marks.extension,
        },
        "stages": [
            {
                "stage": each.stage.value,
                "round": each.round,
                "begun_at": each.begun_at.isoformat(),
                "due_at": each.due_at.isoformat(),
                "ended_at": _instant(each.ended_at),
                "is_late": each.is_late,
                "receipt": each.receipt.to_payload(),
            }
            for each in course.stages
        ],
        "notices": [notice_json(each) for each in course.notices],
        "disputes": [
            {
                "reason": each.reason,
                "opened_by": each.opened_by,
                "met_at": _instant(each.met_at),
                "present": list(each.present),
                "minutes": each.minutes,
                "decision": each.decision.value if each.decision else None,
                "unit": each.decided_unit,
                "words": each.words,
            }
            for each in course.disputes
        ],
        "helpers": [
            {"unit": each.unit_name, "task": each.task, "result": each.result}
            for each in course.helpers
        ],
        "referrals": [
            {
                "referral_id": str(each.referral_id),
                "body": each.body,
                "facts": each.facts,
                "receipt_number": each.receipt_number,
            }
            for each in course.referrals
        ],
        "requests": [request_json(each) for each in requests],
    }


def request_json(view: RequestView) -> dict[str, Any]:
    """Return an application."""
    return {
        "request_id": str(view.request_id),
        "case_id": str(view.case_id),
        "number": view.case_number,
        "kind": view.kind.value,
        "state": view.state.value,
        "unit": view.unit_name,
        "reason": view.reason,
        "unit_leader": view.unit_leader,
        "extension": view.extension,
        "until": _instant(view.until),
        "warning": view.warning,
        "applied_by": view.applied_name,
        "applied_at": view.applied_at.isoformat(),
        "verified_by": view.verified_name,
        "decided_by": view.decided_name,
        "signature": view.signature,
        "decision": view.decision_words,
    }


def notice_json(view: NoticeView) -> dict[str, Any]:
    """Return a notice."""
    return {
        "notice_id": str(view.notice_id),
        "case_id": str(view.case_id),
        "number": view.case_number,
        "kind": view.kind.value,
        "to": view.to or None,
        "text": view.text,
        "issued_by": view.issued_by,
        "issued_at": view.issued_at.isoformat(),
        "reply_by": _instant(view.reply_by),
        "answer": view.answer,
        "answered_at": _instant(view.answered_at),
    }


def pool_json(pool: Pool) -> dict[str, Any]:
    """Return the problem pool."""
    return {
        "by_unit": dict(pool.by_unit),
        "longest_days": pool.longest_days,
        "cases": [
            {
                "case_id": str(each.case_id),
                "number": each.number,
                "subject": each.subject,
                "unit": each.unit_name,
                "reason": each.reason,
                "since": each.since.isoformat(),
                "until": _instant(each.until),
                "days": each.days,
            }
            for each in pool.entries
        ],
    }


def refusals(
    user: User, view: CaseView, course: Course, allowed: frozenset[CaseTrigger], duties: Duties
) -> list[tuple[CaseTrigger, str]]:
    """Return, for each act among the person's duties that is not open now, why it is not."""
    found = []
    for trigger in CaseTrigger:
        if trigger in allowed | OF_HOUSE | ELSEWHERE:
            continue
        if user.roles.isdisjoint(duties[trigger]) or trigger in _LEVELS:
            continue
        found.append((trigger, _why(trigger, user, view, course)))
    return found


def _why(trigger: CaseTrigger, user: User, view: CaseView, course: Course) -> str:
    if not CASE.allows(view.line.state, trigger):
        return "案卷当前状态下不能办理"
    if trigger in {CaseTrigger.DISPATCH, CaseTrigger.CLOSE, CaseTrigger.DECIDE}:
        return "案卷须由另一级平台办理"
    if trigger is CaseTrigger.GUARD and course.marks.guarded_at is not None:
        return "已采取安全防护措施"
    if trigger in _LATE_ONLY:
        return "仅限超期或返工的案卷"
    if trigger is CaseTrigger.URGE:
        return "仅限主管部门督促其公共服务单位"
    return "案卷不在本单位" if user.unit_id != view.line.unit_id else "须由有权结案的人员办理"


def is_at_fault(view: CaseView) -> bool:
    """Say whether the unit is late or its result was refused in this round (R48)."""
    if view.line.is_overdue and view.clock_stopped_at is None:
        return True
    return any(
        step.trigger is CaseTrigger.REWORK and step.round == view.line.round for step in view.steps
    )


def _instant(value: datetime | None) -> str | None:
    return value.isoformat() if value else None
