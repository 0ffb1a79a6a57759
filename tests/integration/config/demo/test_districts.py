"""The districts of the demo city, played through their pages."""

from contextlib import AsyncExitStack
from typing import Any

from case_bridge.web.routes import PART
from config.catalogue import load_catalogue
from config.demo.casework import City
from config.demo.clients import signed_in
from config.demo.district_story import Districts
from config.demo.districts import ORGANISATION, load_demo_districts
from config.demo.people import load_demo_people
from config.demo.telling import Teller
from config.loading import load_shipped_data
from config.place_tables import load_demo_places
from hotline.kernel.db import Database
from hotline.web.app import make_app
from hotline.web.keys import WebOptions
from tests.fakes.memory_signals import MemorySignals

SECRET = b"a secret of thirty-two bytes, at least"


async def test_the_story_of_the_districts_leaves_cases_in_every_state_of_their_desks(
    database: Database, clock: Any, aiohttp_server: Any
) -> None:
    """R28, R29, R30, R43, R50, R58: both levels by suggestions of the matrix alone."""
    catalogue = load_catalogue()
    await load_shipped_data(database, catalogue, organisation=ORGANISATION, now=clock())
    await load_demo_districts(database)
    await load_demo_places(database, now=clock())
    await load_demo_people(database, realm="example.org", now=clock())
    app = make_app(database, (PART,), WebOptions(SECRET), clock=clock, signals=MemorySignals())
    server = await aiohttp_server(app)
    base = str(server.make_url("/")).rstrip("/")
    told: list[str] = []

    async with AsyncExitStack() as stack:
        city = await City.open(base, stack)
        east = await stack.enter_async_context(signed_in(base, "hxq"))
        west = await stack.enter_async_context(signed_in(base, "qhq"))
        standard = f"{catalogue.standard_in_use.scheme}@{catalogue.standard_in_use.version}"
        states = await Districts(city, east, west, standard, Teller(told.append)).play()
        districts = (await city.leader.get("/cases/supervision"))["districts"]

    assert list(states.values()) == [
        "handed_down",
        "handling",
        "handled",
        "closed",
        "returned",
        "disputed",
        "returned",
    ]
    assert {each["name"]: each["open"] for each in districts} == {
        "荷香区指挥中心": 3,
        "清河区指挥中心": 2,
    }
    assert "市派遣台改为建议市政设施管理所" in told[-1]
