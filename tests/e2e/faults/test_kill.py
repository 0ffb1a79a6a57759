"""kill -9 of the whole tree while citizens write, call and are called; then the reckoning."""

import asyncio
import random
from pathlib import Path

import pytest

from benchmarks.faults.accounts import find_problems
from benchmarks.faults.installation import Installation
from benchmarks.faults.kill import kill
from benchmarks.faults.traffic import Ledger, Traffic
from hotline.kernel.db import Database


@pytest.mark.timeout(300)  # half a minute on a machine that does nothing else
async def test_kill_9_loses_no_acknowledged_contact_and_makes_no_callback_twice(
    tmp_path: Path,
) -> None:
    """R12, R69: form, mail and call are there once after two deaths, callbacks are made once."""
    result = await kill(tmp_path, 2, seed=3)

    assert result.problems == []
    assert result.kills == 2
    assert result.ledger.forms
    assert result.ledger.mails


async def test_a_contact_that_was_claimed_while_nobody_was_there_is_missed(
    tmp_path: Path, database: Database
) -> None:
    """The reckoning can fail: `--unsafe` claims forms while the house is down."""
    ledger = Ledger()
    down = Installation(tmp_path, {})
    traffic = Traffic(down, ledger, random.Random(0), unsafe=True)
    claiming = asyncio.create_task(traffic.forms())
    async with asyncio.timeout(10):
        while not ledger.forms:
            await asyncio.sleep(0)
    claiming.cancel()

    async with database.read() as session:
        problems = await find_problems(session, ledger, {})

    assert problems == ["an acknowledged form is there 0 times"]


async def test_the_reckoning_misses_each_kind_of_contact(database: Database) -> None:
    ledger = Ledger(forms={"a-nonce": ""}, mails={"<a@example.org>"}, calls={"13700000001"})

    async with database.read() as session:
        problems = await find_problems(session, ledger, {"13900000001": 1})

    assert problems == [
        "an acknowledged form is there 0 times",
        "an acknowledged mail is there 0 times",
        "an answered call has 0 rows",
        "somebody was rung 1 times, owed 0 return calls",
    ]
