"""Reading the form that switches an announcement on."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from aiohttp import web
from multidict import MultiDictProxy

from hotline.contacts.announcements.service import LONGEST, MOST_TEXT, AnnouncementDraft
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.errors import Invalid, Unavailable
from hotline.web.announcements.options import AnnouncementOptions
from hotline.web.forms import posted

PROMPT: Final = "prompt"
FILE: Final = "file"
SPOKEN: Final = "spoken"

PROBLEMS: Final[Mapping[str, str]] = {
    "text": "请填写公告内容，1至500字。",
    "prompt": "请从列表中选择录好的提示音。",
    "file": "请上传能播放的WAV文件（PCM，不超过2分钟、12MB）。",
    "spoken": "语音合成没有成功：请缩短文字后再试，或上传录音。",
    "from": "请填写正确的开始时间。",
    "until": "请填写结束时间：晚于现在和开始时间，且开启不超过7天。",
    "lines": "请从列表中选择线路。",
}


@dataclass(slots=True)
class Filled:
    """What was filled in, and what is wrong with it."""

    values: dict[str, Any]
    problems: dict[str, str] = field(default_factory=dict)

    def refuse(self, name: str) -> None:
        """Say what is wrong with a field."""
        self.problems[name] = PROBLEMS[name]


async def read_draft(
    request: web.Request, options: AnnouncementOptions, numbers: Sequence[str], now: datetime
) -> tuple[Filled, AnnouncementDraft | None]:
    """Return what was filled in, and the announcement it makes; None if something is wrong."""
    form = await posted(request)
    filled = Filled(_values(form))
    begins, ends = _times(filled, now)
    lines = tuple(str(each) for each in form.getall("lines", ()))
    if set(lines) - set(numbers):
        filled.refuse("lines")
    text = filled.values["text"]
    prompt: str | None = None
    sound: bytes | None = None
    match filled.values["source"]:
        case "prompt":
            prompt = _prompt(filled, options)
            text = text or (options.prompts[prompt].text if prompt else "")
        case "file":
            sound = await _upload(filled, form.get("file"), options)
        case _:
            sound = await _spoken(filled, text, options)
    if not text or len(text) > MOST_TEXT:
        filled.refuse("text")
    if filled.problems or begins is None or ends is None:
        return filled, None
    return filled, AnnouncementDraft(
        text=text,
        prompt=prompt,
        sound=sound,
        lines=lines,
        asks=filled.values["asks"],
        from_at=begins,
        until_at=ends,
    )


def _values(form: MultiDictProxy[Any]) -> dict[str, Any]:
    texts = {
        name: str(form.get(name, "")).strip()
        for name in ("text", "source", "prompt", "from", "until")
    }
    return {**texts, "lines": form.getall("lines", ()), "asks": "asks" in form}


def _times(filled: Filled, now: datetime) -> tuple[datetime | None, datetime | None]:
    begins = _moment(filled, "from") if filled.values["from"] else now
    ends = _moment(filled, "until")
    if begins is not None and ends is not None:
        starts = max(now, begins)
        if ends <= starts or ends - starts > LONGEST:
            filled.refuse("until")
    return begins, ends


def _moment(filled: Filled, name: str) -> datetime | None:
    """Return a wall-clock time of Shanghai, as `datetime-local` writes it."""
    try:
        found = datetime.fromisoformat(filled.values[name])
    except ValueError:
        filled.refuse(name)
        return None
    return found.replace(tzinfo=SHANGHAI)


def _prompt(filled: Filled, options: AnnouncementOptions) -> str | None:
    name: str = filled.values["prompt"]
    if name in options.prompts:
        return name
    filled.refuse("prompt")
    return None


async def _upload(filled: Filled, file: Any, options: AnnouncementOptions) -> bytes | None:
    if isinstance(file, web.FileField):
        content = file.file.read()
        try:
            return await asyncio.to_thread(options.fit, content)
        except Invalid:
            pass
    filled.refuse("file")
    return None


async def _spoken(filled: Filled, text: str, options: AnnouncementOptions) -> bytes | None:
    if options.speak is not None and 0 < len(text) <= MOST_TEXT:
        try:
            return await asyncio.to_thread(options.speak, text)
        except (Invalid, Unavailable):
            pass
    filled.refuse("spoken" if text else "text")
    return None
