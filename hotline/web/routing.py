"""Routes as rows: path, handler, and who may use it, in one table that a test walks."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from hotline.accounts.roles import Role

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

PUBLIC: Final[frozenset[Role]] = frozenset()
"""No sign-in needed: citizens, and the sign-in page itself."""

EVERYBODY: Final[frozenset[Role]] = frozenset(Role)
"""Anyone who has signed in."""

DEFAULT_MAX_BODY: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Route:
    """One way in. `roles` is PUBLIC, or the set of which the user must hold one."""

    method: str
    path: str
    handler: Handler
    roles: frozenset[Role]
    name: str
    max_body: int = DEFAULT_MAX_BODY
    """Bytes; a longer body is answered with 413."""
    forgery_check: bool = True
    """False only for programs that prove themselves by signature or token (webhooks)."""

    @property
    def is_public(self) -> bool:
        """Say whether no sign-in is needed."""
        return not self.roles

    @property
    def writes(self) -> bool:
        """Say whether the method may change something."""
        return self.method not in {"GET", "HEAD"}

    def admits(self, roles: Collection[Role]) -> bool:
        """Say whether a person with these roles may use the route."""
        return self.is_public or not self.roles.isdisjoint(roles)


class MenuGroup(StrEnum):
    """What stands under one heading of the menu; the value is the heading."""

    SHIFT = "当班管理"
    FOLLOW_UP = "督办催办"
    BASE_DATA = "基础数据"
    SYSTEM = "系统管理"


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """One line of the menu: for those who hold one of its roles; PUBLIC: for those signed out."""

    label: str
    """Chinese; translated by the catalogue."""
    path: str
    roles: frozenset[Role]
    group: MenuGroup | None = None
    """None: always in sight, as what people work with all day must be."""
    home_of: frozenset[Role] = frozenset()
    """Whose day begins here; everybody else's begins at the first line of their menu."""

    def holds(self, path: str) -> bool:
        """Say whether a page of this path belongs to the entry."""
        return path == self.path or path.startswith(self.path + "/")


@dataclass(frozen=True, slots=True)
class WebPart:
    """What one package adds to the web process."""

    name: str
    """Also the folder inside `templates` that holds its pages: `<templates>/<name>/x.html`."""
    routes: tuple[Route, ...]
    templates: Path | None = None
    static: Path | None = None
    """Files served at /static/<name>/…"""
    catalogue: Path | None = None
    """A folder with `en.po`; the source language of every text is Chinese."""
    menu: tuple[MenuEntry, ...] = ()
    provides: Mapping[web.AppKey[Any], Any] = field(default_factory=dict)
    """Options and ports of the package, found by its handlers in `request.app[KEY]`."""
