"""Names of files: the role is in the folder, the kind in the file name."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("hotline", "channels", "ivr", "case_bridge", "config")
FORBIDDEN = {"utils", "util", "helpers", "common", "misc", "base", "manager"}
SOURCES = [
    path
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
    if "node_modules" not in path.parts
]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_name_says_what_is_inside(path: Path) -> None:
    assert path.stem not in FORBIDDEN
    assert path.parent.name not in FORBIDDEN


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_says_what_it_is_in_its_first_line(path: Path) -> None:
    first = path.read_text(encoding="utf-8").lstrip()[:3]

    assert first == '"""' or path.name == "__init__.py" or "versions" in path.parts


def test_no_committed_file_names_a_registry() -> None:
    # In halves, so that this file names none either.
    halves = (("npm", "js.org"), ("python", "hosted"), ("py", "pi.org"), ("deb", ".debian.org"))
    hosts = tuple(f"{first}{second}" for first, second in halves)
    named = [
        str(path.relative_to(ROOT))
        for pattern in ("*.lock", "*.json", "*.toml", "Makefile", "Dockerfile", "*.yml", "*.yaml")
        for path in ROOT.rglob(pattern)
        if not {"node_modules", ".venv", ".git"} & set(path.parts)
        if any(host in path.read_text(encoding="utf-8", errors="ignore") for host in hosts)
    ]

    assert named == []
