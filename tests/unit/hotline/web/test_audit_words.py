"""Every action of the audit log has a word, for who reads it."""

import re
from pathlib import Path

import hotline
from hotline.web.audit.words import word_of

ROOT = Path(hotline.__file__).parent.parent
LOGGED = re.compile(r'audit\.append\((?:[^()]|\([^()]*\))*?action="([a-z_.]+)"', re.DOTALL)


def test_every_action_that_is_logged_has_a_word() -> None:
    actions = {
        action
        for folder in ("hotline", "case_bridge", "channels", "config")
        for path in (ROOT / folder).rglob("*.py")
        for action in LOGGED.findall(path.read_text(encoding="utf-8"))
    }

    assert {"outbox.revive", "logout", "number.unmask"} <= actions
    assert sorted(action for action in actions if not word_of(action)) == []


def test_an_action_bears_its_groups_word_until_it_has_its_own() -> None:
    assert (word_of("case.close"), word_of("user.create")) == ("案卷", "新建用户")
    assert word_of("nothing.known") == ""
