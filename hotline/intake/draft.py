"""From what a citizen asks to the draft of a ticket; what does not fit is noted, never refused."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from hotline.contacts.contact import Channel, InboundContact
from hotline.intake.classify import classify
from hotline.intake.dedupe import WITHIN, Earlier, same_matter
from hotline.intake.request import CitizenRequest
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Invalid
from hotline.kernel.ids import CitizenId, ContactId, TicketId
from hotline.people.citizen import PeopleOptions, normal_mail
from hotline.people.number import NumberKind, parse_number
from hotline.people.service import identify
from hotline.tickets.checks import ADDRESS_LIMIT, BODY_LIMIT, SUBJECT_LIMIT
from hotline.tickets.record import find_category
from hotline.tickets.repository import Tickets
from hotline.tickets.ticket import RequestKind, TicketDraft

RECENT_LIMIT = 20


@dataclass(slots=True)
class _Notes:
    """What the citizen gave that the ticket's fields could not take."""

    lines: list[str] = field(default_factory=list)

    def add(self, what: str, value: object) -> None:
        self.lines.append(f"（{what}：{value}）")

    def appended_to(self, body: str) -> str:
        tail = "\n".join(["", "", *self.lines]) if self.lines else ""
        if len(body) + len(tail) > BODY_LIMIT:
            tail = "\n".join([tail, "", "（正文过长，全文见原件）"])
            body = body[: BODY_LIMIT - len(tail)]
        return body + tail


async def make_draft(
    uow: UnitOfWork,
    contact_id: ContactId,
    contact: InboundContact,
    request: CitizenRequest,
    *,
    people: PeopleOptions,
    now: datetime,
) -> TicketDraft:
    """Return the draft for a request: the citizen recognised, the words classified.

    Whatever is malformed in the optional fields moves into the text, because a citizen who is
    gone cannot be asked again.
    """
    notes = _Notes()
    citizen_id = await _identify(uow, request, people=people, now=now)
    category_code, condition = await _category(uow, request, notes)
    longitude, latitude = _position(request, notes)
    reply_channel, reply_to = _reply(request, notes)
    suggested = classify(f"{request.subject}\n{request.body}")
    return TicketDraft(
        channel=contact.channel,
        contact_id=contact_id,
        citizen_id=citizen_id,
        request_kind=request.request_kind or suggested.request_kind,
        category_code=category_code,
        condition=condition,
        subject=_shortened(request.subject, SUBJECT_LIMIT) or "（无标题）",
        address=_shortened(request.address, ADDRESS_LIMIT),
        longitude=longitude,
        latitude=latitude,
        reply_channel=reply_channel,
        reply_to=reply_to,
        anonymous=request.anonymous,
        confidential=request.confidential,
        urgency=suggested.urgency,
        related_ticket_id=await _same_matter(uow, request, citizen_id, now=now),
        origin_key=origin_key(contact_id),
        body=notes.appended_to(request.body),
    )


def draft_for_a_person(contact_id: ContactId, contact: InboundContact, reason: str) -> TicketDraft:
    """Return the draft for a contact that nothing could read: a person opens the original."""
    address = normal_mail(contact.sender or "")
    return TicketDraft(
        channel=contact.channel,
        contact_id=contact_id,
        request_kind=RequestKind.OTHER,
        subject="来件无法自动识别，请人工查看原件",
        body=f"渠道：{contact.channel}\n大小：{len(contact.raw)} 字节\n原因：{reason}",
        reply_channel=Channel.MAIL if address else Channel.WEB,
        reply_to=address,
        origin_key=origin_key(contact_id),
    )


def origin_key(contact_id: ContactId) -> str:
    """Return the key that makes one contact one ticket."""
    return f"contact:{contact_id}"


async def _identify(
    uow: UnitOfWork, request: CitizenRequest, *, people: PeopleOptions, now: datetime
) -> CitizenId | None:
    if request.anonymous:
        return None
    return await identify(
        uow,
        options=people,
        phone=request.phone,
        mail=request.mail,
        name=request.name,
        now=now,
    )


async def _category(
    uow: UnitOfWork, request: CitizenRequest, notes: _Notes
) -> tuple[str | None, str | None]:
    """Return category and condition as far as they exist."""
    try:
        await find_category(uow, request.category_code, request.condition)
    except Invalid as error:
        notes.add("所选类别无法识别", request.category_code or request.condition)
        is_condition = error.field == "condition" and request.category_code
        return (request.category_code if is_condition else None), None
    return request.category_code, request.condition


def _position(request: CitizenRequest, notes: _Notes) -> tuple[float | None, float | None]:
    longitude, latitude = request.longitude, request.latitude
    if longitude is None and latitude is None:
        return None, None
    is_whole = longitude is not None and latitude is not None
    if is_whole and abs(longitude or 0) <= 180 and abs(latitude or 0) <= 90:
        return longitude, latitude
    notes.add("所给坐标无效", f"{longitude}, {latitude}")
    return None, None


def _reply(request: CitizenRequest, notes: _Notes) -> tuple[Channel, str | None]:
    """Return how to answer; an address that cannot work leaves the status page."""
    channel, address = request.reply_channel, request.reply_to or ""
    match channel:
        case Channel.MAIL:
            is_good = normal_mail(address) is not None
        case Channel.VOICE | Channel.SMS:
            number = parse_number(address)
            is_good = number is not None
            if number is not None and number.kind is not NumberKind.MOBILE:
                channel = Channel.VOICE  # no text message arrives there, but it rings
        case _:
            return channel, None
    if is_good:
        return channel, address.strip()
    notes.add("所留回复方式无效", channel)
    return Channel.WEB, None


async def _same_matter(
    uow: UnitOfWork, request: CitizenRequest, citizen_id: CitizenId | None, *, now: datetime
) -> TicketId | None:
    if citizen_id is None:
        return None
    rows = await Tickets(uow.session).recent_of_sender(
        citizen_id=citizen_id, since=now - WITHIN, limit=RECENT_LIMIT
    )
    earlier: list[Earlier[UUID]] = [
        Earlier(row.id, f"{row.subject}\n{row.body}", row.opened_at) for row in rows
    ]
    found = same_matter(f"{request.subject}\n{request.body}", now, earlier)
    return TicketId(found) if found else None


def _shortened(text: str, limit: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
