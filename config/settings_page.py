"""The table of settings in `docs/settings.md`, written from the settings themselves.

`python -m config.settings_page` writes it; a test compares.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from config.settings import NAME, NAMED, PREFIX, Settings, part_of

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"

HEAD = """# Settings

Written by `make docs` from `config/settings.py`; edit that, not this page. Every setting is an
environment variable; options of the command line come before them. A variable that begins with
`HOTLINE_` and is not in this list is an error, so a misspelt one is never silently ignored.
`hotline check` prints every problem at once.
"""


def page() -> str:
    """Return the page as Markdown."""
    parts = [HEAD, _table("General", _rows(Settings, PREFIX))]
    parts += _tables(Settings, PREFIX)
    return "\n".join(parts)


def _tables(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        part = part_of(field)
        if part is not None:
            title = f"`{name}` — {(part.__doc__ or '').strip().splitlines()[0]}"
            if name in NAMED and model is Settings:
                title += f" {' '.join((field.description or '').split())}"
            inner = f"{prefix}{name.upper()}__"
            if name in NAMED and model is Settings:
                inner += f"{NAME}__"
            yield _table(title, _rows(part, inner))
            yield from _tables(part, inner)


def _rows(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        if part_of(field) is None:
            words = " ".join((field.description or "").split())
            yield f"| `{prefix}{name.upper()}` | {_default(field)} | {words} |"


def _table(title: str, rows: Iterator[str]) -> str:
    head = "| variable | default | meaning |\n|---|---|---|"
    return f"## {title}\n\n{head}\n" + "\n".join(rows) + "\n"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "*required*"
    value: Any = field.get_default()
    if value is None or isinstance(value, SecretStr) or value in ("", ()):
        return "—"
    if isinstance(value, tuple):
        value = " ".join(str(getattr(each, "pattern", each)) for each in value)
    return f"`{value}`".replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
