"""What complainants said of a period: of all, by unit, by channel, and answer by answer (R80)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.evaluation.period import Period
from case_bridge.evaluation.satisfaction import Satisfaction
from hotline.callbacks.states import CallbackState
from hotline.contacts.contact import Channel
from hotline.kernel.cursors import read_cursor, write_cursor

PAGE_SIZE: Final = 50


class Axis(StrEnum):
    """What the answers are told apart by."""

    UNIT = "unit"  # 责任单位
    CHANNEL = "channel"  # 诉求渠道


class Said(StrEnum):
    """Which of those who were asked a number counts."""

    ASKED = "asked"
    ANSWERED = "answered"
    RATED = "rated"
    SATISFIED = "satisfied"
    DISSATISFIED = "dissatisfied"
    SOLVED = "solved"
    UNSOLVED = "unsolved"


@dataclass(frozen=True, slots=True)
class Group:
    """The answers about one unit, or of those who came through one channel."""

    key: str
    """Unit id or channel; empty for what was never with a unit."""
    found: Satisfaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One complainant who was asked, without saying who that is."""

    callback_id: UUID
    scheduled_at: datetime
    ticket_number: str
    case_id: UUID | None
    case_number: str | None
    channel: Channel
    unit_id: UUID | None
    state: CallbackState
    satisfaction: int | None
    solved: int | None


# Asked is who was to be asked about an outcome of the period; a callback that was cancelled,
# because the ticket was taken up again, asked nobody. A round of a ticket is in one case only.
_SOURCE: Final = """
FROM callbacks k
JOIN tickets t ON t.id = k.ticket_id
LEFT JOIN case_reports r ON r.ticket_id = k.ticket_id AND r.round = k.round
LEFT JOIN case_facts f
    ON f.case_id = r.case_id AND f.round = r.case_round AND f.known_until IS NULL
WHERE k.scheduled_at >= :begins AND k.scheduled_at < :ends AND k.state <> 'cancelled'
"""

_CHANNEL: Final = "t.channel"
_KEYS: Final[Mapping[Axis, str]] = MappingProxyType(
    {Axis.UNIT: "coalesce(f.unit_id::text, '')", Axis.CHANNEL: _CHANNEL}
)

_ANSWERED: Final = "(k.satisfaction IS NOT NULL OR k.solved IS NOT NULL)"

_CONDITIONS: Final[Mapping[Said, str]] = MappingProxyType(
    {
        Said.ASKED: "TRUE",
        Said.ANSWERED: _ANSWERED,
        Said.RATED: "k.satisfaction IS NOT NULL",
        Said.SATISFIED: "k.satisfaction <= 3",
        Said.DISSATISFIED: "k.satisfaction > 3",
        Said.SOLVED: "k.solved = 1",
        Said.UNSOLVED: "k.solved = 2",
    }
)

_COUNTS: Final = f"""
    count(*) AS asked, count(*) FILTER (WHERE {_ANSWERED}) AS answered,
    count(*) FILTER (WHERE k.solved = 1) AS yes, count(*) FILTER (WHERE k.solved = 2) AS no,
    {", ".join(f"count(*) FILTER (WHERE k.satisfaction = {n}) AS rated_{n}" for n in range(1, 6))}
"""


async def survey(
    session: AsyncSession, period: Period, *, unit_id: str | None = None
) -> Satisfaction:
    """Return what the complainants of a period said, of all or of one unit's cases (R80)."""
    of_unit = f"AND {_KEYS[Axis.UNIT]} = :key" if unit_id is not None else ""
    found = await session.execute(
        text(f"SELECT {_COUNTS} {_SOURCE} {of_unit}"),
        _binds(period) | ({"key": unit_id} if unit_id is not None else {}),
    )
    return _satisfaction(found.mappings().one())


async def survey_by(session: AsyncSession, period: Period, axis: Axis) -> tuple[Group, ...]:
    """Return what was said about each unit or through each channel, most asked first (R80)."""
    key = _KEYS[axis]
    found = await session.execute(
        text(f"SELECT {key} AS key, {_COUNTS} {_SOURCE} GROUP BY {key} ORDER BY asked DESC, key"),
        _binds(period),
    )
    return tuple(Group(row["key"], _satisfaction(row)) for row in found.mappings())


async def survey_rows(
    session: AsyncSession,
    period: Period,
    said: Said,
    *,
    axis: Axis | None = None,
    key: str = "",
    after: str | None = None,
) -> tuple[tuple[Asked, ...], str | None]:
    """Return a page of those behind a number, newest first, and the cursor of the next page.

    Raises:
        Invalid: if the cursor is not ours.
    """
    values: dict[str, Any] = _binds(period) | {"limit": PAGE_SIZE + 1}
    narrower = ""
    if axis is not None:
        narrower, values["key"] = f"AND {_KEYS[axis]} = :key", key
    if after:
        narrower += " AND (k.scheduled_at, k.id) < (:at, :callback_id)"
        values["at"], values["callback_id"] = read_cursor(after)
    found = await session.execute(
        text(
            f"SELECT k.id AS callback_id, k.scheduled_at, t.number AS ticket_number, f.case_id, "
            f"f.number AS case_number, {_CHANNEL} AS channel, f.unit_id, k.state, "
            f"k.satisfaction, k.solved {_SOURCE} AND {_CONDITIONS[said]} {narrower} "
            "ORDER BY k.scheduled_at DESC, k.id DESC LIMIT :limit"
        ),
        values,
    )
    rows = [_asked(row) for row in found.mappings()]
    more = len(rows) > PAGE_SIZE
    last = rows[:PAGE_SIZE][-1] if more else None
    cursor = write_cursor(last.scheduled_at, last.callback_id) if last else None
    return tuple(rows[:PAGE_SIZE]), cursor


def _binds(period: Period) -> dict[str, Any]:
    return {"begins": period.begins, "ends": period.ends}


def _satisfaction(row: RowMapping) -> Satisfaction:
    return Satisfaction(
        asked=row["asked"],
        answered=row["answered"],
        ratings={number: row[f"rated_{number}"] for number in range(1, 6)},
        solved_yes=row["yes"],
        solved_no=row["no"],
    )


def _asked(row: RowMapping) -> Asked:
    known = dict(row)
    return Asked(
        **known | {"channel": Channel(row["channel"]), "state": CallbackState(row["state"])}
    )
