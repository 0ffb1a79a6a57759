import os
from pathlib import Path

import numpy as np
import pytest

from channels.voice.media.engine import PromptUnusable
from channels.voice.media.player import MAX_FILE_BYTES, Player, Prompt, PromptShelf
from channels.voice.rtp.codec import Codec
from channels.voice.rtp.g711 import SILENCE, encode
from tests.fakes.tones import tone, write_tone


def constant(value: int, samples: int) -> Prompt:
    return Prompt.of(np.full(samples, value, dtype=np.int16))


def frame(value: int, codec: Codec = Codec.PCMA) -> bytes:
    return encode(codec, np.full(160, value, dtype=np.int16))


def played(player: Player, frames: int) -> list[bytes | None]:
    return [player.next_frame(Codec.PCMA) for _ in range(frames)]


def test_prompts_follow_each_other_and_end() -> None:
    player = Player([constant(1000, 320), constant(2000, 160)])

    assert played(player, 4) == [frame(1000), frame(1000), frame(2000), None]
    assert player.is_finished


def test_a_player_is_finished_with_its_last_frame_and_not_a_frame_later() -> None:
    player = Player([constant(1000, 160)])
    before = player.is_finished
    player.next_frame(Codec.PCMA)

    assert (before, player.is_finished) == (False, True)


def test_the_last_frame_is_filled_up_with_silence() -> None:
    player = Player([constant(1000, 200)])

    _, last = played(player, 2)

    assert last == frame(1000)[:40] + SILENCE[Codec.PCMA][:120]


def test_a_loop_begins_again_with_the_first_prompt() -> None:
    player = Player([constant(1000, 160), constant(2000, 160)], loop=True)

    assert played(player, 5) == [frame(v) for v in (1000, 2000, 1000, 2000, 1000)]
    assert not player.is_finished


@pytest.mark.parametrize("loop", [False, True])
def test_nothing_to_play_is_finished_at_once(loop: bool) -> None:
    assert Player([], loop=loop).is_finished
    assert Player([constant(0, 0)], loop=loop).is_finished


def test_the_law_may_change_while_playing() -> None:
    player = Player([constant(1000, 320)])

    frames = [player.next_frame(Codec.PCMA), player.next_frame(Codec.PCMU)]

    assert frames == [frame(1000), frame(1000, Codec.PCMU)]


def test_a_file_is_decoded_once(tmp_path: Path) -> None:
    path = write_tone(tmp_path / "a.wav", 440, 0.1)
    shelf = PromptShelf()

    first, second = shelf.load_all([path, path])

    assert first is second
    assert first.frame_count == 5


def test_a_file_that_was_replaced_is_read_anew(tmp_path: Path) -> None:
    path = write_tone(tmp_path / "a.wav", 440, 0.1)
    shelf = PromptShelf()
    before = shelf.load(path)
    write_tone(path, 440, 0.2)

    assert (before.frame_count, shelf.load(path).frame_count) == (5, 10)


def test_what_was_not_played_for_long_is_forgotten_first(tmp_path: Path) -> None:
    paths = [write_tone(tmp_path / f"{n}.wav", 440, 0.1) for n in range(3)]
    shelf = PromptShelf(max_bytes=2 * Prompt.of(tone(440, 0.1)).size)
    first, second = shelf.load(paths[0]), shelf.load(paths[1])

    shelf.load(paths[0])
    shelf.load(paths[2])

    assert shelf.load(paths[0]) is first
    assert shelf.load(paths[1]) is not second


def test_a_prompt_larger_than_the_shelf_is_still_played(tmp_path: Path) -> None:
    shelf = PromptShelf(max_bytes=10)

    assert shelf.load(write_tone(tmp_path / "a.wav", 440, 0.1)).frame_count == 5


def test_unusable_files_are_named_with_their_problem(tmp_path: Path) -> None:
    text = tmp_path / "text.wav"
    text.write_text("hello, I am no sound")
    huge = tmp_path / "huge.wav"
    with huge.open("wb") as file:
        os.truncate(file.fileno(), MAX_FILE_BYTES + 1)
    shelf = PromptShelf()

    problems = {}
    for path in (text, huge, tmp_path, tmp_path / "absent.wav"):
        with pytest.raises(PromptUnusable) as caught:
            shelf.load(path)
        problems[path.name] = caught.value.problem

    assert problems["text.wav"] == "not a RIFF/WAVE file"
    assert "too many" in problems["huge.wav"]
    assert problems["absent.wav"] == "No such file or directory"
    assert problems[tmp_path.name] == "Is a directory"
