"""Every mistake of a standard's file at once: sheet, row, column and what to do."""

import csv
import io
import zipfile
from collections.abc import Callable

import pytest
from openpyxl import load_workbook

from case_bridge.standards.checking import check_file
from case_bridge.standards.finding import WORDS, Finding, Trouble
from case_bridge.standards.standard import Condition, Item, Responsible, Standard
from case_bridge.standards.writing import write_csv, write_xlsx
from config.catalogue import load_catalogue
from hotline.tickets.category import CategoryKind

SCHEME = "Lianchi-GB30428.2"


def condition(code: str, words: str, limit: str) -> Condition:
    return Condition(
        code=code,
        words=words,
        closing="恢复原状，现场清理",
        limit=limit,
        stages={"check": "2wh"},
        responsible=(Responsible.OWNER, Responsible.TERRITORY),
    )


CITY = Standard(
    scheme=SCHEME,
    version="2026.1",
    title="莲池市立案处置结案标准",
    items=(
        Item(
            kind=CategoryKind.FACILITY,
            major="01",
            major_name="公用设施",
            code="0102",
            name_zh="污水井盖",
            definition="收集污水的井盖，含井座",
            conditions=(
                condition("HAZARD", "缺失、移位", "2uh"),
                condition("BROKEN", "破损", "4wh"),
            ),
        ),
        Item(
            kind=CategoryKind.INCIDENT,
            major="01",
            major_name="市容环境",
            code="0110",
            name_zh="暴露生活垃圾",
            conditions=(Condition(code="", words="出现该类情形", limit="4wh", stages={}),),
        ),
    ),
)

Change = Callable[[list[list[str]]], object]


def spoiled(change: Change) -> tuple[Finding, ...]:
    """Return what is found in the CSV of the city's standard after a change of its lines."""
    lines = list(csv.reader(io.StringIO(write_csv(CITY).decode("utf-8-sig"))))
    change(lines)
    written = io.StringIO()
    csv.writer(written).writerows(lines)
    checked = check_file("standard.csv", written.getvalue().encode(), scheme=SCHEME)
    assert checked.standard is None
    return checked.findings


def put(line: int, column: str, text: str) -> Change:
    def change(lines: list[list[str]]) -> None:
        lines[line - 1][lines[0].index(column)] = text

    return change


@pytest.mark.parametrize("standard", [CITY, load_catalogue().standard_in_use], ids=["city", "demo"])
@pytest.mark.parametrize(("name", "write"), [("a.xlsx", write_xlsx), ("a.csv", write_csv)])
def test_what_is_downloaded_can_be_imported_again(
    name: str, write: Callable[[Standard], bytes], standard: Standard
) -> None:
    """R22, R23, R25: nothing is lost on the way through a spreadsheet."""
    checked = check_file(name, write(standard), scheme=standard.scheme)

    assert checked.findings == ()
    assert checked.standard == standard


@pytest.mark.parametrize(
    ("change", "trouble", "place"),
    [
        (put(2, "体系", "别的体系"), Trouble.WRONG_SCHEME, "标准 第2行 “体系”列"),
        (put(3, "类型", "设备"), Trouble.UNKNOWN_KIND, "大类 第3行 “类型”列"),
        (put(5, "大类代码", "07"), Trouble.NO_PARENT, "小类 第5行 “大类代码”列"),
        (put(5, "小类代码", "102"), Trouble.BAD_CODE, "小类 第5行 “小类代码”列"),
        (put(7, "立案条件", ""), Trouble.EMPTY, "立案条件 第7行 “立案条件”列"),
        (put(7, "处置时限", "4小时"), Trouble.UNKNOWN_UNIT, "立案条件 第7行 “处置时限”列"),
        (put(7, "处置时限", "4"), Trouble.NO_UNIT, "立案条件 第7行 “处置时限”列"),
        (put(7, "处置时限", "一天"), Trouble.NO_LIMIT, "立案条件 第7行 “处置时限”列"),
        (put(7, "处置时限", "9999工作日"), Trouble.NO_LIMIT, "立案条件 第7行 “处置时限”列"),
        (put(7, "核查时限", "0工作日"), Trouble.NO_LIMIT, "立案条件 第7行 “核查时限”列"),
        (put(8, "责任主体", "居委会"), Trouble.UNKNOWN_RESPONSIBLE, "立案条件 第8行 “责任主体”列"),
        (put(9, "小类代码", "0999"), Trouble.NO_PARENT, "立案条件 第9行 “小类代码”列"),
        (put(7, "表", "附件"), Trouble.UNKNOWN_SHEET, "standard.csv 第7行 “表”列"),
        (lambda lines: lines.append(lines[4]), Trouble.DOUBLE_CODE, "小类 第10行 “小类代码”列"),
        (lambda lines: lines.append(lines[6]), Trouble.DOUBLE_CONDITION, "立案条件 第10行"),
        (lambda lines: lines.append(lines[1]), Trouble.ONE_ROW, "标准"),
        (lambda lines: lines.pop(8), Trouble.NO_CONDITION, "小类 第6行 “小类代码”列"),
        (put(1, "处置时限", "时间"), Trouble.NO_COLUMN, "standard.csv 第1行 “处置时限”列"),
    ],
    ids=lambda value: value.value if isinstance(value, Trouble) else "",
)
def test_a_mistake_is_named_with_its_place(change: Change, trouble: Trouble, place: str) -> None:
    """R22: sheet, row and column, and what to do about it."""
    found = next(each for each in spoiled(change) if each.trouble is trouble)

    assert found.place().startswith(place)
    assert found.words() != found.words("en")


def test_two_limits_for_one_condition_are_both_named() -> None:
    def change(lines: list[list[str]]) -> None:
        lines.append(list(lines[6]))
        put(len(lines), "处置时限", "1工作日")(lines)

    (found,) = spoiled(change)

    assert found.trouble is Trouble.TWO_LIMITS
    assert found.words() == (
        "同一立案条件“缺失、移位”在第7行的时限是2紧急工作时，这里是1工作日。请只保留一个时限。"
    )


def test_all_mistakes_come_at_once() -> None:
    def change(lines: list[list[str]]) -> None:
        put(3, "大类名称", "")(lines)
        put(6, "小类名称", "")(lines)
        put(7, "处置时限", "2天")(lines)
        put(8, "类型", "东西")(lines)

    assert [(each.sheet, each.row) for each in spoiled(change)] == [
        ("大类", 3),
        ("小类", 6),
        ("立案条件", 7),
        ("立案条件", 8),
    ]


def test_a_workbook_is_checked_by_its_sheets_and_rows() -> None:
    book = load_workbook(io.BytesIO(write_xlsx(CITY)))
    book["立案条件"]["F3"] = "4小时"
    book["小类"]["C2"] = 102  # a spreadsheet took the code for a number
    written = io.BytesIO()
    book.save(written)

    places = [each.place() for each in check_file("a.xlsx", written.getvalue()).findings]

    assert "小类 第2行 “小类代码”列" in places
    assert "立案条件 第3行 “处置时限”列" in places


def test_a_missing_sheet_is_named() -> None:
    book = load_workbook(io.BytesIO(write_xlsx(CITY)))
    del book["大类"]
    written = io.BytesIO()
    book.save(written)

    (found,) = check_file("a.xlsx", written.getvalue()).findings

    assert (found.trouble, found.sheet) == (Trouble.NO_SHEET, "大类")


@pytest.mark.parametrize(
    ("name", "content", "trouble"),
    [
        ("a.xlsx", b"no workbook", Trouble.NOT_WORKBOOK),
        ("a.csv", "标准".encode("gbk"), Trouble.NOT_UTF8),
        ("a.csv", b'"never ends', Trouble.UNREADABLE),
        ("a.csv", b"x" * (8 * 1024 * 1024 + 1), Trouble.UNREADABLE),
    ],
    ids=["no archive", "another encoding", "an open quote", "too large"],
)
def test_a_file_that_cannot_be_read_is_one_sentence(
    name: str, content: bytes, trouble: Trouble
) -> None:
    findings = check_file(name, content).findings

    assert trouble in {each.trouble for each in findings}


def test_a_workbook_whose_sheet_is_damaged_is_one_sentence() -> None:
    """R22: an archive that opens may still hold a sheet that breaks off."""
    damaged = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(write_xlsx(CITY))) as whole,
        zipfile.ZipFile(damaged, "w") as broken,
    ):
        for name in whole.namelist():
            content = whole.read(name)
            half = len(content) // 2 if name.endswith("sheet3.xml") else len(content)
            broken.writestr(name, content[:half])
    (found,) = check_file("a.xlsx", damaged.getvalue()).findings
    assert found.trouble is Trouble.NOT_WORKBOOK


def test_a_character_that_no_database_keeps_is_left_out() -> None:
    """R22: NUL in a CSV, as a broken export writes it."""
    content = write_csv(CITY)
    name = CITY.title.encode()
    assert check_file("a.csv", content.replace(name, name + b"\0", 1)).standard == CITY


def test_every_trouble_has_words_in_both_languages() -> None:
    assert set(WORDS) == set(Trouble)
    assert all(zh and en for zh, en in WORDS.values())


def test_a_text_that_looks_like_a_formula_stays_a_text() -> None:
    risky = Standard.from_payload(CITY.to_payload() | {"title": "=1+1"})

    assert b"'=1+1" in write_csv(risky)
    for name, write in (("a.csv", write_csv), ("a.xlsx", write_xlsx)):
        assert check_file(name, write(risky)).standard == risky
