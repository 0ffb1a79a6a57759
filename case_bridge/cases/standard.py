"""The filing standard applied: which limit a category and a condition give (R16, R20, R26)."""

from sqlalchemy.ext.asyncio import AsyncSession

from hotline.kernel.errors import Invalid
from hotline.sla.limit import Limit
from hotline.tickets.categories import (
    category_value,
    find_known,
    find_successor,
    resolve_category,
)
from hotline.tickets.category import Category


async def find_category(session: AsyncSession, key: str) -> Category:
    """Return the active category that a key names, with its limits.

    Raises:
        Invalid: if there is none.
    """
    category = await category_value(session, await resolve_category(session, key))
    assert category is not None
    return category


async def known_category(session: AsyncSession, key: str) -> Category:
    """Return the category that a key names, of the standard in force or of an earlier one.

    What was reported under a version that was replaced meanwhile is still taken up (R22).

    Raises:
        Invalid: if there never was one.
    """
    row = await find_known(session, key)
    if row is None:
        return await find_category(session, key)
    category = await category_value(session, row)
    assert category is not None
    return category


async def present_category(session: AsyncSession, key: str) -> Category:
    """Return what a key means under the standard in force: the same scheme, kind and code.

    Raises:
        Invalid: if the standard in force knows it no longer.
    """
    row = await find_known(session, key)
    if row is None:
        return await find_category(session, key)
    category = await category_value(session, await find_successor(session, row))
    if category is None:
        raise Invalid("category", f"the standard in force has no {row.name_zh}; choose another")
    return category


def choose_limit(category: Category, condition: str | None, limit: str | None) -> Limit:
    """Return the handling limit of a category under a condition.

    `limit` settles which one is meant where the standard has several sub-conditions under one
    tag, and names the limit where the standard has none at all; it never overrules the standard.

    Raises:
        Invalid: if the condition is not in the standard, or the limit remains open.
    """
    if not category.limits:
        if not limit:
            raise Invalid("limit", f"the standard has none for {category.name_zh}; name one")
        return Limit.parse(limit)
    offered = [item for item in category.limits if item.condition == (condition or "")]
    if not offered:
        known = "、".join(dict.fromkeys(item.condition or "(无)" for item in category.limits))
        raise Invalid("condition", f"{category.name_zh} knows only {known}")
    limits = list(dict.fromkeys(item.limit for item in offered))
    if limit:
        if limit not in limits:
            raise Invalid("limit", f"the standard offers {'、'.join(limits)}")
        return Limit.parse(limit)
    if len(limits) > 1:
        raise Invalid("limit", f"the condition has several limits: {'、'.join(limits)}; name one")
    return Limit.parse(limits[0])
