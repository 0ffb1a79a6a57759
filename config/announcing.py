"""What the pages of announcements are given: recorded prompts, and who makes sounds."""

import shutil

from config.prompt_rendering import fit_speech, render_speech
from config.prompts import PROMPTS, load_prompts
from hotline.web.announcements.options import AnnouncementOptions, RecordedPrompt

LANGUAGE = "zh-CN"
PREFIX = "incident_"
"""Prompts that may be announced are called so."""


def announcement_options() -> AnnouncementOptions:
    """Return the prompts that may be announced, and the voice, if one is installed."""
    spoken = [each for each in load_prompts(PROMPTS, []) if each.language == LANGUAGE]
    voice, speed = spoken[0].voice, spoken[0].speed
    prompts = {
        each.name: RecordedPrompt(each.text, PROMPTS / f"{each.key}.wav")
        for each in spoken
        if each.name.startswith(PREFIX)
    }
    if shutil.which("espeak-ng") is None:
        return AnnouncementOptions(prompts=prompts, fit=fit_speech)
    return AnnouncementOptions(
        prompts=prompts, fit=fit_speech, speak=lambda text: render_speech(text, voice, speed)
    )
