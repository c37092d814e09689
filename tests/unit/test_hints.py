"""What findings say to people who make ordinary mistakes: plain words, no guess that is none."""

from __future__ import annotations

import pytest

from cloudsync_gen import pipeline
from cloudsync_gen.naming import offered
from support.rules import BASE, MEMORY
from support.trees import edited, read_tree

FILES = read_tree(BASE)
RECIPE = "model/04_application/brewing/recipe.yaml"
COMMANDS = "model/04_application/brewing/recipe-commands.yaml"
STORES = "model/08_data_store/stores.yaml"


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("titel", ["title", "class"], "did you mean `p.title`? Otherwise add it"),
        ("weight", ["title", "class"], "there are `p.class`, `p.title`; or add it"),
        ("weight", ["title"], "there is only `p.title`; or add it"),
        ("weight", [], "add it"),
        (
            "zz",
            "abcdefgh",
            "there are `p.a`, `p.b`, `p.c`, `p.d`, `p.e`, `p.f` and 2 more; or add it",
        ),
    ],
)
def test_only_what_reads_alike_is_offered_as_meant(name: str, known: list[str], hint: str) -> None:
    assert offered(name, known, "p.", otherwise="add it") == hint
    assert offered(name, known, "p.") == hint.split(" Otherwise")[0].split("; or")[0].replace(
        "add it", ""
    )


@pytest.mark.parametrize(
    ("file", "old", "new", "place", "said", "hint"),
    [
        (
            RECIPE,
            "port: 8001",
            'port: "8001"',
            "10:9",
            "`port`: expected a whole number, got text",
            "",
        ),
        (RECIPE, "tier: 1", "tier: 7", "8:9", "`tier`: expected one of `1`, `2`, `3`", ""),
        (
            RECIPE,
            "realizes: [",
            "realizes: no #",
            "7:13",
            "`realizes`: expected a list, got text",
            "",
        ),
        (
            RECIPE,
            "window: 10s",
            "window: 10 seconds",
            "31:57",
            "`resilience`: expected text of the form `^[0-9]{1,9}(ms|s|m|h|d)$`",
            "",
        ),
        (
            COMMANDS,
            "filters: [status, class]",
            "filters: [status, clas]",
            "69:21",
            "",
            "did you mean `class`?",
        ),
        (RECIPE, "  tier: 1", "  teir: 1", "8:3", "", "did you mean `tier`? Fields: "),
        (RECIPE, "  tier: 1", "  tier: 1\n  zzzzzz: 1", "9:3", "", "Fields: apm, "),
        (
            STORES,
            "lemons: { type",
            "lemonsA: { type",
            "24:5",
            "`columns`: key `lemonsA`: expected text of the form `^[a-z_][a-z0-9_]*$`",
            "",
        ),
        (
            STORES,
            "title: { type: varchar(80), property",
            "title: { type: varchar(80), prop",
            "21:33",
            "`columns`: `prop` is no field here",
            "",
        ),
        (
            RECIPE,
            "press-crew",
            "pres-crew",
            "6:10",
            "`business.actor.pres-crew` is declared in no layer (service-owner)",
            "did you mean `business.actor.press-crew`? Otherwise declare it",
        ),
        (
            RECIPE,
            "press-crew",
            "night-crew",
            "6:10",
            "",
            "declare it, or name one that `cloudsync-gen list business actor` shows",
        ),
        (
            COMMANDS,
            'permission: "recipe:approve"',
            'permission: "recipe:burn"',
            "33:15",
            "`security.resource.recipe` has no action `burn`",
            "there are `recipe:approve`, `recipe:read`, `recipe:write`; or declare the action",
        ),
    ],
)
def test_a_mistake_is_told_in_plain_words(
    file: str, old: str, new: str, place: str, said: str, hint: str
) -> None:
    made = pipeline.check(edited(FILES, {file: {old: new}}), store=MEMORY)
    first = next(each for each in made.diagnostics if each.ref.file == file)
    span = made.sources.span(first.ref)
    assert f"{span.line}:{span.column}" == place
    assert first.message.startswith(said)
    assert first.hint.startswith(hint)
