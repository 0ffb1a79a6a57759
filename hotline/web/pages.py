"""Pages: templates of every part, in the reader's language, never cached by strangers."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache, lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, Final

import jinja2
from aiohttp import web
from jinja2.ext import i18n as gettext_extension
from markupsafe import Markup, escape

from hotline.accounts.service import User
from hotline.kernel.clock import SHANGHAI
from hotline.web.forgery import form_token, form_token_field, remember_visitor
from hotline.web.keys import CLOCK, LANGUAGE, OPTIONS, PARTS, REQUEST_ID, SIGNED_IN
from hotline.web.labels import label
from hotline.web.language import LANGUAGES, TEXTS, Texts, own_texts
from hotline.web.routing import MenuEntry, MenuGroup, WebPart

OWN_TEMPLATES: Final = Path(__file__).parent / "templates"
OWN_STATIC: Final = Path(__file__).parent / "static"
KNOWN_TEXTS: Final = 4096
"""Texts of pages that are kept ready; some hold a stored value, so there is no end of them."""
SHORT_MENU: Final = 7
"""So many entries stand side by side without headings."""

Environments = Mapping[tuple[str, str], jinja2.Environment]
"""By language, and by the part whose templates they render."""

ENVIRONMENTS: Final[web.AppKey[Environments]] = web.AppKey("environments")
ASSETS: Final[web.AppKey["Assets"]] = web.AppKey("assets")


class Blanks(dict[str, str]):
    """Fields of a form by name; one that was not sent is empty, for templates."""

    def __missing__(self, name: str) -> str:
        return ""


@dataclass(slots=True)
class Assets:
    """Static files: where they lie, and the version that a page names them with."""

    folders: dict[str, Path]
    """Prefix under /static/ to folder; the empty prefix is the hotline's own."""
    _versions: dict[Path, tuple[int, str]]
    _paths: dict[str, Path] = field(default_factory=dict)
    """Where the files lie that pages name."""

    @classmethod
    def of(cls, parts: Iterable[WebPart]) -> "Assets":
        """Return the files of the hotline's own pages and of every part."""
        folders = {part.name: part.static for part in parts if part.static is not None}
        return cls({"": OWN_STATIC, **folders}, {})

    def path(self, name: str) -> Path | None:
        """Return the file behind /static/<name>, or None: nothing outside the folders."""
        prefix, _, rest = name.partition("/")
        folder = self.folders.get(prefix) if rest else None
        root, relative = (folder, rest) if folder else (self.folders[""], name)
        path = (root / relative).resolve()
        return path if path.is_relative_to(root.resolve()) and path.is_file() else None

    def url(self, name: str) -> str:
        """Return the address of a file, with its content's hash: cached for ever, never stale."""
        path = self._paths.get(name) or self.path(name)
        if path is not None:
            self._paths[name] = path
        return f"/static/{name}?v={self.version(path)}" if path else f"/static/{name}"

    def version(self, path: Path) -> str:
        """Return a short hash of the file's content, read again when it changes."""
        changed = path.stat().st_mtime_ns
        known = self._versions.get(path)
        if known is None or known[0] != changed:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
            known = self._versions[path] = (changed, digest)
        return known[1]


def make_environments(app: web.Application) -> Environments:
    """Return one template environment for each language and part that has templates."""
    with_templates = [part for part in app[PARTS] if part.templates is not None]
    loader = jinja2.FileSystemLoader([str(part.templates) for part in with_templates])
    return {
        (language, part.name): _environment(loader, own_texts(app[TEXTS], part, language))
        for language in LANGUAGES
        for part in with_templates
    }


def _environment(loader: jinja2.BaseLoader, texts: Texts) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=loader,
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        extensions=[gettext_extension],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["ext.i18n.trimmed"] = True
    _add_words(environment, texts)
    return environment


def _add_words(environment: jinja2.Environment, texts: Texts) -> None:
    def translated(text: str) -> str:
        return texts.get(text, text)

    @lru_cache(KNOWN_TEXTS)
    def plain(text: str) -> Markup:
        return escape(translated(text).replace("%%", "%"))

    def filled(text: str, **values: object) -> Markup:
        # Unlike Jinja's own gettext, which trusts every text: some of ours are stored values,
        # such as a unit's name, and no text of a page or catalogue holds marks.
        return escape(translated(text)) % values if values else plain(text)

    def translated_number(text: str, _many: str, _number: int) -> str:
        # Chinese has no plural, so the source text is one.
        return translated(text)

    def word(value: StrEnum) -> str:
        return translated(label(value))

    def words(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        return [(value, translated(text)) for value, text in pairs]

    environment.install_gettext_callables(  # type: ignore[attr-defined]
        translated, translated_number, newstyle=True
    )
    environment.globals |= {"gettext": filled, "_": filled}
    environment.filters |= {
        "label": word,
        "words": words,
        "moment": moment,
        "second_of": second_of,
        "span": span,
        "rounded": rounded,
    }


def render(
    request: web.Request, template: str, *, status: int = 200, **context: Any
) -> web.Response:
    """Return the page `template` filled with `context`, in the request's language.

    Every template also finds: `user` (or None), `menu`, `menu_groups`, `menu_here`, `language`,
    `path`, `now`, `options`, `static_url(name)`, `form_token_field()`, and the filters `moment`,
    `label` (a stored value's word), `words` (those of pairs of value and word) and `rounded`.
    """
    environment = request.app[ENVIRONMENTS][request[LANGUAGE], template.partition("/")[0]]
    user = request[SIGNED_IN].user if SIGNED_IN in request else None
    menu, menu_groups = _menu(request, user)
    text = environment.get_template(template).render(
        user=user,
        menu=menu,
        menu_groups=menu_groups,
        menu_here=_here(request.path, [*menu, *chain.from_iterable(menu_groups.values())]),
        language=request[LANGUAGE],
        languages=LANGUAGES,
        path=request.path,
        path_qs=request.path_qs,
        now=request.app[CLOCK](),
        options=request.app[OPTIONS],
        request_id=request[REQUEST_ID],
        static_url=request.app[ASSETS].url,
        form_token=cache(lambda: form_token(request)),
        # A list has one in every row.
        form_token_field=cache(lambda: form_token_field(request)),
        **context,
    )
    response = web.Response(text=text, status=status, content_type="text/html", charset="utf-8")
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Language"] = request[LANGUAGE]
    remember_visitor(request, response)
    return response


def _menu(
    request: web.Request, user: User | None
) -> tuple[list[MenuEntry], dict[MenuGroup, list[MenuEntry]]]:
    """Return what is always in sight, and what opens under a heading, for this reader."""
    entries = [entry for part in request.app[PARTS] for entry in part.menu]
    if user is None:
        return [entry for entry in entries if not entry.roles], {}
    mine = [entry for entry in entries if not entry.roles.isdisjoint(user.roles)]
    if len(mine) <= SHORT_MENU:
        return mine, {}
    groups = {group: [each for each in mine if each.group is group] for group in MenuGroup}
    return [each for each in mine if each.group is None], {g: e for g, e in groups.items() if e}


def _here(path: str, entries: Iterable[MenuEntry]) -> str:
    """Return the path of the menu's line to which a page belongs: the nearest, and only one."""
    return max((each.path for each in entries if each.holds(path)), key=len, default="")


def moment(value: datetime | None) -> str:
    """Return an instant as Shanghai's wall clock shows it; nothing for None."""
    return value.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if value else ""


def second_of(value: datetime) -> str:
    """Return an instant's time of day in Shanghai, to the second."""
    return value.astimezone(SHANGHAI).strftime("%H:%M:%S")


def span(value: timedelta) -> str:
    """Return a length of time as m:ss, or h:mm:ss from an hour on, as the live pages show it."""
    minutes, seconds = divmod(int(value.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def moment_after(value: datetime | None) -> str:
    """Return the first full minute at which an instant is past; nothing for None."""
    if value is None or value == value.replace(second=0, microsecond=0):
        return moment(value)
    return moment(value + timedelta(minutes=1))


def rounded(number: int) -> str:
    """Return an expected number with two figures that mean something: 12345 becomes 12000."""
    return str(round(number, min(0, 2 - len(str(number)))))
