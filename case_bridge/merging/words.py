"""Pure: how alike two reports are in their words: segmented by jieba, compared by rapidfuzz."""

import logging
import re
from functools import lru_cache
from typing import Final

import jieba
from rapidfuzz import fuzz

jieba.setLogLevel(logging.WARNING)

MAX_LETTERS: Final = 600
"""Of one report; what follows repeats, and the comparison is quadratic."""
_STOP: Final = frozenset(
    word
    for line in (
        "的 了 在 是 有 和 与 我 你 他 们 我们 这 那 这里 那里 一个 一下 请 尽快 希望 处理",
        "解决 反映 市民 来电 投诉 举报 要求 相关 部门 情况 问题 已经 很 都 就 也 还 没 没有",
        "人 被 把 给 到 上 下 旁 边 附近 门口 门前 您好 谢谢 麻烦 这个 那个 现在 今天 昨天",
        "早上 晚上 下午 上午 刚才 好 几 天 多 请问 严重 影响 一直 非常 来 去 要 会 说 个 里",
        "路 街 号 位于 处 对 着 啊 吧 呢 吗 能 不能 赶紧 赶快 前 后",
    )
    for word in line.split()
)
_SAME: Final = {
    word: name
    for name, words in {
        "缺失": "不见 没 丢失 丢 被盗 偷走 缺 空",
        "破损": "坏 损坏 破 碎 裂开 破裂 断",
        "熄灭": "不亮 灭 黑 漆黑 亮",
        "垃圾": "脏 生活垃圾",
        "渣土": "建筑垃圾 装修 废料",
        "异味": "臭 臭味 难闻 味道",
        "噪声": "吵 噪音 吵闹 扰民 轰鸣 音响 喇叭",
        "满溢": "冒 外溢 溢 倒灌 污水 返水",
        "积水": "水 淹",
        "摊贩": "摊 小贩 摊位 占道 烧烤",
        "井盖": "盖子 下水井 窨井 井",
        "路灯": "灯 灯杆",
        "坑洞": "坑 坑洼",
        "塌陷": "塌 下陷",
        "倾斜": "歪 倒 倾倒",
        "共享单车": "单车",
        "漏水": "漏 喷水 爆管 跑水",
    }.items()
    for word in words.split()
}
"""What citizens call a thing, and its one name here."""
_SIGNS = re.compile(r"[^一-龥A-Za-z]+")


@lru_cache(maxsize=8192)
def terms(text: str) -> frozenset[str]:
    """Return the meaningful words of a report, each under one name."""
    letters = _SIGNS.sub(" ", text[:MAX_LETTERS])
    found = (word.strip() for word in jieba.cut(letters) if word.strip())
    return frozenset(_SAME.get(word, word) for word in found if word not in _STOP)


def shared(one: frozenset[str], other: frozenset[str]) -> tuple[str, ...]:
    """Return the words that both use, longest first."""
    return tuple(sorted(one & other, key=lambda word: (-len(word), word)))


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """Return how alike two sets of words are, 0 to 1."""
    if not one or not other:
        return 0.0
    common = len(one & other)
    inside = common / min(len(one), len(other))
    spelled = fuzz.token_sort_ratio(" ".join(sorted(one)), " ".join(sorted(other))) / 100
    return 0.6 * inside + 0.4 * spelled
