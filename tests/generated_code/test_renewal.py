"""A running system is renewed to a changed model, service by service, while requests flow: on the
embedded database and on PostgreSQL.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import httpx
import psycopg

from support import postgres
from support.effort import Effort
from support.load import RECIPES, Load, brewer
from support.services import ISSUER
from support.up import Up, lemonade_in

Look = Callable[[Path, str, str], set[str]]
"""(state folder, service, statement) -> the first column of what the service has."""
SCHEMAS = {"recipe": "recipes", "lambda": "public"}
"""Where their tables lie on PostgreSQL, those of the chassis among them."""
ZEST = "zest: { type: integer, format: int32, minimum: 0, maximum: 10"
CHANGES = {
    "07_data_model/brewing/recipe.yaml": [
        (
            "      secretSpice: { type: string, maxLength: 60, x-class",
            f"      {ZEST}, x-classification: internal }}\n"
            "      secretSpice: { type: string, maxLength: 60, x-class",
        ),
        (
            "      secretSpice: { type: string, maxLength: 60 }\n",
            f"      secretSpice: {{ type: string, maxLength: 60 }}\n      {ZEST} }}\n",
        ),
        (
            'schema" }\nrecipe-approved:',
            f'schema" }}\n      {ZEST} }}\nrecipe-approved:',
        ),
        (
            "recipe-page:\n",
            "new-title:\n  id: data_model.message.new-title\n  name: New title\n"
            "  description: What a recipe is to be called.\n  schema:\n    type: object\n"
            "    additionalProperties: false\n    required: [title]\n    properties:\n"
            "      title: { type: string, minLength: 1, maxLength: 80 }\nrecipe-page:\n",
        ),
    ],
    "08_data_store/stores.yaml": [
        (
            "    status: { type: text, property: status }\n",
            "    status: { type: text, property: status }\n"
            "    zest: { type: integer, property: zest, nullable: true }\n",
        ),
    ],
    "04_application/brewing/recipe-commands.yaml": [
        (
            "approve-recipe:\n",
            "rename-recipe:\n  id: application.command.rename-recipe\n  name: Rename a recipe\n"
            "  description: Gives it another title.\n"
            "  service: application.service.recipe\n"
            "  aggregate: application.aggregate.recipe-aggregate\n  effect: update\n"
            "  input: data_model.message.new-title\n  output: data_model.entity.recipe\n"
            '  permission: "recipe:write"\n  idempotency: natural\napprove-recipe:\n',
        ),
    ],
    "06_api/rest-apis/recipe.openapi.yaml": [
        (
            "  /v1/recipes/{recipeId}/approve:\n",
            "  /v1/recipes/{recipeId}/rename:\n    parameters:\n      - name: recipeId\n"
            "        in: path\n        required: true\n"
            '        schema: { $ref: "../../07_data_model/common/common.yaml#/uuid/schema" }\n'
            "    post:\n      operationId: renameRecipe\n      summary: Rename a recipe\n"
            "      x-command: application.command.rename-recipe\n      requestBody:\n"
            "        required: true\n        content:\n          application/json:\n"
            "            schema:\n"
            '              $ref: "../../07_data_model/brewing/recipe.yaml#/new-title/schema"\n'
            '      responses:\n        "200":\n          description: The renamed recipe.\n'
            "          content:\n            application/json:\n              schema:\n"
            '                $ref: "../../07_data_model/brewing/recipe.yaml#/recipe/schema"\n'
            "  /v1/recipes/{recipeId}/approve:\n",
        ),
    ],
    "06_api/graphql-apis/board.graphql": [
        ("  secretSpice: String\n", "  zest: Int\n  secretSpice: String\n"),
    ],
    "07_data_model/selling/press.yaml": [
        (
            "maximum: 500, x-classification: internal }\n",
            f"maximum: 500, x-classification: internal }}\n"
            f"      {ZEST}, x-classification: internal }}\n",
        ),
    ],
    "06_api/grpc-services/press.proto": [
        (
            "  int32 litres = 7;\n",
            "  int32 litres = 7;\n  // How much peel.\n  optional int32 zest = 8;\n",
        ),
    ],
}
"""Of the model: an optional field of an entity in a table, of the request, of the event that tells
of it and of an entity among documents; and an operation.
"""


def change(root: Path) -> None:
    for name, parts in CHANGES.items():
        path = root / "model" / name
        text = path.read_text("utf-8")
        for before, after in parts:
            assert text.count(before) == 1, (name, before)
            text = text.replace(before, after)
        path.write_text(text, "utf-8")
    generate = [sys.executable, "-m", "cloudsync_gen", "--root", str(root), "generate"]
    # a process of its own: who speaks gRPC had better not fork
    own = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run(generate, env=own, check=True)


def renewed(up: Up, *services: str, times: int = 1) -> None:
    """Ask for it, and wait until the last of them is."""
    os.kill(up.child.pid, signal.SIGUSR2)
    up.until(lambda: all(up.said.count(f"{each} is renewed") == times for each in services))


def test_a_changed_model_comes_to_a_running_system_and_no_request_fails(
    tmp_path: Path, effort: Effort
) -> None:
    _upgrade(tmp_path, effort, {}, _in_files)
    if effort.full:
        folder = tmp_path / "postgres"
        folder.mkdir()
        with postgres.server(folder) as server:
            address = f"postgresql://{server}/postgres"
            told = {"CHASSIS_DATABASE_URL": address.replace(":", "+psycopg:", 1)}
            _upgrade(folder, effort, told, lambda _, *asked: _in_postgres(address, *asked))
            assert _in_postgres(address, "recipe", "SELECT zest FROM recipes WHERE zest > 0")


def _upgrade(folder: Path, effort: Effort, more: Mapping[str, str], look: Look) -> None:
    root = lemonade_in(folder / "lemonade")
    state = folder / "state"
    told = {
        **more,
        "CHASSIS_ISSUER": ISSUER,
        "CHASSIS_RATE_LIMIT_PER_SECOND": "0",
        "CHASSIS_PATIENCE": "20",
        # on a loaded machine a caller may be still for longer than half a second, and lose what it
        # asks next by a connection that is closed just then
        **dict.fromkeys(("RECIPE_DRAIN_PAUSE", "LAMBDA_DRAIN_PAUSE"), "3"),
    }
    up = Up(root, folder, "--format", "json", "--state", str(state), **told)
    try:
        services = up.services()
        recipes, presses = services["recipe"]["url"], services["lambda"]["url"]
        load = Load(recipes, presses, brewer(state))
        with load.steady():
            time.sleep(1)
            change(root)
            renewed(up, "recipe", "lambda")
            assert load.failed == []
            _check_new(recipes, load.token)
            for number in range(effort.count(small=0, full=10)):
                _touch(root, number)
                renewed(up, "recipe", "lambda", times=number + 2)
            time.sleep(1)
        assert load.failed == []
        assert min(load.answered.values()) >= 5, load.answered
        assert len(load.answered) == 7, load.answered
        up.until(lambda: not _untold(state, look))
    finally:
        code = up.end()
    assert code == 0, up.said


def _check_new(recipes: str, token: str) -> None:
    """What the next version can do, also with what the one before has written."""
    with httpx.Client(base_url=recipes, timeout=30) as http:
        http.headers["Authorization"] = f"Bearer {token}"
        answer = http.get(RECIPES, params={"sort": "createdAt"})
        assert answer.status_code == 200, answer.text
        oldest = answer.json()["items"][0]
        url = f"{RECIPES}/{oldest['id']}"
        assert "zest" not in oldest
        name = f"renamed {oldest['id']}"
        answer = http.post(f"{url}/rename", json={"title": name})
        assert (answer.status_code, answer.json()["title"]) == (200, name), answer.text
        body = {"title": f"zesty {oldest['id']}", "class": "sour", "zest": 7}
        answer = http.post(RECIPES, json=body)
        assert answer.status_code == 201, answer.text
        assert http.get(f"{RECIPES}/{answer.json()['id']}").json()["zest"] == 7


def _touch(root: Path, number: int) -> None:
    """A next version that does the same."""
    for service in ("recipe", "lambda"):
        handlers = next((root / "generated" / "services" / service / "src").glob("*/handlers.py"))
        text = handlers.read_text("utf-8")
        handlers.write_text(f"{text}\n# version {number}\n", "utf-8")


def _untold(state: Path, look: Look) -> set[str]:
    """Recipes of which no event tells, and approvals that the press has not heard of."""
    recipes = look(state, "recipe", "SELECT upper(replace(CAST(id AS text), '-', '')) FROM recipes")
    log = "SELECT {} FROM log WHERE json_extract(event, '$.type') LIKE '%{}%'"
    subject = "upper(replace(json_extract(event, '$.subject'), '-', ''))"
    told = _column(state / "bus.sqlite", log.format(subject, "recipe-created"))
    event = "json_extract(event, '$.id')"
    approved = _column(state / "bus.sqlite", log.format(event, "recipe-approved"))
    heard = look(state, "lambda", "SELECT CAST(event_id AS text) FROM inbox")
    assert recipes
    assert approved
    return (recipes - told) | (approved - heard)


def _in_files(state: Path, service: str, statement: str) -> set[str]:
    return _column(state / service / "store.sqlite", statement)


def _in_postgres(address: str, service: str, statement: str) -> set[str]:
    with psycopg.connect(address) as store:
        store.execute(f"SET search_path TO {SCHEMAS[service]}".encode())
        return {str(row[0]) for row in store.execute(statement)}


def _column(path: Path, statement: str) -> set[str]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as store:
        return {row[0] for row in store.execute(statement)}
