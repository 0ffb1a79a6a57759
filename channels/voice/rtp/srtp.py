"""SRTP (RFC 3711): the keys of one stream, and the packets of one direction under one key."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from pylibsrtp import Error, Policy, Session

from channels.voice.rtp.packet import RtpMalformed, is_rtcp

MASTER_BYTES = 30
"""A master key of 128 bits and a salt of 112 (RFC 4568 6.2)."""

REPLAY_WINDOW = 128
"""Packets back from the newest within which a late one is still taken, once (RFC 3711 3.3.2)."""

MAX_PLAIN = 1300
"""Bytes of a packet that can be protected; 60 ms of any sound of ours has below 600."""


class Suite(StrEnum):
    """What protects the packets, by its name in SDP (RFC 4568 6.2)."""

    SHA1_80 = "AES_CM_128_HMAC_SHA1_80"
    SHA1_32 = "AES_CM_128_HMAC_SHA1_32"


_PROFILES = {
    Suite.SHA1_80: Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    Suite.SHA1_32: Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
}


@dataclass(frozen=True, slots=True)
class SrtpKeys:
    """The master keys of both directions, each with its salt; never shown, never logged."""

    suite: Suite
    ours: bytes = field(repr=False)
    """Of what we send."""
    theirs: bytes = field(repr=False)
    """Of what the remote sends."""


class Sealer:
    """Protects what we send; each packet once, for a key stream is never used twice."""

    def __init__(self, suite: Suite, master: bytes) -> None:
        self._session = _session(suite, master, Policy.SSRC_ANY_OUTBOUND)

    def seal(self, packet: bytes) -> bytes | None:
        """Return an RTP packet as it travels; None if it must not be sent."""
        return _try(self._session.protect, packet)

    def seal_control(self, packet: bytes) -> bytes | None:
        """Return an RTCP packet as it travels; None if it must not be sent."""
        return _try(self._session.protect_rtcp, packet)


class Opener:
    """Opens what the remote sends: proven to be its own, and each packet once."""

    def __init__(self, suite: Suite, master: bytes) -> None:
        self._session = _session(suite, master, Policy.SSRC_ANY_INBOUND)

    def open(self, datagram: bytes) -> bytes:
        """Return the RTP or RTCP packet in a datagram.

        Raises:
            RtpMalformed: it is a stranger's, altered, seen before, or too old to know.
        """
        act = self._session.unprotect_rtcp if is_rtcp(datagram) else self._session.unprotect
        packet = _try(act, datagram)
        if packet is None:
            raise RtpMalformed("no packet under our key, or one seen before")
        return packet


def _session(suite: Suite, master: bytes, kind: int) -> Session:
    policy = Policy(key=master, ssrc_type=kind, srtp_profile=_PROFILES[suite])
    policy.window_size = REPLAY_WINDOW
    return Session(policy)


def _try(act: Callable[[bytes], bytes], packet: bytes) -> bytes | None:
    if len(packet) > MAX_PLAIN:
        return None
    try:
        return act(packet)
    except Error:
        return None
