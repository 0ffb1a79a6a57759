import pytest

from hotline.tickets.category import (
    Category,
    CategoryKind,
    kind_from_word,
    rank,
    score,
    search_text,
)

NAMES = [
    ("0101", CategoryKind.FACILITY, "上水井盖", "water-supply manhole cover"),
    ("0102", CategoryKind.FACILITY, "污水井盖", "sewage manhole cover"),
    ("0123", CategoryKind.FACILITY, "不明井盖", "cover of unknown owner"),
    ("0137", CategoryKind.FACILITY, "路灯", "street light"),
    ("0106", CategoryKind.FACILITY, "路灯井盖", "street-light manhole cover"),
    ("0101", CategoryKind.INCIDENT, "私搭乱建", "illegal structure"),
    ("0110", CategoryKind.INCIDENT, "暴露生活垃圾", "exposed domestic waste"),
    ("0128", CategoryKind.INCIDENT, "商业噪音", "commercial noise"),
]
CATEGORIES = [
    Category("GB", "", code, kind, name, english, "市容环境" if kind == "incident" else "公用设施")
    for code, kind, name, english in NAMES
]
ENTRIES = [(category.key, search_text(category)) for category in CATEGORIES]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("路灯", "GB:facility:0137"),  # the very name before a longer one
        ("ludeng", "GB:facility:0137"),
        ("ld", "GB:facility:0137"),
        ("street light", "GB:facility:0137"),
        ("0137", "GB:facility:0137"),
        ("垃圾", "GB:incident:0110"),
        ("laji", "GB:incident:0110"),
        ("SHLJ", "GB:incident:0110"),
        ("noise", "GB:incident:0128"),
        ("噪 音", "GB:incident:0128"),
        ("污水盖", "GB:facility:0102"),  # not side by side
    ],
)
def test_the_best_fit_comes_first(query: str, first: str) -> None:
    assert rank(query, ENTRIES, limit=3)[0] == first


@pytest.mark.parametrize("query", ["井盖", "jinggai", "jg"])
def test_every_cover_is_found_by_name_pinyin_and_initials(query: str) -> None:
    found = rank(query, ENTRIES, limit=10)

    covers = ["GB:facility:0101", "GB:facility:0102", "GB:facility:0106", "GB:facility:0123"]
    assert sorted(found) == covers


def test_a_code_finds_both_kinds_because_their_numbers_collide() -> None:
    assert rank("0101", ENTRIES, limit=10) == ["GB:facility:0101", "GB:incident:0101"]


@pytest.mark.parametrize("query", ["", "   ", "zzzz", "龙卷风", "9999"])
def test_nonsense_finds_nothing(query: str) -> None:
    assert rank(query, ENTRIES, limit=10) == []


def test_the_major_class_finds_its_members_below_all_names() -> None:
    found = rank("市容", ENTRIES, limit=10)

    assert len(found) == 3
    assert score("市容", ENTRIES[-1][1]) < score("噪音", ENTRIES[-1][1])


def test_keys_name_scheme_version_kind_and_code() -> None:
    category = Category("CJ/T214", "2007", "0101", CategoryKind.FACILITY, "上水井盖")

    assert category.key == "CJ/T214@2007:facility:0101"


@pytest.mark.parametrize(
    ("word", "kind"),
    [("component", "facility"), ("Event", "incident"), ("部件", "facility"), ("?", None)],
)
def test_data_files_name_kinds_in_several_ways(word: str, kind: str | None) -> None:
    assert kind_from_word(word) == kind
