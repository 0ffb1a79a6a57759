"""Every text on the pages has its English, and every stored value its word."""

import re
from pathlib import Path

import pytest

from case_bridge.web.labels import LABELS, limit_code, limit_words
from case_bridge.web.routes import PART
from hotline.web.language import read_catalogue

TEMPLATES = Path(PART.templates or "")
TEXTS = read_catalogue(Path(PART.catalogue or "") / "en.po")
IN_PAGES = {
    text
    for page in TEMPLATES.rglob("*.html")
    for pair in re.findall(r'_\("([^"]+)"|_\(\'([^\']+)\'', page.read_text(encoding="utf-8"))
    for text in pair
    if text
}


def test_every_text_of_the_pages_is_translated() -> None:
    assert IN_PAGES - set(TEXTS) == set()


def test_every_word_and_menu_entry_is_translated() -> None:
    words = {word for table in LABELS.values() for word in table.values()}

    assert (words | {entry.label for entry in PART.menu}) - set(TEXTS) == set()


@pytest.mark.parametrize("kind", LABELS, ids=lambda kind: kind.__name__)
def test_every_member_of_an_enum_has_a_word(kind: type) -> None:
    assert list(LABELS[kind]) == list(kind)  # type: ignore[call-overload]


def test_a_limit_is_shown_in_words() -> None:
    assert limit_words("4wh") == "4工作时"
    assert limit_words(None) == ""


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("4工作时", "4wh"),
        ("2 紧急工作时", "2uh"),
        ("5工作日", "5wd"),
        ("3自然日", "3ud"),
        ("4wh", "4wh"),
    ],
)
def test_a_limit_is_written_in_words(written: str, stored: str) -> None:
    """R25: a limit names its clock; people name it in words."""
    assert limit_code(written) == stored


def test_what_is_no_limit_stays_to_be_refused() -> None:
    assert limit_code("4小时") == "4小时"
