"""The sound of one leg: an RTP session with its two sockets, driven by the ticker.

A tick has two passes over all lines: first each takes the frame that its remote party says
(`listen`), then each decides what to send (`speak`): a prompt, the partner, or silence. Frames
stay in the law they came in; only different laws of two partners cost a table look-up.
"""

import asyncio
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from channels.voice.media.engine import PlayOutcome
from channels.voice.media.player import Player
from channels.voice.media.ports import PortPair
from channels.voice.media.recorder import Recording
from channels.voice.rtp.dtmf import KeyDown, KeyUp
from channels.voice.rtp.g711 import SILENCE, transcode
from channels.voice.rtp.session import RtpSession
from channels.voice.rtp.source import Address

MAX_DATAGRAM = 2048
"""A packet of 200 ms and its header fit; what is longer is cut off and then dropped."""


@dataclass(slots=True)
class Playing:
    """A player and who waits for its end."""

    player: Player
    ended: asyncio.Future[PlayOutcome]


class Line:
    """Everything of a leg that happens between two awaits."""

    def __init__(self, pair: PortPair, on_key: Callable[[KeyUp], None]) -> None:
        self.pair = pair
        self.session: RtpSession | None = None
        """None until offer and answer agreed."""
        self.recording: Recording | None = None
        self.heard: bytes | None = None
        """What the remote party said in this tick, in the law of the session."""
        self.partner: Line | None = None
        self.unsent = 0
        self.is_closed = False
        self._loop = asyncio.get_running_loop()
        self._on_key = on_key
        self._playing: Playing | None = None
        self._key_waiters: list[asyncio.Future[None]] = []
        self._read_from(pair.rtp, self._receive_media)
        self._read_from(pair.rtcp, self._receive_control)

    # -- verbs

    def join(self, other: "Line") -> None:
        """Exchange sound and keys with another line; ends earlier bridges of both."""
        self.part()
        other.part()
        self.partner, other.partner = other, self

    def part(self) -> None:
        """End the bridge, and a key that is held through it."""
        partner, self.partner = self.partner, None
        if partner is None:
            return
        partner.partner = None
        for line in (self, partner):
            if line.session is not None:
                line.session.key_up()

    def begin_playing(self, player: Player) -> asyncio.Future[PlayOutcome]:
        """Play from the next tick on; the future tells how it ended."""
        self.end_playing(PlayOutcome.STOPPED)
        self._playing = Playing(player, self._loop.create_future())
        return self._playing.ended

    def end_playing(self, outcome: PlayOutcome) -> None:
        """Fall silent and wake who waits; harmless when nothing plays."""
        playing, self._playing = self._playing, None
        if playing is not None and not playing.ended.done():
            playing.ended.set_result(outcome)

    def abandon_playing(self, ended: asyncio.Future[PlayOutcome]) -> None:
        """Fall silent if what plays is what `ended` waits for, and nobody waits any more."""
        if self._playing is not None and self._playing.ended is ended:
            self._playing = None

    def until_keys_are_sent(self) -> asyncio.Future[None]:
        """Return a future that is done when no key is waiting or under way, or at the end."""
        sent: asyncio.Future[None] = self._loop.create_future()
        self._key_waiters.append(sent)
        return sent

    def shut(self) -> None:
        """Stop at once: playing, bridge and reading; the recording is left to its owner."""
        self.is_closed = True
        self.part()
        self.end_playing(PlayOutcome.CLOSED)
        self._wake_key_waiters()
        if self.session is not None:
            goodbye = self.session.goodbye(self._loop.time())
            self._send(self.pair.rtcp, goodbye, self.session.control_destination)
        self._loop.remove_reader(self.pair.rtp)
        self._loop.remove_reader(self.pair.rtcp)

    # -- the ticker

    def listen(self, now: float) -> None:
        """First pass of a tick: take what the remote party says."""
        if self.session is not None:
            self._pass_keys(self.session.handle_timer(now))
            self.heard = self.session.next_frame()

    def speak(self, now: float) -> None:
        """Second pass of a tick: send what the remote party is to hear."""
        session = self.session
        if session is None:
            if self.recording is not None:
                self.recording.add_silence(1)
            return
        frame = self._next_frame(session)
        is_heard = session.terms.sends and not session.is_sending_keys
        datagram = session.send_frame(frame)
        if datagram is not None:
            self._send(self.pair.rtp, datagram, session.destination)
        if self.recording is not None:
            self.recording.add(self.heard, frame if is_heard else None, session.terms.codec)
        if self._key_waiters and not session.is_sending_keys:
            self._wake_key_waiters()
        if now >= session.next_timer():
            report = session.control_to_send(now)
            if report is not None:
                self._send(self.pair.rtcp, report, session.control_destination)

    def skip(self, ticks: int) -> None:
        """Let time pass that the ticker has missed."""
        if self.session is not None:
            self.session.skip_frames(ticks)
        if self.recording is not None:
            self.recording.add_silence(ticks)

    # -- inside

    def _read_from(self, opened: socket.socket, receive: Callable[[bytes, Address], None]) -> None:
        def read() -> None:
            try:
                datagram, source = opened.recvfrom(MAX_DATAGRAM)
            except OSError:  # nothing there after all, or the ICMP error of an earlier packet
                return
            receive(datagram, source[:2])

        self._loop.add_reader(opened, read)

    def _receive_media(self, datagram: bytes, source: Address) -> None:
        if self.session is not None:
            self._pass_keys(self.session.receive_datagram(datagram, source, self._loop.time()))

    def _receive_control(self, datagram: bytes, source: Address) -> None:
        if self.session is not None:
            self.session.receive_control(datagram, source, self._loop.time())

    def _pass_keys(self, keys: Iterable[KeyDown | KeyUp]) -> None:
        for key in keys:
            to = self.partner.session if self.partner is not None else None
            if isinstance(key, KeyDown):
                if to is not None:
                    to.key_down(key.key)
            else:
                if to is not None:
                    to.key_up()
                self._on_key(key)

    def _next_frame(self, session: RtpSession) -> bytes:
        codec = session.terms.codec
        if self._playing is not None:
            player = self._playing.player
            frame = player.next_frame(codec)
            if player.is_finished:
                self.end_playing(PlayOutcome.FINISHED)
            if frame is not None:
                return frame
        partner = self.partner
        if partner is not None and partner.heard is not None and partner.session is not None:
            return transcode(partner.heard, partner.session.terms.codec, codec)
        return SILENCE[codec]

    def _wake_key_waiters(self) -> None:
        waiters, self._key_waiters = self._key_waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _send(self, opened: socket.socket, datagram: bytes, destination: Address | None) -> None:
        if destination is None:
            return
        try:
            opened.sendto(datagram, destination)
        except OSError:  # a full socket buffer or a route that is gone: as lost as on the network
            self.unsent += 1
