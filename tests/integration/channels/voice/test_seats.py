"""Seats' phones register with us, and a restart forgets none of them."""

from datetime import timedelta
from pathlib import Path

import pytest

from channels.voice.options import LineOptions, TrunkOptions
from channels.voice.phone import Phone, PhoneOptions
from channels.voice.phone_call import PhoneError
from channels.voice.sip.auth import Credentials
from hotline.kernel.clock import system_clock
from hotline.kernel.db import Database
from hotline.queues.states import SeatState
from tests.integration.channels.voice.hall import PASSWORD, Hall, eventually, open_hall


async def registered(hall: Hall, extension: str) -> bool:
    until = (await hall.seat_view(extension)).phone_until
    return until is not None and until > system_clock()


async def test_a_phone_with_the_right_password_is_registered_for_an_hour(hall: Hall) -> None:
    async with hall.seat("8001"):
        view = await hall.seat_view("8001")

    assert view.phone_until is not None
    left = view.phone_until - system_clock()
    assert timedelta(minutes=59) < left <= timedelta(hours=1)


async def test_a_phone_that_is_switched_off_in_order_is_not_rung(hall: Hall) -> None:
    async with hall.seat("8001") as seat:
        await seat.unregister()
        await eventually(lambda: _gone(hall), "the phone is gone")


async def test_a_phone_that_goes_off_takes_no_other_one_with_it(hall: Hall) -> None:
    """RFC 3261 10.3 step 7: only the contact that is named is removed."""

    async def has_gone_off() -> bool:
        return not old._registered.is_set()

    async with hall.phone("8001") as old, hall.phone("8001") as new:
        await hall.sign_in("8001")
        await old.register(hall.registrar, password=PASSWORD)
        await new.register(hall.registrar, password=PASSWORD)
        await old.unregister()
        await eventually(has_gone_off, "the old phone has gone off")

        assert await registered(hall, "8001")


async def _gone(hall: Hall) -> bool:
    return not await registered(hall, "8001")


@pytest.mark.parametrize(("user", "password"), [("8001", "wrong"), ("9999", PASSWORD)])
async def test_neither_a_wrong_password_nor_an_unknown_extension_registers(
    hall: Hall, user: str, password: str
) -> None:
    await hall.sign_in("8001")
    async with hall.phone(user) as phone:
        with pytest.raises(PhoneError) as refused:
            await phone.register(hall.registrar, password=password, timeout=1.5)

    # The same answer for both: nobody learns which extensions exist.
    assert "401" in str(refused.value)
    assert not await registered(hall, "8001")


async def test_too_short_a_registration_is_made_longer(hall: Hall) -> None:
    await hall.sign_in("8001")
    async with hall.phone("8001") as phone:
        await phone.register(hall.registrar, password=PASSWORD, expires=5)
        view = await hall.seat_view("8001")

    assert view.phone_until is not None
    assert view.phone_until - system_clock() > timedelta(seconds=20)


async def test_a_phone_may_register_over_tcp_and_is_rung_there(hall: Hall) -> None:
    await hall.sign_in("8001")
    async with hall.phone("8001") as seat, hall.phone() as citizen:
        await seat.register(f"{hall.registrar};transport=tcp", password=PASSWORD)
        call = await citizen.dial(hall.line())
        await seat.next_call()
        await hall.seat_is("8001", SeatState.TALKING)
        await call.hang_up()
        await hall.ended_call()


async def test_after_a_restart_the_phone_is_rung_without_registering_again(
    live_database: Database, tmp_path: Path
) -> None:
    async with Phone.open(PhoneOptions(user="8001", folder=tmp_path)) as seat:
        async with open_hall(live_database, tmp_path) as hall:
            await hall.sign_in("8001")
            await seat.register(hall.registrar, password=PASSWORD)
            port = hall.voice.address[1]
        async with open_hall(live_database, tmp_path, port=port) as again, again.phone() as citizen:
            again.seats = hall.seats
            call = await citizen.dial(again.line())
            await seat.next_call()
            await again.seat_is("8001", SeatState.TALKING)
            await call.hang_up()
            await again.ended_call()


async def test_a_line_that_registers_with_its_provider_gets_the_providers_calls(
    hall: Hall, live_database: Database, tmp_path: Path
) -> None:
    """The provider is another hall: our line is the phone of one of its seats."""
    await hall.sign_in("12345")
    host, port = hall.voice.address
    trunk = TrunkOptions(
        name="provider",
        host=host,
        port=port,
        number="12345",
        credentials=Credentials("12345", PASSWORD),
        registers=True,
    )
    lines = (LineOptions(number="12345"),)
    async with open_hall(
        live_database, tmp_path / "ours", name="ours", lines=lines, trunks=(trunk,)
    ) as ours:
        await eventually(lambda: registered(hall, "12345"), "our line is registered")
        async with hall.phone() as citizen:
            call = await citizen.dial(hall.line("12319"))

            async def ours_answered() -> bool:
                rows = await hall.calls()
                return any(
                    row.line == "12345"
                    and row.process_id == ours.voice._present_life()
                    and row.answered_at is not None
                    for row in rows
                )

            await eventually(ours_answered, "the provider's call came to our line")
            await call.hang_up()
