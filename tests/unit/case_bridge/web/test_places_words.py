"""Every text on the map pages has its English, and every stored value its word."""

import re
from pathlib import Path

from case_bridge.places.component import EDITABLE, ComponentState
from case_bridge.places.gazetteer import NameKind
from case_bridge.web import places
from case_bridge.web.places_options import MapOptions
from case_bridge.web.places_routes import places_part
from case_bridge.web.places_words import FIELDS, NAME_KINDS, STATES
from hotline.web.language import read_catalogue

PART = places_part(MapOptions())
TEXTS = read_catalogue(Path(PART.catalogue or "") / "en.po")


def test_every_text_of_the_pages_is_translated() -> None:
    found = {
        text
        for page in Path(PART.templates or "").rglob("*.html")
        for pair in re.findall(r'_\("([^"]+)"|_\(\'([^\']+)\'', page.read_text(encoding="utf-8"))
        for text in pair
        if text
    }
    said = set(re.findall(r'say\("([^"]+)"\)', Path(places.__file__).read_text(encoding="utf-8")))
    assert len(found) > 50
    assert (found | said) - set(TEXTS) == set()


def test_every_stored_value_has_its_word() -> None:
    assert list(STATES) == list(ComponentState)
    assert list(NAME_KINDS) == list(NameKind)
    assert set(EDITABLE) <= set(FIELDS)
    words = {*STATES.values(), *NAME_KINDS.values(), *FIELDS.values()}
    assert (words | {entry.label for entry in PART.menu}) - set(TEXTS) == set()


def test_only_the_host_of_the_base_map_may_send_pictures() -> None:
    """R99: a base map by its address, and none needed."""
    assert MapOptions().tile_host == ""
    tiles = "https://{s}.tiles.example.org/{z}/{x}/{y}.png"
    assert MapOptions(tiles=tiles).tile_host == "https://*.tiles.example.org"
