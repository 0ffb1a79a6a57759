import pytest

from hotline.intake.classify import classify


@pytest.mark.parametrize(
    ("text", "kind", "urgency"),
    [
        ("人民路的井盖不见了，晚上很危险", "assistance", "urgent"),
        ("小区门口路面塌陷", "assistance", "critical"),
        ("举报工地夜间偷倒渣土", "report", "normal"),
        ("投诉楼下烧烤店噪音扰民", "complaint", "normal"),
        ("建议在学校门口增加斑马线", "suggestion", "normal"),
        ("请问居住证怎么办理？", "inquiry", "normal"),
        ("图书馆周一开门吗？", "inquiry", "normal"),
        ("感谢环卫工人", "praise", "normal"),
        ("你好", "other", "normal"),
        ("", "other", "normal"),
    ],
)
def test_the_words_suggest_kind_and_urgency(text: str, kind: str, urgency: str) -> None:
    found = classify(text)

    assert (found.request_kind, found.urgency) == (kind, urgency)


def test_the_seat_sees_which_words_decided() -> None:
    assert classify("路灯坏了，有漏电危险").words == ("坏了", "危险")
