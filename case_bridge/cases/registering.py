"""Registering what comes by other ways than the hotline, through the same entry (R4-R6, R9)."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from case_bridge.cases.case import (
    Actor,
    Attachment,
    CaseSource,
    EvidenceOrigin,
    Registered,
    Report,
)
from case_bridge.cases.evidence import check_attachments
from case_bridge.cases.record import keep_evidence
from case_bridge.cases.repository import Cases
from case_bridge.cases.service import register_case
from case_bridge.cases.words import require_words
from hotline.accounts.roles import Role
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Forbidden, Invalid

_TOLD_TO_DESK: Final = (
    CaseSource.INSPECTOR,
    CaseSource.VIDEO,
    CaseSource.MEDIA,
    CaseSource.WEB,
    CaseSource.VISIT,
    CaseSource.LEADER,
    CaseSource.SUPERIOR,
    CaseSource.TRANSFER,
)
"""001 a9(2), a14; 002i a3(4); 003 a13. What is told to the hotline comes as a ticket."""

SOURCES: Final[Mapping[Role, tuple[CaseSource, ...]]] = MappingProxyType(
    {
        Role.SEAT: _TOLD_TO_DESK,
        Role.SHIFT_LEADER: _TOLD_TO_DESK,
        Role.INSPECTOR: (CaseSource.INSPECTOR,),
    }
)


def sources_of(roles: frozenset[Role]) -> tuple[CaseSource, ...]:
    """Return the sources under which a person may register, in the order of a form."""
    may = {source for role in roles for source in SOURCES.get(role, ())}
    return tuple(source for source in _TOLD_TO_DESK if source in may)


async def register_report(
    uow: UnitOfWork,
    report: Report,
    *,
    attachments: tuple[Attachment, ...] = (),
    actor: Actor,
    now: datetime,
) -> Registered:
    """Register what an inspector found, or what reached the desk from elsewhere.

    Where it came from, such as the newspaper or the superior's letter, is its channel (R8).

    Raises:
        Invalid: if it says nothing or not where, names an unknown category, or a file cannot be
            kept.
        Forbidden: if it is not the actor's to register under that source.
    """
    if report.source not in sources_of(actor.roles):
        raise Forbidden(f"{report.source} is not registered here")
    require_words("place", report.place)
    _check_position(report.longitude, report.latitude)
    check_attachments(attachments)
    registered = await register_case(uow, report, now=now)
    keep_evidence(
        uow,
        await Cases(uow.session).get(registered.case_id),
        EvidenceOrigin.REPORT,
        actor=actor,
        text=f"登记人：{actor.name}",
        attachments=attachments,
        now=now,
    )
    return registered


def _check_position(longitude: float | None, latitude: float | None) -> None:
    if longitude is None and latitude is None:
        return
    if longitude is None or latitude is None:
        raise Invalid("longitude", "a position has longitude and latitude")
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        raise Invalid("longitude", "is not on the earth")
