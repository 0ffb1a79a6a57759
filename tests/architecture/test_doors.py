"""What is sent comes in by one door, which refuses what is no text and codecs that take minutes."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for package in ("hotline", "channels", "case_bridge")
    for path in (ROOT / package).rglob("*.py")
    if "request" in path.read_text(encoding="utf-8")
)
BY_THE_WINDOW = re.compile(r"\brequest\.(post|json|text|multipart)\(\)")


def test_nobody_reads_a_body_but_by_its_door() -> None:
    """`hotline.web.forms`: aiohttp decodes a body by whatever codec its sender names."""
    found = [path for path in PAGES if BY_THE_WINDOW.search(path.read_text(encoding="utf-8"))]

    assert len(PAGES) > 50
    assert found == []
