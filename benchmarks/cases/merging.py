"""Precision and recall of the merging proposals on the labelled sample of config/data/merging.

`python -m benchmarks.cases.merging` compares every pair of reports that a desk would compare.
"""

import csv
import itertools
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from case_bridge.merging.likeness import Matter, compare
from hotline.kernel.clock import SHANGHAI
from hotline.tickets.category import CategoryKind

SAMPLE = Path(__file__).parents[2] / "config" / "data" / "merging" / "reports.csv"


@dataclass
class Measured:
    """What the proposals of one part are worth."""

    reports: int = 0
    pairs: int = 0
    alike: int = 0
    """Pairs that are one matter, by their label."""
    found: int = 0
    wrong: int = 0
    traps: Counter[str] = field(default_factory=Counter)
    """Wrong proposals by the trap they fell into."""

    @property
    def precision(self) -> float:
        """Of what was proposed, how much was right."""
        return self.found / (self.found + self.wrong) if self.found + self.wrong else 0.0

    @property
    def recall(self) -> float:
        """Of what is one matter, how much was proposed."""
        return self.found / self.alike if self.alike else 0.0


def read_sample() -> list[dict[str, str]]:
    """Return the rows of the sample."""
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def matter_of(row: dict[str, str]) -> Matter:
    """Return a row as what is compared."""
    return Matter(
        subject=row["subject"],
        body=row["body"],
        place=row["place"],
        longitude=float(row["longitude"]) if row["longitude"] else None,
        latitude=float(row["latitude"]) if row["latitude"] else None,
        kind=CategoryKind(row["kind"]) if row["kind"] else None,
        category_code=row["category"] or None,
        reported_at=_instant(row["reported_at"]),
        ended_at=_instant(row["ended_at"]) if row["ended_at"] else None,
    )


def measure(part: str) -> Measured:
    """Compare every pair of reports of one part."""
    rows = [row for row in read_sample() if row["part"] == part]
    matters = [(row, matter_of(row)) for row in rows]
    result = Measured(reports=len(rows))
    for (one, a), (other, b) in itertools.combinations(matters, 2):
        is_one = one["matter"] == other["matter"]
        is_proposed = compare(a, b).is_proposed
        result.pairs += 1
        result.alike += is_one
        result.found += is_one and is_proposed
        if is_proposed and not is_one:
            result.wrong += 1
            result.traps[one["trap"] or other["trap"] or "none"] += 1
    return result


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def main() -> None:
    """Print the figures of both parts."""
    for part in ("tune", "held"):
        started = time.perf_counter()
        found = measure(part)
        print(
            json.dumps(
                {
                    "part": part,
                    "reports": found.reports,
                    "pairs": found.pairs,
                    "one_matter": found.alike,
                    "precision": round(found.precision, 3),
                    "recall": round(found.recall, 3),
                    "wrong": dict(found.traps),
                    "seconds": round(time.perf_counter() - started, 1),
                },
                ensure_ascii=False,
            )
        )


if __name__ == "__main__":
    main()
