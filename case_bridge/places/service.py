"""Use cases of grids and names: import with a preview, point to grid, address to point."""

import asyncio
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.places.codes import COMMUNITY_DIGITS
from case_bridge.places.gazetteer import Gazetteer, NameKind, PlaceName
from case_bridge.places.geometry import Ring
from case_bridge.places.grid import (
    GridDifference,
    GridDraft,
    SupervisionGrid,
    UnitGrid,
    check_members,
    difference,
)
from case_bridge.places.grid_checks import check_grids
from case_bridge.places.grid_files import read_grids
from case_bridge.places.grid_index import GridIndex, cells_of
from case_bridge.places.model import GridImportRow, SupervisionGridRow, UnitGridRow
from case_bridge.places.position import Crs, Position
from case_bridge.places.problem import WHOLE_FILE, BadFile, Problem, Said
from case_bridge.places.repository import Grids, Names, ring_of
from hotline.accounts import audit
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, Invalid
from hotline.kernel.ids import new_id

MAX_FILE: Final = 64 * 1024 * 1024
"""Bytes of a file of grids; 200,000 grids have some 50 MB."""


@dataclass(frozen=True, slots=True)
class GridFileDraft:
    """A file somebody wants to import."""

    name: str
    content: bytes
    crs: Crs
    whole: bool = False
    """The file is the whole map: grids that it leaves out end."""
    county: str | None = None


@dataclass(frozen=True, slots=True)
class GridPreview:
    """What an import would do, or why it cannot."""

    problems: tuple[Problem, ...]
    difference: GridDifference
    drafts: tuple[GridDraft, ...]
    sha256: str


async def preview_grids(session: AsyncSession, file: GridFileDraft) -> GridPreview:
    """Return every mistake of a file of unit grids, and what it would change (R101, R103)."""
    held = {row.code: ring_of(row) for row in await Grids(session).open_ended()}
    # A whole city is a minute of arithmetic: not on the loop that serves everybody.
    return await asyncio.to_thread(_examine, file, held)


def _examine(file: GridFileDraft, held: dict[str, Ring]) -> GridPreview:
    read = read_grids(file.name, file.content, file.crs)
    change = difference(held, read.drafts, whole=file.whole)
    problems = list(read.problems)
    if not problems:
        replaced = {draft.code for draft in read.drafts} | set(change.ended)
        staying = {code: ring for code, ring in held.items() if code not in replaced}
        problems = check_grids(read.drafts, staying, county=file.county)
    if not read.drafts and not problems:
        problems = [Problem(WHOLE_FILE, Said("没有网格", "holds no grid"))]
    digest = hashlib.sha256(file.content).hexdigest()
    return GridPreview(tuple(problems), change, tuple(read.drafts), digest)


async def import_grids(
    uow: UnitOfWork, file: GridFileDraft, *, effective_on: date, actor: str, now: datetime
) -> GridDifference:
    """Let a file of unit grids hold from a day on; what held before is kept with its end (R104).

    Raises:
        BadFile: with every mistake of the file.
        Invalid: if the day is past.
        Conflict: if a later change of one of the grids is planned already.
    """
    if effective_on < _today(now):
        raise Invalid("effective_on", "is past; the map of a past day is not rewritten")
    grids = Grids(uow.session)
    await grids.lock()
    preview = await preview_grids(uow.session, file)
    if preview.problems:
        raise BadFile(preview.problems)
    change = preview.difference
    if change.is_empty:
        return change
    leaving = {*change.changed, *change.ended}
    for row in await grids.open_ended():
        if row.code in leaving:
            await _end(uow, row, effective_on)
    await uow.session.flush()
    arriving = {*change.added, *change.changed}
    uow.session.add_all(
        _grid_row(draft, effective_on) for draft in preview.drafts if draft.code in arriving
    )
    uow.session.add(_import_row(file, preview, effective_on, actor, now))
    await audit.append(
        uow,
        actor=actor,
        action="grids.import",
        target=file.name,
        detail={"sha256": preview.sha256, "effective_on": effective_on.isoformat()},
        now=now,
    )
    return change


async def _end(uow: UnitOfWork, row: UnitGridRow | SupervisionGridRow, on: date) -> None:
    if row.valid_from > on:
        raise Conflict(f"grid {row.code} changes on {row.valid_from} already; choose a later day")
    if row.valid_from == on:
        # It never held for a whole day: the later import of the day is the truth of the day.
        await uow.session.delete(row)
    else:
        row.valid_to = on


def _grid_row(draft: GridDraft, effective_on: date) -> UnitGridRow:
    return UnitGridRow(
        id=new_id(),
        code=draft.code,
        ring=[[x, y] for x, y in draft.ring.points],
        area_m2=round(draft.ring.area_m2, 1),
        cells=list(cells_of(draft.ring)),
        valid_from=effective_on,
    )


def _import_row(
    file: GridFileDraft, preview: GridPreview, effective_on: date, actor: str, now: datetime
) -> GridImportRow:
    change = preview.difference
    return GridImportRow(
        id=new_id(),
        imported_at=now,
        imported_by=actor,
        file_name=file.name,
        sha256=preview.sha256,
        crs=file.crs.value,
        effective_on=effective_on,
        added=len(change.added),
        changed=len(change.changed),
        ended=len(change.ended),
    )


async def load_supervision_grids(
    uow: UnitOfWork, grids: Sequence[SupervisionGrid], *, effective_on: date, now: datetime
) -> int:
    """Let supervision grids hold from a day on; those left out end. Return how many changed.

    Raises:
        Invalid: if a unit grid is unknown or belongs to two, or the day is past.
        Conflict: if a later change is planned already.
    """
    if effective_on < _today(now):
        raise Invalid("effective_on", "is past; the map of a past day is not rewritten")
    repository = Grids(uow.session)
    await repository.lock()
    known = frozenset(row.code for row in await repository.in_force(effective_on))
    problems = check_members(grids, known)
    if problems:
        raise Invalid("supervision_grids", "; ".join(str(problem) for problem in problems[:5]))
    wanted = {grid.code: grid for grid in grids}
    changed = 0
    for row in await repository.supervision_in_force(effective_on):
        same = wanted.get(row.code)
        if same and (row.name, row.members) == (same.name, list(same.members)):
            del wanted[row.code]
            continue
        await _end(uow, row, effective_on)
        changed += row.code not in wanted
    await uow.session.flush()
    for grid in wanted.values():
        uow.session.add(
            SupervisionGridRow(
                id=new_id(),
                code=grid.code,
                name=grid.name,
                members=list(grid.members),
                valid_from=effective_on,
            )
        )
    await uow.session.flush()
    return changed + len(wanted)


async def grid_at(
    session: AsyncSession, longitude: float | None, latitude: float | None, *, now: datetime
) -> str | None:
    """Return the code of the unit grid at a WGS 84 point today; None without point or grid."""
    if longitude is None or latitude is None:
        return None
    return await Grids(session).code_at(longitude, latitude, _today(now))


async def community_names(session: AsyncSession) -> dict[str, str]:
    """Return street and name of each community by its code, the first digits of its grids (R101).

    A community of the gazetteer has the code of the grid in which its point lies.
    """
    grids, found = Grids(session), {}
    for place in await Names(session).of_kind(NameKind.COMMUNITY):
        code = await grids.code_at(place.longitude, place.latitude, date.max)
        if code is not None:
            found[code[:COMMUNITY_DIGITS]] = f"{place.street}{place.name}"
    return found


async def supervision_grid_of(
    session: AsyncSession, grid_code: str | None, *, now: datetime
) -> str | None:
    """Return the code of the supervision grid that a unit grid belongs to today, or None."""
    if grid_code is None:
        return None
    return await Grids(session).supervision_of(grid_code, _today(now))


async def grids_in_force(session: AsyncSession, *, on: date) -> list[UnitGrid]:
    """Return the unit grids of a day, by code."""
    return [_unit_grid(row) for row in await Grids(session).in_force(on)]


async def grid_sum(session: AsyncSession, *, on: date) -> tuple[int, float]:
    """Return how many unit grids hold on a day, and their square metres."""
    return await Grids(session).sum_in_force(on)


async def grid_page(
    session: AsyncSession, *, on: date, begins: str = "", after: str = "", limit: int = 50
) -> list[UnitGrid]:
    """Return unit grids of a day by code; keyset paging with the last code as `after`."""
    found = await Grids(session).page_in_force(on, begins=begins, after=after, limit=limit)
    return [_unit_grid(row) for row in found]


async def grid_history(session: AsyncSession, code: str) -> list[UnitGrid]:
    """Return every shape that a grid ever had, oldest first (R104)."""
    return [_unit_grid(row) for row in await Grids(session).history(code)]


async def supervision_grids(session: AsyncSession, *, on: date) -> list[SupervisionGrid]:
    """Return the supervision grids of a day, by code."""
    found = await Grids(session).supervision_in_force(on)
    return [SupervisionGrid(row.code, row.name, tuple(row.members)) for row in found]


async def grid_imports(session: AsyncSession) -> Sequence[GridImportRow]:
    """Return the latest imports, latest first."""
    return await Grids(session).imports()


def _unit_grid(row: UnitGridRow) -> UnitGrid:
    return UnitGrid(row.code, ring_of(row), row.area_m2, row.valid_from, row.valid_to)


async def load_names(uow: UnitOfWork, places: Iterable[PlaceName], *, now: datetime) -> int:
    """Write names of places; the same names again change nothing. Return how many changed."""
    return await Names(uow.session).put(places, now=now)


class GazetteerShelf:
    """Keeps the gazetteer in memory, and reads it again when a name changed."""

    def __init__(self) -> None:
        self._version: object = None
        self._gazetteer = Gazetteer(())

    async def take(self, session: AsyncSession) -> Gazetteer:
        """Return the gazetteer as the database has it now."""
        names = Names(session)
        version = await names.version()
        if version != self._version:
            self._gazetteer = Gazetteer(
                PlaceName(
                    row.kind,
                    row.name,
                    tuple(row.aliases),
                    row.street,
                    Position(row.longitude, row.latitude),
                )
                for row in await names.all()
            )
            self._version = version
        return self._gazetteer


@dataclass(frozen=True, slots=True)
class GridMap:
    """The unit grids of one day, with their index."""

    grids: tuple[UnitGrid, ...]
    index: GridIndex


class GridShelf:
    """Keeps the grids of today in memory, and reads them again after an import or a midnight."""

    def __init__(self) -> None:
        self._version: object = None
        self._map = GridMap((), GridIndex(()))

    async def take(self, session: AsyncSession, *, now: datetime) -> GridMap:
        """Return the grids that are in force now."""
        version = (_today(now), *await Grids(session).version())
        if version != self._version:
            grids = tuple(await grids_in_force(session, on=_today(now)))
            index = GridIndex((grid.code, grid.ring) for grid in grids)
            self._map, self._version = GridMap(grids, index), version
        return self._map


def ring_points(ring: Ring) -> list[list[float]]:
    """Return the line as GeoJSON writes it: the first point again at the end."""
    return [[x, y] for x, y in (*ring.points, ring.points[0])]


def _today(now: datetime) -> date:
    return now.astimezone(SHANGHAI).date()
