"""The drawings of `docs/states.md`: every state machine, drawn from its table.

`python -m config.drawings` writes them; a test compares.
"""

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import case_bridge
import channels
import hotline
from hotline.kernel.machine import Machine

PAGE = Path(__file__).parents[1] / "docs" / "states.md"

HEAD = """# States

Every state machine of the house, drawn from its table by `make docs`; edit the table, not this
page. What is not drawn is refused. History is append-only and replays through the same table.
"""


def machines() -> Iterator[tuple[str, Machine[Any, Any]]]:
    """Yield every machine with the module that holds its table, in the order of the modules."""
    for package in (hotline, channels, case_bridge):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if found.name.rpartition(".")[2] == "states":
                tables = vars(import_module(found.name)).values()
                yield from ((found.name, table) for table in tables if isinstance(table, Machine))


def draw() -> str:
    """Return the page as Markdown with Mermaid diagrams."""
    parts = [HEAD]
    for module, machine in machines():
        title = f"## {machine.name}\n\n`{module.replace('.', '/')}.py`"
        parts.append(f"{title}\n\n```mermaid\n{machine.as_mermaid()}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(draw(), encoding="utf-8")
