"""The key of a form counts as long as somebody may send the form again."""

from datetime import timedelta

from case_bridge.cases import form_keys
from hotline.kernel.db import Database
from hotline.kernel.ids import new_id
from tests.conftest import FakeClock

KEY = "a key of a form"


async def test_a_key_is_known_for_a_month_and_then_forgotten(
    database: Database, clock: FakeClock
) -> None:
    by = new_id()
    async with database.begin() as uow:
        await form_keys.claim_key(uow, KEY, by, now=clock())
    clock.advance(form_keys.KEPT)

    async with database.begin() as uow:
        assert await form_keys.forget_keys(uow, now=clock()) == 0
    clock.advance(timedelta(seconds=1))
    async with database.begin() as uow:
        assert await form_keys.forget_keys(uow, now=clock()) == 1
