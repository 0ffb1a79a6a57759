"""Values as the desk's JSON: instants in ISO 8601, numbers masked, words in Chinese."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hotline.contacts.announcements.service import Announcement
from hotline.contacts.earlier_calls import EarlierCall
from hotline.kernel.privacy import mask_phone
from hotline.queues.control.states import TargetKind
from hotline.queues.estimate import Estimate
from hotline.queues.phone_transfers import ParkedView, TransferView
from hotline.queues.thresholds import Alarm
from hotline.queues.values import Board, QueueLine, SeatContact, SeatLine, SeatView
from hotline.sla.limit import Limit
from hotline.tickets.category import Category
from hotline.tickets.conditions import condition_words
from hotline.tickets.views import HistoryEntry, TicketLine, TicketView
from hotline.web.labels import reason_of
from hotline.web.language import ENGLISH

Json = dict[str, Any]


def seat_json(seat: SeatView, history: Mapping[str, Any] | None = None) -> Json:
    """Return the seat with its contact, and what its citizen has brought before."""
    return {
        "seat_id": str(seat.seat_id),
        "name": seat.name,
        "extension": seat.extension,
        "queue": seat.queue,
        "state": seat.state.value,
        "since": instant(seat.since),
        "break_reason": seat.break_reason,
        "phone_until": instant(seat.phone_until),
        "browser_until": instant(seat.browser_until),
        "waiting": seat.waiting,
        "contact": contact_json(seat.contact, history or {}) if seat.contact else None,
    }


def contact_json(contact: SeatContact, history: Mapping[str, Any]) -> Json:
    """Return who calls and what came of it; the number is masked, None if it was withheld."""
    return {
        "call_id": str(contact.call_id),
        "offer_id": str(contact.offer_id),
        "state": contact.state.value,
        "number": mask_phone(contact.number) if contact.number else None,
        "line": contact.line,
        "enqueued_at": instant(contact.enqueued_at),
        "offered_at": instant(contact.offered_at),
        "answered_at": instant(contact.answered_at),
        "ended_at": instant(contact.ended_at),
        **history,
    }


def earlier_call_json(call: EarlierCall) -> Json:
    """Return a call of the same number that is over."""
    return {
        "started_at": instant(call.started_at),
        "connected_at": instant(call.connected_at),
        "ended_at": instant(call.ended_at),
        "disposition": call.disposition.value if call.disposition else None,
    }


def transfer_json(transfer: TransferView) -> Json:
    """Return whom a seat has brought in; the number on a card is masked."""
    card = dict(transfer.card)
    if card.get("number"):
        card["number"] = mask_phone(str(card["number"]))
    return {
        "transfer_id": str(transfer.transfer_id),
        "mode": transfer.mode.value,
        "kind": transfer.kind.value,
        "target": transfer.target,
        "name": transfer.name,
        "state": transfer.state.value,
        "result": transfer.result.value if transfer.result else None,
        "asked_at": instant(transfer.asked_at),
        "ended_at": instant(transfer.ended_at),
        "card": card,
    }


def moving_json(transfer: TransferView, seat: str | None) -> Json:
    """Return a transfer as the board shows it: who asked, for whom; no number, no card."""
    return {
        "transfer_id": str(transfer.transfer_id),
        "call_id": str(transfer.call_id),
        "mode": transfer.mode.value,
        "kind": transfer.kind.value,
        # A number that was dialled may be a person's.
        "name": transfer.name if transfer.kind is not TargetKind.NUMBER else None,
        "state": transfer.state.value,
        "seat": seat,
        "asked_at": instant(transfer.asked_at),
    }


def parked_json(parked: ParkedView) -> Json:
    """Return a parked caller; the number is masked."""
    return {
        "call_id": str(parked.call_id),
        "slot": parked.slot,
        "number": mask_phone(parked.number) if parked.number else None,
        "line": parked.line,
        "seat": parked.seat,
        "parked_at": instant(parked.parked_at),
        "until": instant(parked.until),
    }


def line_json(line: TicketLine) -> Json:
    """Return one line of a list of tickets."""
    return {
        "ticket_id": str(line.ticket_id),
        "number": line.number,
        "state": line.state.value,
        "channel": line.channel.value,
        "request_kind": line.request_kind.value,
        "urgency": line.urgency.value,
        "category_name": line.category_name,
        "subject": line.subject,
        "address": line.address,
        "opened_at": instant(line.opened_at),
        "due_at": instant(line.due_at),
        "round": line.round,
    }


def ticket_json(view: TicketView, language: str) -> Json:
    """Return a whole ticket; the answer address is masked."""
    return {
        "ticket_id": str(view.ticket_id),
        "number": view.number,
        "state": view.state.value,
        "round": view.round,
        "channel": view.channel.value,
        "call_id": str(view.call_id) if view.call_id else None,
        "request_kind": view.request_kind.value,
        "category": category_json(view.category, language) if view.category else None,
        "condition": view.condition,
        "condition_words": condition_words(
            view.condition, view.category.limits if view.category else ()
        ),
        "urgency": view.urgency.value,
        "subject": view.subject,
        "body": view.body,
        "address": view.address,
        "longitude": view.longitude,
        "latitude": view.latitude,
        "reply_channel": view.reply_channel.value,
        "reply_to_masked": view.reply_to_masked,
        "anonymous": view.anonymous,
        "confidential": view.confidential,
        "opened_at": instant(view.opened_at),
        "transferred_at": instant(view.transferred_at),
        "resolved_at": instant(view.resolved_at),
        "closed_at": instant(view.closed_at),
        "due_at": instant(view.due_at),
        "outcome": view.outcome.value if view.outcome else None,
        "result": view.result,
        "close_reason": view.close_reason.value if view.close_reason else None,
    }


def category_json(category: Category, language: str) -> Json:
    """Return a category with the conditions and limits that a seat chooses from."""
    return {
        "key": category.key,
        "code": category.code,
        "kind": category.kind.value,
        "name": category.name_zh,
        "name_en": category.name_en,
        "major": category.major_name,
        "limits": [
            {
                "condition": item.condition,
                "limit": item.limit,
                "words": item.words or condition_words(item.condition),
                "label": Limit.parse(item.limit).label("en" if language == ENGLISH else "zh"),
            }
            for item in category.limits
        ],
    }


def history_json(entry: HistoryEntry) -> Json:
    """Return one move of a ticket; its detail holds reasons, no personal data."""
    return {
        "position": entry.position,
        "trigger": entry.trigger.value if entry.trigger else None,
        "state": entry.state.value,
        "round": entry.round,
        "actor": entry.actor,
        "reason": reason_of(entry),
        "at": instant(entry.at),
    }


def board_json(board: Board) -> Json:
    """Return every queue and seat."""
    return {
        "queues": [queue_json(line) for line in board.queues],
        "seats": [seat_line_json(line) for line in board.seats],
    }


def queue_json(line: QueueLine) -> Json:
    """Return one queue."""
    return {
        "queue": line.queue,
        "waiting": line.waiting,
        "longest_since": instant(line.longest_since),
        "expected": estimate_json(line.expected) if line.expected else None,
    }


def estimate_json(estimate: Estimate) -> Json:
    """Return what is told of a wait."""
    return {"bound": estimate.bound.value, "minutes": estimate.minutes}


def seat_line_json(line: SeatLine) -> Json:
    """Return one seat of the board."""
    return {
        "seat_id": str(line.seat_id),
        "name": line.name,
        "extension": line.extension,
        "queue": line.queue,
        "state": line.state.value,
        "since": instant(line.since),
        "break_reason": line.break_reason,
        "phone_until": instant(line.phone_until),
        "browser_until": instant(line.browser_until),
        "call_id": str(line.call_id) if line.call_id else None,
    }


def alarm_json(alarm: Alarm) -> Json:
    """Return one alarm of the board."""
    return {
        "kind": alarm.kind.value,
        "where": alarm.where,
        "since": instant(alarm.since),
        "count": alarm.count,
    }


def announcement_json(announcement: Announcement, now: datetime) -> Json:
    """Return an announcement that is on, or has ended lately."""
    return {
        "announcement_id": str(announcement.announcement_id),
        "text": announcement.text,
        "lines": list(announcement.lines),
        "until": instant(announcement.until_at),
        "standing": announcement.standing(now).value,
    }


def instant(value: datetime | None) -> str | None:
    """Return an instant as ISO 8601 text in UTC."""
    return value.isoformat() if value else None
