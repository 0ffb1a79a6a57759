"""Charts as SVG, drawn here: no script, no style attribute, so that the strictest policy allows it.

Colours are attributes with enough contrast on white; every chart also says its figures in words,
because the table beside it is what counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from case_bridge.evaluation.satisfaction import Satisfaction
from case_bridge.evaluation.service import Evaluation

CHART_ROWS = 30
ROW = 28
LABEL_WIDTH = 170
VALUE_WIDTH = 110
BAR_WIDTH = 400

COLOURS = {"A": "#13693b", "B": "#0b5cad", "C": "#b87500", "below": "#a8201a", "": "#0b5cad"}
"""By grade: results are shown in colours by level (domain 5.2)."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of a chart."""

    label: str
    value: float
    text: str
    """The value as it is written beside the bar."""
    grade: str = ""


def bars(title: str, rows: Sequence[Bar], *, greatest: float) -> Markup:
    """Return horizontal bars, scaled so that `greatest` fills the width."""
    height = ROW * max(1, len(rows))
    width = LABEL_WIDTH + BAR_WIDTH + VALUE_WIDTH
    summary = "；".join(f"{row.label} {row.text}" for row in rows)
    parts = [_open(f"{title}：{summary}", width, height)]
    for number, row in enumerate(rows):
        share = max(0.0, min(1.0, row.value / greatest)) if greatest > 0 else 0.0
        middle = number * ROW + ROW / 2
        parts.append(
            Markup(
                '<text x="{x}" y="{y}" font-size="13" text-anchor="end" fill="#1a2433">'
                "{label}</text>"
                '<rect x="{left}" y="{top}" width="{width:.1f}" height="16" fill="{colour}"/>'
                '<text x="{after:.1f}" y="{y}" font-size="13" fill="#1a2433">{text}</text>'
            ).format(
                x=LABEL_WIDTH - 8,
                y=middle + 5,
                label=_short(row.label),
                left=LABEL_WIDTH,
                top=middle - 8,
                width=share * BAR_WIDTH,
                colour=COLOURS[row.grade],
                after=LABEL_WIDTH + share * BAR_WIDTH + 6,
                text=row.text,
            )
        )
    parts.append(Markup("</svg>"))
    return Markup("").join(parts)


def score_chart(found: Evaluation) -> Markup | None:
    """Return the scores as bars, coloured by grade; nothing if nobody has one."""
    scored = [each for each in found.results if each.score is not None][:CHART_ROWS]
    if not scored:
        return None
    rows = [
        Bar(each.name, float(each.score or 0), str(each.score), each.grade or "") for each in scored
    ]
    return bars("综合得分", rows, greatest=100)


def survey_chart(title: str, groups: Sequence[tuple[str, Satisfaction]]) -> Markup | None:
    """Return the shares of the satisfied as bars; nothing if nobody rated."""
    rated = [(name, found, found.rate) for name, found in groups][:CHART_ROWS]
    rows = [
        Bar(name, rate, f"{rate:.1%}（{found.satisfied}/{found.rated}）")
        for name, found, rate in rated
        if rate is not None
    ]
    return bars(title, rows, greatest=1) if rows else None


TREND_WIDTH, TREND_HEIGHT, MARGIN = 640, 200, 34


def trend(title: str, points: Sequence[tuple[str, float]]) -> Markup:
    """Return a line of shares from 0 to 1 over time, each with its label and percentage."""
    summary = "；".join(f"{label} {value:.1%}" for label, value in points)
    step = (TREND_WIDTH - 2 * MARGIN) / max(1, len(points) - 1)
    places = [(MARGIN + number * step, _level(value)) for number, (_, value) in enumerate(points)]
    parts = [_open(f"{title}：{summary}", TREND_WIDTH, TREND_HEIGHT)]
    parts += [_grid_line(share) for share in (0.0, 0.5, 1.0)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    parts.append(
        Markup('<polyline fill="none" stroke="#0b5cad" stroke-width="2" points="{line}"/>').format(
            line=line
        )
    )
    for (x, y), (label, value) in zip(places, points, strict=True):
        parts.append(
            Markup(
                '<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#0b5cad"/>'
                '<text x="{x:.1f}" y="{ty:.1f}" font-size="12" text-anchor="middle" fill="#1a2433">'
                "{value}</text>"
                '<text x="{x:.1f}" y="{by}" font-size="11" text-anchor="middle" fill="#4a5669">'
                "{label}</text>"
            ).format(
                x=x,
                y=y,
                ty=y - 9 if y > 24 else y + 20,
                value=f"{value:.1%}",
                by=TREND_HEIGHT - 8,
                label=label,
            )
        )
    parts.append(Markup("</svg>"))
    return Markup("").join(parts)


def _open(words: str, width: float, height: float) -> Markup:
    return Markup(
        '<svg class="chart" role="img" aria-label="{words}" viewBox="0 0 {width} {height}"'
        ' preserveAspectRatio="xMinYMin meet" xmlns="http://www.w3.org/2000/svg">'
    ).format(words=words, width=width, height=height)


def _grid_line(share: float) -> Markup:
    return Markup(
        '<line x1="{m}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="#c3ccd8"/>'
        '<text x="{before}" y="{below:.1f}" font-size="11" text-anchor="end" fill="#4a5669">'
        "{label}</text>"
    ).format(
        m=MARGIN,
        before=MARGIN - 4,
        right=TREND_WIDTH - MARGIN,
        y=_level(share),
        below=_level(share) + 4,
        label=f"{share:.0%}",
    )


def _level(share: float) -> float:
    return MARGIN + (1 - max(0.0, min(1.0, share))) * (TREND_HEIGHT - 2 * MARGIN)


def _short(label: str) -> str:
    return label if len(label) <= 12 else f"{label[:11]}…"
