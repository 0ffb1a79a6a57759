"""The sound of one leg: an RTP session with its two sockets, driven by the ticker.

A tick has two passes over the lines whose turn it is: first each takes the frame that its remote
party says (`listen`), then each decides what to send (`speak`): a prompt, its room, or silence.
Frames stay in the law they came in; only different laws of two partners cost a table look-up.

A line listens in the turn of 5 ms that suits the arrival of its packets, and speaks in the turn in
which its partner listens: so a packet waits 10 to 15 ms for the next one to be late, and no longer.

Where two talk and nothing else is to be heard, not even so long: each packet of 20 ms is handed on
when it comes, and the ticks only record it. A prompt, a key, a third voice, a codec that is no law,
or a partner that pauses, and the ticks speak again.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from channels.voice.media.engine import PlayOutcome
from channels.voice.media.mixing import mix
from channels.voice.media.path import MediaPath
from channels.voice.media.player import Player
from channels.voice.media.recorder import Recording
from channels.voice.media.room import Room
from channels.voice.media.ticker import TURNS
from channels.voice.media.voice import Voice
from channels.voice.rtp.codec import FORMS, FRAME_SAMPLES, LAWS, Codec
from channels.voice.rtp.dtmf import KeyDown, KeyUp
from channels.voice.rtp.g711 import transcode
from channels.voice.rtp.passage import Arrived
from channels.voice.rtp.rates import silence_of
from channels.voice.rtp.session import RtpSession
from channels.voice.rtp.source import Address

_SILENCE = {form: silence_of(form, FRAME_SAMPLES) for form in FORMS}


@dataclass(slots=True)
class Playing:
    """A player and who waits for its end."""

    player: Player
    ended: asyncio.Future[PlayOutcome]


class Line:
    """Everything of a leg that happens between two awaits."""

    def __init__(self, path: MediaPath, on_key: Callable[[KeyUp], None]) -> None:
        self.path = path
        self.session: RtpSession | None = None
        """None until offer and answer agreed."""
        self.recording: Recording | None = None
        self.voice = Voice()
        """What the remote party said when this line listened last."""
        self.turn = 0
        """In which of the turns of 20 ms this line listens."""
        self.room: Room[Line] | None = None
        """Whom the remote party talks with: one partner of a bridge, or a conference."""
        self.also_hears: tuple[Line, ...] = ()
        """Whom the remote party hears beside those of the room."""
        self.unsent = 0
        self.is_closed = False
        self._played = Voice()
        self._sent = Voice()
        self._spoken_at = -TURNS
        self._handed_by: Line | None = None
        """Whose packets go on to the remote party as they come."""
        self._loop = asyncio.get_running_loop()
        self._on_key = on_key
        self._playing: Playing | None = None
        self._key_waiters: list[asyncio.Future[None]] = []
        path.start(self._receive_media, self._receive_control)

    # -- verbs

    def enter(self, room: Room["Line"]) -> None:
        """Exchange sound and keys with those of a room; leaves the one before."""
        self.part()
        room.add(self)
        self.room = room

    def part(self) -> None:
        """Leave the room, and end the keys that are held through it."""
        room, self.room = self.room, None
        if room is None:
            return
        room.remove(self)
        for line in (self, *room.members):
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

    def move(self, path: MediaPath) -> None:
        """Go on over another path; the old one is stopped."""
        old, self.path = self.path, path
        old.stop()
        path.start(self._receive_media, self._receive_control)

    def shut(self) -> None:
        """Stop at once: playing, bridge and path; the recording is left to its owner."""
        self.is_closed = True
        self.part()
        self.also_hears = ()
        self.end_playing(PlayOutcome.CLOSED)
        self._wake_key_waiters()
        if self.session is not None:
            goodbye = self.session.goodbye(self._loop.time())
            self._send_control(goodbye, self.session.control_destination)
        self.path.stop()

    def hand_on(self, arrived: Arrived, speaker: "Line") -> None:
        """Send a packet of the partner's remote party on at once, if nothing else is heard."""
        session = self.session
        if session is None or not self._takes_at_once(speaker):
            return
        assert speaker.session is not None, "who has received has agreed"
        self._handed_by = speaker
        spoken, form = speaker.session.terms.codec.form, session.terms.codec.form
        datagram = session.hand_on(arrived, transcode(arrived.sound, spoken, form))
        if datagram is not None:
            self._send_media(datagram, session.destination)

    # -- the ticker

    def listen(self, turn: int, now: float) -> None:
        """First pass of a turn: take what the remote party says, if it is this line's."""
        session = self.session
        if session is None:
            return
        if not session.is_playing_out and session.settle():
            self.turn = turn % TURNS
        if turn % TURNS != self.turn:
            return
        self._pass_keys(session.handle_timer(now))
        frame = session.next_frame()
        self.voice.say(session.terms.codec.form, frame)
        for key in session.keys_in(frame):
            # The partner hears the tone itself.
            if isinstance(key, KeyUp):
                self._on_key(key)

    def speak(self, turn: int, now: float) -> None:
        """Second pass of a turn: send what the remote party is to hear, every 20 ms.

        After the turn has changed, once a little later.
        """
        if turn - self._spoken_at < TURNS or turn % TURNS != self._turn_to_speak():
            return
        self._spoken_at = turn
        session = self.session
        if session is None:
            if self.recording is not None:
                self.recording.add_silence(1)
            return
        form = session.terms.codec.form
        is_heard = session.terms.sends and not session.is_sending_keys
        is_handed_on = self._is_handed_on()
        frame = None if is_handed_on and self.recording is None else self._next_frame(form)
        if is_handed_on:
            session.let_pass()
        elif (datagram := session.send_frame(frame)) is not None:
            self._send_media(datagram, session.destination)
        if self.recording is not None:
            self._record(form, frame if is_heard else None)
        if self._key_waiters and not session.is_sending_keys:
            self._wake_key_waiters()
        if now >= session.next_timer():
            report = session.control_to_send(now)
            if report is not None:
                self._send_control(report, session.control_destination)

    def skip(self, ticks: int) -> None:
        """Let time pass that the ticker has missed."""
        if self.session is not None:
            self.session.skip_frames(ticks)
        if self.recording is not None:
            self.recording.add_silence(ticks)

    # -- inside

    def _receive_media(self, datagram: bytes, source: Address) -> None:
        session = self.session
        if session is None:
            return
        self._pass_keys(session.receive_datagram(datagram, source, self._loop.time()))
        arrived = session.take_arrived()
        if arrived is not None and session.is_playing_out and self.room is not None:
            for listener in self.room.others(self):
                listener.hand_on(arrived, self)

    def _takes_at_once(self, speaker: "Line") -> bool:
        """Say whether the remote party hears `speaker` and nothing else, in a law."""
        session = self.session
        return (
            session is not None
            and self.room is not None
            and self.room.others(self) == (speaker,)
            and self._playing is None
            and not self.also_hears
            and session.can_hand_on
        )

    def _is_handed_on(self) -> bool:
        """Say whether packets go on as they come; if no longer, the ticks speak from now on."""
        speaker = self._handed_by
        if speaker is not None and not (
            self._takes_at_once(speaker)
            and speaker.session is not None
            and speaker.session.is_playing_out
        ):
            self._handed_by = None
        return self._handed_by is not None

    def _receive_control(self, datagram: bytes, source: Address) -> None:
        if self.session is not None:
            self.session.receive_control(datagram, source, self._loop.time())

    def _pass_keys(self, keys: Iterable[KeyDown | KeyUp]) -> None:
        for key in keys:
            others = () if self.room is None else self.room.others(self)
            for session in (line.session for line in others):
                if session is not None and isinstance(key, KeyDown):
                    session.key_down(key.key)
                elif session is not None:
                    session.key_up()
            if isinstance(key, KeyUp):
                self._on_key(key)

    def _turn_to_speak(self) -> int:
        members = () if self.room is None else self.room.members
        return next((line.turn for line in members if line is not self), self.turn)

    def _record(self, form: Codec, sent: bytes | None) -> None:
        assert self.recording is not None
        law = form if form in LAWS else Codec.PCMA
        self._sent.say(form, sent)
        self.recording.add(self.voice.heard_in(law), self._sent.heard_in(law), law)

    def _next_frame(self, form: Codec) -> bytes:
        if self._playing is not None:
            player = self._playing.player
            law = form if form in LAWS else Codec.PCMA
            self._played.say(law, player.next_frame(law))
            if player.is_finished:
                self.end_playing(PlayOutcome.FINISHED)
            frame = self._played.heard_in(form)
            if frame is not None:
                return frame
        heard = self.also_hears
        if self.room is not None:
            heard = (*self.room.others(self), *(h for h in heard if h.room is not self.room))
        frames = [
            frame
            for line in heard
            if not line.is_closed and (frame := line.voice.heard_in(form)) is not None
        ]
        return mix(frames, form) or _SILENCE[form]

    def _wake_key_waiters(self) -> None:
        waiters, self._key_waiters = self._key_waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _send_media(self, datagram: bytes, destination: Address | None) -> None:
        if destination is not None and not self.path.send_media(datagram, destination):
            self.unsent += 1

    def _send_control(self, datagram: bytes, destination: Address | None) -> None:
        if destination is not None and not self.path.send_control(datagram, destination):
            self.unsent += 1
