"""Use cases of the component register: census, online update, what is near (R103-R105)."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from math import radians
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.places.component import EDITABLE, MAX_NOTE, Component, changes_between
from case_bridge.places.component_files import read_components
from case_bridge.places.grid_index import GridIndex
from case_bridge.places.model import ComponentChangeRow, ComponentRow
from case_bridge.places.position import Crs, Position, degree_east_m, degree_north_m, distance_m
from case_bridge.places.problem import BadFile, Problem
from case_bridge.places.repository import Components, Grids, ring_of
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, Forbidden, Invalid
from hotline.kernel.ids import new_id

_FIELDS: Final = tuple(each.name for each in fields(Component))
_BATCH: Final = 1000


@dataclass(frozen=True, slots=True)
class Editor:
    """Who changes the register: base-data staff, or a department its own components."""

    name: str
    department: str | None = None
    """The unit code of a department; None for base-data staff."""


@dataclass(frozen=True, slots=True)
class CensusResult:
    """What a census file changes, or why it cannot be taken."""

    problems: tuple[Problem, ...]
    added: int
    changed: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class ComponentView:
    """One component with its place in the map and in time."""

    component: Component
    version: int
    grid_code: str | None
    changed_at: datetime
    distance_m: float | None = None


@dataclass(frozen=True, slots=True)
class ComponentChange:
    """One entry of a component's history."""

    version: int
    changed_at: datetime
    changed_by: str
    reason: str
    changes: dict[str, Any]


async def preview_components(session: AsyncSession, content: bytes, crs: Crs) -> CensusResult:
    """Return every mistake of a census file, and what it would change."""
    read = read_components(content, crs)
    held = await _held(session, [each.code for each in read.components])
    added = sum(each.code not in held for each in read.components)
    changed = sum(
        each.code in held and component_of(held[each.code]) != each for each in read.components
    )
    unchanged = len(read.components) - added - changed
    return CensusResult(tuple(read.problems), added, changed, unchanged)


async def import_components(
    uow: UnitOfWork, content: bytes, crs: Crs, *, editor: Editor, reason: str, now: datetime
) -> CensusResult:
    """Take a census into the register; each change becomes a row of history (R103, R104).

    Raises:
        BadFile: with every mistake of the file.
        Invalid: if there is no reason.
        Forbidden: if the editor is a department.
    """
    if editor.department is not None:
        raise Forbidden("a census is taken in by base-data staff")
    read = read_components(content, crs)
    if read.problems:
        raise BadFile(read.problems)
    on = now.astimezone(SHANGHAI).date()
    grids = await Grids(uow.session).in_force(on)
    index = GridIndex((row.code, ring_of(row)) for row in grids)
    held = await _held(uow.session, [each.code for each in read.components])
    entries: list[ComponentChangeRow] = []
    changed = 0
    for component in read.components:
        grid_code = index.find(component.longitude, component.latitude)
        row = held.get(component.code)
        if row is None:
            entries.append(_register(uow, component, grid_code, editor, _words(reason), now))
        elif component_of(row) != component:
            _change(uow, row, component, grid_code, editor, _words(reason), now)
            changed += 1
    await uow.session.flush()
    uow.session.add_all(entries)
    await uow.session.flush()
    added = len(entries)
    return CensusResult((), added, changed, len(read.components) - added - changed)


async def update_component(
    uow: UnitOfWork,
    code: str,
    changes: dict[str, Any],
    *,
    version: int,
    editor: Editor,
    reason: str,
    now: datetime,
) -> None:
    """Change one component online (R105: 002b): the department that answers for it, or staff.

    `changes` are fields of `Component` with their new values.

    Raises:
        NotFound: if there is no such component.
        Forbidden: if a department does not answer for it.
        Conflict: if somebody changed it since `version` was read.
        Invalid: if a field cannot be changed, or its value or the reason is wrong.
    """
    words = _words(reason)
    unknown = sorted(set(changes) - set(EDITABLE))
    if unknown:
        raise Invalid(unknown[0], "cannot be changed here")
    row = await Components(uow.session).get(code, lock=True)
    old = component_of(row)
    if editor.department is not None and editor.department not in old.departments:
        raise Forbidden("the component belongs to other departments")
    if row.version != version:
        raise Conflict("somebody changed the component; look at it again")
    new = replace(old, **changes)
    position = Position(new.longitude, new.latitude)
    if new != old:
        on = now.astimezone(SHANGHAI).date()
        grid_code = await Grids(uow.session).code_at(position.longitude, position.latitude, on)
        _change(uow, row, new, grid_code, editor, words, now)


async def component_view(session: AsyncSession, code: str) -> ComponentView:
    """Return one component.

    Raises:
        NotFound: if there is none.
    """
    return _view(await Components(session).get(code))


async def component_page(
    session: AsyncSession,
    *,
    words: str = "",
    department: str | None = None,
    after: str = "",
    limit: int = 50,
) -> list[ComponentView]:
    """Return components by code; keyset paging with the last code as `after`."""
    found = await Components(session).page(
        words=words, department=department, after=after, limit=limit
    )
    return [_view(row) for row in found]


async def components_within(
    session: AsyncSession, bounds: tuple[float, float, float, float], *, limit: int = 2000
) -> list[ComponentView]:
    """Return the components inside of bounds (west, south, east, north), by code."""
    return [_view(row) for row in await Components(session).within(*bounds, limit=limit)]


async def components_near(
    session: AsyncSession, position: Position, *, radius_m: float = 50.0, limit: int = 20
) -> list[ComponentView]:
    """Return the components within so many metres of a WGS 84 point, nearest first."""
    latitude = radians(position.latitude)
    east, north = radius_m / degree_east_m(latitude), radius_m / degree_north_m(latitude)
    found = await Components(session).within(
        position.longitude - east,
        position.latitude - north,
        position.longitude + east,
        position.latitude + north,
        limit=5000,
    )
    views = [
        replace(_view(row), distance_m=distance_m(position, Position(row.longitude, row.latitude)))
        for row in found
    ]
    near = [view for view in views if (view.distance_m or 0.0) <= radius_m]
    return sorted(near, key=lambda view: view.distance_m or 0.0)[:limit]


async def component_history(session: AsyncSession, code: str) -> list[ComponentChange]:
    """Return every change of a component, latest first (R104).

    Raises:
        NotFound: if there is no such component.
    """
    components = Components(session)
    row = await components.get(code)
    return [
        ComponentChange(each.version, each.changed_at, each.changed_by, each.reason, each.changes)
        for each in await components.changes(row.id)
    ]


def component_of(row: ComponentRow) -> Component:
    """Return a row as a value."""
    return Component(**{name: getattr(row, name) for name in _FIELDS})


async def _held(session: AsyncSession, codes: Sequence[str]) -> dict[str, ComponentRow]:
    held: dict[str, ComponentRow] = {}
    for batch in _batches(sorted(codes)):
        held |= await Components(session).held(batch)
    return held


def _batches(codes: Sequence[str]) -> list[Sequence[str]]:
    return [codes[start : start + _BATCH] for start in range(0, len(codes), _BATCH)]


def _words(reason: str) -> str:
    words = reason.strip()
    if not words:
        raise Invalid("reason", "say why the register changes, e.g. the census or the order")
    if len(words) > MAX_NOTE:
        raise Invalid("reason", f"has more than {MAX_NOTE} characters")
    return words


def _register(
    uow: UnitOfWork,
    component: Component,
    grid_code: str | None,
    editor: Editor,
    reason: str,
    now: datetime,
) -> ComponentChangeRow:
    row = ComponentRow(
        id=new_id(), version=1, grid_code=grid_code, registered_at=now, changed_at=now
    )
    for name in _FIELDS:
        setattr(row, name, getattr(component, name))
    uow.session.add(row)
    return _entry(row.id, 1, editor, reason, {}, now)


def _change(
    uow: UnitOfWork,
    row: ComponentRow,
    component: Component,
    grid_code: str | None,
    editor: Editor,
    reason: str,
    now: datetime,
) -> None:
    changes = changes_between(component_of(row), component)
    for name in _FIELDS:
        setattr(row, name, getattr(component, name))
    row.grid_code, row.version, row.changed_at = grid_code, row.version + 1, now
    uow.session.add(_entry(row.id, row.version, editor, reason, changes, now))


def _entry(
    component_id: UUID,
    version: int,
    editor: Editor,
    reason: str,
    changes: dict[str, Any],
    now: datetime,
) -> ComponentChangeRow:
    return ComponentChangeRow(
        id=new_id(),
        component_id=component_id,
        version=version,
        changed_at=now,
        changed_by=editor.name,
        reason=reason,
        changes=changes,
    )


def _view(row: ComponentRow) -> ComponentView:
    return ComponentView(component_of(row), row.version, row.grid_code, row.changed_at)
