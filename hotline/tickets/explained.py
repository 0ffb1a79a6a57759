"""How many rows the planner expects: the "about N" of a list, at the price of a plan."""

from typing import Any

from sqlalchemy import Executable, Select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import ClauseElement


class _Explain(Executable, ClauseElement):
    inherit_cache = False

    def __init__(self, query: Select[*tuple[Any, ...]]) -> None:
        self.query = query


@compiles(_Explain)
def _write(element: _Explain, compiler: Any, **options: Any) -> str:
    return f"EXPLAIN (FORMAT JSON) {compiler.process(element.query, **options)}"


async def expected_rows(session: AsyncSession, query: Select[*tuple[Any, ...]]) -> int:
    """Return how many rows PostgreSQL expects, by its statistics; it runs nothing."""
    found = (await session.execute(_Explain(query))).scalar_one()
    return int(found[0]["Plan"]["Plan Rows"])
