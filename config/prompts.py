"""The prompts: texts, the files that say them, and the manifest that keeps the two together."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from config.data_files import DATA, read_yaml
from config.prompt_rendering import render_beep, render_melody, render_speech
from hotline.kernel.errors import Invalid
from ivr.errors import Problem
from ivr.flow import MUSIC
from ivr.text import Section
from ivr.verbs import BEEP

PROMPTS = DATA / "prompts"
TEXTS = "texts.yaml"
MANIFEST = "manifest.json"
MADE = {MUSIC: "melody 1", BEEP: "beep 1"}
"""What is no speech, with the version of how it is made."""
HOW_TO_RENDER = "run `hotline prompts render`"

Speaker = Callable[[str, str, int], bytes]
"""Text, voice and speed -> WAV file."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One file that callers hear."""

    language: str
    name: str
    text: str
    voice: str
    speed: int
    line: int

    @property
    def key(self) -> str:
        """Return the name in the manifest: `zh-CN/thanks`."""
        return f"{self.language}/{self.name}"

    @property
    def fingerprint(self) -> str:
        """Return what the file depends on, as a hash."""
        return _digest(f"{self.voice}|{self.speed}|{self.text}".encode())


def prompt_names(folder: Path, language: str) -> frozenset[str]:
    """Return the names of the files that a flow in `language` can play."""
    return frozenset(file.stem for file in (folder / language).glob("*.wav"))


def load_prompts(folder: Path, problems: list[Problem]) -> list[Prompt]:
    """Return every prompt of `texts.yaml`, music and tone too; what is wrong goes to `problems`."""
    return [
        prompt
        for language, section in read_yaml(folder / TEXTS, problems).named_sections()
        for prompt in _language(language, section)
    ]


def render_prompts(folder: Path, *, say: Speaker = render_speech) -> list[str]:
    """Write the file of every prompt whose text changed; return their keys, sorted.

    Files that no text asks for are deleted.

    Raises:
        Invalid: if `texts.yaml` has mistakes.
        Unavailable: if espeak-ng is needed and not there.
    """
    problems: list[Problem] = []
    prompts = load_prompts(folder, problems)
    if problems:
        raise Invalid(TEXTS, "; ".join(str(problem) for problem in problems))
    known = _read_manifest(folder)
    rendered = []
    for prompt in prompts:
        file = _file(folder, prompt.key)
        if _is_fresh(prompt, file, known):
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_content(prompt, say))
        rendered.append(prompt.key)
    for stray in _strays(folder, prompts):
        stray.unlink()
    _write_manifest(folder, prompts)
    return sorted(rendered)


def check_prompts(folder: Path) -> list[Problem]:
    """Return every text without its file, and every file that its text no longer describes."""
    problems: list[Problem] = []
    prompts = load_prompts(folder, problems)
    known = _read_manifest(folder)
    for prompt in prompts:
        file = _file(folder, prompt.key)
        if not file.is_file():
            what = f"{prompt.key}: there is no file; {HOW_TO_RENDER}"
        elif not _is_fresh(prompt, file, known):
            what = f"{prompt.key}: text and file differ; {HOW_TO_RENDER}"
        else:
            continue
        problems.append(Problem(TEXTS, prompt.line, what))
    for stray in _strays(folder, prompts):
        name = stray.relative_to(folder).as_posix()
        problems.append(Problem(TEXTS, 1, f"{name} has no text; {HOW_TO_RENDER}"))
    return problems


def _language(language: str, section: Section) -> Iterator[Prompt]:
    voice = section.text("voice")
    speed = section.integer("speed", 160, least=80, most=300)
    texts = section.section("texts", required=True)
    for name, text in texts.pairs():
        if not text:
            texts.problem(f"{name}: nothing to say", name)
        yield Prompt(language, name, text, voice, speed, texts.line_of(name))
    for name, version in MADE.items():
        yield Prompt(language, name, version, "", 0, section.line)
    section.finish()


def _content(prompt: Prompt, say: Speaker) -> bytes:
    if prompt.name == MUSIC:
        return render_melody()
    if prompt.name == BEEP:
        return render_beep()
    return say(prompt.text, prompt.voice, prompt.speed)


def _is_fresh(prompt: Prompt, file: Path, known: dict[str, dict[str, str]]) -> bool:
    entry = known.get(prompt.key)
    return (
        entry is not None
        and entry.get("text") == prompt.fingerprint
        and file.is_file()
        and entry.get("file") == _digest(file.read_bytes())
    )


def _strays(folder: Path, prompts: list[Prompt]) -> list[Path]:
    wanted = {_file(folder, prompt.key) for prompt in prompts}
    return sorted(file for file in folder.glob("*/*.wav") if file not in wanted)


def _file(folder: Path, key: str) -> Path:
    return folder / f"{key}.wav"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _read_manifest(folder: Path) -> dict[str, dict[str, str]]:
    """Return the manifest; one that cannot be read makes every file stale."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return manifest if isinstance(manifest, dict) else {}


def _write_manifest(folder: Path, prompts: list[Prompt]) -> None:
    manifest = {
        prompt.key: {
            "text": prompt.fingerprint,
            "file": _digest(_file(folder, prompt.key).read_bytes()),
        }
        for prompt in prompts
    }
    text = json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", "utf-8")
