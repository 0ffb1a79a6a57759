"""Reading the files under `config/data` as text."""

from pathlib import Path

from ivr.errors import Problem
from ivr.text import Section, read, unreadable

DATA = Path(__file__).parent / "data"


def read_yaml(file: Path, problems: list[Problem]) -> Section:
    """Return the outermost mapping of a YAML file; what is wrong goes to `problems`."""
    text = read_text(file, problems)
    return unreadable(file.name) if text is None else read(file.name, text, problems)


def read_text(file: Path, problems: list[Problem]) -> str | None:
    """Return a file's text, a mark of byte order removed; None with a problem if that fails."""
    try:
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        problems.append(Problem(file.name, line, "is not UTF-8"))
    except OSError:
        problems.append(Problem(file.name, 1, "cannot be read"))
    return None
