"""Codes of unit grids and components."""

import pytest

from case_bridge.places.codes import ComponentCode, GridCode
from hotline.kernel.errors import Invalid


def test_a_grid_code_has_its_four_parts() -> None:
    """R101: 15 digits, county, street, community and serial."""
    code = GridCode.parse(" 139900001002003 ")
    assert (code.county, code.street, code.community, code.serial) == (
        "139900",
        "001",
        "002",
        "003",
    )
    assert str(code) == "139900001002003"


@pytest.mark.parametrize(
    "text",
    ["", "13990000100200", "1399000010020031", "13990000100200A", "１39900001002003"],
)
def test_what_is_not_15_digits_is_no_grid_code(text: str) -> None:
    with pytest.raises(Invalid, match="15 digits"):
        GridCode.parse(text)


def test_serials_begin_with_001() -> None:
    with pytest.raises(Invalid, match="serial"):
        GridCode.parse("139900001002000")


def test_a_component_code_names_its_category() -> None:
    """R103: 16 digits; the example of the domain."""
    code = ComponentCode.parse("3205080101000001")
    assert (code.county, code.category_code, code.serial) == ("320508", "0101", "000001")
    assert str(code) == "3205080101000001"


@pytest.mark.parametrize("text", ["320508010100001", "32050801010000012", "3205080100000001"])
def test_a_wrong_component_code_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        ComponentCode.parse(text)
