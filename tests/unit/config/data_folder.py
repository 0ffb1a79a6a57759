"""A copy of the shipped data in which a test may make mistakes."""

import shutil
from collections.abc import Callable
from pathlib import Path

from config.data_files import DATA


def copy_data(folder: Path) -> Path:
    """Copy the data files; the prompts, which are large, stay where they are."""
    data = folder / "data"
    shutil.copytree(DATA, data, ignore=shutil.ignore_patterns("prompts"))
    (data / "prompts").symlink_to(DATA / "prompts")
    return data


def edit_line(file: Path, line: int, change: Callable[[str], str]) -> None:
    """Change one line of a file."""
    lines = file.read_text("utf-8").splitlines()
    lines[line - 1] = change(lines[line - 1])
    file.write_text("\n".join(lines) + "\n", "utf-8")


def replace_text(file: Path, old: str, new: str) -> None:
    """Replace a text that stands in a file exactly once."""
    text = file.read_text("utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file.name}"
    file.write_text(text.replace(old, new), "utf-8")
