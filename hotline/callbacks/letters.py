"""What citizens read: the outcome and the two questions, in plain words; pure.

Each message says which ticket it is about, what happened, what is next, and whom to ask.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from hotline.contacts.contact import Channel, OutboundMessage
from hotline.contacts.texts import LONGEST, shortened, units
from hotline.tickets.ticket import Outcome

OUTCOMES: Final[Mapping[Outcome, str]] = MappingProxyType(
    {
        Outcome.SOLVED: "承办单位反馈已办理完毕",
        Outcome.DECLINED: "经核定不予立案，理由如下",
        Outcome.ANSWERED: "答复如下",
    }
)
_TEXTS: Final[Mapping[Outcome, str]] = MappingProxyType(
    {
        Outcome.SOLVED: "承办单位反馈已办理完毕。请看结果并评价，未解决即重新办理",
        Outcome.DECLINED: "经核定不予立案。请看理由并评价，未解决即重新办理",
        Outcome.ANSWERED: "已有答复。请看答复并评价，未解决即重新办理",
    }
)
"""What a text message has room for; the link opens the rest."""


@dataclass(frozen=True, slots=True)
class About:
    """The ticket that a message is about, and where a citizen asks and looks."""

    number: str
    subject: str
    hotline: str
    """The number to dial."""
    status_url: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """How and to whom a message goes, and what it is known by."""

    channel: Channel
    to: str
    reference: str
    key: str

    def around(self, subject: str, body: str) -> OutboundMessage:
        """Return the message."""
        return OutboundMessage(
            channel=self.channel,
            to=self.to,
            subject=subject,
            body=body,
            reference=self.reference,
            key=self.key,
        )


def outcome_letter(
    envelope: Envelope, about: About, *, outcome: Outcome, result: str, url: str, days: int
) -> OutboundMessage:
    """Return the message that tells an outcome and asks whether it is true (R69, R80).

    `url` opens the two questions for so many `days`.
    """
    if envelope.channel is Channel.SMS:
        body = f"您反映的工单{about.number}{_TEXTS[outcome]}：{url} 咨询{about.hotline}"
    else:
        body = (
            f"您好：\n\n"
            f"您反映的“{about.subject}”（工单编号 {about.number}），{OUTCOMES[outcome]}：\n\n"
            f"{result}\n\n"
            f"请您告诉我们两件事：\n"
            f"1. 问题是否已经解决？\n"
            f"2. 您对办理是否满意？（非常满意 / 满意 / 基本满意 / 不满意 / 非常不满意）\n\n"
            f"请打开以下链接回答，只需点选即可（{days}天内有效）：\n{url}\n\n"
            f"如果问题没有解决，选择“未解决”，工单会立即退回重新办理。\n"
            f"回复本邮件将登记为一条新的诉求。\n{_ask(about)}"
        )
    return envelope.around(f"工单 {about.number} 办理结果", body)


def answer_letter(envelope: Envelope, about: About, *, words: str) -> OutboundMessage:
    """Return the message that carries a direct answer (R11)."""
    if envelope.channel is Channel.SMS:
        body = _text(f"您反映的工单{about.number}答复如下：", words, f" 咨询{about.hotline}", about)
    else:
        body = (
            f"您好：\n\n您反映的“{about.subject}”（工单编号 {about.number}）答复如下：\n\n"
            f"{words}\n\n{_ask(about)}"
        )
    return envelope.around(f"工单 {about.number} 答复", body)


def cancellation_letter(envelope: Envelope, about: About, *, words: str) -> OutboundMessage:
    """Return the message that says that a ticket is void, and why (R17)."""
    if envelope.channel is Channel.SMS:
        head = f"您的工单{about.number}已作废，不再办理。原因："
        body = _text(head, words, f"。如仍需办理，请拨{about.hotline}重新反映。", about)
    else:
        body = (
            f"您好：\n\n您反映的“{about.subject}”（工单编号 {about.number}）已作废，不再办理。\n\n"
            f"原因：{words}\n\n如仍需办理，请重新反映，或拨打 {about.hotline}。\n"
        )
    return envelope.around(f"工单 {about.number} 已作废", body)


def _text(head: str, words: str, tail: str, about: About) -> str:
    """Return a text message that says where the rest is if it has no room for it."""
    if units(head + words + tail) <= LONGEST:
        return head + words + tail
    rest = f" 全文见{about.status_url}（凭工单号和提取码）"
    return head + shortened(words, LONGEST - units(head + rest + tail)) + rest + tail


def _ask(about: About) -> str:
    return f"如有疑问，请拨打 {about.hotline}，报工单编号即可。\n"
