"""kill -9 of the whole tree while citizens write, call and are called; then the reckoning."""

from pathlib import Path

import pytest

from benchmarks.faults.accounts import find_problems
from benchmarks.faults.kill import kill
from benchmarks.faults.traffic import Ledger
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


@pytest.mark.timeout(300)
async def test_a_contact_that_was_claimed_while_nobody_was_there_is_missed(tmp_path: Path) -> None:
    """The reckoning can fail."""
    result = await kill(tmp_path, 1, unsafe=True)

    assert "an acknowledged form is there 0 times" in result.problems


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
