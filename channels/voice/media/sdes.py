"""Keys of SRTP in session descriptions (SDES, RFC 4568): whether, which, and as which line; pure.

The keys stand in the description in clear: they are worth something only where the signalling
itself is encrypted, so `Srtp.over` decides first.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from channels.voice.rtp.srtp import MASTER_BYTES, SrtpKeys, Suite
from channels.voice.sip.address import Transport
from channels.voice.sip.sdp import Attribute, Media, NotAcceptable

PLAIN, SECURE = "RTP/AVP", "RTP/SAVP"

_LINE = re.compile(r"([0-9]{1,9})\s+(\S{1,64})\s+(\S{1,256})((?:\s+\S{1,64}){0,8})")
_LIFETIME = re.compile(r"2\^[0-9]{1,2}|[0-9]{1,15}")
_HARMLESS = re.compile(r"WSH=[0-9]{1,5}|-\S+")
"""A hint about the replay window, and what its writer says may be ignored (RFC 4568 6.3.7)."""

_ENCRYPTED = frozenset({Transport.TLS, Transport.WSS})


class KeysInClear(NotAcceptable):
    """SRTP is wanted, but its keys would be read by whoever sees the signalling (488)."""


class Srtp(StrEnum):
    """Whether the sound of a telephone is encrypted."""

    OFF = "off"
    OPTIONAL = "optional"
    """Where the other side can (RFC 8643)."""
    REQUIRED = "required"
    """Calls without it are refused."""

    def over(self, transport: Transport) -> "Srtp":
        """Return what holds for a call that is signalled by a transport.

        Raises:
            KeysInClear: it is required, and the keys would travel in clear.
        """
        if transport in _ENCRYPTED:
            return self
        if self is Srtp.REQUIRED:
            raise KeysInClear(f"SRTP is required here, and its keys need TLS, not {transport}")
        return Srtp.OFF


@dataclass(frozen=True, slots=True)
class Crypto:
    """One ``a=crypto`` line that we can do."""

    tag: int
    suite: Suite
    master: bytes = field(repr=False)

    def attribute(self) -> Attribute:
        """Return the line."""
        key = b64encode(self.master).decode()
        return Attribute("crypto", f"{self.tag} {self.suite} inline:{key}")


class Keying:
    """The keys of one leg, from one offer and answer to the next."""

    def __init__(self, srtp: Srtp, new_key: Callable[[int], bytes]) -> None:
        """Begin without keys; `new_key` returns so many bytes that nobody can guess."""
        self._srtp = srtp
        self._new_key = new_key
        self._ours: Crypto | None = None
        """The line with the key of what we send."""
        self._keys: SrtpKeys | None = None
        self._is_agreed = False

    @property
    def must_protect(self) -> bool:
        """Whether sound must be protected: by the setting, or because it is so far."""
        return self._keys is not None or self._srtp is Srtp.REQUIRED

    def choose(self, able: Sequence[Media]) -> int:
        """Return which of the sections is taken: a protected one where there is one.

        Raises:
            NotAcceptable: none may be.
        """
        may_protect = self._srtp is not Srtp.OFF
        for index, media in enumerate(able):
            if may_protect and cryptos_of(media):
                return index
        plain = [index for index, media in enumerate(able) if media.protocol == PLAIN]
        if plain and not self.must_protect:
            return plain[0]
        if plain:
            raise NotAcceptable("only protected sound is taken here: RTP/SAVP with a=crypto")
        if may_protect:
            raise NotAcceptable("no key of a suite of ours is offered")
        raise NotAcceptable("SRTP is off here, or its keys did not come over TLS")

    def take(self, offered: Media) -> SrtpKeys | None:
        """Return the keys under which a section that was chosen is taken; None: plain."""
        lines = () if self._srtp is Srtp.OFF else cryptos_of(offered)
        if lines:
            theirs = lines[0]
            self._ours = self._own_line(theirs.tag, theirs.suite)
            self._keys = SrtpKeys(theirs.suite, self._ours.master, theirs.master)
        self._is_agreed = True
        return self._keys

    def answer(self, audio: Media, protocol: str) -> Media:
        """Return our answer to the section that was taken."""
        is_protected = self._keys is not None and self._ours is not None
        return replace(self._with_key(audio) if is_protected else audio, protocol=protocol)

    def offer(self, audio: Media) -> Media:
        """Return what we offer with our key, if we may show one."""
        if self._srtp is Srtp.OFF or (self._is_agreed and self._keys is None):
            return audio
        self._ours = self._own_line(1, Suite.SHA1_80 if self._ours is None else self._ours.suite)
        # RFC 8643: a key in a plain section may be taken, or not.
        return replace(self._with_key(audio), protocol=SECURE if self.must_protect else PLAIN)

    def answered(self, answer: Media) -> SrtpKeys | None:
        """Return the keys that an answer agrees on; None: plain.

        Raises:
            NotAcceptable: it has none, and may not be plain.
        """
        ours = self._ours
        for theirs in () if ours is None else cryptos_of(answer):
            if ours is not None and (theirs.tag, theirs.suite) == (ours.tag, ours.suite):
                self._keys = SrtpKeys(ours.suite, ours.master, theirs.master)
                self._is_agreed = True
                return self._keys
        if self.must_protect or answer.protocol == SECURE:
            raise NotAcceptable("the answer has no key for the line of our offer")
        self._is_agreed = True
        return None

    def _own_line(self, tag: int, suite: Suite) -> Crypto:
        """Return our line; the key stays with its suite, for a key stream must not begin again."""
        if self._ours is not None and self._ours.suite is suite:
            return replace(self._ours, tag=tag)
        return Crypto(tag, suite, self._new_key(MASTER_BYTES))

    def _with_key(self, audio: Media) -> Media:
        assert self._ours is not None, "a line was written or taken before"
        return replace(audio, attributes=(*audio.attributes, self._ours.attribute()))


def cryptos_of(media: Media) -> Sequence[Crypto]:
    """Return the lines of a section that we can do, the dearest to its writer first."""
    read = (_parse(value) for value in media.values("crypto"))
    return [crypto for crypto in read if crypto is not None]


def _parse(value: str) -> Crypto | None:
    found = _LINE.fullmatch(value)
    if found is None or found[2].upper() not in set(Suite):
        return None
    # Parameters that weaken the protection, or that both must know of, are not ours.
    if not all(_HARMLESS.fullmatch(parameter) for parameter in found[4].split()):
        return None
    method, _, info = found[3].partition(":")
    material, *rest = info.split("|")
    # Beside a lifetime there could be a master key identifier, which goes with several keys.
    if method.lower() != "inline" or len(rest) > 1 or not all(map(_LIFETIME.fullmatch, rest)):
        return None
    try:
        master = b64decode(material, validate=True)
    except Error:
        return None
    if len(master) != MASTER_BYTES:
        return None
    return Crypto(int(found[1]), Suite(found[2].upper()), master)
