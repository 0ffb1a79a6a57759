"""The limits of alarms as they are set: what ships with the program, and what was changed."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Invalid
from hotline.queues.model import ThresholdRow
from hotline.queues.thresholds import Thresholds

BOUNDS: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(
    {
        "waiting": (1, 10_000),
        "longest_wait": (5, 7_200),
        "talking": (60, 14_400),
        "wrap_up": (10, 3_600),
        "on_break": (60, 14_400),
    }
)
"""Least and most of each limit; callers for `waiting`, seconds for the others."""


async def thresholds_of(session: AsyncSession) -> Thresholds:
    """Return the limits that hold now; where none was set, that of the program."""
    rows = await session.execute(select(ThresholdRow.name, ThresholdRow.value))
    return _thresholds(as_numbers(Thresholds()) | {row.name: row.value for row in rows})


async def set_thresholds(
    uow: UnitOfWork, wanted: Mapping[str, int]
) -> Mapping[str, tuple[int, int]]:
    """Set limits; return what changed: name to the number before and now.

    Raises:
        Invalid: if one is not known, or outside its bounds.
    """
    for name, value in wanted.items():
        if name not in BOUNDS:
            raise Invalid(name, "is no limit of an alarm")
        least, most = BOUNDS[name]
        if not least <= value <= most:
            raise Invalid(name, f"must be {least} to {most}")
    before = as_numbers(await thresholds_of(uow.session))
    changed = {
        name: (before[name], value) for name, value in wanted.items() if before[name] != value
    }
    for name, (_, value) in changed.items():
        statement = insert(ThresholdRow).values(name=name, value=value)
        await uow.session.execute(
            statement.on_conflict_do_update(index_elements=["name"], set_={"value": value})
        )
    if changed:
        # Boards that are open judge by the new limits at once.
        uow.signal("queue")
    return changed


def as_numbers(limits: Thresholds) -> dict[str, int]:
    """Return limits by name: callers, or seconds."""
    found = {each.name: getattr(limits, each.name) for each in fields(limits)}
    return {
        name: int(value.total_seconds()) if isinstance(value, timedelta) else value
        for name, value in found.items()
    }


def _thresholds(numbers: Mapping[str, int]) -> Thresholds:
    return Thresholds(
        waiting=numbers["waiting"],
        longest_wait=timedelta(seconds=numbers["longest_wait"]),
        talking=timedelta(seconds=numbers["talking"]),
        wrap_up=timedelta(seconds=numbers["wrap_up"]),
        on_break=timedelta(seconds=numbers["on_break"]),
    )
