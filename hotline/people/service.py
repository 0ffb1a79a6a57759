"""One citizen across channels: recognised by keyed hash, shown masked."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hotline.kernel.db import UnitOfWork
from hotline.kernel.ids import CitizenId
from hotline.kernel.privacy import blind_index, mask_email, mask_name, mask_phone
from hotline.people.citizen import (
    CitizenView,
    IdentifierKind,
    IdentifierView,
    PeopleOptions,
    normal_mail,
)
from hotline.people.model import IdentifierRow
from hotline.people.number import parse_number
from hotline.people.repository import People


async def identify(
    uow: UnitOfWork,
    *,
    options: PeopleOptions,
    now: datetime,
    phone: str | None = None,
    mail: str | None = None,
    name: str | None = None,
) -> CitizenId | None:
    """Return the citizen with a number or address, known or new; None if neither is given.

    The number decides when both are known and belong to two citizens: nobody is merged by guess,
    because a family shares a telephone and an office an address.
    """
    people = People(uow.session)
    owner: UUID | None = None
    for row in _identifiers(options, phone=phone, mail=mail, now=now):
        owner = await _own(people, row, owner, now=now)
    if owner is None:
        return None
    if name and name.strip():
        citizen = await people.get(CitizenId(owner), lock=True)
        citizen.name = citizen.name or name.strip()[:100]
    return CitizenId(owner)


async def find_citizen(
    session: AsyncSession,
    *,
    options: PeopleOptions,
    phone: str | None = None,
    mail: str | None = None,
) -> CitizenView | None:
    """Return the known citizen with a number or address, or None; adds nobody."""
    people = People(session)
    for kind, value in _values(options, phone=phone, mail=mail):
        owner = await people.find(kind, blind_index(options.index_key, value))
        if owner is not None:
            return await citizen_view(session, CitizenId(owner))
    return None


async def citizen_view(session: AsyncSession, citizen_id: CitizenId) -> CitizenView:
    """Return a citizen with everything masked.

    Raises:
        NotFound: if there is none.
    """
    people = People(session)
    citizen = await people.get(citizen_id)
    return CitizenView(
        citizen_id=citizen_id,
        name_masked=mask_name(citizen.name) if citizen.name else "",
        first_seen_at=citizen.first_seen_at,
        identifiers=tuple(
            IdentifierView(row.kind, _masked(row), row.is_short)
            for row in await people.identifiers(citizen_id)
        ),
    )


async def _own(people: People, row: IdentifierRow, owner: UUID | None, *, now: datetime) -> UUID:
    """Give an identifier to the owner; without one, to whom has it, or a citizen made for it."""
    if owner is not None:
        row.citizen_id = owner
        await people.claim_identifier(row)
        return owner
    known = await people.find(row.kind, row.blind_index)
    if known is not None:
        return known
    row.citizen_id = fresh = await people.add_citizen(now=now)
    owner = await people.claim_identifier(row)
    if owner != fresh:
        # Another transaction was quicker with the same identifier.
        await people.remove_citizen(fresh)
    return owner


def _identifiers(
    options: PeopleOptions, *, phone: str | None, mail: str | None, now: datetime
) -> list[IdentifierRow]:
    rows = []
    for kind, value in _values(options, phone=phone, mail=mail):
        number = (
            parse_number(phone, home_area_code=options.home_area_code)
            if kind is IdentifierKind.PHONE and phone
            else None
        )
        rows.append(
            IdentifierRow(
                kind=kind,
                blind_index=blind_index(options.index_key, value),
                value=value,
                raw=number.raw if number else (mail or value).strip(),
                number_kind=number.kind if number else None,
                is_short=number.is_short if number else False,
                added_at=now,
            )
        )
    return rows


def _values(
    options: PeopleOptions, *, phone: str | None, mail: str | None
) -> list[tuple[IdentifierKind, str]]:
    values = []
    number = parse_number(phone, home_area_code=options.home_area_code) if phone else None
    if number is not None:
        values.append((IdentifierKind.PHONE, number.identity))
    address = normal_mail(mail) if mail else None
    if address is not None:
        values.append((IdentifierKind.MAIL, address))
    return values


def _masked(row: IdentifierRow) -> str:
    if row.kind is IdentifierKind.MAIL:
        return mask_email(row.value)
    # A citizen knows the number as it is dialled in the country, without +86.
    return mask_phone(row.value.removeprefix("+86"))
