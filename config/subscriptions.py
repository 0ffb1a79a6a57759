"""Which jobs act on which event: the whole flow on one screen.

The names are those of `config/jobs.py`; each gets an outbox row of its own.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from case_bridge.cases.events import (
    CaseClosed,
    CaseDeclined,
    CaseDispatched,
    CaseFiled,
    CaseHandled,
    CaseMatterChanged,
    CaseReturnedByUnit,
    CaseReworked,
    CaseVoided,
)
from hotline.contacts.calls.events import CallOrderFinished
from hotline.contacts.events import ContactStored, MessageFailed, MessageSent
from hotline.kernel.events import Event
from hotline.tickets.events import (
    TicketAnswered,
    TicketCancelled,
    TicketOpened,
    TicketReopened,
    TicketResolved,
    TicketTransferred,
)

SUBSCRIPTIONS: Mapping[type[Event], Sequence[str]] = MappingProxyType(
    {
        # a contact becomes a ticket
        ContactStored: ("parse_contact",),
        TicketOpened: ("send_receipt",),  # 受理回执
        TicketAnswered: ("tell_answer",),  # 直办
        TicketCancelled: ("tell_cancellation",),  # 作废
        # a ticket becomes a case, and hears of it
        TicketTransferred: ("submit_case",),  # 转办
        TicketReopened: ("reopen_case", "reopen_companions"),  # 重办
        CaseFiled: ("record_case_progress",),  # 立案
        CaseDeclined: ("record_case_progress",),  # 不予立案
        CaseDispatched: ("record_case_progress",),  # 派遣
        CaseReturnedByUnit: ("record_case_progress",),  # 回退
        CaseHandled: ("record_case_progress",),  # 处置反馈
        CaseReworked: ("record_case_progress",),  # 返工
        CaseClosed: ("record_case_progress",),  # 结案
        CaseVoided: ("record_case_progress",),  # 作废
        CaseMatterChanged: ("propose_merges",),  # 并案建议
        # the citizen hears of the outcome, and answers
        TicketResolved: ("schedule_callbacks",),  # 回访
        CallOrderFinished: ("record_call_end", "record_return_end"),  # 回访, 回拨
        MessageSent: ("record_message_sent",),
        MessageFailed: ("record_message_failed",),
    }
)
