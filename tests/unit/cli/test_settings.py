"""Settings: a flag wins over the environment, that over the file, that over the default."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from cloudsync_gen.cli.settings import (
    MAX_BYTES,
    Misconfigured,
    Settings,
    chosen,
    settings,
    severities,
)
from cloudsync_gen.diagnostics import Severity
from cloudsync_gen.rules import RULES
from support.trees import write_tree

FILE = 'select = ["LNK", "SLO001"]\njobs = 3\n[severity]\nLNK001 = "warning"\n'


def codes(made: Settings) -> set[str]:
    return {rule.code for rule in chosen(made)}


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
        severity={"SLO001": "off", "LNK001": "info"},
    )
    assert settings(tmp_path, {"CLOUDSYNC_GEN_JOBS": "5"}).jobs == 5


def test_a_flag_wins_over_both(tmp_path: Path) -> None:
    write_tree(tmp_path, {"cloudsync-gen.toml": 'select = ["LNK"]\nfail-on = "info"\n'})
    environment = {"CLOUDSYNC_GEN_IGNORE": "LNK002", "CLOUDSYNC_GEN_FAIL_ON": "warning"}

    def made(**flags: Any) -> Settings:
        return settings(tmp_path, environment, {k.replace("_", "-"): v for k, v in flags.items()})

    assert codes(made()) == {"LNK001", "LNK003"}
    assert codes(made(select=["LNK002"])) == set()
    assert codes(made(ignore=["LNK001"])) == {"LNK002", "LNK003"}
    assert codes(made(select=["dangling-link", "LNK002"])) == {"LNK001"}
    assert [settings(tmp_path, {}).fail_on, made().fail_on] == ["info", "warning"]
    assert made(fail_on="error").fail_on == "error"
    assert Settings().fail_on == "error"


def test_of_severities_the_later_place_wins_rule_by_rule(tmp_path: Path) -> None:
    text = '[severity]\ndangling-link = "info"\nLNK002 = "info"\nLNK003 = "info"\n'
    write_tree(tmp_path, {"cloudsync-gen.toml": text})
    environment = {"CLOUDSYNC_GEN_SEVERITY": "LNK001=warning, link-target-type=warning"}
    made = settings(tmp_path, environment, {"severity": severities(["LNK001=off"])})
    assert made.severity == {"LNK001": "off", "LNK002": "warning", "LNK003": "info"}


def test_rules_weigh_what_they_are_given() -> None:
    by_code = {rule.code: rule for rule in chosen(Settings(severity={"LNK001": "info"}))}
    assert by_code["LNK001"].severity is Severity.INFO
    assert by_code["LNK002"].severity is Severity.ERROR
    assert by_code["LNK001"].check.__module__ == "cloudsync_gen.rules.links.dangling_link"
    off = Settings(severity={"LNK002": "off"})
    assert {rule.code for rule in RULES} - codes(off) == {"LNK002"}


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
    (
        'severity = { LNK001 = "off", dangling-link = "info" }',
        "`severity`: `LNK001` and `dangling-link` are one rule; keep one",
    ),
    ('fail-on = "fatal"', "`fail-on`: invalid enum value 'fatal'"),
    ('fail_on = "error"', "no setting `fail_on`; did you mean `fail-on`?"),
    *(
        (f"baseline = '{name}'", "`baseline`: a name such as `team-a.baseline.toml`")
        for name in ("", "x.toml", "../x.baseline.toml", "a/b.baseline.toml", ".x.baseline.toml")
    ),
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
        ("CLOUDSYNC_GEN_SEVERITY", "LNK001", "`LNK001` names no level; write `LNK001=warning`"),
        ("CLOUDSYNC_GEN_SEVERITY", "LNK001=bad", "`severity`: invalid enum value 'bad'"),
        ("CLOUDSYNC_GEN_IGNORE", "LNKX", "`ignore`: no rule `LNKX`"),
        ("CLOUDSYNC_GEN_FAIL_ON", "none", "`fail-on`: invalid enum value 'none'"),
        ("CLOUDSYNC_GEN_BASELINE", "x", "the environment: `baseline`: a name such as"),
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


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "nested", "large"])
def test_a_file_that_nobody_could_mean_is_told(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "pyproject.toml"
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "device":
            path.symlink_to("/dev/zero")
        case "folder":
            path.mkdir()
        case "nested":
            path.write_text(f"a = {'[' * 100_000}")
        case _:
            path.write_text(f"# {'x' * MAX_BYTES}")
    with pytest.raises(Misconfigured, match=r"^pyproject\.toml: "):
        settings(tmp_path, {})


def test_a_file_may_be_a_link_to_one(tmp_path: Path) -> None:
    write_tree(tmp_path, {"other.toml": "jobs = 3\n"})
    (tmp_path / "cloudsync-gen.toml").symlink_to("other.toml")
    assert settings(tmp_path, {}).jobs == 3
