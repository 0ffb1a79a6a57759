"""One page of a long list: which rows, where the next page begins, and about how many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hotline.tickets.explained import expected_rows
from hotline.tickets.lists import SHORT, Wanted, narrowed
from hotline.tickets.search import WordSearch


@dataclass(frozen=True, slots=True)
class KeyPage:
    """The keys of one page in order; `about` is how many fit in all, exact only if `is_exact`.

    Only the first page knows how many.
    """

    keys: Sequence[UUID]
    has_more: bool
    about: int
    is_exact: bool


async def page_of(
    session: AsyncSession, wanted: Wanted, words: WordSearch | None, *, limit: int
) -> KeyPage:
    """Return a page of keys: no page skips rows (OFFSET), and nothing counts everything.

    Raises:
        Invalid: if the cursor is not of this list, or the search takes too long and has to be
            narrowed.
    """
    is_first = wanted.after is None
    with narrowed():
        await session.execute(SHORT)
        if words is not None:
            found = await words.search(session, wanted, limit=limit + 1)
            keys, about, is_whole = found.keys, found.total, found.is_whole
        else:
            keys = (await session.scalars(wanted.first(limit + 1))).all()
            about, is_whole = len(keys), len(keys) <= limit
            if is_first and not is_whole:
                about = max(about, await expected_rows(session, wanted.fitting()))
    return KeyPage(keys[:limit], len(keys) > limit, about, is_first and is_whole)
