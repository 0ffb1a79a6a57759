"""What the demo reads in its own log."""

from pathlib import Path

from config.demo.discretion import LogWatch


def test_lines_that_tell_of_somebody_are_found_and_earlier_ones_are_not(tmp_path: Path) -> None:
    """R89: the stories end by looking whether the log names who was in them."""
    log = tmp_path / "demo.log"
    log.write_text("13800001234 of another day\n", "utf-8")
    watch = LogWatch.of(log)
    with log.open("a", encoding="utf-8") as file:
        file.write('{"event": "call_rings"}\n{"to": "13800001234"}\n地址 荷香路12号\n')

    found = watch.tellers(["13800001234", "荷香路12号"])

    assert found == ['{"to": "13800001234"}', "地址 荷香路12号"]


def test_a_log_begins_with_the_first_start(tmp_path: Path) -> None:
    watch = LogWatch.of(tmp_path / "demo.log")
    watch.log.write_text("wang.li@example.org\n", "utf-8")

    assert watch.tellers(["wang.li@example.org"]) == ["wang.li@example.org"]
