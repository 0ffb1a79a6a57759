"""What citizens read: the outcome and the two questions, in plain words; pure."""

from hotline.contacts.contact import Channel, OutboundMessage
from hotline.tickets.ticket import Outcome

OUTCOMES = {
    Outcome.SOLVED: "承办单位反馈已办理完毕",
    Outcome.DECLINED: "经核定不予立案，理由如下",
    Outcome.ANSWERED: "答复如下",
}


def outcome_letter(
    *,
    channel: Channel,
    to: str,
    number: str,
    subject: str,
    outcome: Outcome,
    result: str,
    url: str,
    reference: str,
) -> OutboundMessage:
    """Return the message that tells an outcome and asks whether it is true (R69, R80)."""
    if channel is Channel.SMS:
        body = (
            f"您反映的工单{number}{OUTCOMES[outcome].removesuffix('，理由如下')}。"
            f"是否解决、是否满意，请点击评价：{url}"
        )
    else:
        body = _long_letter(number, subject, outcome, result, url)
    return OutboundMessage(
        channel=channel,
        to=to,
        subject=f"工单 {number} 办理结果",
        body=body,
        reference=reference,
        key=reference,
    )


def _long_letter(number: str, subject: str, outcome: Outcome, result: str, url: str) -> str:
    return (
        f"您好：\n\n"
        f"您反映的“{subject}”（工单编号 {number}），{OUTCOMES[outcome]}：\n\n"
        f"{result}\n\n"
        f"请您告诉我们两件事：\n"
        f"1. 问题是否已经解决？\n"
        f"2. 您对办理是否满意？（非常满意 / 满意 / 基本满意 / 不满意 / 非常不满意）\n\n"
        f"请打开以下链接回答，只需点选即可：\n{url}\n\n"
        f"如果问题没有解决，选择“未解决”，工单会立即退回重新办理。\n"
        f"回复本邮件将登记为一条新的诉求。\n"
    )


def answer_letter(
    *, channel: Channel, to: str, number: str, subject: str, words: str, reference: str, key: str
) -> OutboundMessage:
    """Return the message that carries a direct answer (R11)."""
    if channel is Channel.SMS:
        body = f"您反映的工单{number}答复如下：{words}"
    else:
        body = f"您好：\n\n您反映的“{subject}”（工单编号 {number}）答复如下：\n\n{words}\n"
    return OutboundMessage(
        channel=channel,
        to=to,
        subject=f"工单 {number} 答复",
        body=body,
        reference=reference,
        key=key,
    )


def cancellation_letter(
    *, channel: Channel, to: str, number: str, subject: str, words: str, reference: str, key: str
) -> OutboundMessage:
    """Return the message that says that a ticket is void, and why (R17)."""
    if channel is Channel.SMS:
        body = f"您的工单{number}已作废，不再办理。原因：{words}。如仍需办理，请重新反映。"
    else:
        body = (
            f"您好：\n\n您反映的“{subject}”（工单编号 {number}）已作废，不再办理。\n\n"
            f"原因：{words}\n\n如仍需办理，请重新反映，或拨打热线。\n"
        )
    return OutboundMessage(
        channel=channel,
        to=to,
        subject=f"工单 {number} 已作废",
        body=body,
        reference=reference,
        key=key,
    )
