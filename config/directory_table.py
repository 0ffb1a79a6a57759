"""`directory.yaml`: whom seats may bring into a call by name, as values."""

from pathlib import Path

from config.data_files import read_yaml
from hotline.queues.control.states import TargetKind
from hotline.queues.phone_directory import DirectoryEntry, is_dialable
from ivr.errors import Problem
from ivr.text import Section

DIRECTORY = "directory.yaml"
KINDS = (TargetKind.EMERGENCY, TargetKind.DEPARTMENT)


def load_directory(folder: Path, problems: list[Problem]) -> tuple[DirectoryEntry, ...]:
    """Return the entries in the order of the file; what is wrong goes to `problems`."""
    top = read_yaml(folder / DIRECTORY, problems)
    sections = top.sections("directory")
    entries = [_entry(section) for section in sections]
    keys = [entry.key for entry in entries]
    for place, (section, entry) in enumerate(zip(sections, entries, strict=True)):
        if entry.key in keys[:place]:
            section.problem(f"key {entry.key!r} is written twice", "key")
        if not is_dialable(entry.number):
            section.problem(f"number: {entry.number!r} is not 3 to 20 digits", "number")
    top.finish()
    return tuple(entries)


def _entry(section: Section) -> DirectoryEntry:
    kind = section.text("kind")
    if kind not in KINDS:
        section.problem(f"kind: {kind!r} is none of {', '.join(KINDS)}", "kind")
        kind = TargetKind.DEPARTMENT
    entry = DirectoryEntry(
        key=section.text("key"),
        kind=TargetKind(kind),
        name_zh=section.text("name"),
        name_en=section.text("name_en", ""),
        number=section.text("number"),
        note=section.text("note", ""),
    )
    section.finish()
    return entry
