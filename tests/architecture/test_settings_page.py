"""The table of settings follows the settings."""

from config.settings import variables
from config.settings_page import PAGE, page


def test_the_page_is_in_step_with_the_settings() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make docs`"


def test_every_variable_that_is_read_is_on_the_page() -> None:
    text = page()

    assert [
        name
        for name in variables()
        if f"`{name}`" not in text
        and not any(f"`{name}__" in line for line in text.splitlines())
        and f"{name}__" not in text
    ] == []
