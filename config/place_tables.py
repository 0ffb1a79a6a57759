"""The map that ships with the program: the invented city's grids, names and components."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from case_bridge.places.gazetteer import NameKind, PlaceName
from case_bridge.places.grid import SupervisionGrid
from case_bridge.places.position import Crs, Position
from case_bridge.places.register import Editor, import_components
from case_bridge.places.repository import Grids
from case_bridge.places.service import (
    GridFileDraft,
    import_grids,
    load_names,
    load_supervision_grids,
)
from config.data_files import DATA
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.db import Database

PLACES: Final = DATA / "places"
ACTOR: Final = "system:demo"


async def load_demo_places(database: Database, *, now: datetime) -> None:
    """Write the demo city's map, once: what a person changed afterwards stays.

    Raises:
        Invalid: if the shipped files contradict each other.
    """
    today = now.astimezone(SHANGHAI).date()
    async with database.begin() as uow:
        if await Grids(uow.session).imports():
            return
        file = GridFileDraft(
            "grids.geojson", (PLACES / "grids.geojson").read_bytes(), Crs.WGS84, whole=True
        )
        await import_grids(uow, file, effective_on=today, actor=ACTOR, now=now)
        await uow.session.flush()
        await load_supervision_grids(uow, list(supervision()), effective_on=today, now=now)
        await load_names(uow, names(), now=now)
        await import_components(
            uow,
            (PLACES / "components.csv").read_bytes(),
            Crs.WGS84,
            editor=Editor(ACTOR),
            reason="2025年普查入库",
            now=now,
        )


def supervision(folder: Path = PLACES) -> Iterator[SupervisionGrid]:
    """Yield the supervision grids of the shipped table."""
    for row in _rows(folder / "supervision.csv"):
        yield SupervisionGrid(row["code"], row["name"], tuple(row["members"].split()))


def names(folder: Path = PLACES) -> Iterator[PlaceName]:
    """Yield the names of the shipped gazetteer."""
    for row in _rows(folder / "names.csv"):
        yield PlaceName(
            NameKind(row["kind"]),
            row["name"],
            tuple(alias for alias in row["aliases"].split(";") if alias),
            row["street"],
            Position(float(row["longitude"]), float(row["latitude"])),
        )


def _rows(path: Path) -> Iterator[dict[str, str]]:
    yield from csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""))
