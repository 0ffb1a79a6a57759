"""Reading YAML that people edit: every value keeps its line, every problem is collected.

Values are read from the nodes, not from Python objects: `1: yes` is a key "1" with the text "yes",
and a code such as 0101 keeps its zero.
"""

from collections.abc import Iterator

import yaml

from ivr.errors import Problem

MAX_CHARACTERS = 1_000_000
"""Far above any file people edit by hand."""

MISSING = "\0"


class Section:
    """One mapping of a text, read key by key; what is wrong goes to `problems`."""

    def __init__(
        self, source: str, line: int, entries: dict[str, yaml.Node], problems: list[Problem]
    ) -> None:
        self.source = source
        self.line = line
        self.problems = problems
        self._entries = entries
        self._read: set[str] = set()

    def __contains__(self, key: str) -> bool:
        """Say whether the key is written."""
        return key in self._entries

    def line_of(self, key: str) -> int:
        """Return the line of a key's value, or of the section."""
        node = self._entries.get(key)
        return line_of(node) if node else self.line

    def problem(self, what: str, key: str = "") -> None:
        """Collect a problem at the line of `key`, or of the section."""
        self.problems.append(Problem(self.source, self.line_of(key), what))

    def text(self, key: str, default: str = MISSING) -> str:
        """Return a scalar; without a default, its absence is a problem and "" is returned."""
        node = self._take(key, required=default is MISSING)
        if node is None:
            return "" if default is MISSING else default
        return self._scalar(node, key)

    def integer(self, key: str, default: int, *, least: int, most: int) -> int:
        """Return a whole number from `least` to `most`."""
        text = self.text(key, str(default))
        if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
            self.problem(f"{key}: {text!r} is not a number from {least} to {most}", key)
            return default
        return int(text)

    def flag(self, key: str, default: bool) -> bool:
        """Return `yes` or `no`."""
        text = self.text(key, "yes" if default else "no")
        if text not in {"yes", "no"}:
            self.problem(f"{key}: {text!r} is neither yes nor no", key)
        return text == "yes"

    def texts(self, key: str, *, required: bool = False) -> tuple[str, ...]:
        """Return a list of scalars; one scalar alone is a list of one."""
        node = self._take(key, required=required)
        if node is None:
            return ()
        if isinstance(node, yaml.SequenceNode):
            return tuple(self._scalar(item, key) for item in node.value)
        return (self._scalar(node, key),)

    def section(self, key: str, *, required: bool = False) -> "Section":
        """Return a mapping inside this one; an empty one if it is not written."""
        node = self._take(key, required=required)
        if node is None:
            return Section(self.source, self.line, {}, self.problems)
        return as_section(self.source, node, self.problems, key)

    def sections(self, key: str) -> list["Section"]:
        """Return a list of mappings."""
        node = self._take(key, required=True)
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode):
            self.problem(f"{key}: a list is expected", key)
            return []
        return [as_section(self.source, item, self.problems, key) for item in node.value]

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Yield every key with its scalar."""
        for key in self._entries:
            yield key, self.text(key)

    def named_sections(self) -> Iterator[tuple[str, "Section"]]:
        """Yield every key with its mapping."""
        for key in self._entries:
            yield key, self.section(key)

    def finish(self) -> None:
        """Collect a problem for every key that nobody asked for: it is misspelt."""
        for key, node in self._entries.items():
            if key not in self._read:
                what = f"{key!r} is not known here"
                self.problems.append(Problem(self.source, line_of(node), what))

    def _take(self, key: str, *, required: bool) -> yaml.Node | None:
        self._read.add(key)
        node = self._entries.get(key)
        if node is None and required:
            self.problem(f"{key!r} is missing")
        return node

    def _scalar(self, node: yaml.Node, key: str) -> str:
        if isinstance(node, yaml.ScalarNode):
            return str(node.value)
        self.problems.append(Problem(self.source, line_of(node), f"{key}: one value is expected"))
        return ""


def read(source: str, text: str, problems: list[Problem]) -> Section:
    """Return the outermost mapping of a YAML text; what is wrong goes to `problems`.

    A text that is no mapping at all is one problem: what is missing in it then goes unsaid.
    """
    if len(text) > MAX_CHARACTERS:
        problems.append(Problem(source, 1, f"longer than {MAX_CHARACTERS} characters"))
        return unreadable(source)
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problems.append(Problem(source, line, f"not YAML: {error.problem}"))
        return unreadable(source)
    except yaml.YAMLError as error:
        problems.append(Problem(source, 1, f"not YAML: {error}"))
        return unreadable(source)
    if node is None:
        problems.append(Problem(source, 1, "empty"))
        return unreadable(source)
    top = as_section(source, node, problems, "the text")
    return top if isinstance(node, yaml.MappingNode) else unreadable(source)


def unreadable(source: str) -> Section:
    """Return an empty mapping whose further problems nobody needs to hear."""
    return Section(source, 1, {}, [])


def as_section(source: str, node: yaml.Node, problems: list[Problem], what: str) -> Section:
    """Return a node as a mapping with every key once, or an empty one with a problem."""
    line = line_of(node)
    if not isinstance(node, yaml.MappingNode):
        problems.append(Problem(source, line, f"{what}: keys with values are expected"))
        return Section(source, line, {}, problems)
    entries: dict[str, yaml.Node] = {}
    for key, value in node.value:
        name = str(key.value)
        if name in entries:
            problems.append(Problem(source, line_of(key), f"{name!r} is written twice"))
        entries[name] = value
    return Section(source, line, entries, problems)


def line_of(node: yaml.Node) -> int:
    """Return the line, from 1, on which a node begins."""
    return int(node.start_mark.line) + 1
