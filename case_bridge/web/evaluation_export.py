"""Figures for the desk and the systems of others: CSV that spreadsheets open as it is (R78)."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from aiohttp import web

from case_bridge.evaluation.counters import COUNTERS
from case_bridge.evaluation.service import Evaluation
from case_bridge.evaluation.text import options_words
from case_bridge.web.evaluation_labels import CLASSES, GRADES, KINDS
from hotline.reports.exports.files import harmless


def ranking_table(found: Evaluation) -> list[list[str]]:
    """Return a ranking with every counter, and below it how it was reckoned."""
    counted = [
        each for name, each in COUNTERS.items() if any(name in r.counters for r in found.results)
    ]
    head = [
        "名次",
        KINDS[found.kind],
        "类别",
        "指挥层级",
        *(each.label for each in counted),
        "综合得分",
        "档次",
        "说明",
    ]
    rows = [
        [
            str(each.place or ""),
            each.name,
            CLASSES.get(each.unit_class or "", ""),
            each.level or "",
            *(str(each.counters.get(counter.name, 0)) for counter in counted),
            str(each.score) if each.score is not None else "",
            GRADES[each.grade] if each.grade else "",
            each.remark,
        ]
        for each in found.results
    ]
    foot = [
        ["统计期", str(found.period)],
        ["公式", found.definition.formula],
        ["公式版本", f"{found.definition.name} {found.definition.version}"],
        *(["口径", line] for line in options_words(found.options)),
        ["数据指纹", found.inputs_hash],
        [
            "公布",
            f"第{found.revision}次 {found.published_at:%Y-%m-%d}"
            if found.published_at
            else "未公布",
        ],
    ]
    return [head, *rows, [], *foot]


def evaluation_json(found: Evaluation) -> dict[str, Any]:
    """Return an evaluation for a program, with all that it takes to check it (R78)."""
    return {
        "period": str(found.period),
        "kind": found.kind.value,
        "definition": found.definition.to_payload(),
        "options": found.options.to_payload(),
        "grading": found.grading.to_payload(),
        "inputs": found.inputs_hash,
        "revision": found.revision,
        "published_at": found.published_at.isoformat() if found.published_at else None,
        "results": [
            {
                "key": each.key,
                "name": each.name,
                "level": each.level,
                "place": each.place,
                "score": str(each.score) if each.score is not None else None,
                "grade": each.grade.value if each.grade else None,
                "counters": dict(each.counters),
                "remark": each.remark,
            }
            for each in found.results
        ],
    }


def csv_answer(name: str, table: Iterable[Sequence[str]]) -> web.Response:
    """Return a table as a file; a text that a spreadsheet would take for a formula is quoted."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerows([_harmless(cell) for cell in row] for row in table)
    response = web.Response(
        body=written.getvalue().encode("utf-8-sig"), content_type="text/csv", charset="utf-8"
    )
    return as_file(response, name, "csv")


def as_file(response: web.Response, name: str, ending: str) -> web.Response:
    """Let the browser keep an answer as a file of this name, and nobody else at all."""
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"evaluation.{ending}\"; filename*=UTF-8''{quote(name)}.{ending}"
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def _harmless(cell: str) -> str:
    is_number = cell.lstrip("-").replace(".", "", 1).isdecimal()
    return cell if is_number else harmless(cell)
