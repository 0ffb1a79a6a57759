"""What is wrong in a standard's file: where, what, and what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Trouble(StrEnum):
    """What may be wrong."""

    UNREADABLE = "unreadable"
    NOT_WORKBOOK = "not_workbook"
    NOT_UTF8 = "not_utf8"
    NO_SHEET = "no_sheet"
    NO_COLUMN = "no_column"
    UNKNOWN_COLUMN = "unknown_column"
    TOO_LONG = "too_long"
    UNKNOWN_SHEET = "unknown_sheet"
    EMPTY = "empty"
    ONE_ROW = "one_row"
    WRONG_SCHEME = "wrong_scheme"
    KNOWN_VERSION = "known_version"
    UNKNOWN_KIND = "unknown_kind"
    BAD_CODE = "bad_code"
    DOUBLE_CODE = "double_code"
    NO_PARENT = "no_parent"
    NO_CONDITION = "no_condition"
    NO_ITEM = "no_item"
    DOUBLE_CONDITION = "double_condition"
    TWO_LIMITS = "two_limits"
    NO_UNIT = "no_unit"
    UNKNOWN_UNIT = "unknown_unit"
    NO_LIMIT = "no_limit"
    UNKNOWN_RESPONSIBLE = "unknown_responsible"


WORDS: Final[Mapping[Trouble, tuple[str, str]]] = MappingProxyType(
    {
        Trouble.UNREADABLE: (
            "文件读不出来：{why}。请另存为 XLSX 或 UTF-8 编码的 CSV 后重新上传。",
            "the file cannot be read: {why}; save it as XLSX or as CSV in UTF-8",
        ),
        Trouble.NOT_WORKBOOK: (
            "不是 XLSX 工作簿，或文件已损坏。请用电子表格软件打开，另存为 XLSX 后重新上传。",
            "is no XLSX workbook, or it is damaged; open it in a spreadsheet and save it as XLSX",
        ),
        Trouble.NOT_UTF8: (
            "不是 UTF-8 编码的 CSV。请另存为 XLSX 或“CSV UTF-8（逗号分隔）”后重新上传。",
            "is no CSV in UTF-8; save it as XLSX or as CSV in UTF-8",
        ),
        Trouble.NO_SHEET: (
            "缺少工作表“{name}”。请以导出的现行标准为模板，保留全部工作表。",
            "the sheet {name} is missing; start from the exported standard, which has every sheet",
        ),
        Trouble.UNKNOWN_SHEET: (
            "“{value}”不是表名。请填写：{known}。",
            "{value} is not a table; write one of {known}",
        ),
        Trouble.NO_COLUMN: (
            "第一行缺少“{name}”列。请补上该列标题。",
            "the first row lacks the column {name}; add its title",
        ),
        Trouble.UNKNOWN_COLUMN: (
            "“{name}”不是本表的列。请改正列标题或删去该列。",
            "{name} is not a column of this sheet; correct its title or delete the column",
        ),
        Trouble.TOO_LONG: (
            "超过{most}行。请检查是否带入了空白行或其他内容。",
            "there are more than {most} rows; look for blank or foreign rows",
        ),
        Trouble.EMPTY: (
            "未填写。请填写此项；合并的单元格请取消合并后逐行填写，没有结果的公式请改为数值。",
            "is empty; fill it in: in each row where cells were merged, and with the value where a "
            "formula has no result",
        ),
        Trouble.ONE_ROW: (
            "应恰有一行，写明体系、版本和名称，现有{count}行。请只保留一行。",
            "there must be exactly one row with scheme, version and title, not {count}",
        ),
        Trouble.WRONG_SCHEME: (
            "体系是“{value}”，现行标准是“{wanted}”。请改正；确需更换体系的，导入时写明新体系。",
            "the scheme is {value}, but {wanted} is in force; correct it, or name the new scheme "
            "when importing",
        ),
        Trouble.KNOWN_VERSION: (
            "版本“{value}”已经导入过，内容不同。请换一个版本号。",
            "the version {value} was imported before with other contents; give a new version",
        ),
        Trouble.UNKNOWN_KIND: (
            "“{value}”不是类型。请填写“部件”或“事件”。",
            "{value} is not a kind; write 部件 (facility) or 事件 (incident)",
        ),
        Trouble.BAD_CODE: (
            "“{value}”不是{what}，应为{form}。请改正；在电子表格中请把该列设为文本格式。",
            "{value} is not a {what}, which is {form}; in a spreadsheet, format the column as text",
        ),
        Trouble.DOUBLE_CODE: (
            "代码“{value}”与第{first}行重复。请删去其中一行或改正代码。",
            "the code {value} is in row {first} already; delete one of the two or correct the code",
        ),
        Trouble.NO_PARENT: (
            "“{value}”在“{sheet}”表中不存在。请先在该表中增加这一行，或改正代码。",
            "{value} is not in the sheet {sheet}; add a row there, or correct the code",
        ),
        Trouble.NO_CONDITION: (
            "小类“{value}”没有立案条件。请在“立案条件”表中至少增加一行。",
            "the category {value} has no filing condition; add at least one row in 立案条件",
        ),
        Trouble.NO_ITEM: (
            "一个小类也没有。请至少填写一个大类、一个小类和一个立案条件。",
            "there is no category; write at least one major, one minor and one condition",
        ),
        Trouble.DOUBLE_CONDITION: (
            "与第{first}行是同一个立案条件。请删去其中一行。",
            "is the same condition as row {first}; delete one of the rows",
        ),
        Trouble.TWO_LIMITS: (
            "同一立案条件“{condition}”在第{first}行的时限是{other}，这里是{value}。请只保留一个时限。",
            "the condition {condition} has the limit {other} in row {first} and {value} here; "
            "keep one",
        ),
        Trouble.NO_LIMIT: (
            "“{value}”不是时限。请写成数字加单位，例如 4工作时，数字为1至999。",
            "{value} is not a limit; write a number from 1 to 999 and a unit, such as 4工作时",
        ),
        Trouble.NO_UNIT: (
            "“{value}”没有写单位。请写明工作时、紧急工作时、工作日或自然日，例如 {value}工作时。",
            "{value} has no unit; write {value}wh, {value}uh, {value}wd or {value}ud",
        ),
        Trouble.UNKNOWN_UNIT: (
            "“{value}”的单位“{unit}”不明确。请写工作时、紧急工作时、工作日或自然日之一。",
            "the unit {unit} of {value} is not known; write wh 工作时, uh 紧急工作时, wd 工作日 or "
            "ud 自然日",
        ),
        Trouble.UNKNOWN_RESPONSIBLE: (
            "“{value}”不是责任主体。可填：{known}，多个用顿号隔开。",
            "{value} is not a kind of responsible party; known are {known}, joined by 、",
        ),
    }
)
"""Chinese and English; a test holds the table to the enum."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake."""

    trouble: Trouble
    sheet: str
    row: int | None = None
    column: str = ""
    values: Mapping[str, object] = field(default_factory=dict)

    def words(self, language: str = "zh") -> str:
        """Return what is wrong and what to do."""
        return WORDS[self.trouble][0 if language == "zh" else 1].format(**self.values)

    def place(self, language: str = "zh") -> str:
        """Return where it is: sheet, row and column, as far as they are known."""
        if language == "zh":
            row = f"第{self.row}行" if self.row else ""
            column = f"“{self.column}”列" if self.column else ""
            return " ".join(part for part in (self.sheet, row, column) if part)
        row = f"row {self.row}" if self.row else ""
        return " ".join(part for part in (self.sheet, row, self.column) if part)
