"""Bencode: what is written can be read, and what cannot be read is said so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.voice.rtpengine.bencode import (
    MAX_DEPTH,
    BencodeIncomplete,
    BencodeMalformed,
    Value,
    decode,
    decode_from,
    encode,
)

VALUES = st.recursive(
    st.integers(-(10**15), 10**15) | st.binary(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


def test_a_command_is_written_as_rtpengine_reads_it() -> None:
    command: Value = {"command": "play media", "repeat-times": 3, "flags": ["all", b"\x00"]}

    written = encode(command)

    assert written == b"d7:command10:play media12:repeat-timesi3e5:flagsl3:all1:\x00ee"


@given(VALUES)
def test_what_is_written_is_read_again(value: object) -> None:
    assert decode(encode(value)) == value  # type: ignore[arg-type]


@given(VALUES, st.data())
def test_a_value_that_is_cut_off_asks_for_more(value: object, data: st.DataObject) -> None:
    whole = encode(value)  # type: ignore[arg-type]
    length = data.draw(st.integers(0, len(whole) - 1))

    with pytest.raises(BencodeIncomplete):
        decode_from(whole[:length])


@given(st.binary(max_size=60))
def test_whatever_comes_nothing_but_its_own_error_is_raised(data: bytes) -> None:
    try:
        decode(data)
    except BencodeMalformed:
        return


@pytest.mark.parametrize(
    "data",
    [b"i1ei2e", b"x", b"ie", b"i1", b"-1:", b"9999999999:a", b"l" * (MAX_DEPTH + 2), b"d1:ae"],
)
def test_what_is_no_value_is_refused(data: bytes) -> None:
    with pytest.raises(BencodeMalformed):
        decode(data)


def test_two_messages_in_a_row_are_told_apart() -> None:
    first, end = decode_from(b"d1:ai1eed1:bi2ee")
    second, _ = decode_from(b"d1:ai1eed1:bi2ee", end)

    assert (first, second) == ({"a": 1}, {"b": 2})
