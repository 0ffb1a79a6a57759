"""Errors of the SIP core: the other side is wrong, we are wrong, or the call has gone."""

from hotline.kernel.errors import Conflict, HotlineError


class SipError(HotlineError):
    """Every error of the SIP core."""


class PeerError(SipError):
    """The other side broke the protocol; `status` and `reason` are what to answer it.

    `headers` are added to that answer (RFC 3261 8.2: Allow, Accept, Unsupported).
    """

    def __init__(self, status: int, reason: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason
        self.headers = headers


class UsageError(SipError):
    """The application used a verb that the state of the call does not allow: our bug."""


class CallGone(SipError, Conflict):
    """The call or request ended before the verb came: a race, not a bug."""

    def __init__(self, key: str) -> None:
        super().__init__(f"SIP call {key} has ended")
        self.key = key
