"""Languages: every text is written in Chinese; a catalogue of each part gives the English."""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from aiohttp import web
from babel.messages.pofile import read_po

from hotline.web.keys import LANGUAGE
from hotline.web.routing import WebPart

CHINESE: Final = "zh-CN"
ENGLISH: Final = "en"
LANGUAGES: Final = {CHINESE: "中文", ENGLISH: "English"}
COOKIE: Final = "hotline_language"

Texts = Mapping[str, str]
"""The source text, in Chinese, to its translation."""

TEXTS: Final[web.AppKey[Mapping[str, Texts]]] = web.AppKey("texts")


def load_texts(parts: Iterable[WebPart]) -> Mapping[str, Texts]:
    """Read every part's catalogue; texts that none of them knows stay Chinese."""
    english: dict[str, str] = {}
    for part in parts:
        if part.catalogue is not None:
            # Where two parts differ, the first one's words count: the house's own before a guest's.
            english = {**read_catalogue(part.catalogue / f"{ENGLISH}.po"), **english}
    return {CHINESE: {}, ENGLISH: english}


def own_texts(texts: Mapping[str, Texts], part: WebPart, language: str) -> Texts:
    """Return the texts for a part's own templates: where two parts differ, its words count."""
    if part.catalogue is None or language != ENGLISH:
        return texts[language]
    return {**texts[language], **read_catalogue(part.catalogue / f"{ENGLISH}.po")}


@cache
def read_catalogue(path: Path) -> Texts:
    """Return the translated texts of one catalogue, read once a process.

    Raises:
        babel.messages.pofile.PoFileError: if a line of it cannot be read.
    """
    with path.open("rb") as source:
        messages = read_po(source, locale=ENGLISH, abort_invalid=True)
    return MappingProxyType(
        {str(each.id): str(each.string) for each in messages if each.id and each.string}
    )


def choose_language(request: web.Request) -> str:
    """Return the language picked by cookie; Chinese for everybody else."""
    chosen = request.cookies.get(COOKIE)
    return chosen if chosen in LANGUAGES else CHINESE


def texts_of(request: web.Request) -> Texts:
    """Return the translations into the language of the request."""
    return request.app[TEXTS][request[LANGUAGE]]


def translate(request: web.Request, text: str) -> str:
    """Return a Chinese text in the language of the request."""
    return texts_of(request).get(text, text)
