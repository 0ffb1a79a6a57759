"""The machines of the SIP core: four transactions, and a call."""

from enum import StrEnum

from hotline.kernel.machine import Machine


class TransactionState(StrEnum):
    """States of RFC 3261 17 and RFC 6026 7."""

    CALLING = "calling"
    TRYING = "trying"
    PROCEEDING = "proceeding"
    ACCEPTED = "accepted"
    COMPLETED = "completed"
    CONFIRMED = "confirmed"
    TERMINATED = "terminated"


class TransactionTrigger(StrEnum):
    """What moves a transaction."""

    REQUEST = "request"  # from the network: a repetition
    ACK = "ack"  # from the network
    PROVISIONAL = "provisional"  # 1xx, received by a client, sent by a server
    SUCCESS = "success"  # 2xx
    FAILURE = "failure"  # 3xx to 6xx
    RESEND = "resend"  # timers A, E, G
    EXPIRE = "expire"  # timers B, D, F, H, I, J, K, L, M
    TRANSPORT_ERROR = "transport_error"


_S = TransactionState
_T = TransactionTrigger

# RFC 3261 figure 5, with Accepted and timer M of RFC 6026 7.2.
INVITE_CLIENT = Machine(
    "INVITE client transaction",
    _S.CALLING,
    {
        (_S.CALLING, _T.RESEND): _S.CALLING,  # timer A
        (_S.CALLING, _T.PROVISIONAL): _S.PROCEEDING,
        (_S.CALLING, _T.SUCCESS): _S.ACCEPTED,
        (_S.CALLING, _T.FAILURE): _S.COMPLETED,
        (_S.CALLING, _T.EXPIRE): _S.TERMINATED,  # timer B
        (_S.CALLING, _T.TRANSPORT_ERROR): _S.TERMINATED,
        (_S.PROCEEDING, _T.PROVISIONAL): _S.PROCEEDING,
        (_S.PROCEEDING, _T.SUCCESS): _S.ACCEPTED,
        (_S.PROCEEDING, _T.FAILURE): _S.COMPLETED,
        (_S.PROCEEDING, _T.EXPIRE): _S.TERMINATED,  # 9.1: cancelled, and no final answer
        (_S.PROCEEDING, _T.TRANSPORT_ERROR): _S.TERMINATED,
        (_S.ACCEPTED, _T.SUCCESS): _S.ACCEPTED,
        (_S.ACCEPTED, _T.EXPIRE): _S.TERMINATED,  # timer M
        (_S.COMPLETED, _T.FAILURE): _S.COMPLETED,  # the ACK is repeated
        (_S.COMPLETED, _T.EXPIRE): _S.TERMINATED,  # timer D
        (_S.COMPLETED, _T.TRANSPORT_ERROR): _S.TERMINATED,
    },
)

# RFC 3261 figure 6.
CLIENT = Machine(
    "client transaction",
    _S.TRYING,
    {
        (_S.TRYING, _T.RESEND): _S.TRYING,  # timer E
        (_S.TRYING, _T.PROVISIONAL): _S.PROCEEDING,
        (_S.TRYING, _T.SUCCESS): _S.COMPLETED,
        (_S.TRYING, _T.FAILURE): _S.COMPLETED,
        (_S.TRYING, _T.EXPIRE): _S.TERMINATED,  # timer F
        (_S.TRYING, _T.TRANSPORT_ERROR): _S.TERMINATED,
        (_S.PROCEEDING, _T.RESEND): _S.PROCEEDING,  # timer E
        (_S.PROCEEDING, _T.PROVISIONAL): _S.PROCEEDING,
        (_S.PROCEEDING, _T.SUCCESS): _S.COMPLETED,
        (_S.PROCEEDING, _T.FAILURE): _S.COMPLETED,
        (_S.PROCEEDING, _T.EXPIRE): _S.TERMINATED,  # timer F
        (_S.PROCEEDING, _T.TRANSPORT_ERROR): _S.TERMINATED,
        (_S.COMPLETED, _T.EXPIRE): _S.TERMINATED,  # timer K
    },
)

# RFC 3261 figure 7, with Accepted and timer L of RFC 6026 7.1.
INVITE_SERVER = Machine(
    "INVITE server transaction",
    _S.PROCEEDING,
    {
        (_S.PROCEEDING, _T.REQUEST): _S.PROCEEDING,
        (_S.PROCEEDING, _T.PROVISIONAL): _S.PROCEEDING,
        (_S.PROCEEDING, _T.SUCCESS): _S.ACCEPTED,
        (_S.PROCEEDING, _T.FAILURE): _S.COMPLETED,
        (_S.PROCEEDING, _T.TRANSPORT_ERROR): _S.TERMINATED,
        (_S.ACCEPTED, _T.REQUEST): _S.ACCEPTED,
        (_S.ACCEPTED, _T.ACK): _S.ACCEPTED,
        (_S.ACCEPTED, _T.SUCCESS): _S.ACCEPTED,
        (_S.ACCEPTED, _T.EXPIRE): _S.TERMINATED,  # timer L
        (_S.COMPLETED, _T.REQUEST): _S.COMPLETED,
        (_S.COMPLETED, _T.RESEND): _S.COMPLETED,  # timer G
        (_S.COMPLETED, _T.ACK): _S.CONFIRMED,
        (_S.COMPLETED, _T.EXPIRE): _S.TERMINATED,  # timer H
        (_S.CONFIRMED, _T.ACK): _S.CONFIRMED,
        (_S.CONFIRMED, _T.REQUEST): _S.CONFIRMED,
        (_S.CONFIRMED, _T.EXPIRE): _S.TERMINATED,  # timer I
    },
)

# RFC 3261 figure 8.
SERVER = Machine(
    "server transaction",
    _S.TRYING,
    {
        (_S.TRYING, _T.REQUEST): _S.TRYING,
        (_S.TRYING, _T.PROVISIONAL): _S.PROCEEDING,
        (_S.TRYING, _T.SUCCESS): _S.COMPLETED,
        (_S.TRYING, _T.FAILURE): _S.COMPLETED,
        (_S.TRYING, _T.EXPIRE): _S.TERMINATED,
        (_S.TRYING, _T.TRANSPORT_ERROR): _S.TERMINATED,
        (_S.PROCEEDING, _T.REQUEST): _S.PROCEEDING,
        (_S.PROCEEDING, _T.PROVISIONAL): _S.PROCEEDING,
        (_S.PROCEEDING, _T.SUCCESS): _S.COMPLETED,
        (_S.PROCEEDING, _T.FAILURE): _S.COMPLETED,
        (_S.PROCEEDING, _T.EXPIRE): _S.TERMINATED,
        (_S.PROCEEDING, _T.TRANSPORT_ERROR): _S.TERMINATED,
        (_S.COMPLETED, _T.REQUEST): _S.COMPLETED,
        (_S.COMPLETED, _T.EXPIRE): _S.TERMINATED,  # timer J
    },
)


class CallState(StrEnum):
    """How far a call has come."""

    OFFERED = "offered"  # in: INVITE received
    ANSWERED = "answered"  # in: 2xx sent, no ACK yet
    CLOSING = "closing"  # in: hung up before the ACK; BYE must wait for it
    CALLING = "calling"  # out: INVITE sent
    PROCEEDING = "proceeding"  # out: a provisional answer came, so CANCEL may be sent
    GIVING_UP = "giving_up"  # out: to be cancelled when a provisional answer comes
    CANCELLING = "cancelling"  # out: CANCEL sent
    ESTABLISHED = "established"
    LEAVING = "leaving"  # BYE sent
    ENDED = "ended"


class CallTrigger(StrEnum):
    """What moves a call."""

    ANSWER = "answer"
    REFUSE = "refuse"
    CANCELLED = "cancelled"
    ACKNOWLEDGED = "acknowledged"
    PROVISIONAL = "provisional"
    SUCCESS = "success"
    FAILURE = "failure"
    RETRY = "retry"  # out: challenged, and sent again with credentials
    HANG_UP = "hang_up"
    BYE = "bye"
    LOST = "lost"  # time is out, or the other side does not know the call


_C = CallState
_M = CallTrigger

# RFC 3261 9, 13, 15.
CALL = Machine(
    "SIP call",
    _C.OFFERED,
    {
        (_C.OFFERED, _M.ANSWER): _C.ANSWERED,
        (_C.OFFERED, _M.REFUSE): _C.ENDED,
        (_C.OFFERED, _M.HANG_UP): _C.ENDED,
        (_C.OFFERED, _M.CANCELLED): _C.ENDED,  # by CANCEL, or by BYE in the early dialog
        (_C.ANSWERED, _M.ACKNOWLEDGED): _C.ESTABLISHED,
        (_C.ANSWERED, _M.HANG_UP): _C.CLOSING,
        (_C.ANSWERED, _M.BYE): _C.ENDED,
        (_C.ANSWERED, _M.LOST): _C.LEAVING,
        (_C.CLOSING, _M.ACKNOWLEDGED): _C.LEAVING,
        (_C.CLOSING, _M.BYE): _C.ENDED,
        (_C.CLOSING, _M.LOST): _C.LEAVING,
        (_C.CALLING, _M.PROVISIONAL): _C.PROCEEDING,
        (_C.CALLING, _M.SUCCESS): _C.ESTABLISHED,
        (_C.CALLING, _M.FAILURE): _C.ENDED,
        (_C.CALLING, _M.RETRY): _C.CALLING,
        (_C.CALLING, _M.HANG_UP): _C.GIVING_UP,
        (_C.PROCEEDING, _M.PROVISIONAL): _C.PROCEEDING,
        (_C.PROCEEDING, _M.SUCCESS): _C.ESTABLISHED,
        (_C.PROCEEDING, _M.FAILURE): _C.ENDED,
        (_C.PROCEEDING, _M.RETRY): _C.CALLING,
        (_C.PROCEEDING, _M.HANG_UP): _C.CANCELLING,
        (_C.GIVING_UP, _M.PROVISIONAL): _C.CANCELLING,
        (_C.GIVING_UP, _M.SUCCESS): _C.LEAVING,
        (_C.GIVING_UP, _M.FAILURE): _C.ENDED,
        (_C.CANCELLING, _M.PROVISIONAL): _C.CANCELLING,
        (_C.CANCELLING, _M.SUCCESS): _C.LEAVING,
        (_C.CANCELLING, _M.FAILURE): _C.ENDED,
        (_C.ESTABLISHED, _M.HANG_UP): _C.LEAVING,
        (_C.ESTABLISHED, _M.BYE): _C.ENDED,
        (_C.ESTABLISHED, _M.LOST): _C.LEAVING,
        (_C.LEAVING, _M.LOST): _C.ENDED,
    },
)
