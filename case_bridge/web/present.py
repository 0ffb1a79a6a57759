"""Cases and tasks as JSON: what a program gets where a person gets a page."""

from datetime import datetime
from typing import Any

from case_bridge.bridge.reading import AlarmView, LinkView
from case_bridge.cases.views import CaseLine, CaseView
from case_bridge.field.reading import TaskView
from case_bridge.units.unit import Suggestion


def line_json(line: CaseLine, suggestion: Suggestion | None = None) -> dict[str, Any]:
    """Return one line of a list; with the unit that the matrix suggests, if it does."""
    return {
        "case_id": str(line.case_id),
        "number": line.number,
        "state": line.state.value,
        "round": line.round,
        "source": line.source.value,
        "kind": line.kind.value if line.kind else None,
        "category": line.category_key,
        "category_name": line.category_name,
        "condition": line.condition,
        "subject": line.subject,
        "place": line.place,
        "unit_id": str(line.unit_id) if line.unit_id else None,
        "unit": line.unit_name,
        "district_id": str(line.district_id) if line.district_id else None,
        "district": line.district_name,
        "registered_at": line.registered_at.isoformat(),
        "due_at": _instant(line.due_at),
        "is_overdue": line.is_overdue,
        "suggested_unit_id": str(suggestion.unit_id) if suggestion else None,
        "suggested_unit": suggestion.unit_name if suggestion else None,
        "suggestion_reason": suggestion.reason if suggestion else None,
    }


def waiting_json(line: CaseLine, suggestion: Suggestion | None = None) -> dict[str, Any]:
    """Return one line of a desk: with the deadline of the step that is waited for."""
    return line_json(line, suggestion) | {
        "stage_due_at": _instant(line.stage_due_at),
        "is_stage_late": line.is_stage_late,
    }


def case_json(view: CaseView) -> dict[str, Any]:
    """Return a whole case."""
    return line_json(view.line) | {
        "channel": view.channel,
        "body": view.body,
        "longitude": view.longitude,
        "latitude": view.latitude,
        "limit": view.limit,
        "order": view.order_text,
        "result": view.result,
        "handled_at": _instant(view.handled_at),
        "closed_at": _instant(view.closed_at),
        "receipt": view.receipt.to_payload() if view.receipt else None,
        "history": [
            {
                "sequence": step.sequence,
                "round": step.round,
                "trigger": step.trigger.value,
                "state": step.state.value,
                "actor": step.actor_name,
                "text": step.text,
                "at": step.occurred_at.isoformat(),
            }
            for step in view.steps
        ],
        "tickets": [each.ticket_number for each in view.reports if each.ticket_number],
        "evidence": [
            {
                "evidence_id": str(each.evidence_id),
                "origin": each.origin.value,
                "name": each.name,
                "media_type": each.media_type,
                "size": each.size,
                "sha256": each.sha256,
                "at": each.recorded_at.isoformat(),
            }
            for each in view.evidence
        ],
    }


def task_json(task: TaskView) -> dict[str, Any]:
    """Return one inspector's task."""
    return {
        "task_id": str(task.task_id),
        "case_id": str(task.case_id),
        "case_number": task.case_number,
        "round": task.round,
        "kind": task.kind.value,
        "state": task.state.value,
        "subject": task.subject,
        "order": task.order_text,
        "place": task.place,
        "longitude": task.longitude,
        "latitude": task.latitude,
        "inspector": task.inspector_name,
        "opened_at": task.opened_at.isoformat(),
        "passed": task.passed,
        "text": task.text,
    }


def due_task_json(task: TaskView, due_at: datetime | None) -> dict[str, Any]:
    """Return one inspector's task, and until when it has to be answered while it is open."""
    return task_json(task) | {"due_at": _instant(due_at)}


def link_json(link: LinkView) -> dict[str, Any]:
    """Return where one round of a ticket stands at the case system."""
    return {
        "ticket_id": str(link.ticket_id),
        "round": link.round,
        "state": link.state.value,
        "case_id": link.case_key,
        "number": link.case_number,
        "problem": link.problem,
    }


def alarm_json(alarm: AlarmView) -> dict[str, Any]:
    """Return one alarm of the bridge."""
    return {
        "alarm_id": str(alarm.alarm_id),
        "problem": alarm.problem,
        "ticket_id": str(alarm.ticket_id) if alarm.ticket_id else None,
        "raised_at": alarm.raised_at.isoformat(),
    }


def _instant(value: datetime | None) -> str | None:
    return value.isoformat() if value else None
