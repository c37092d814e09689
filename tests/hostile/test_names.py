"""Names that are taken in a language, on a disk or by a library, wherever the model has a name:
they are refused, or what is generated is still what was meant, can be read and imported.
"""

from __future__ import annotations

import ast
from pathlib import Path
from random import Random

from cloudsync_gen import naming
from support.effort import Effort
from support.hostile import imported, judged_whole, outputs
from support.payloads import NAMES
from support.renames import names, renamed
from support.rules import all_models
from support.trees import Files, edited

FILES = all_models()
MODELS = "generated/services/recipe/src/recipe/generated/models.py"


def definitions(files: Files) -> dict[str, list[str]]:
    """File of Python -> kinds of its statements and of those in its classes."""
    found: dict[str, list[str]] = {}
    for path, content in files.items():
        if path.endswith(".py"):
            tree = ast.parse(content)
            below = (each for node in tree.body for each in getattr(node, "body", ()))
            found[path.rpartition("/")[2]] = found.get(path.rpartition("/")[2], []) + [
                type(each).__name__ for each in (*tree.body, *below)
            ]
    return {path: sorted(kinds) for path, kinds in found.items()}


def test_a_taken_name_is_refused_or_does_no_harm(effort: Effort, tmp_path: Path) -> None:
    pairs = [(old, new) for old in names(FILES) for new in NAMES]
    plain = definitions(outputs(FILES))
    chosen = Random(4).sample(pairs, effort.count(small=6, full=600))
    refused = 0
    for number, (old, new) in enumerate(chosen):
        files = renamed(FILES, old, new)
        if judged_whole(files):
            refused += 1
            continue
        made = outputs(files)
        assert definitions(made) == plain, (old, new)
        if effort.full:
            assert imported(made, tmp_path / str(number)) > 50, (old, new)
    assert 0 < refused < len(chosen)


def test_a_property_may_have_a_name_that_python_reserves(tmp_path: Path) -> None:
    made = outputs(renamed(FILES, "lemons", "import"))
    assert b"import_: " in made[MODELS]
    assert imported(made, tmp_path) > 50


CONTRACT = "model/06_api/rest-apis/recipe.openapi.yaml"
PLACE = "        - name: sort\n"
CLIENT = "generated/clients/python/recipe-client/src/recipe_client/client.py"


def test_parameters_may_have_the_names_that_a_client_uses_itself(tmp_path: Path) -> None:
    """And one name at two places of a request."""
    taken = ("Self", "body", "request", "str", "uuid4", "bodyOf", "status")
    line = "        - {{name: {}, in: header, schema: {{type: string}}}}\n"
    added = "".join(map(line.format, taken))
    made = outputs(edited(FILES, {CONTRACT: {PLACE: added + PLACE}}))
    assert {f"{naming.snake(each)}_".encode() in made[CLIENT] for each in taken} == {True}
    assert imported(made, tmp_path) > 50
