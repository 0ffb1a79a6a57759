"""From captures and journal to a recording of two channels."""

from pathlib import Path

import pytest

from channels.voice.rtpengine.conversion import convert
from channels.voice.rtpengine.journal import JournalFile, Moment, Story, is_abandoned
from channels.voice.rtpengine.prompts import SoundShelf
from tests.fakes.captures import capture, talk
from tests.fakes.tones import channels_of, level_of, loudest_hz, seconds_of, tone, write_tone

OUTER, INNER = 20_000, 20_010
STARTED = 1_000.0
SECOND = 8000


@pytest.fixture
def both_talk(tmp_path: Path) -> list[Path]:
    path = tmp_path / "leg-1.pcap"
    citizen = talk(tone(440, 2.0), port=OUTER, at=STARTED)
    seat = talk(tone(1000, 2.0), port=INNER, at=STARTED, source=9)
    path.write_bytes(capture([*citizen, *seat]))
    return [path]


def story(tmp_path: Path, *moments: Moment, ended_at: float | None = STARTED + 2) -> Story:
    return Story(tmp_path / "call.wav", OUTER, INNER, STARTED, moments, ended_at)


def test_left_is_the_telephone_and_right_is_what_it_heard(
    tmp_path: Path, both_talk: list[Path]
) -> None:
    milliseconds = convert(story(tmp_path, Moment(STARTED)), both_talk, SoundShelf())

    left, right = channels_of(tmp_path / "call.wav")
    assert milliseconds == 2000
    assert len(left) == 2 * SECOND
    assert loudest_hz(left) == pytest.approx(440, abs=5)
    assert loudest_hz(right) == pytest.approx(1000, abs=5)


def test_a_prompt_is_heard_instead_of_the_partner_from_where_it_played(
    tmp_path: Path, both_talk: list[Path]
) -> None:
    prompt = str(write_tone(tmp_path / "prompt.wav", 1500, 0.5))
    moments = (Moment(STARTED), Moment(STARTED + 0.5, plays=(prompt,)), Moment(STARTED + 1.0))

    convert(story(tmp_path, *moments), both_talk, SoundShelf())

    _, right = channels_of(tmp_path / "call.wav")
    assert loudest_hz(right[: SECOND // 2]) == pytest.approx(1000, abs=5)
    assert loudest_hz(right[SECOND // 2 : SECOND]) == pytest.approx(1500, abs=5)
    assert loudest_hz(right[SECOND:]) == pytest.approx(1000, abs=5)


def test_music_repeats_and_is_silent_where_its_file_is_gone(
    tmp_path: Path, both_talk: list[Path]
) -> None:
    music = str(write_tone(tmp_path / "music.wav", 1500, 0.5))
    gone = str(tmp_path / "gone.wav")
    moments = (
        Moment(STARTED, plays=(music,), loop=True),
        Moment(STARTED + 1.0, plays=(gone,), loop=True),
    )

    convert(story(tmp_path, *moments), both_talk, SoundShelf())

    _, right = channels_of(tmp_path / "call.wav")
    assert seconds_of(right, 1500) == pytest.approx(1.0, abs=0.1)
    assert level_of(right[SECOND:]) == 0


def test_who_is_not_to_hear_does_not_hear_and_a_pause_is_silent(
    tmp_path: Path, both_talk: list[Path]
) -> None:
    moments = (
        Moment(STARTED, hears=False),
        Moment(STARTED + 0.5, speaks=False),
        Moment(STARTED + 1.0, paused=True),
    )

    convert(story(tmp_path, *moments), both_talk, SoundShelf())

    left, right = channels_of(tmp_path / "call.wav")
    half = SECOND // 2
    assert [level_of(left[at : at + half]) > 0.1 for at in (0, half, SECOND)] == [
        False,
        True,
        False,
    ]
    assert [level_of(right[at : at + half]) > 0.1 for at in (0, half, SECOND)] == [
        True,
        False,
        False,
    ]


def test_after_a_kill_the_recording_ends_with_the_last_packet(
    tmp_path: Path, both_talk: list[Path]
) -> None:
    left_open = story(tmp_path, Moment(STARTED), ended_at=None)

    assert convert(left_open, both_talk, SoundShelf()) == 1980


def test_a_journal_is_read_as_it_was_written_also_when_its_last_line_is_cut_off(
    tmp_path: Path,
) -> None:
    path = tmp_path / "leg.journal"
    file = JournalFile(path)
    file.begin(tmp_path / "call.wav", OUTER, INNER, STARTED)
    moment = Moment(STARTED + 1, plays=("a.wav",), number=3)
    file.note(moment)
    written = path.read_text()
    file.end(STARTED + 2)
    is_written_still = not is_abandoned(path)
    file.abandon()

    whole, cut = Story.read(path.read_text()), Story.read(written + '{"at": 10')

    assert whole == story(tmp_path, moment)
    assert (cut.moments, cut.ended_at) == ((moment,), None)
    assert is_written_still
    assert is_abandoned(path)
    with pytest.raises(ValueError, match="begins with its path"):
        Story.read("")
