"""A path whose packets are SRTP once keys are agreed; before that, and without keys, plain."""

from channels.voice.media.path import MediaPath, Receive
from channels.voice.rtp.packet import RtpMalformed
from channels.voice.rtp.source import Address
from channels.voice.rtp.srtp import Opener, Sealer, SrtpKeys


class SecurePath:
    """A `MediaPath` around another."""

    def __init__(self, inner: MediaPath) -> None:
        self._inner = inner
        self._keys: SrtpKeys | None = None
        self._sealer: Sealer | None = None
        self._opener: Opener | None = None
        self.rejected = 0
        """Datagrams that were not the remote's own, or came a second time."""

    def use(self, keys: SrtpKeys | None) -> None:
        """Go on under these keys; a key that stays keeps its count of packets."""
        before, self._keys = self._keys, keys
        if keys is None:
            self._sealer = self._opener = None
            return
        if before is None or (before.suite, before.ours) != (keys.suite, keys.ours):
            self._sealer = Sealer(keys.suite, keys.ours)
        if before is None or (before.suite, before.theirs) != (keys.suite, keys.theirs):
            self._opener = Opener(keys.suite, keys.theirs)

    # MediaPath

    def start(self, on_media: Receive, on_control: Receive) -> None:
        """Hand over what arrives from now on, opened."""
        self._inner.start(self._opened(on_media), self._opened(on_control))

    def send_media(self, datagram: bytes, to: Address) -> bool:
        """Send an RTP packet."""
        sealed = datagram if self._sealer is None else self._sealer.seal(datagram)
        return sealed is not None and self._inner.send_media(sealed, to)

    def send_control(self, datagram: bytes, to: Address) -> bool:
        """Send an RTCP packet."""
        sealed = datagram if self._sealer is None else self._sealer.seal_control(datagram)
        return sealed is not None and self._inner.send_control(sealed, to)

    def stop(self) -> None:
        """Receive nothing more, and free what it takes; again changes nothing."""
        self._inner.stop()

    def _opened(self, receive: Receive) -> Receive:
        def take(datagram: bytes, source: Address) -> None:
            if self._opener is not None:
                try:
                    datagram = self._opener.open(datagram)
                except RtpMalformed:
                    self.rejected += 1
                    return
            receive(datagram, source)

        return take
