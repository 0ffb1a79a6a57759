"""A paper as a workbook: figures that can be reckoned with, their charts, and what they mean."""

import io
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.chart import BarChart, LineChart, Reference
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties

from case_bridge.evaluation.counters import COUNTERS
from case_bridge.evaluation.definition import ObjectKind
from case_bridge.evaluation.meanings import RATES, meanings
from case_bridge.evaluation.papers import Paper
from case_bridge.evaluation.satisfaction import Satisfaction
from case_bridge.evaluation.service import Evaluation
from case_bridge.evaluation.surveys import Axis, Group
from case_bridge.evaluation.text import options_words
from case_bridge.web.evaluation_labels import CLASSES, COLUMNS, GRADES, KINDS, PAPERS
from case_bridge.web.evaluation_survey import group_name
from hotline.kernel.clock import SHANGHAI

Cell = str | int | float | Decimal | datetime | None
BOLD: Final = Font(bold=True)
WIDEST: Final = 60
PERCENT: Final = "0.0%"
MOMENT: Final = "yyyy-mm-dd hh:mm"
SHORTEST: Final = 6
"""Signs of a share as it is shown; its digits behind the point are many more."""
SURVEY_HEAD: Final = (
    *("名称", "回访", "已评价", "回应率", "已评满意度", "满意", "满意率"),
    *("置信区间下限", "置信区间上限", "已解决", "未解决"),
)
SURVEY_FORM: Final = dict.fromkeys(("回应率", "满意率", "置信区间下限", "置信区间上限"), PERCENT)


def write_book(paper: Paper) -> bytes:
    """Return a paper as XLSX; every text stays a text, whatever it begins with."""
    book = Workbook()
    book.remove(book.active)
    _summary(book, paper)
    for kind, found in paper.rankings.items():
        _ranking(book, kind, found)
    if paper.past or paper.months:
        _course(book, paper)
    _survey(book, paper)
    if paper.problems:
        _problems(book, paper)
    _meanings(book, paper)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def _summary(book: Workbook, paper: Paper) -> None:
    centre = paper.rankings[ObjectKind.CENTRE]
    state = (
        f"第{centre.revision}次公布 {centre.published_at.astimezone(SHANGHAI):%Y-%m-%d}"
        if paper.is_published and centre.published_at
        else "按现有数据计算，未公布"
    )
    counted: list[Sequence[Cell]] = [
        [each.label, paper.city.get(name, 0)] for name, each in COUNTERS.items()
    ]
    rows: list[Sequence[Cell]] = [
        ["材料", PAPERS[paper.kind]],
        ["统计期", paper.period.label()],
        ["状态", state],
        *counted,
    ]
    sheet = _sheet(book, "总体情况", ["项目", "值"], rows)
    for label, (part, whole) in RATES.items():
        if paper.city.get(whole):
            sheet.append([label, paper.city[part] / paper.city[whole]])
            sheet.cell(sheet.max_row, 2).number_format = PERCENT


def _ranking(book: Workbook, kind: ObjectKind, found: Evaluation) -> None:
    columns = [COUNTERS[name] for name in COLUMNS[kind]]
    head = ["名次", KINDS[kind], "类别", "指挥层级", *(each.label for each in columns)]
    rows = [
        [
            each.place,
            each.name,
            CLASSES.get(each.unit_class or "", ""),
            each.level or "",
            *(each.counters.get(counter.name, 0) for counter in columns),
            each.score,
            GRADES[each.grade] if each.grade else each.remark,
        ]
        for each in found.results
    ]
    points = "0." + "0" * found.options.digits if found.options.digits else "0"
    sheet = _sheet(book, KINDS[kind], [*head, "综合得分", "档次"], rows, form={"综合得分": points})
    if any(each.score is not None for each in found.results):
        chart = _bars("综合得分", [float(each.score or 0) for each in found.results])
        _plot(chart, sheet, column=len(head) + 1, rows=len(rows), labels=2)
        sheet.add_chart(chart, f"B{len(rows) + 4}")


def _course(book: Workbook, paper: Paper) -> None:
    """Add how it went: a rate for each published period, or the counters of a year's months."""
    names = ("reported", "filed", "should_close", "closed", "closed_on_time")
    if paper.months:
        head = ["统计期", *(COUNTERS[name].label for name in names), "按期结案率"]
        rows: list[Sequence[Cell]] = [
            [
                str(month),
                *(counters.get(name, 0) for name in names),
                _share(counters.get("closed_on_time", 0), counters.get("should_close", 0)),
            ]
            for month, counters in paper.months
        ]
    else:
        head, rows = ["统计期", "按期结案率"], [[label, rate] for label, rate in paper.past]
    sheet = _sheet(book, "走势", head, rows, form={"按期结案率": PERCENT})
    chart = LineChart()
    chart.title, chart.legend = "按期结案率", None
    _plot(chart, sheet, column=len(head), rows=len(rows), labels=1)
    chart.y_axis.number_format = PERCENT
    sheet.add_chart(chart, f"B{len(rows) + 4}")


def _survey(book: Workbook, paper: Paper) -> None:
    everybody = [_survey_row("全部", paper.survey)]
    _sheet(book, "满意度", SURVEY_HEAD, everybody, form=SURVEY_FORM)
    for title, axis, groups in (
        ("满意度按单位", Axis.UNIT, paper.by_unit),
        ("满意度按渠道", Axis.CHANNEL, paper.by_channel),
    ):
        _survey_sheet(book, title, axis, groups, paper)


def _survey_sheet(
    book: Workbook, title: str, axis: Axis, groups: Sequence[Group], paper: Paper
) -> None:
    rows = [
        _survey_row(group_name(axis, each.key, paper.unit_names), each.found) for each in groups
    ]
    sheet = _sheet(book, title, SURVEY_HEAD, rows, form=SURVEY_FORM)
    if any(each.found.rated for each in groups):
        chart = _bars("满意率", [each.found.rate or 0 for each in groups])
        chart.y_axis.number_format = PERCENT
        _plot(chart, sheet, column=SURVEY_HEAD.index("满意率") + 1, rows=len(rows), labels=1)
        sheet.add_chart(chart, f"B{len(rows) + 4}")


def _survey_row(name: str, found: Satisfaction) -> list[Cell]:
    interval = found.interval
    return [
        name,
        found.asked,
        found.answered,
        found.response_rate,
        found.rated,
        found.satisfied,
        found.rate,
        interval.low if interval else None,
        interval.high if interval else None,
        found.solved_yes,
        found.solved_no,
    ]


def _problems(book: Workbook, paper: Paper) -> None:
    rows: list[Sequence[Cell]] = [
        [
            each.counter.label,
            each.number,
            row.number,
            paper.unit_names.get(str(row.unit_id), ""),
            row.region or "",
            # A workbook knows no zones.
            row.due_at.astimezone(SHANGHAI).replace(tzinfo=None) if row.due_at else None,
        ]
        for each in paper.problems
        for row in each.cases
    ]
    head = ["问题", "总数", "案卷编号", "责任单位", "区域", "处置截止"]
    _sheet(book, "提请研究的问题", head, rows, form={"处置截止": MOMENT})


def _meanings(book: Workbook, paper: Paper) -> None:
    rows: list[Sequence[Cell]] = []
    for kind, found in paper.rankings.items():
        definition = found.definition
        version = f"{definition.name} 第{definition.version}版"
        rows.append([f"综合得分（{KINDS[kind]}）", definition.formula, version, definition.source])
        rows += [
            [f"口径（{KINDS[kind]}）", line, version, ""] for line in options_words(found.options)
        ]
        rows.append([f"数据指纹（{KINDS[kind]}）", found.inputs_hash, "", ""])
    rows += [[each.figure, each.words, each.version, ""] for each in meanings(COUNTERS)]
    _sheet(book, "指标含义与版本", ["指标", "含义", "版本", "代号或依据"], rows)


def _sheet(
    book: Workbook,
    title: str,
    head: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    *,
    form: Mapping[str, str] = MappingProxyType({}),
) -> Any:
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    _prepare_print(sheet)
    widths = [len(name) for name in head]
    for number, values in enumerate([head, *rows], 1):
        for column, value in enumerate(values, 1):
            cell = sheet.cell(number, column)
            _fill(cell, value)
            if number > 1 and head[column - 1] in form:
                cell.number_format = form[head[column - 1]]
            shown = SHORTEST if isinstance(value, float) else len(str(value or ""))
            widths[column - 1] = max(widths[column - 1], shown)
    for cell in sheet[1]:
        cell.font = BOLD
    for column, width in enumerate(widths, 1):
        # A Chinese sign is twice as wide as the unit of widths.
        sheet.column_dimensions[get_column_letter(column)].width = min(WIDEST, 2 * width + 2)
    return sheet


def _prepare_print(sheet: Any) -> None:
    """Let it leave the printer on A4 across, as wide as a page, with its head on each."""
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A4
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.print_title_rows = "1:1"
    sheet.oddHeader.center.text, sheet.oddFooter.center.text = "&A", "&P / &N"


def _bars(title: str, values: Sequence[float]) -> BarChart:
    chart = BarChart()
    chart.type, chart.title, chart.legend = "bar", title, None
    # The first row on top: a spreadsheet begins lying bars at the bottom.
    chart.x_axis.scaling.orientation, chart.y_axis.crosses = "maxMin", "max"
    # A length says something only if it begins at nothing.
    chart.y_axis.scaling.min = min(0, math.floor(min(values)))
    chart.height = max(7.5, 0.7 * len(values) + 2)
    return chart


def _fill(cell: Any, value: Cell) -> None:
    cell.value = value
    if isinstance(value, str):
        # A text that begins with = stays a text.
        cell.data_type = "s"
        cell.alignment = Alignment(wrap_text=True, vertical="top")


def _plot(chart: Any, sheet: Any, *, column: int, rows: int, labels: int) -> None:
    values = Reference(sheet, min_col=column, min_row=2, max_row=rows + 1)
    chart.add_data(values)
    chart.set_categories(Reference(sheet, min_col=labels, min_row=2, max_row=rows + 1))
    # Without this, newer spreadsheets hide the axes of what openpyxl writes.
    chart.x_axis.delete = chart.y_axis.delete = False


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
