"""Settings: a flag wins over the environment, that over the file, that over the default."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloudsync_gen.cli.settings import Misconfigured, Settings, chosen, settings
from cloudsync_gen.diagnostics import Severity
from cloudsync_gen.rules import RULES
from support.trees import write_tree

FILE = 'select = ["LNK", "SLO001"]\njobs = 3\n[severity]\nLNK001 = "warning"\n'


def codes(made: Settings, **flags: list[str]) -> set[str]:
    return {rule.code for rule in chosen(made, **flags)}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cloudsync-gen.toml", FILE),
        (
            "pyproject.toml",
            '[tool.cloudsync-gen]\nselect = ["LNK", "SLO001"]\njobs = 3\n'
            'severity = { LNK001 = "warning" }\n[tool.black]\nline-length = 1\n',
        ),
    ],
)
def test_both_files_say_the_same(tmp_path: Path, name: str, text: str) -> None:
    write_tree(tmp_path, {name: text})
    assert settings(tmp_path, {}) == Settings(
        select=("LNK", "SLO001"), jobs=3, severity={"LNK001": "warning"}
    )


def test_without_any_all_rules_count_as_they_are(tmp_path: Path) -> None:
    write_tree(tmp_path, {"pyproject.toml": "[tool.black]\nline-length = 1\n"})
    assert settings(tmp_path, {}) == Settings()
    assert chosen(Settings()) == RULES


def test_the_environment_wins_over_the_file_key_by_key(tmp_path: Path) -> None:
    write_tree(tmp_path, {"cloudsync-gen.toml": FILE})
    environment = {
        "CLOUDSYNC_GEN_SELECT": "EVT, dangling-link",
        "CLOUDSYNC_GEN_SEVERITY": "SLO001=off, dangling-link=info",
        "CLOUDSYNC_GEN_ROOT": "elsewhere",
        "OTHER": "x",
    }
    assert settings(tmp_path, environment) == Settings(
        select=("EVT", "dangling-link"),
        jobs=3,
        severity={"SLO001": "off", "dangling-link": "info"},
    )
    assert settings(tmp_path, {"CLOUDSYNC_GEN_JOBS": "5"}).jobs == 5


def test_a_flag_wins_over_both() -> None:
    made = Settings(select=("LNK",), ignore=("LNK002",))
    assert codes(made) == {"LNK001", "LNK003"}
    assert codes(made, select=["LNK002"]) == set()
    assert codes(made, ignore=["LNK001"]) == {"LNK002", "LNK003"}
    assert codes(made, select=["dangling-link", "LNK002"], ignore=["LNK002"]) == {"LNK001"}


def test_rules_weigh_what_they_are_given() -> None:
    made = Settings(severity={"LNK001": "info", "wrong-link-target": "off"})
    by_code = {rule.code: rule for rule in chosen(Settings(severity={"LNK001": "info"}))}
    assert by_code["LNK001"].severity is Severity.INFO
    assert by_code["LNK002"].severity is Severity.ERROR
    assert by_code["LNK001"].check.__module__ == "cloudsync_gen.rules.links.dangling_link"
    name = next(rule.name for rule in RULES if rule.code == "LNK002")
    off = Settings(severity={name: "off"})
    assert {rule.code for rule in RULES} - codes(off) == {"LNK002"}
    assert made.severity["LNK001"] == "info"


WRONG = [
    ('selct = ["LNK"]', "no setting `selct`; did you mean `select`"),
    ("nonsense = 1", "no setting `nonsense`"),
    ('select = "LNK"', "`select`: expected `array`"),
    ("select = [1]", "`select`: expected `str`, got `int` - at"),
    ('jobs = "3"', "`jobs`: expected `int`"),
    ("jobs = -1", "`jobs`: 0 for all processors"),
    ("jobs = true", "`jobs`: expected `int`"),
    ('severity = { LNK001 = "fatal" }', "`severity`: invalid enum value 'fatal'"),
    ('severity = { LNK00 = "off" }', "`severity`: no rule `LNK00`; did you mean `LNK00"),
    ('severity = { LNK = "off" }', "`severity`: no rule `LNK`"),
    ('ignore = ["dangling-lnk"]', "`ignore`: no rule `dangling-lnk`; did you mean `dangling-link`"),
    ("select = [", "not TOML"),
    ("\xff", "not TOML"),
]


@pytest.mark.parametrize(("text", "complaint"), WRONG)
def test_what_cannot_be_meant_is_told(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "cloudsync-gen.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(Misconfigured) as error:
        settings(tmp_path, {})
    assert complaint in str(error.value)


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("CLOUDSYNC_GEN_SELCT", "LNK", "the environment: no setting `selct`; did you mean"),
        ("CLOUDSYNC_GEN_JOBS", "two", "the environment: `jobs`: expected `int`"),
        ("CLOUDSYNC_GEN_SEVERITY", "LNK001", "`severity`: invalid enum value ''"),
        ("CLOUDSYNC_GEN_IGNORE", "LNKX", "`ignore`: no rule `LNKX`"),
    ],
)
def test_the_environment_is_judged_as_strictly(
    tmp_path: Path, name: str, value: str, complaint: str
) -> None:
    with pytest.raises(Misconfigured) as error:
        settings(tmp_path, {name: value})
    assert complaint in str(error.value)


def test_settings_in_two_files_are_one_too_many(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {"cloudsync-gen.toml": "jobs = 1\n", "pyproject.toml": "[tool.cloudsync-gen]\njobs = 1\n"},
    )
    with pytest.raises(Misconfigured, match="both"):
        settings(tmp_path, {})
    write_tree(tmp_path, {"pyproject.toml": "[tool]\ncloudsync-gen = 3\n"})
    (tmp_path / "cloudsync-gen.toml").unlink()
    with pytest.raises(Misconfigured, match="is no table"):
        settings(tmp_path, {})
