"""Years of one service: its team writes handlers, the model and the tool move on."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from cloudsync_gen.cli import main
from cloudsync_gen.engine import lock
from support.services import opened, own_failures, type_errors
from support.trees import edited, read_tree, write_tree

LEMONADE = Path(__file__).parents[2] / "tests" / "models" / "lemonade"
COMMANDS = "model/04_application/brewing/recipe-commands.yaml"
CONTRACT = "model/06_api/rest-apis/recipe.openapi.yaml"
RECIPE = "model/07_data_model/brewing/recipe.yaml"
TABLE = "model/08_data_store/stores.yaml"
GRAPH = "model/06_api/graphql-apis/board.graphql"
FOLDER = "generated/services/recipe"
HANDLERS, TESTS = f"{FOLDER}/src/recipe/handlers.py", f"{FOLDER}/tests/test_handlers.py"
PRISTINE = "generated/services/lambda/src/lambda_/handlers.py"

WRITTEN = '''"""What recipe does beyond its model. This file is ours."""

from __future__ import annotations

from cloudsync_chassis.context import Context

from .generated import models, port, problems
from .generated.defaults import Defaults


class Handlers(Defaults):
    """Nothing sour is approved, and a title says what is in it."""

    async def approve_recipe(self, ctx: Context, request: port.ApproveRecipe) -> models.Recipe:
        recipe = await self.recipe_aggregate.get(ctx, request.recipe_id)
        if recipe.lemons > 20:
            raise problems.TOO_SOUR(f"{recipe.lemons} lemons")
        return await super().approve_recipe(ctx, request)

    async def create_recipe(self, ctx: Context, request: port.CreateRecipe) -> models.Recipe:
        title = f"{request.body.title}!"
        body = request.body.model_copy(update={"title": title})
        return await super().create_recipe(ctx, port.CreateRecipe(body=body))
'''

WRITTEN_TESTS = '''"""What the handlers of recipe do beyond the model. This file is ours."""

from __future__ import annotations

import asyncio
from pathlib import Path

from recipe.generated.testing import started


def test_what_is_too_sour_is_not_approved(tmp_path: Path) -> None:
    async def approved(lemons: int) -> tuple[str, int, str]:
        async with started(tmp_path / str(lemons)) as service:
            brewer = service.caller("brewer")
            body = {"title": "Sour", "class": "sweet", "lemons": lemons}
            made = await service.http.post("/v1/recipes", json=body, headers=brewer.headers)
            url = made.headers["location"]
            answer = await service.http.post(f"{url}/approve", headers=brewer.headers)
            said = answer.json().get("type", "").rpartition("/")[2]
            return made.json()["title"], answer.status_code, said

    assert asyncio.run(approved(3)) == ("Sour!", 200, "")
    assert asyncio.run(approved(21)) == ("Sour!", 409, "too-sour")
'''


FORGET = """forget-recipe:
  id: application.command.forget-recipe
  name: Forget a recipe
  description: Removes it.
  service: application.service.recipe
  aggregate: application.aggregate.recipe-aggregate
  effect: delete
  permission: "recipe:write"
  idempotency: natural
"""


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The service as its team has made it."""
    folder = tmp_path_factory.mktemp("theirs")
    shutil.copytree(LEMONADE / "model", folder / "model")
    generate(folder)
    write_tree(folder, {HANDLERS: WRITTEN, TESTS: WRITTEN_TESTS})
    made = opened(folder)
    assert type_errors(made, "recipe") == ""
    assert own_failures(made, "recipe") == ""
    return folder


@pytest.fixture
def root(theirs: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return Path(shutil.copytree(theirs, tmp_path / "root"))


def generate(root: Path) -> None:
    assert main(["--root", str(root), "generate"]) == 0
    assert main(["--root", str(root), "generate", "--check"]) == 0


def edit(root: Path, path: str, old: str, new: str) -> None:
    """Replaces a text that stands there once."""
    write_tree(root, edited({path: (root / path).read_bytes()}, {path: {old: new}}))


def test_handlers_stay_as_they_are_while_the_model_moves_on(root: Path) -> None:
    """A new property in all its shapes, a new command; and not a byte of theirs is touched."""
    before = read_tree(root)
    zest = "zest: { type: string, maxLength: 20, x-classification: public }"
    edit(root, RECIPE, "approvedAt: {", f"{zest}\n      approvedAt: {{")
    edit(root, GRAPH, "approvedAt: DateTime\n", "zest: String\n  approvedAt: DateTime\n")
    column = "zest: { type: varchar(20), property: zest, nullable: true }"
    edit(root, TABLE, "approved_at:", f"{column}\n    approved_at:")
    edit(root, COMMANDS, "retire-recipe:\n", f"{FORGET}retire-recipe:\n")
    generate(root)
    after = read_tree(root)
    assert {path: after[path] for path in (HANDLERS, TESTS)} == {
        path: before[path] for path in (HANDLERS, TESTS)
    }
    package = f"{FOLDER}/src/recipe/generated"
    for module in ("models", "port", "defaults", "aggregates"):
        assert after[f"{package}/{module}.py"] != before[f"{package}/{module}.py"], module
    made = opened(root)
    assert type_errors(made, "recipe") == ""
    assert own_failures(made, "recipe") == ""


def test_only_the_method_whose_signature_changed_fails_type_checking(root: Path) -> None:
    """A command that answered with its entity answers with nothing from now on."""
    output, permission = "  output: data_model.entity.recipe\n", '  permission: "recipe:approve"\n'
    edit(root, COMMANDS, output + permission, permission)
    contract = (root / CONTRACT).read_text()
    begin = contract.index('        "200":\n          description: The approved recipe.')
    answer = contract[begin : contract.index("  /v1/recipes/{recipeId}/retire:")]
    edit(root, CONTRACT, answer, '        "204":\n          description: Approved.\n')
    generate(root)
    assert (root / HANDLERS).read_text() == WRITTEN
    said = type_errors(opened(root), "recipe")
    errors = [line for line in said.splitlines() if ": error:" in line]
    assert errors, said
    assert any('"approve_recipe"' in line and "[override]" in line for line in errors), said
    assert "create_recipe" not in said
    lines = WRITTEN.splitlines()
    begin, end = (
        next(n for n, line in enumerate(lines, 1) if f"def {name}(" in line)
        for name in ("approve_recipe", "create_recipe")
    )
    for line in errors:
        found = re.match(r".*src/recipe/handlers\.py:(\d+): error:", line)
        assert found, line
        assert begin <= int(found[1]) < end, line


def test_a_method_whose_command_is_gone_fails_type_checking(root: Path) -> None:
    """It would never be called again, and nobody would notice."""
    text = (root / COMMANDS).read_text()
    command = text[text.index("approve-recipe:\n") : text.index("retire-recipe:\n")]
    edit(root, COMMANDS, old=command, new=command.replace("approve-recipe", "bless-recipe"))
    for path in (
        path for path in read_tree(root / "model") if path.endswith((".yaml", ".graphql"))
    ):
        content = (root / "model" / path).read_text()
        (root / "model" / path).write_text(
            content.replace("approve-recipe", "bless-recipe").replace(
                "approveRecipe", "blessRecipe"
            )
        )
    generate(root)
    said = type_errors(opened(root), "recipe")
    assert "ApproveRecipe" in said
    assert "create_recipe" not in said


def test_libraries_of_the_team_stay(root: Path) -> None:
    """While the generated part's own, in `pyproject.toml`, follow the model and the tool."""
    project, theirs = root / FOLDER / "pyproject.toml", root / FOLDER / "requirements.txt"
    generated = project.read_text()
    theirs.write_text("pillow>=11,<13\n")
    project.unlink()
    generate(root)
    assert theirs.read_text() == "pillow>=11,<13\n"
    assert project.read_text() == generated


def test_a_scaffold_that_nobody_touched_follows_the_tool(root: Path) -> None:
    """Of an older tool: what is as it was written is renewed, what a team wrote is left alone."""
    newest = (root / PRISTINE).read_bytes()
    older = b"# as an older tool wrote it\n" + newest
    for path, service in ((PRISTINE, "lambda"), (HANDLERS, "recipe")):
        base = root / lock.base_path(path)
        shard = root / lock.shard_path(service)
        recorded = lock.digest(base.read_bytes())
        base.write_bytes(older)
        shard.write_text(shard.read_text().replace(recorded, lock.digest(older)))
    (root / PRISTINE).write_bytes(older)
    generate(root)
    assert (root / PRISTINE).read_bytes() == newest
    assert (root / HANDLERS).read_text() == WRITTEN
    assert (root / lock.base_path(PRISTINE)).read_bytes() == newest
    assert (root / lock.base_path(HANDLERS)).read_bytes() == older
