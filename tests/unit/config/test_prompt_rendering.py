import io
import shutil
import struct
import wave
from pathlib import Path

import numpy as np
import pytest

from channels.voice.rtp.codec import Codec
from channels.voice.rtp.g711 import decode
from config.data_files import DATA
from config.prompt_rendering import LEVEL, PEAK, alaw_wav, fit_speech, render_melody, render_speech
from hotline.kernel.errors import Invalid, Unavailable

FILES = sorted((DATA / "prompts").glob("*/*.wav"))


def samples(content: bytes) -> np.ndarray:
    """Return the samples of an A-law WAV file, from -1 to 1, after a look at its chunks."""
    assert content[:4] + content[8:16] == b"RIFFWAVEfmt "
    assert struct.unpack("<I", content[4:8])[0] == len(content) - 8
    # 18 bytes: A-law, one channel, 8000 samples and bytes a second, 1 byte, 8 bits, no extension
    assert struct.unpack("<IHHIIHHH", content[16:38]) == (18, 6, 1, 8000, 8000, 1, 8, 0)
    assert content[38:42] + content[50:54] == b"factdata"
    length = struct.unpack("<I", content[54:58])[0]
    assert length == struct.unpack("<I", content[46:50])[0]
    return decode(Codec.PCMA, content[58 : 58 + length]).astype(np.float64) / 32768


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_every_shipped_file_is_level_a_law_speech(file: Path) -> None:
    sound = samples(file.read_bytes())

    assert np.sqrt(np.mean(sound**2)) == pytest.approx(LEVEL, rel=0.05)
    assert np.max(np.abs(sound)) <= PEAK + 0.03  # one step of A-law up there
    assert np.max(np.abs(sound[:400])) > 0.005  # speech begins within 50 ms
    assert sound.size < 20 * 8000


def test_a_wave_of_an_odd_length_is_padded() -> None:
    content = alaw_wav(np.zeros(3))

    assert len(content) % 2 == 0
    assert samples(content).size == 3


def test_the_music_has_no_seam() -> None:
    sound = samples(render_melody())
    steps = np.abs(np.diff(sound))

    assert sound.size == pytest.approx(19.2 * 8000)
    assert abs(sound[0] - sound[-1]) <= np.max(steps)


def test_the_music_is_the_tune_it_says() -> None:
    sound = samples(render_melody())[: round(0.6 * 8000)]  # the first beat: E above middle C

    spectrum = np.abs(np.fft.rfft(sound * np.hanning(sound.size), 80_000))
    upper = spectrum[2500:]  # above the bass: 250 Hz

    assert (np.argmax(upper) + 2500) / 10 == pytest.approx(329.6, abs=3)


needs_espeak = pytest.mark.skipif(not shutil.which("espeak-ng"), reason="espeak-ng is missing")


@needs_espeak
def test_a_longer_text_takes_longer() -> None:
    short = samples(render_speech("二", "cmn-latn-pinyin", 200))
    long = samples(render_speech("请您对本次办理评价", "cmn-latn-pinyin", 200))

    assert 0.1 * 8000 < short.size < long.size / 3


@needs_espeak
def test_a_tone_in_the_speech_survives_the_lower_rate() -> None:
    sound = samples(render_speech("妈", "cmn-latn-pinyin", 120))
    spectrum = np.abs(np.fft.rfft(sound)) ** 2
    frequencies = np.fft.rfftfreq(sound.size, 1 / 8000)

    # a voice: nearly all of its power lies between 70 and 3500 Hz
    assert spectrum[(frequencies > 70) & (frequencies < 3500)].sum() > 0.97 * spectrum.sum()


@needs_espeak
def test_a_text_without_a_sound_is_refused() -> None:
    with pytest.raises(Invalid, match="makes no sound"):
        render_speech("。", "cmn-latn-pinyin", 200)


def test_a_missing_program_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(Unavailable, match="espeak-ng"):
        render_speech("二", "cmn-latn-pinyin", 200)


def recording(rate: int, seconds: float, *, channels: int = 1, width: int = 2) -> bytes:
    """A tone of 440 Hz as people hand it in."""
    time = np.arange(round(rate * seconds)) / rate
    tone = (0.02 * 32767 * np.sin(2 * np.pi * 440 * time)).astype("<i2")
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        content = np.repeat(tone, channels).tobytes()
        file.writeframes(content if width == 2 else content[::2])
    return held.getvalue()


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (16000, 1), (44100, 2)])
def test_a_recording_of_any_rate_becomes_a_prompt_at_the_usual_level(
    rate: int, channels: int
) -> None:
    sound = samples(fit_speech(recording(rate, 2.5, channels=channels)))

    assert sound.size == pytest.approx(2.6 * 8000, abs=80)  # with what is kept around it
    assert np.sqrt(np.mean(sound**2)) == pytest.approx(LEVEL, rel=0.05)
    spectrum = np.abs(np.fft.rfft(sound))
    assert np.argmax(spectrum) * 8000 / sound.size == pytest.approx(440, abs=1)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"ID3 music", id="no WAV"),
        pytest.param(recording(8000, 0.5)[:30], id="cut off"),
        pytest.param(recording(8000, 121), id="too long"),
        pytest.param(recording(8000, 1, width=1), id="eight bits"),
        pytest.param(recording(96000, 1), id="too fine"),
    ],
)
def test_a_recording_that_cannot_be_played_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid):
        fit_speech(content)
