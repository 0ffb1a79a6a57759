"""Reading the files under `config/data` as text."""

from pathlib import Path

from ivr.errors import Problem

DATA = Path(__file__).parent / "data"


def read_text(file: Path, problems: list[Problem]) -> str:
    """Return a file's text, a mark of byte order removed; "" with a problem if that fails."""
    try:
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        problems.append(Problem(file.name, line, "is not UTF-8"))
    except OSError:
        problems.append(Problem(file.name, 1, "cannot be read"))
    return ""
