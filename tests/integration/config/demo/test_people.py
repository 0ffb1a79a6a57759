"""The people of the demo city: who walks where."""

from typing import Any

from case_bridge.field.roster import roster
from config.catalogue import load_catalogue
from config.demo.districts import load_demo_districts
from config.demo.people import load_demo_people
from config.loading import load_shipped_data
from config.place_tables import load_demo_places
from hotline.kernel.db import Database


async def test_the_demo_inspectors_walk_their_streets(database: Database, clock: Any) -> None:
    """R101: two inspectors, each with the grids of the own streets; a second start adds nothing."""
    await load_shipped_data(database, load_catalogue(), organisation="lianchi", now=clock())
    for _ in range(2):
        await load_demo_districts(database)
        await load_demo_places(database, now=clock())
        await load_demo_people(database, realm="example.org", now=clock())

    async with database.read() as session:
        walks = {each.name: each.grids for each in await roster(session)}
    assert {name: {grid[:9] for grid in grids} for name, grids in walks.items()} == {
        "宋大伟": {"139900001", "139900003"},
        "谢丽娟": {"139900002"},
    }
    assert sum(len(grids) for grids in walks.values()) == 16
