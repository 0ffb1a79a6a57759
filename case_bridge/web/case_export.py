"""Cases as lines of a file: which columns, and what is masked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases.listing import CaseFilter, case_rows, expected_cases, names_in
from case_bridge.cases.model import CaseRow
from case_bridge.cases.reading import line_of
from case_bridge.web.labels import word
from hotline.kernel.ids import UnitId
from hotline.kernel.privacy import mask_text
from hotline.reports.exports.files import harmless, moment
from hotline.reports.exports.lists import Request
from hotline.tickets.conditions import condition_words
from hotline.tickets.lists import Sort

COLUMNS: Final = (
    "案卷编号", "状态", "轮次", "来源", "部件/事件", "类别", "立案条件", "问题", "内容", "地点",
    "责任单位", "区级平台", "登记时间", "立案时间", "派遣时间", "处置截止", "处置时间", "结案时间",
    "是否超期", "结果",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CaseExport:
    """The list of cases as a file; numbers and addresses of people are masked in it (R88)."""

    name: str = "cases"
    title: str = "案卷"
    columns: Sequence[str] = COLUMNS

    async def expected(
        self, session: AsyncSession, wanted: Mapping[str, Any], *, sort: Sort, now: datetime
    ) -> int:
        """Return about how many cases fit."""
        return await expected_cases(session, CaseFilter.from_payload(wanted), sort=sort, now=now)

    async def lines(
        self, session: AsyncSession, asked: Request, *, after: str | None, limit: int
    ) -> tuple[Sequence[Sequence[str]], str | None]:
        """Return the next cases as texts, and where to go on."""
        wanted = CaseFilter.from_payload(asked.wanted)
        rows, cursor = await case_rows(
            session, wanted, sort=asked.sort, after=after, limit=limit, now=asked.now
        )
        names = await names_in(session, rows)
        lines = [_record(row, names, asked.now) for row in rows]
        for row in rows:
            session.expunge(row)
        return lines, cursor


def _record(row: CaseRow, names: dict[UnitId, str], now: datetime) -> list[str]:
    line = line_of(row, names, now)
    texts = (
        line.number,
        word(line.state),
        str(line.round),
        word(line.source),
        word(line.kind) if line.kind else "",
        line.category_name,
        condition_words(line.condition),
        mask_text(line.subject),
        mask_text(row.body),
        mask_text(line.place),
        line.unit_name,
        line.district_name,
        moment(row.registered_at),
        moment(row.filed_at),
        moment(row.dispatched_at),
        moment(row.due_at),
        moment(row.handled_at),
        moment(row.closed_at),
        "是" if line.is_overdue else "否" if line.due_at else "",
        mask_text(row.result or ""),
    )
    return [harmless(text) for text in texts]
