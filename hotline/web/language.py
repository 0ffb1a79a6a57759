"""Languages: every text is written in Chinese; a catalogue of each part gives the English."""

import io
from collections.abc import Iterable
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Final

from aiohttp import web
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from hotline.web.keys import LANGUAGE
from hotline.web.routing import WebPart

CHINESE: Final = "zh-CN"
ENGLISH: Final = "en"
LANGUAGES: Final = {CHINESE: "中文", ENGLISH: "English"}
COOKIE: Final = "hotline_language"

TRANSLATIONS: Final[web.AppKey[dict[str, NullTranslations]]] = web.AppKey("translations")


def load_translations(parts: Iterable[WebPart]) -> dict[str, NullTranslations]:
    """Read every part's catalogue; texts that none of them knows stay Chinese."""
    english: NullTranslations = NullTranslations()
    for part in parts:
        if part.catalogue is not None:
            catalogue = _read(part.catalogue / f"{ENGLISH}.po")
            catalogue.add_fallback(english)
            english = catalogue
    return {CHINESE: NullTranslations(), ENGLISH: english}


def _read(path: Path) -> GNUTranslations:
    with path.open("rb") as source:
        catalogue = read_po(source, locale=ENGLISH, abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


def choose_language(request: web.Request) -> str:
    """Return the language picked by cookie; Chinese for everybody else (R12: local public)."""
    chosen = request.cookies.get(COOKIE)
    return chosen if chosen in LANGUAGES else CHINESE


def translate(request: web.Request, text: str) -> str:
    """Return a Chinese text in the language of the request."""
    return request.app[TRANSLATIONS][request[LANGUAGE]].gettext(text)
