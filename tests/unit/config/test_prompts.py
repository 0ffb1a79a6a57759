import json
from pathlib import Path

import pytest

from config.data_files import DATA
from config.prompts import check_prompts, load_prompts, prompt_names, render_prompts
from hotline.kernel.errors import Invalid
from tests.unit.config.data_folder import replace_text

TEXTS = """\
zh-CN:
  voice: cmn-latn-pinyin
  speed: 200
  texts:
    thanks: 感谢您
    goodbye: 再见
"""


class Speaker:
    """Says a text as its own bytes, and remembers what it was asked to say."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str, int]] = []

    def __call__(self, text: str, voice: str, speed: int) -> bytes:
        self.said.append((text, voice, speed))
        return text.encode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose two texts are rendered."""
    (tmp_path / "texts.yaml").write_text(TEXTS, "utf-8")
    render_prompts(tmp_path, say=Speaker())
    return tmp_path


def told(folder: Path) -> list[str]:
    return [str(problem) for problem in check_prompts(folder)]


def test_every_text_has_its_file_and_every_language_its_music(folder: Path) -> None:
    assert prompt_names(folder, "zh-CN") == {"thanks", "goodbye", "music", "beep"}
    assert (folder / "zh-CN" / "thanks.wav").read_text("utf-8") == "感谢您"
    assert told(folder) == []


def test_a_second_rendering_changes_nothing(folder: Path) -> None:
    speaker = Speaker()

    assert render_prompts(folder, say=speaker) == []
    assert speaker.said == []


def test_only_what_changed_is_spoken_again(folder: Path) -> None:
    replace_text(folder / "texts.yaml", "再见", "再会")
    speaker = Speaker()

    assert render_prompts(folder, say=speaker) == ["zh-CN/goodbye"]
    assert speaker.said == [("再会", "cmn-latn-pinyin", 200)]


def test_a_new_speed_renders_the_whole_language(folder: Path) -> None:
    replace_text(folder / "texts.yaml", "speed: 200", "speed: 180")

    assert render_prompts(folder, say=Speaker()) == ["zh-CN/goodbye", "zh-CN/thanks"]


def test_a_text_that_changed_without_its_file_is_told(folder: Path) -> None:
    replace_text(folder / "texts.yaml", "再见", "再会")

    assert told(folder) == [
        "texts.yaml line 6: zh-CN/goodbye: text and file differ; run `hotline prompts render`"
    ]


def test_a_file_that_changed_without_its_text_is_told(folder: Path) -> None:
    (folder / "zh-CN" / "thanks.wav").write_bytes(b"something else")

    assert told(folder) == [
        "texts.yaml line 5: zh-CN/thanks: text and file differ; run `hotline prompts render`"
    ]


def test_a_missing_file_is_told(folder: Path) -> None:
    (folder / "zh-CN" / "thanks.wav").unlink()

    assert told(folder) == [
        "texts.yaml line 5: zh-CN/thanks: there is no file; run `hotline prompts render`"
    ]


def test_a_file_without_a_text_is_told_and_removed_by_rendering(folder: Path) -> None:
    stray = folder / "zh-CN" / "welcome.wav"
    stray.write_bytes(b"hello")

    assert told(folder) == [
        "texts.yaml line 1: zh-CN/welcome.wav has no text; run `hotline prompts render`"
    ]
    render_prompts(folder, say=Speaker())
    assert not stray.exists()


@pytest.mark.parametrize("manifest", ["", "[]", "{", "\xff"])
def test_a_broken_manifest_makes_every_file_stale(folder: Path, manifest: str) -> None:
    (folder / "manifest.json").write_text(manifest, "latin-1")

    assert len(told(folder)) == 4


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("感谢您", '""', "texts.yaml line 5: thanks: nothing to say"),
        ("speed: 200", "speed: fast", "texts.yaml line 3: speed: 'fast' is not a number"),
        ("voice: cmn-latn-pinyin", "vioce: x", "texts.yaml line 2: 'voice' is missing"),
    ],
)
def test_a_mistake_in_the_texts_is_told_and_nothing_rendered(
    folder: Path, old: str, new: str, problem: str
) -> None:
    replace_text(folder / "texts.yaml", old, new)

    assert told(folder)[0].startswith(problem)
    with pytest.raises(Invalid):
        render_prompts(folder, say=Speaker())


def test_a_folder_without_texts_is_told(tmp_path: Path) -> None:
    assert told(tmp_path) == ["texts.yaml line 1: cannot be read"]


def test_the_shipped_files_are_those_of_the_shipped_texts() -> None:
    assert check_prompts(DATA / "prompts") == []
    manifest = json.loads((DATA / "prompts" / "manifest.json").read_text("utf-8"))
    assert set(manifest) == {prompt.key for prompt in load_prompts(DATA / "prompts", [])}


def test_the_shipped_files_are_small_enough_to_be_shipped() -> None:
    files = list((DATA / "prompts").glob("*/*.wav"))

    assert sum(file.stat().st_size for file in files) < 4_000_000
