"""What several rules lean on: circles, expressions, secrets, hints; and what every rule has."""

from __future__ import annotations

import re
from itertools import product
from types import ModuleType

import pytest
from cloudsync_chassis.settings import Settings
from cloudsync_chassis.store import system
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import registry

from cloudsync_gen import pipeline
from cloudsync_gen.model.layers.security import Policy
from cloudsync_gen.rules import RULES
from cloudsync_gen.rules._cel import selected, syntax_fault
from cloudsync_gen.rules._circles import circles
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.observability.unknown_metric_in_expression import metrics_in
from cloudsync_gen.rules.security import policy_condition, secret_literal
from cloudsync_gen.rules.slo.call_outlasts_request import REQUEST_SECONDS
from cloudsync_gen.rules.stores.technical_table_form import TECHNICAL
from support.rules import BASE, MEMORY
from support.trees import Files, edited, read_tree

GRAPHS = st.dictionaries(
    st.sampled_from("abcdefg"), st.sets(st.sampled_from("abcdefg"), max_size=4), max_size=7
)


def reach(graph: dict[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    pending = [*graph.get(start, ())]
    while pending:
        node = pending.pop()
        if node not in seen:
            seen.add(node)
            pending += graph.get(node, ())
    return seen


@given(GRAPHS)
def test_circles_are_the_nodes_that_reach_each_other(graph: dict[str, set[str]]) -> None:
    nodes = {*graph, *(each for targets in graph.values() for each in targets)}
    expected = {}
    for node in nodes:
        both = {other for other in reach(graph, node) if node in reach(graph, other)} | {node}
        if len(both) > 1:
            expected[node] = tuple(sorted(both))
    assert dict(circles(graph)) == expected


def test_a_long_chain_is_no_recursion() -> None:
    chain = {str(number): {str(number + 1)} for number in range(50_000)}
    assert circles(chain) == {}
    ring = circles({**chain, "50000": {"0"}})
    assert len(ring["7"]) == 50_001


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("up", ["up"]),
        ("rate(a_total[5m])", ["a_total"]),
        (
            "sum by (job, le) (rate(a_bucket{le=~\"a|b}\", x!='{'}[5m] offset 1h)) > bool 1e3",
            ["a_bucket"],
        ),
        ("histogram_quantile(0.95, sum(rate(a_bucket[5m])) by (le))", ["a_bucket"]),
        ("a / ignoring (x) group_left (y) b", ["a", "b"]),
        ("a and on (x) b unless c or d", ["a", "b", "c", "d"]),
        ("job:requests:rate5m > 3", []),
        ("increase(a[1h:5m]) / Inf", ["a"]),
        ("a # b\n+ c", ["a", "c"]),
        ('label_replace(a, "b", "$1", "c", "(.*)")', ["a"]),
        ("a - a", ["a"]),
        ("5 * 3", []),
    ],
)
def test_metrics_of_an_expression(expression: str, names: list[str]) -> None:
    assert metrics_in(expression) == names


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("this.a > 0 && this.b.c == 1", ["a", "b"]),
        ("'this.a' == \"this.b\" || has(this.c)", ["c"]),
        ("other.this.a == nothis.b", []),
        ("this.a == 'it\\'s this.b'", ["a"]),
        ("this['a']", []),
    ],
)
def test_properties_of_an_expression(expression: str, names: list[str]) -> None:
    assert syntax_fault(expression) == ""
    assert selected(expression, "this") == names


@pytest.mark.parametrize("expression", ["", "this.", "a &&", "1 +", "'open", "f(", "a b"])
def test_what_is_no_cel(expression: str) -> None:
    assert syntax_fault(expression) != ""


MADE = "0123456789abcdefABCDEF0123456789abcdef"


@pytest.mark.parametrize(
    ("secret", "harmless"),
    [
        ("AKIA" + "IOSFODNN7EXAMPLE", "AKIA" + "IOSFODNN7EXAMPL"),
        ("ASIA" + "IOSFODNN7EXAMPLE", "ASIANFOODANDTRAVELS"),
        ("ghp_" + MADE[:36], "ghp_" + MADE[:20]),
        ("glpat-" + MADE[:20], "glpat-short"),
        ("xox" + "b-1234567890-abc", "xox" + "b-12"),
        ("sk_" + "live_" + MADE[:24], "sk_" + "test_" + MADE[:24]),
        ("AIza" + MADE[:35], "AIza" + MADE[:20]),
        ("eyJ" + MADE[:20] + ".eyJ" + MADE[:20] + "." + MADE[:20], "eyJ" + MADE),
        ("postgres://app:s3cret@db/x", "https://example.com:8443/a@b"),
        ("amqp://guest:guest1@broker", "postgres://{user}:{password}@{host}/x"),
        ("-----BEGIN " + "EC PRIVATE KEY-----", "-----BEGIN " + "PUBLIC KEY-----"),
    ],
)
def test_secrets_by_their_form(secret: str, harmless: str) -> None:
    goals = "model/01_motivation/goals.yaml"
    for text, codes in ((secret, ["SEC006"]), (harmless, [])):
        files = edited(read_tree(BASE), {goals: {"kpi: cups": f"kpi: '{text} cups"}})
        files[goals] = files[goals].replace(b"on a Saturday\n", b"on a Saturday'\n", 1)
        found = pipeline.check(files, rules=(secret_literal.RULE,), store=MEMORY).diagnostics
        assert [each.code for each in found] == codes, text


@pytest.mark.parametrize(
    ("condition", "right"),
    [
        ("forbid(principal, action, resource);", True),
        ('@id("a")\nforbid(principal in R::"x", action, resource) when { a.b[0] == "}" };', True),
        ("// permit(\nforbid(principal, action, resource);", True),
        ("forbid(principal, action, resource);\nforbid(principal, action, resource);", True),
        ("permit(principal, action, resource);", False),
        ("forbid(principal, action, resource)", False),
        ("forbid(principal, action, resource;", False),
        ("forbid(principal, action, resource) when { a };}", False),
        ("when { a };", False),
    ],
)
def test_cedar_conditions(condition: str, right: bool) -> None:
    policy = Policy(
        id="security.policy.x",
        name="x",
        description="x",
        effect="forbid",
        language="cedar",
        condition=condition,
        enforced_at="application",
    )
    assert (policy_condition._cedar(policy) == "") is right


def lemonade_with(*edits: tuple[str, str, str]) -> Files:
    files = read_tree(BASE)
    for file, old, new in edits:
        files = edited(files, {file: {old: new}})
    return files


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("business.actor.pres-crew", "business.actor.press-crew"),
        ("business.actors.press-crew", "business.actor.press-crew"),
        ("business.actor.crew-press", "business.actor.press-crew"),
    ],
)
def test_the_hint_of_a_dangling_link(written: str, meant: str) -> None:
    file = "model/04_application/selling/lambda.yaml"
    files = lemonade_with((file, "owner: business.actor.press-crew", f"owner: {written}"))
    (found,) = pipeline.check(files, store=MEMORY).diagnostics
    assert (found.code, found.hint.split("`")[1]) == ("LNK001", meant)


def test_a_hint_is_looked_for_once_per_target(monkeypatch: pytest.MonkeyPatch) -> None:
    from cloudsync_gen.rules.links import dangling_link

    asked: list[tuple[str, int]] = []

    def nearest(name: str, candidates: list[str]) -> str:
        asked.append((name, len(candidates)))
        return candidates[0]

    monkeypatch.setattr(dangling_link, "nearest", nearest)
    files = {
        name: text.replace(b"business.actor.press-crew\n", b"business.actor.lost-crew\n")
        for name, text in read_tree(BASE).items()
    }
    business = "model/02_business/business.yaml"
    files[business] = read_tree(BASE)[business]
    found = pipeline.check(files, rules=(dangling_link.RULE,), store=MEMORY).diagnostics
    assert len(found) > len(asked) > 0
    assert all(name == "business.actor.lost-crew" and count <= 5 for name, count in asked)


def module_of(rule: Rule) -> ModuleType:
    from importlib import import_module

    return import_module(rule.check.__module__)


def test_every_rule_has_a_code_a_name_and_a_family() -> None:
    assert len({rule.code for rule in RULES}) == len({rule.name for rule in RULES}) == len(RULES)
    assert len(RULES) >= 60
    assert {rule.family for rule in RULES} == FAMILIES
    for rule in RULES:
        assert re.fullmatch(r"[A-Z]{2,3}[0-9]{3}", rule.code)
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", rule.name)
        assert (module_of(rule).__doc__ or "").count("\n\n") == 4, rule.name


FAMILIES = {
    "GraphQL contracts",
    "OpenAPI contracts",
    "SLI/SLO/SLA definitions",
    "agreement of shapes",
    "comprehensive observability",
    "data stores",
    "deployment",
    "domain-driven design",
    "event-driven patterns",
    "gRPC contracts",
    "link validation",
    "multi-region deployment",
    "sagas",
    "schema validation",
    "screens and routes",
    "standard validation",
    "webhooks",
    "zero trust",
}


def test_rules_do_not_depend_on_their_order() -> None:
    files = lemonade_with(
        ("model/02_business/business.yaml", "selling:\n  id", "sales:\n  id"),
        ("model/11_apm/apm.yaml", "promised: 99.9%", "promised: 99.99%"),
        ("model/08_data_store/stores.yaml", "varchar(80)", "varchar(8)"),
    )
    forwards, backwards = (
        pipeline.check(files, rules=rules, store=MEMORY).diagnostics
        for rules in (RULES, RULES[::-1])
    )
    assert forwards == backwards
    assert len(forwards) == 3


def test_a_code_belongs_to_the_family_of_its_folder() -> None:
    prefixes: dict[str, set[str]] = {}
    for rule in RULES:
        folder = rule.check.__module__.split(".")[-2]
        prefixes.setdefault(folder, set()).add(re.sub(r"[0-9]+", "", rule.code))
    assert all(len(found) == 1 for found in prefixes.values()), prefixes
    pairs = product(prefixes.items(), repeat=2)
    assert all(a == b or not one & other for (a, one), (b, other) in pairs)


_PLAIN = {"timestamp with time zone": "timestamptz"}


@pytest.mark.parametrize("table", sorted(TECHNICAL))
def test_technical_tables_are_those_of_the_library(table: str) -> None:
    written = system.metadata.tables[table].columns
    dialect = registry.load("postgresql")()
    kinds = {each.name: str(each.type.compile(dialect)).lower() for each in written}
    assert {name: _PLAIN.get(kind, kind) for name, kind in kinds.items()} == TECHNICAL[table]


def test_a_request_lasts_as_long_as_the_library_lets_it() -> None:
    default = Settings.model_fields["request_timeout"].default
    assert default == REQUEST_SECONDS
