from datetime import timedelta

import pytest

from hotline.kernel.errors import Conflict
from hotline.queues import phones
from tests.integration.hotline.queues.floor import SmallFloor


async def test_a_registered_phone_is_found_until_it_expires(floor: SmallFloor) -> None:
    seat = await floor.seat("8001")

    async with floor.database.read() as session:
        found = await phones.phone_of(session, seat, now=floor.now)
        later = await phones.phone_of(session, seat, now=floor.now + timedelta(hours=1))

    assert found == floor.binding("8001")
    assert later is None


async def test_a_refresh_replaces_the_binding_and_an_older_one_is_refused(
    floor: SmallFloor,
) -> None:
    seat = await floor.seat("8001")
    async with floor.database.begin() as uow:
        refreshed = floor.binding("8001", cseq=3, lifetime=7200)
        await phones.register_phone(uow, seat, refreshed, now=floor.now)

    old = floor.binding("8001", cseq=2)
    with pytest.raises(Conflict):
        async with floor.database.begin() as uow:
            await phones.register_phone(uow, seat, old, now=floor.now)
    async with floor.database.read() as session:
        assert await phones.phone_of(session, seat, now=floor.now) == refreshed


async def test_the_login_of_an_unknown_extension_is_none(floor: SmallFloor) -> None:
    await floor.seat("8001")

    async with floor.database.read() as session:
        known = await phones.login_of(session, "8001")
        unknown = await phones.login_of(session, "9999")

    assert known is not None
    assert (known.extension, unknown) == ("8001", None)
