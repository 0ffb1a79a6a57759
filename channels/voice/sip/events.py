"""What the SIP core tells the application: one frozen value for each thing that happened.

`call` is the key of a call in this process (not the Call-ID header, which the caller
chooses and may repeat). Keys, numbers and SDP bodies are plain values; an SDP body is
`b""` where the message had none.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from channels.voice.sip.address import Hop
from channels.voice.sip.headers import NameAddress
from channels.voice.sip.message import Request
from channels.voice.sip.uri import Uri

CallKey = NewType("CallKey", str)
RequestKey = NewType("RequestKey", str)
RegistrationKey = NewType("RegistrationKey", str)
TransferKey = NewType("TransferKey", str)
ProbeKey = NewType("ProbeKey", str)


class EndReason(StrEnum):
    """Why an established call is over."""

    BYE = "bye"  # the other side hung up
    HUNG_UP = "hung_up"  # we hung up
    TIMEOUT = "timeout"  # no ACK, or no answer to a request inside the call
    ERROR = "error"  # the other side no longer knows the call, or broke the protocol


class RegistrationState(StrEnum):
    """How a registration of ours at a registrar stands."""

    REGISTERED = "registered"
    FAILED = "failed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOffered:
    """An INVITE arrived and 100 Trying was sent; use ring, answer, reject or challenge.

    `sdp` is empty for a delayed offer: then the SDP given to `answer` is the offer and
    `CallConfirmed.sdp` the answer. The identities are claims of the sender: trust
    `asserted` (P-Asserted-Identity) only when `source` is a trusted line.
    """

    call: CallKey
    sip_call_id: str
    caller: NameAddress
    called: NameAddress
    target: Uri
    """The Request-URI: which number of ours was dialled."""
    asserted: NameAddress | None
    sdp: bytes
    source: Hop
    username: str | None
    """Who the Authorization header claims to be; None without one for our realm."""
    request: Request
    """The whole message, for headers that only some lines send (`request.header(name)`)."""
    diverted_by: tuple[NameAddress, ...] = ()
    """Whom the call was for before it was sent on to us, the latest first (claims, too)."""
    is_from_trunk: bool = False
    """It comes from an address of a trunk of ours, as its names are resolved today."""
    trunk_hosts: frozenset[str] = frozenset()
    """Which hosts that the settings name for trunks this is."""
    wants_privacy: bool = False
    """The caller wants its number kept from whoever answers (RFC 3323)."""
    replaces: CallKey | None = None
    """The call of ours that this one is to replace (RFC 3891); it ends when this is answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCancelled:
    """The caller gave up before the answer (CANCEL or BYE); it was answered, the key is dead."""

    call: CallKey


@dataclass(frozen=True, slots=True, kw_only=True)
class CallConfirmed:
    """The ACK for our 2xx arrived; `sdp` is the answer if our 2xx carried the offer."""

    call: CallKey
    sdp: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CallProgressed:
    """A provisional answer (18x) to our INVITE; `sdp` announces early media."""

    call: CallKey
    status: int
    sdp: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAnswered:
    """Our INVITE was answered and the ACK sent; `sdp` is the answer to our offer.

    It is empty where an UPDATE has brought another offer since that answer came (RFC 3311).
    """

    call: CallKey
    sdp: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFailed:
    """Our INVITE was refused (or 408: nobody answered, 503: no path); the key is dead.

    `contacts` are where a 3xx points; `retry_after` is in seconds.
    """

    call: CallKey
    status: int
    reason: str
    contacts: tuple[NameAddress, ...] = ()
    retry_after: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded:
    """An established call, or an offered one we could not hold, is over; the key is dead."""

    call: CallKey
    reason: EndReason


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReoffered:
    """The other side changes the session (re-INVITE, or UPDATE with an offer).

    Use answer_reoffer or reject_reoffer. With an empty `sdp` (re-INVITE only) our answer
    carries the offer, and `CallConfirmed.sdp` the answer.
    """

    call: CallKey
    sdp: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ReofferAnswered:
    """The other side took our re-INVITE; `sdp` is its answer."""

    call: CallKey
    sdp: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ReofferRefused:
    """The other side refused our re-INVITE; the session stays as it was (RFC 3261 14.1)."""

    call: CallKey
    status: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitsReceived:
    """Keys came in a SIP INFO (application/dtmf-relay or application/dtmf)."""

    call: CallKey
    digits: str
    duration_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferAsked:
    """The other side asks us to connect it elsewhere (REFER).

    Use accept_transfer, then report_transfer until a status of 200 or more; or reject_transfer.
    Nobody is called unless the application does it.
    """

    call: CallKey
    transfer: TransferKey
    target: Uri
    """Whom to call instead."""
    replaces: str | None
    """Attended: the Replaces header that the call to `target` is to carry."""
    other_call: CallKey | None
    """Attended: the call of ours that is meant by it, if it is one; connect the two then."""
    referred_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferProgressed:
    """How a transfer that we asked for goes; `is_over` with a status of 200: it is done."""

    call: CallKey
    status: int
    reason: str
    is_over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterReceived:
    """A REGISTER arrived; use authorize, then accept_register, challenge or reject_register."""

    request_key: RequestKey
    address_of_record: str
    """`user@host` of the To header."""
    contacts: tuple[tuple[NameAddress, int], ...]
    """Each contact with its wanted lifetime in seconds; 0 removes it."""
    remove_all: bool
    """`Contact: *` with `Expires: 0`."""
    sip_call_id: str
    sequence: int
    username: str | None
    """Who the Authorization header claims to be; None without one for our realm."""
    source: Hop
    path: tuple[str, ...] = ()
    """The proxies that a call to the phone goes through, the nearest to us first (RFC 3327);
    only of a REGISTER that came from a trunk: nobody else may point our calls at others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationChanged:
    """A registration of ours went up, failed (and is tried again) or was removed."""

    registration: RegistrationKey
    state: RegistrationState
    expires: int
    """Seconds that the registrar granted; 0 unless REGISTERED."""
    status: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerProbed:
    """What came of an OPTIONS of ours; any answer is a sign of life."""

    probe: ProbeKey
    status: int
    """Of the answer; 408 or 503 if there was none."""
    is_answered: bool


SipEvent = (
    CallOffered
    | CallCancelled
    | CallConfirmed
    | CallProgressed
    | CallAnswered
    | CallFailed
    | CallEnded
    | CallReoffered
    | ReofferAnswered
    | ReofferRefused
    | DigitsReceived
    | TransferAsked
    | TransferProgressed
    | RegisterReceived
    | RegistrationChanged
)
"""What the application is told."""

CoreEvent = SipEvent | PeerProbed
"""What the core tells the endpoint, which keeps the answers to its own questions."""
