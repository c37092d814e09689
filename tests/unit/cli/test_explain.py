"""Whatever code is printed, `explain` knows it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import cloudsync_gen
from cloudsync_gen.cli import main
from cloudsync_gen.compat.vocabulary import meaning
from cloudsync_gen.rules import RULES
from cloudsync_gen.rules.reading import READINGS

PACKAGE = Path(cloudsync_gen.__file__).parent
CODE = re.compile(r'"([A-Z]{3}[0-9]{3})"(?:, "([a-z-]+)")?')
ABOUT = {"DRF": "output that is not what the model implies", "WVR": "what was waived"}
TABLE = PACKAGE / "rules" / "reading.py"


def printed() -> dict[str, str]:
    """Code -> name, where it stands beside it, of all that no rule prints."""
    found: dict[str, str] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        text = (
            "" if path == TABLE or "RULE = Rule(" in path.read_text("utf-8") else path.read_text()
        )
        for code, name in CODE.findall(text):
            found[code] = name or found.get(code, "")
    return found


def test_every_code_is_known() -> None:
    assert printed().keys() == READINGS.keys()
    assert not READINGS.keys() & {rule.code for rule in RULES}


def test_names_are_those_that_are_printed() -> None:
    names = {code: name for code, name in printed().items() if name and code in READINGS}
    assert len(names) > 10
    assert names == {code: READINGS[code].name for code in names}


@pytest.mark.parametrize("code", [*READINGS])
def test_by_code_and_by_name(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", code]) == 0
    by_code = capsys.readouterr().out
    assert main(["explain", READINGS[code].name]) == 0
    assert capsys.readouterr().out == by_code
    head = f"{code} {READINGS[code].name} ({ABOUT.get(code[:3], 'reading the model')}, "
    assert by_code.startswith(f"{head}{READINGS[code].severity.value})\n\n")
    assert "Use instead: " in by_code


def test_a_change_of_a_contract(capsys: pytest.CaptureFixture[str]) -> None:
    code = "request-property-became-required"
    assert main(["explain", code]) == 0
    assert str(meaning(code)) in capsys.readouterr().out


def test_nothing_of_that_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "syntaks"]) == 2
    assert "did you mean `syntax`?" in capsys.readouterr().err
    assert main(["explain", "MDL005\x1b[31m"]) == 2
    said = capsys.readouterr().err
    assert "\x1b" not in said
