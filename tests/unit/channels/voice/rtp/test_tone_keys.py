import io
import shutil
import subprocess
import wave
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pytest

from channels.voice.rtp.codec import Codec
from channels.voice.rtp.dtmf import KeyDown, KeyUp
from channels.voice.rtp.g711 import decode, encode
from channels.voice.rtp.tone_keys import HIGH, LAYOUT, LOW, ToneKeys

Sound = npt.NDArray[np.float64]
KEYS = "".join(LAYOUT)
RATE = 8000
DICE = 4733
# Where a key begins within a block must not matter.
OFFSETS = (0.0, 1.3, 3.7, 6.0, 9.1)

SPEECH = {
    "cmn": "您好，这里是一二三四五政务服务便民热线，工号八千零一为您服务。请问有什么可以帮您？"
    "我要反映和平路与建设大街交叉口东南角的路灯已经连续三天不亮了，晚上行人过马路非常危险。",
    "en": "Good morning, this is the citizens' hotline. The street lamp at the corner has been out "
    "for three nights, seventeen people have fallen, and nobody seems to be fixing it at all.",
}


def quiet(milliseconds: float) -> Sound:
    return np.zeros(int(milliseconds * RATE / 1000))


def pair(
    key: str, milliseconds: float, *, low: float = -10, high: float = -10, off: float = 0.0
) -> Sound:
    """One key; levels in dB below full scale, `off` as a share of the frequencies."""
    row = next(index for index, keys in enumerate(LAYOUT) if key in keys)
    at = np.arange(int(milliseconds * RATE / 1000)) * 2 * np.pi * (1 + off) / RATE
    tones = ((LOW[row], low), (HIGH[LAYOUT[row].index(key)], high))
    return np.asarray(sum(32_767 * 10 ** (db / 20) * np.sin(hz * at) for hz, db in tones))


def dialled(
    milliseconds: float, *, offset: float = 0.0, noise: float | None = None, **how: float
) -> Sound:
    """All keys one after the other, with pauses of 45 ms."""
    parts = [quiet(30 + offset)]
    for key in KEYS:
        parts += [pair(key, milliseconds, **how), quiet(45)]
    sound = np.concatenate([*parts, quiet(60)])
    if noise is not None:
        level = 32_767 * 10 ** ((-10 - noise) / 20)
        sound = sound + np.random.default_rng(DICE).standard_normal(len(sound)) * level
    return sound


def heard(sound: Sound) -> list[KeyDown | KeyUp]:
    """What comes out after A-law, frame by frame."""
    line = decode(Codec.PCMA, encode(Codec.PCMA, np.rint(sound).astype(np.int16)))
    keys = ToneKeys()
    return [key for at in range(0, len(line), 160) for key in keys.hear(line[at : at + 160])]


def pressed(events: Iterable[KeyDown | KeyUp]) -> str:
    return "".join(event.key for event in events if isinstance(event, KeyDown))


@pytest.mark.parametrize("milliseconds", [40, 45, 70, 200])
@pytest.mark.parametrize("offset", OFFSETS)
def test_every_key_of_40_ms_and_more_is_heard_once(milliseconds: float, offset: float) -> None:
    assert pressed(heard(dialled(milliseconds, offset=offset))) == KEYS


@pytest.mark.parametrize(
    "how",
    [
        pytest.param({"off": 0.015}, id="1.5 % too high"),
        pytest.param({"off": -0.015}, id="1.5 % too low"),
        pytest.param({"high": -17}, id="high tone 7 dB weaker"),
        pytest.param({"low": -14}, id="low tone 4 dB weaker"),
        pytest.param({"low": -27, "high": -27}, id="quiet"),
        pytest.param({"noise": 15}, id="in noise"),
    ],
)
def test_keys_are_heard_as_the_recommendation_allows_them_to_be(how: dict[str, float]) -> None:
    for offset in OFFSETS:
        assert pressed(heard(dialled(50, offset=offset, **how))) == KEYS


@pytest.mark.parametrize(
    "how",
    [
        pytest.param({"off": 0.035}, id="3.5 % too high"),
        pytest.param({"off": -0.035}, id="3.5 % too low"),
        pytest.param({"high": -24}, id="high tone much weaker"),
        pytest.param({"low": -20}, id="low tone much weaker"),
        pytest.param({"low": -45, "high": -45}, id="crosstalk"),
        pytest.param({"high": -90}, id="one tone only"),
    ],
)
def test_what_is_no_key_by_the_recommendation_is_not_heard(how: dict[str, float]) -> None:
    assert heard(dialled(60, **how)) == []


def test_20_ms_are_no_key() -> None:
    assert all(heard(dialled(20, offset=offset)) == [] for offset in OFFSETS)


def test_each_key_ends_and_tells_how_long_it_was() -> None:
    events = heard(dialled(100))

    lengths = [event.duration_ms for event in events if isinstance(event, KeyUp)]
    assert [type(event) for event in events] == [KeyDown, KeyUp] * len(KEYS)
    assert lengths == pytest.approx([100] * len(KEYS), abs=15)


def test_a_short_interruption_is_not_a_second_key() -> None:
    sound = np.concatenate([pair("5", 60), quiet(10), pair("5", 60), quiet(100)])

    assert pressed(heard(sound)) == "5"


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng speaks the sentences")
@pytest.mark.parametrize("voice", ["cmn", "cmn+f2", "cmn+m3", "en", "en+f3", "en+m7"])
def test_speech_is_no_key(voice: str) -> None:
    language = voice.partition("+")[0]
    spoken = subprocess.run(
        ["espeak-ng", "-v", voice, "--stdout", SPEECH[language]],
        capture_output=True,
        check=True,
        timeout=30,
    ).stdout
    with wave.open(io.BytesIO(spoken)) as file:
        rate = file.getframerate()
    sound = np.frombuffer(spoken[44 : len(spoken) // 2 * 2], dtype="<i2").astype(np.float64)
    times = np.arange(int(len(sound) * RATE / rate)) * rate / RATE
    line = np.interp(times, np.arange(len(sound)), sound)

    assert len(line) > 8 * RATE
    assert pressed(heard(line)) == ""


def test_a_key_is_heard_through_speech_at_a_tenth_of_its_level() -> None:
    sound = dialled(80)
    voices = [np.sin(np.arange(len(sound)) * 2 * np.pi * hz / RATE) for hz in (180, 360, 540, 2900)]

    assert pressed(heard(sound + 32_767 * 10 ** (-32 / 20) * sum(voices))) == KEYS
