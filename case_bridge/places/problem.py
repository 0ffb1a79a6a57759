"""What is wrong with a file of base data: where, and what to correct, in both languages."""

from collections.abc import Sequence
from dataclasses import dataclass

from hotline.kernel.errors import Invalid


@dataclass(frozen=True, slots=True, order=True)
class Said:
    """A place or a sentence in the two languages of the pages."""

    zh: str
    en: str

    def __str__(self) -> str:
        return self.en

    def with_code(self, code: object) -> "Said":
        """Return the place with the code that the file gives it."""
        return Said(f"{self.zh}（{code}）", f"{self.en} ({code})")


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a file: where, and what to correct."""

    where: Said
    what: Said

    def __str__(self) -> str:
        return self.words("en")

    def words(self, language: str) -> str:
        """Return place and mistake as one line."""
        if language == "en":
            return f"{self.where.en}: {self.what.en}"
        return f"{self.where.zh}：{self.what.zh}"


class Mistaken(Exception):
    """What a part of a file says cannot be; who reads the file knows where it stood."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.what = Said(zh, en)


class BadFile(Invalid):
    """A file with mistakes was to be imported; nothing of it was taken."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("file", "; ".join(str(problem) for problem in problems[:5]))
        self.problems = tuple(problems)


WHOLE_FILE = Said("文件", "file")


def at_feature(number: int) -> Said:
    """Return the place of a feature, counted from 1."""
    return Said(f"第{number}个要素", f"feature {number}")


def at_row(number: int) -> Said:
    """Return the place of a row; the titles are row 1."""
    return Said(f"第{number}行", f"row {number}")


def at_line(number: int) -> Said:
    """Return the place of a line of text, counted from 1."""
    return Said(f"第{number}行", f"line {number}")


def not_utf8(content: bytes, error: UnicodeDecodeError) -> Problem:
    """Return the problem of a file in another encoding, with its first wrong line."""
    line = content[: error.start].count(b"\n") + 1
    zh = "不是 UTF-8 编码。请另存为“CSV UTF-8”或 UTF-8 编码的 GeoJSON"
    return Problem(at_line(line), Said(zh, "is not UTF-8; save the file as UTF-8"))
