"""What the guides tell people to type, open and set is there."""

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click
import pytest

from config.cli import main
from config.roles.web import application
from config.runtime import Runtime
from config.settings import NAME, variables

ROOT = Path(__file__).parents[3]
GUIDES = ("docs/operator.md", "README.md", "README.zh-CN.md")
INLINE = re.compile(r"`([^`\n]+)`")
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGE = re.compile(r"`(/[a-z][\w./-]*)(?:[?#][^`]*)?`")
SETTING = re.compile(r"\bHOTLINE_[A-Z0-9_]*[A-Z0-9](?![A-Z0-9_…<])")
PARTS = frozenset({"HOTLINE_TRUNK", "HOTLINE_RELAY", "HOTLINE_SMS"})
"""Named without their fields: the settings as a whole."""


def text_of(guide: str) -> str:
    return (ROOT / guide).read_text(encoding="utf-8")


def commands_of(guide: str) -> list[str]:
    text = text_of(guide)
    lines = [line for block in BLOCK.findall(text) for line in block.splitlines()]
    found = [*INLINE.findall(text), *lines]
    ours = (re.sub(r"^(\.venv/bin/)?hotline ", "hotline ", each.strip()) for each in found)
    return sorted({each for each in ours if each.startswith("hotline ")})


def unknown(names: Iterable[str], patterns: Sequence[re.Pattern[str]]) -> Iterator[str]:
    return (name for name in names if not any(each.fullmatch(name) for each in patterns))


@pytest.mark.parametrize("guide", GUIDES)
def test_every_command_of_a_guide_is_one_and_has_the_options_that_are_shown(guide: str) -> None:
    commands = commands_of(guide)
    assert commands

    for line in commands:
        words = shlex.split(line, comments=True)[1:]
        command: click.Command = main
        context = click.Context(main)
        while isinstance(command, click.Group) and words and not words[0].startswith("-"):
            found = command.get_command(context, words.pop(0))
            assert found is not None, line
            command = found
        options = {name for each in command.params for name in each.opts}
        shown = {word for word in words if word.startswith("--")}
        assert shown <= options, line


async def test_every_page_of_the_guide_is_served(runtime: Runtime) -> None:
    served = {resource.canonical for resource in application(runtime).router.resources()}
    patterns = [re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))) for path in served]

    # Folders of the machine are written in the same way.
    pages = {
        page
        for page in PAGE.findall(text_of("docs/operator.md"))
        if not page.startswith(("/srv", "/var"))
    }

    assert len(pages) > 30
    assert [
        page for page in sorted(pages) if not any(each.fullmatch(page) for each in patterns)
    ] == []


@pytest.mark.parametrize("guide", [*GUIDES, "docker-compose.yml"])
def test_every_setting_that_a_guide_names_is_one(guide: str) -> None:
    known = [re.compile(name.replace(f"_{NAME}_", r"_\w+?_")) for name in variables()]

    named = set(SETTING.findall(text_of(guide))) - PARTS

    assert sorted(unknown(named, known)) == []
