"""`hotline standard`: out to a file, changed, checked, in force, and back."""

from pathlib import Path

from click.testing import CliRunner, Result

from config.cli import main
from tests.integration.config.test_cli import migrated  # noqa: F401 - a fixture


def standard(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["standard", *arguments, "--data", str(data)])


def test_a_standard_goes_in_force_and_back_by_commands(
    migrated: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    """R22."""
    first, second, wrong = (tmp_path / name for name in ("a.csv", "b.csv", "c.csv"))
    first.write_text(
        "表,体系,版本,标准名称,类型,大类代码,大类名称,小类代码,小类名称,英文名称,定义,条件代码,立案条件,"
        "结案条件,处置时限,责任主体,受理时限,核实时限,派遣时限,核查时限,结案时限\n"
        "标准,Yuncheng-GB30428.2,1,莲池市立案标准" + "," * 17 + "\n"
        "大类,,,,部件,01,公用设施" + "," * 14 + "\n"
        "小类,,,,部件,01,,0102,污水井盖" + "," * 12 + "\n"
        "立案条件,,,,部件,,,0102,,,,HAZARD,井盖缺失,井盖复位,2紧急工作时,产权单位,,,,,\n",
        encoding="utf-8",
    )
    text = first.read_text(encoding="utf-8")
    second.write_text(
        text.replace("Yuncheng-GB30428.2,1,", "Yuncheng-GB30428.2,2,").replace("2紧急", "1紧急"),
        "utf-8",
    )
    wrong.write_text(text.replace("2紧急工作时", "2小时"), "utf-8")

    refused = standard(migrated, "check", str(wrong))
    assert refused.exit_code == 1
    assert "立案条件 row 5 处置时限: the unit 小时 of 2小时 is not known" in refused.output
    for file, version in ((first, "1"), (second, "2")):
        assert standard(migrated, "import", str(file)).exit_code == 0
        assert "is in force" in standard(migrated, "activate", version).output
    assert "0 added, 1 changed" in standard(migrated, "check", str(first)).output
    assert "Yuncheng-GB30428.2@1 is in force again" in standard(migrated, "rollback").output
    out = tmp_path / "out.csv"
    assert standard(migrated, "export", "--out", str(out)).exit_code == 0
    assert "2紧急工作时" in out.read_text(encoding="utf-8-sig")
