"""What a ticket must hold to be opened or changed; every refusal names the field."""

from hotline.contacts.contact import Channel
from hotline.kernel.errors import Invalid
from hotline.people.citizen import normal_mail
from hotline.people.number import NumberKind, parse_number
from hotline.tickets.ticket import TicketAmendment, TicketDraft

SUBJECT_LIMIT = 200
BODY_LIMIT = 20_000
ADDRESS_LIMIT = 500
TEXT_LIMIT = 4_000


def check_draft(draft: TicketDraft) -> None:
    """Refuse a draft that nobody could work on or answer.

    Raises:
        Invalid: with the field and what is wrong with it.
    """
    check_text("subject", draft.subject, SUBJECT_LIMIT)
    _check_length("body", draft.body, BODY_LIMIT)
    _check_length("address", draft.address, ADDRESS_LIMIT)
    _check_position(draft.longitude, draft.latitude)
    check_reply(draft.reply_channel, draft.reply_to)


def check_amendment(amendment: TicketAmendment) -> None:
    """Refuse an amendment with a malformed value.

    Raises:
        Invalid: with the field and what is wrong with it.
    """
    if amendment.subject is not None:
        check_text("subject", amendment.subject, SUBJECT_LIMIT)
    _check_length("body", amendment.body or "", BODY_LIMIT)
    _check_length("address", amendment.address or "", ADDRESS_LIMIT)
    _check_position(amendment.longitude, amendment.latitude)
    if amendment.drops_position and amendment.longitude is not None:
        raise Invalid("longitude", "a position is given and dropped at once")


def check_reply(channel: Channel, address: str | None) -> None:
    """Refuse a way to answer that leads nowhere: nobody would ever hear of it (R69).

    Raises:
        Invalid: if it does.
    """
    # A mail address may hold digits, too.
    number = None if "@" in (address or "") else parse_number(address or "")
    match channel:
        case Channel.VOICE:
            is_good = number is not None
        case Channel.SMS:
            is_good = number is not None and number.kind is NumberKind.MOBILE
        case Channel.MAIL:
            is_good = normal_mail(address or "") is not None
        case _:
            is_good = True
    if not is_good:
        raise Invalid("reply_to", f"answering by {channel} needs a number or address for it")


def check_text(field: str, text: str, limit: int = TEXT_LIMIT) -> str:
    """Return the text without blank ends.

    Raises:
        Invalid: if nothing is left, or it is longer than `limit` characters.
    """
    text = text.strip()
    if not text:
        raise Invalid(field, "it is empty")
    _check_length(field, text, limit)
    return text


def _check_length(field: str, text: str, limit: int) -> None:
    if len(text) > limit:
        raise Invalid(field, f"it is longer than {limit} characters")
    if "\x00" in text:
        raise Invalid(field, "it holds a zero character")


def _check_position(longitude: float | None, latitude: float | None) -> None:
    if (longitude is None) != (latitude is None):
        raise Invalid("longitude", "a position needs both longitude and latitude")
    if longitude is None or latitude is None:
        return
    if not -180 <= longitude <= 180:
        raise Invalid("longitude", "it is not between -180 and 180 degrees")
    if not -90 <= latitude <= 90:
        raise Invalid("latitude", "it is not between -90 and 90 degrees")
