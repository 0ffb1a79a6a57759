"""The running month on the screens."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.command.month import AGE, RunningMonth
from hotline.kernel.ids import UnitId, new_id

NOW = datetime(2026, 3, 11, 2, tzinfo=UTC)


async def test_each_level_has_its_own_month_a_minute_long() -> None:
    """R28, R99: a district's screen shows no figures of the whole city."""
    east, reckoned = UnitId(new_id()), []

    async def reckon(_: AsyncSession, district: UnitId | None, now: datetime) -> dict[str, Any]:
        reckoned.append((district, now))
        return {"of": district}

    month, session = RunningMonth(), cast(AsyncSession, None)
    found = [
        await month.take(session, reckon, district=district, now=now)
        for now in (NOW, NOW + AGE - timedelta(seconds=1), NOW + AGE)
        for district in (None, east)
    ]

    assert found == [{"of": None}, {"of": east}] * 3
    assert reckoned == [(None, NOW), (east, NOW), (None, NOW + AGE), (east, NOW + AGE)]
