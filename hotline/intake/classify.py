"""Kind and urgency from the citizen's words; pure, and only a suggestion for the seat."""

from dataclasses import dataclass

from hotline.tickets.ticket import RequestKind, Urgency

KIND_WORDS: tuple[tuple[RequestKind, tuple[str, ...]], ...] = (
    # The order decides when several kinds fit: whoever thanks is not complaining, and whoever
    # complains in the form of a question is complaining.
    (RequestKind.PRAISE, ("表扬", "感谢", "点赞", "锦旗")),
    (RequestKind.REPORT, ("举报", "违法", "违章", "违规", "无证", "偷倒", "偷排", "乱倒")),
    (RequestKind.COMPLAINT, ("投诉", "扰民", "噪音", "噪声", "不作为", "态度差", "乱收费", "占道")),
    (RequestKind.SUGGESTION, ("建议", "希望能", "能否增加", "能不能增加")),
    (
        RequestKind.ASSISTANCE,
        (
            "求助",
            "帮助",
            "帮忙",
            "维修",
            "修一下",
            "坏了",
            "损坏",
            "破损",
            "缺失",
            "丢失",
            "不见了",
            "堵塞",
            "漏水",
            "停水",
            "停电",
            "塌陷",
            "不亮",
        ),
    ),
    (RequestKind.INQUIRY, ("咨询", "请问", "怎么办理", "如何办理", "什么时候", "在哪", "多少钱")),
)

CRITICAL_WORDS = (
    "爆炸",
    "着火",
    "起火",
    "燃气泄漏",
    "煤气泄漏",
    "触电",
    "塌陷",
    "坍塌",
    "有人掉",
    "掉进",
    "被困",
)
URGENT_WORDS = (
    "危险",
    "紧急",
    "马上",
    "立即",
    "井盖缺失",
    "井盖丢失",
    "井盖不见",
    "没有井盖",
    "漏电",
    "倒塌",
    "断裂",
    "积水",
    "爆管",
)


@dataclass(frozen=True, slots=True)
class Classification:
    """What the words suggest; `words` are the ones that decided, for the seat to see."""

    request_kind: RequestKind
    urgency: Urgency
    words: tuple[str, ...]


def classify(text: str) -> Classification:
    """Return kind and urgency by the first word that fits; nothing fitting is OTHER and NORMAL."""
    kind, kind_word = _kind(text)
    urgency, urgency_word = _urgency(text)
    words = tuple(word for word in (kind_word, urgency_word) if word)
    return Classification(kind, urgency, words)


def _kind(text: str) -> tuple[RequestKind, str]:
    for kind, words in KIND_WORDS:
        for word in words:
            if word in text:
                return kind, word
    return (RequestKind.INQUIRY, "?") if text.rstrip().endswith(("?", "？")) else (_OTHER, "")


_OTHER = RequestKind.OTHER


def _urgency(text: str) -> tuple[Urgency, str]:
    for urgency, words in ((Urgency.CRITICAL, CRITICAL_WORDS), (Urgency.URGENT, URGENT_WORDS)):
        for word in words:
            if word in text:
                return urgency, word
    return Urgency.NORMAL, ""
