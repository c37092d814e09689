"""The house rules that a program can judge, each a function from a checkout to its complaints.

`CHECKS` lists them. Each also has a planted violation in tests/test_house_rules.py: a check that
cannot fail is worse than none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from support.house import budgets, layers, manners, texts

Check = Callable[[Path], Iterable[str]]

CHECKS: dict[str, Check] = {
    "imports go one way": layers.imports_go_one_way,
    "heavy imports are lazy": layers.heavy_imports_are_lazy,
    "modules and functions are short": manners.sizes,
    "only cli prints": manners.only_cli_prints,
    "only engine/write.py writes": manners.only_writers_write,
    "no test is skipped": manners.no_skips,
    "every test asserts": manners.every_test_asserts,
    "exports are true": manners.exports_are_true,
    "rules are documented and have fixtures": manners.rules_are_whole,
    "nothing is left for later": texts.nothing_left_for_later,
    "no machine is named": texts.no_machine_is_named,
    "output is small": budgets.output_is_small,
}
