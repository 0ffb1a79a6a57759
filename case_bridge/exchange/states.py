"""The life of a message between two platforms, on either side, and of a file that it names."""

from enum import StrEnum

from hotline.kernel.machine import Machine


class MessageState(StrEnum):
    """Where a message of the journal stands."""

    WAITING = "waiting"  # 待送
    DELIVERED = "delivered"  # 已送达
    STORED = "stored"  # 已存原文
    HELD = "held"  # 待前件
    APPLIED = "applied"  # 已办理
    DUPLICATE = "duplicate"  # 重复
    REFUSED = "refused"  # 拒收
    UNREADABLE = "unreadable"  # 无法识读


class MessageTrigger(StrEnum):
    """What moves a message."""

    DELIVER = "deliver"  # 送达
    RESEND = "resend"  # 再送
    REFUSE = "refuse"  # 拒收
    HOLD = "hold"  # 识读
    FAIL = "fail"  # 识读失败
    REPEAT = "repeat"  # 重复
    APPLY = "apply"  # 办理
    REPLAY = "replay"  # 再办理


class FileState(StrEnum):
    """Where a file stands that a form named."""

    WANTED = "wanted"  # 待取
    KEPT = "kept"  # 已存
    REFUSED = "refused"  # 拒收


class FileTrigger(StrEnum):
    """What moves a file."""

    KEEP = "keep"  # 存证
    REFUSE = "refuse"  # 拒收
    RETRY = "retry"  # 再取


FILE: Machine[FileState, FileTrigger] = Machine(
    "exchange_file",
    FileState.WANTED,
    {
        (FileState.WANTED, FileTrigger.KEEP): FileState.KEPT,
        (FileState.WANTED, FileTrigger.REFUSE): FileState.REFUSED,
        (FileState.REFUSED, FileTrigger.RETRY): FileState.WANTED,
    },
)

S = MessageState
T = MessageTrigger

OUTGOING: Machine[MessageState, MessageTrigger] = Machine(
    "exchange_outgoing",
    S.WAITING,
    {
        (S.WAITING, T.DELIVER): S.DELIVERED,
        (S.WAITING, T.REFUSE): S.REFUSED,
        (S.WAITING, T.RESEND): S.WAITING,
        (S.DELIVERED, T.RESEND): S.WAITING,  # the peer has lost it, or asks
        (S.REFUSED, T.RESEND): S.WAITING,
    },
)

INCOMING: Machine[MessageState, MessageTrigger] = Machine(
    "exchange_incoming",
    S.STORED,
    {
        (S.STORED, T.HOLD): S.HELD,
        (S.STORED, T.FAIL): S.UNREADABLE,
        (S.STORED, T.REPEAT): S.DUPLICATE,
        (S.STORED, T.REFUSE): S.REFUSED,
        (S.HELD, T.APPLY): S.APPLIED,
        (S.HELD, T.REFUSE): S.REFUSED,
        (S.REFUSED, T.REPLAY): S.APPLIED,  # after a person has mended what stood in the way
        (S.UNREADABLE, T.REPLAY): S.STORED,  # after the dialect was mended
    },
)
