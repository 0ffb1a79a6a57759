"""Categories in SQL: loaded from data files, found by whoever fills in a ticket."""

from collections.abc import Iterable, Sequence

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Invalid
from hotline.sla.limit import Limit
from hotline.tickets.category import Category, ConditionLimit, SearchText, rank, search_text
from hotline.tickets.model import CategoryRow, ConditionLimitRow


async def save_categories(uow: UnitOfWork, categories: Iterable[Category]) -> int:
    """Make these the active categories; return how many were added or changed.

    A category that is no longer among them stays for the tickets that use it, inactive.

    Raises:
        Invalid: if a limit cannot be read.
    """
    session = uow.session
    known = {row.key: row for row in await session.scalars(select(CategoryRow))}
    limits = await _all_limits(session)
    changed = 0
    wanted: set[str] = set()
    for category in categories:
        for item in category.limits:
            Limit.parse(item.limit)
        wanted.add(category.key)
        row = known.get(category.key)
        if row and row.is_active and _value(row, limits.get(row.id, ())) == category:
            continue
        changed += 1
        await _write(session, row, category)
    gone = [row.id for key, row in known.items() if row.is_active and key not in wanted]
    if gone:
        await session.execute(
            update(CategoryRow).where(CategoryRow.id.in_(gone)).values(is_active=False)
        )
    await session.flush()
    return changed + len(gone)


async def _write(session: AsyncSession, row: CategoryRow | None, category: Category) -> None:
    found = search_text(category)
    if row is None:
        row = CategoryRow(
            key=category.key,
            scheme=category.scheme,
            version=category.version,
            kind=category.kind,
            code=category.code,
            name_zh=category.name_zh,
        )
        session.add(row)
    row.name_zh, row.name_en = category.name_zh, category.name_en
    row.major_name, row.is_active = category.major_name, True
    row.pinyin, row.initials = found.pinyin, found.initials
    await session.flush()
    await session.execute(delete(ConditionLimitRow).where(ConditionLimitRow.category_id == row.id))
    session.add_all(
        ConditionLimitRow(
            category_id=row.id,
            position=place,
            condition=item.condition,
            limit_text=item.limit,
            words=item.words,
        )
        for place, item in enumerate(category.limits)
    )


async def resolve_category(session: AsyncSession, code: str) -> CategoryRow:
    """Return the active category that a key, or a bare code, names.

    Raises:
        Invalid: if none or several fit.
    """
    row = await session.scalar(
        select(CategoryRow).where(CategoryRow.key == code, CategoryRow.is_active)
    )
    if row is not None:
        return row
    rows = (
        await session.scalars(
            select(CategoryRow).where(CategoryRow.code == code, CategoryRow.is_active).limit(2)
        )
    ).all()
    if not rows:
        raise Invalid("category_code", "no such category")
    if len(rows) > 1:
        raise Invalid("category_code", "the code fits several categories; give the whole key")
    return rows[0]


async def find_known(session: AsyncSession, key: str) -> CategoryRow | None:
    """Return the category of a key, active or of an earlier version of the standard."""
    return await session.scalar(select(CategoryRow).where(CategoryRow.key == key))


async def find_successor(session: AsyncSession, row: CategoryRow) -> CategoryRow | None:
    """Return the active category of the same scheme, kind and code, whatever its version."""
    return await session.scalar(
        select(CategoryRow).where(
            CategoryRow.scheme == row.scheme,
            CategoryRow.kind == row.kind,
            CategoryRow.code == row.code,
            CategoryRow.is_active,
        )
    )


async def search_categories(
    session: AsyncSession, query: str, *, limit: int = 10
) -> Sequence[Category]:
    """Return the best fitting active categories, best first.

    The query is a Chinese name, pinyin, initials of pinyin, a code or English.
    """
    rows = {
        row.key: row
        for row in await session.scalars(select(CategoryRow).where(CategoryRow.is_active))
    }
    entries = ((key, _text(row)) for key, row in rows.items())
    best = [rows[key] for key in rank(query[:64], entries, limit=limit)]
    return await _values(session, best)


async def list_categories(session: AsyncSession) -> Sequence[Category]:
    """Return every active category in the order of scheme, kind and code (R21, R85)."""
    rows = await session.scalars(
        select(CategoryRow)
        .where(CategoryRow.is_active)
        .order_by(CategoryRow.scheme, CategoryRow.version, CategoryRow.kind, CategoryRow.code)
    )
    return await _values(session, rows.all())


async def category_value(session: AsyncSession, row: CategoryRow | None) -> Category | None:
    """Return a row's value with its limits."""
    return (await _values(session, [row]))[0] if row else None


async def _values(session: AsyncSession, rows: Sequence[CategoryRow]) -> Sequence[Category]:
    found = await session.scalars(
        select(ConditionLimitRow)
        .where(ConditionLimitRow.category_id.in_([row.id for row in rows]))
        .order_by(ConditionLimitRow.position)
    )
    limits = _grouped(found)
    return [_value(row, limits.get(row.id, ())) for row in rows]


async def _all_limits(session: AsyncSession) -> dict[object, tuple[ConditionLimit, ...]]:
    found = await session.scalars(select(ConditionLimitRow).order_by(ConditionLimitRow.position))
    return _grouped(found)


def _grouped(rows: Iterable[ConditionLimitRow]) -> dict[object, tuple[ConditionLimit, ...]]:
    limits: dict[object, tuple[ConditionLimit, ...]] = {}
    for row in rows:
        item = ConditionLimit(row.condition, row.limit_text, row.words)
        limits[row.category_id] = (*limits.get(row.category_id, ()), item)
    return limits


def _value(row: CategoryRow, limits: tuple[ConditionLimit, ...]) -> Category:
    return Category(
        scheme=row.scheme,
        version=row.version,
        code=row.code,
        kind=row.kind,
        name_zh=row.name_zh,
        name_en=row.name_en,
        major_name=row.major_name,
        limits=limits,
    )


def _text(row: CategoryRow) -> SearchText:
    return SearchText(
        name=row.name_zh,
        pinyin=row.pinyin,
        initials=row.initials,
        english=row.name_en.lower(),
        code=row.code,
        major=row.major_name,
    )
