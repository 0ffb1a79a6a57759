"""Packets laid out in time."""

import numpy as np

from channels.voice.rtpengine.pcap import Captured
from channels.voice.rtpengine.soundtrack import lay_out
from tests.fakes.captures import talk
from tests.fakes.tones import level_of, loudest_hz, tone

SECOND = 8000


def test_sound_begins_when_it_came() -> None:
    packets = talk(tone(440, 1.0), port=4, at=10.5)

    track = lay_out(packets, starts_at=10.0, samples=2 * SECOND)

    assert level_of(track[: SECOND // 2]) == 0
    assert abs(loudest_hz(track[SECOND // 2 : 3 * SECOND // 2]) - 440) < 5
    assert level_of(track[3 * SECOND // 2 :]) == 0


def test_jitter_of_the_network_is_not_heard() -> None:
    steady = talk(tone(440, 1.0), port=4, at=10.0)
    late = [
        Captured(packet.at + (0.03 if number % 3 else 0.0), packet.port, packet.datagram)
        for number, packet in enumerate(steady)
    ]

    as_sent, as_heard = (
        lay_out(packets, starts_at=10.0, samples=SECOND) for packets in (steady, late)
    )

    assert np.array_equal(as_sent, as_heard)


def test_packets_in_the_wrong_order_fall_into_their_places() -> None:
    steady = talk(tone(440, 0.2), port=4, at=10.0)
    mixed = [steady[0], steady[2], steady[1], *steady[3:]]

    as_sent, as_heard = (
        lay_out(packets, starts_at=10.0, samples=SECOND) for packets in (steady, mixed)
    )

    assert np.array_equal(as_sent, as_heard)


def test_a_new_source_and_a_pause_begin_where_they_are_heard() -> None:
    first = talk(tone(440, 0.2), port=4, at=10.0, source=1)
    other = talk(tone(440, 0.2), port=4, at=10.6, source=2, timestamp=5)

    track = lay_out([*first, *other], starts_at=10.0, samples=SECOND)

    assert level_of(track[1600:4800]) == 0
    assert level_of(track[4800:6400]) > 0.2


def test_what_came_before_the_beginning_and_after_the_end_is_cut_off() -> None:
    packets = talk(tone(440, 1.0), port=4, at=9.9)

    track = lay_out(packets, starts_at=10.0, samples=160)

    assert len(track) == 160
    assert level_of(track) > 0.2


def test_what_is_no_sound_is_left_out() -> None:
    packets = [Captured(10.0, 4, b""), Captured(10.1, 4, b"\x80\x65" + bytes(14))]

    assert level_of(lay_out(packets, starts_at=10.0, samples=SECOND)) == 0
