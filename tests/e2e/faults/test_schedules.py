"""Seeded crash schedules keep every promise; the same judgement finds unsafe ways of working."""

import pytest

from benchmarks.faults.people import UNSAFE
from benchmarks.faults.schedules import run

COUNT = 60
UNSAFE_SEEDS = range(200)
"""Far more than are needed until the first is caught."""


@pytest.mark.timeout(300)  # seconds of arithmetic; on a machine that does other things, more
async def test_no_schedule_of_crashes_loses_a_contact_or_rings_twice(database_url: str) -> None:
    """R12, R69: an acknowledged contact has one ticket; nobody is asked twice unless in doubt."""
    verdicts = await run(database_url, range(COUNT))

    assert {each.seed: each.problems for each in verdicts if each.problems} == {}
    assert sum(each.crashes.total() for each in verdicts) > COUNT
    assert sum(each.rings for each in verdicts) > COUNT / 4
    assert sum(each.letters for each in verdicts) > COUNT / 4


@pytest.mark.timeout(300)
@pytest.mark.parametrize("unsafe", UNSAFE)
async def test_an_unsafe_way_of_working_is_found(database_url: str, unsafe: str) -> None:
    """R12, R69: the judgement can fail."""
    verdicts = await run(database_url, UNSAFE_SEEDS, unsafe=unsafe, until_broken=True)

    assert any(each.problems for each in verdicts)


@pytest.mark.parametrize("unsafe", UNSAFE)
async def test_without_crashes_nothing_is_found(database_url: str, unsafe: str) -> None:
    """What the judgement finds in an unsafe way of working is the crashes' doing."""
    verdicts = await run(database_url, range(3), unsafe=unsafe, odds=0)

    assert [each.problems for each in verdicts] == [[], [], []]
