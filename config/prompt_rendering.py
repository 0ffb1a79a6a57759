"""Text -> prompt file: espeak-ng speaks, we trim, level and store 8 kHz mono A-law."""

import io
import struct
import subprocess
import tempfile
import wave
from pathlib import Path

import numpy as np
from pypinyin import Style, lazy_pinyin

from channels.voice.rtp.codec import SAMPLE_RATE, Codec
from channels.voice.rtp.g711 import encode
from config.melody import Sound, melody
from hotline.kernel.errors import Invalid, Unavailable

LEVEL = 0.1
"""Root mean square of speech, full scale 1: -20 dB, the usual level on telephone lines."""
PEAK = 0.89
SILENCE = 0.01
LEAD_SECONDS = 0.02
TAIL_SECONDS = 0.08
"""Kept around the speech, so that digits said in a row stay apart."""

RATES = (8_000, 48_000)
LONGEST_SECONDS = 120
"""Of a recording that is handed in."""
BLOCK = 16_000
"""So many samples are made at a time: the window of each takes a kilobyte."""

BEEP_HERTZ = 1000.0
BEEP_SECONDS = 0.4

PASS_HERTZ = 3500.0
FILTER_REACH = 48
"""Samples on each side that make one sample of the lower rate."""

PUNCTUATION = str.maketrans("，。？！、；：", ",.?!,;:")


def render_speech(text: str, voice: str, speed: int) -> bytes:
    """Return a WAV file that says `text` with a voice of espeak-ng, `speed` words a minute.

    Raises:
        Unavailable: if espeak-ng is not installed or fails.
        Invalid: if nothing can be heard, as for a text of punctuation alone.
    """
    spoken = _pinyin(text) if voice.endswith("pinyin") else text
    rate, sound = _espeak(spoken, voice, speed)
    if np.max(np.abs(sound), initial=0) < SILENCE:
        raise Invalid("text", f"{text!r} makes no sound")
    return alaw_wav(_levelled(_trimmed(_resampled(sound, rate))))


def fit_speech(content: bytes) -> bytes:
    """Return a recording, PCM of 16 bits at any rate, as a prompt file at the usual level.

    Raises:
        Invalid: if it is no such WAV file, silent, or longer than two minutes.
    """
    try:
        with wave.open(io.BytesIO(content)) as recording:
            rate, channels = recording.getframerate(), recording.getnchannels()
            seconds = recording.getnframes() / max(rate, 1)
            if recording.getsampwidth() != 2 or not RATES[0] <= rate <= RATES[1]:
                raise Invalid("sound", "PCM of 16 bits is needed")
            if channels not in {1, 2} or seconds > LONGEST_SECONDS:
                raise Invalid("sound", "one or two channels of two minutes at most are needed")
            frames = recording.readframes(recording.getnframes())
    except (wave.Error, EOFError) as error:
        raise Invalid("sound", "is no WAV file that can be played") from error
    samples = np.frombuffer(frames[: len(frames) // (2 * channels) * 2 * channels], dtype="<i2")
    sound = samples.reshape(-1, channels).mean(axis=1) / 32768
    if np.max(np.abs(sound), initial=0) < SILENCE:
        raise Invalid("sound", "makes no sound")
    return alaw_wav(_levelled(_trimmed(_resampled(sound, rate))))


def render_melody() -> bytes:
    """Return the music for callers who wait as a WAV file."""
    sound = melody(SAMPLE_RATE)
    return alaw_wav(sound * LEVEL / np.sqrt(np.mean(sound**2)))


def render_beep() -> bytes:
    """Return the tone after which a message is recorded as a WAV file: 1 kHz for 0.4 s."""
    time = np.arange(round(BEEP_SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
    edge = np.minimum(1.0, np.minimum(time, BEEP_SECONDS - time) / 0.01)
    return alaw_wav(LEVEL * np.sqrt(2) * edge * np.sin(2 * np.pi * BEEP_HERTZ * time))


def alaw_wav(sound: Sound) -> bytes:
    """Return samples from -1 to 1 at 8 kHz as a mono A-law WAV file."""
    samples = (np.clip(sound, -1, 1) * 32767).astype(np.int16)
    data = encode(Codec.PCMA, samples)
    # WAVE_FORMAT_ALAW = 6; formats other than PCM carry an extension size and a fact chunk.
    form = struct.pack("<HHIIHHH", 6, 1, SAMPLE_RATE, SAMPLE_RATE, 1, 8, 0)
    chunks = (b"fmt ", form), (b"fact", struct.pack("<I", len(data))), (b"data", data)
    body = b"WAVE" + b"".join(
        name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
        for name, content in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _pinyin(text: str) -> str:
    """Return Chinese as pinyin with tone numbers: espeak-ng's own reading of characters is poor."""
    syllables = lazy_pinyin(
        text.translate(PUNCTUATION),
        style=Style.TONE3,
        neutral_tone_with_five=True,
        tone_sandhi=True,
    )
    return " ".join(syllables)


def _espeak(text: str, voice: str, speed: int) -> tuple[int, Sound]:
    """Return the sample rate and the samples of what espeak-ng says."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "speech.wav")
        command = ["espeak-ng", "-v", voice, "-s", str(speed), "-w", str(file), "--", text]
        try:
            subprocess.run(command, check=True, timeout=60, capture_output=True)  # noqa: S603
        except (OSError, subprocess.SubprocessError) as error:
            raise Unavailable("espeak-ng") from error
        with wave.open(str(file)) as recording:
            rate = recording.getframerate()
            frames = recording.readframes(recording.getnframes())
    return rate, np.frombuffer(frames, dtype="<i2").astype(np.float64) / 32768


def _resampled(sound: Sound, rate: int) -> Sound:
    """Return the sound at 8 kHz, by a low pass (windowed sinc) read between the samples."""
    places = np.arange(0, sound.size, rate / SAMPLE_RATE)
    padded = np.pad(sound, FILTER_REACH + 1)
    blocks = [places[at : at + BLOCK] for at in range(0, places.size, BLOCK)]
    return np.concatenate([_read_between(padded, block, rate) for block in blocks])


def _read_between(padded: Sound, places: Sound, rate: int) -> Sound:
    """Return the low-passed samples at places between those there are."""
    nearest = np.round(places).astype(np.int64)
    offsets = np.arange(-FILTER_REACH, FILTER_REACH + 1)
    distances = nearest[:, None] + offsets - places[:, None]
    cutoff = 2 * PASS_HERTZ / rate
    window = 0.5 + 0.5 * np.cos(np.pi * np.clip(distances / (FILTER_REACH + 1), -1, 1))
    kernel = cutoff * np.sinc(cutoff * distances) * window
    return np.asarray(
        np.sum(padded[nearest[:, None] + offsets + FILTER_REACH + 1] * kernel, axis=1)
    )


def _trimmed(sound: Sound) -> Sound:
    """Return the sound without the silence around it."""
    loud = np.flatnonzero(np.abs(sound) > SILENCE * np.max(np.abs(sound)))
    lead, tail = round(LEAD_SECONDS * SAMPLE_RATE), round(TAIL_SECONDS * SAMPLE_RATE)
    return np.pad(sound[loud[0] : loud[-1] + 1], (lead, tail))


def _levelled(sound: Sound) -> Sound:
    """Return the sound at the level of telephone speech, without clipping."""
    gain = LEVEL / float(np.sqrt(np.mean(sound**2)))
    return np.clip(sound * gain, -PEAK, PEAK)
