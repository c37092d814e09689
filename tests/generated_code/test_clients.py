"""REST clients: typed as told, and every operation of a service called through them."""

from __future__ import annotations

import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_type_hints
from urllib.parse import unquote
from uuid import uuid4

import httpx
import pytest
from cloudsync_chassis.cases import Case
from cloudsync_chassis.client.blocking import Blocking
from cloudsync_chassis.client.errors import NoAnswerError, RefusedError
from cloudsync_chassis.contract import Bench
from cloudsync_chassis.propagation import TENANT_HEADER
from pydantic import TypeAdapter

from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.api import RestApi
from cloudsync_gen.naming import pascal, python_name
from support.effort import Effort
from support.services import Written, running, written

ROOT = Path(__file__).parents[2]
MODELS = {"cloudsync": ROOT, "lemonade": ROOT / "tests" / "models" / "lemonade"}
SMALL = ("cloudsync", "document")
RECIPES = ("lemonade", "recipe")
ORGANIZATION = "01890000-0000-7000-8000-00000000000a"
USES = """
from uuid import UUID

from cloudsync_chassis.client.blocking import Blocking
from recipe_client import RecipeClient, models


async def ask(client: RecipeClient, recipe: UUID) -> models.Recipe:
    return await client.get_recipe(recipe_id=recipe)


def wait(client: RecipeClient, recipe: UUID) -> models.Recipe:
    with Blocking(client) as run:
        return run(client.get_recipe, recipe_id=recipe)
"""


@dataclass(frozen=True)
class Client:
    """A REST client and the service that it calls."""

    made: Written
    document: str
    service: str

    @property
    def package(self) -> str:
        return f"{python_name(self.document)}_client"

    @property
    def kind(self) -> Any:
        return getattr(importlib.import_module(self.package), f"{pascal(self.document)}Client")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Written]:
    return {name: written(root, tmp_path_factory.mktemp(name)) for name, root in MODELS.items()}


@pytest.fixture(scope="module")
def clients(made: dict[str, Written]) -> Iterator[dict[tuple[str, str], Client]]:
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        for name, each in made.items():
            for document, contract in each.contracts.rest.items():
                api = each.model.get(RestApi, contract.source)
                assert api is not None
                service = name_of(api.archimate_ref)
                found[name, document] = Client(each, document, service)
                patch.syspath_prepend(str(each.folder(service) / "src"))
            for path in each.clients():
                patch.syspath_prepend(str(path))
        yield found


class Recorder(httpx.AsyncBaseTransport):
    """Hands requests to a running service and keeps the answer; `headers` are added to them."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.headers: dict[str, str] = {}
        self.answer = httpx.Response(599)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.headers.update(self.headers)
        self.answer = await self.http.send(request)
        return httpx.Response(
            self.answer.status_code, headers=self.answer.headers, content=self.answer.content
        )


class Typed:
    """Stands in for the bench's HTTP client: makes each request by the method of the client."""

    def __init__(self, kind: Any, http: httpx.AsyncClient) -> None:
        self.recorder = Recorder(http)
        self.client = kind("http://service", token=self.own, transport=self.recorder)
        self.case: Case | None = None
        self.token: str | None = None
        self.result: Any = None
        self.error: RefusedError | None = None

    async def own(self) -> str | None:
        return self.token

    @property
    def method(self) -> Any:
        assert self.case is not None
        return getattr(self.client, python_name(self.case.operation))

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, str | list[str]],
        headers: dict[str, str],
        content: str | None,
    ) -> httpx.Response:
        token = headers.get("Authorization")
        self.token = token.removeprefix("Bearer ") if token else None
        self.recorder.headers = {k: v for k, v in headers.items() if k == TENANT_HEADER}
        self.result, self.error = None, None
        try:
            self.result = await self.method(**self.arguments(path, params, headers, content))
        except RefusedError as error:
            self.error = error
        assert self.recorder.answer.request.method == method
        return self.recorder.answer

    def arguments(
        self,
        path: str,
        params: dict[str, str | list[str]],
        headers: dict[str, str],
        content: str | None,
    ) -> dict[str, Any]:
        assert self.case is not None
        taken = inspect.signature(self.method).parameters
        hints = get_type_hints(self.method)
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.case.path)
        match = re.fullmatch(pattern, path)
        assert match is not None
        texts = {name: unquote(value) for name, value in match.groupdict().items()} | params
        found = {
            python_name(name): _read(TypeAdapter(hints[python_name(name)]), value)
            for name, value in texts.items()
        }
        if content is not None:
            found["body"] = TypeAdapter(hints["body"]).validate_json(content)
        for header in ("Idempotency-Key", "If-Match"):
            if header in headers:
                found[python_name(header)] = headers[header]
        assert found.keys() <= taken.keys()
        return found

    def faults(self) -> list[str]:
        """What the caller got, against what came over the wire."""
        answer = self.recorder.answer
        if self.error is not None:
            told = (self.error.status, self.error.problem, self.error.slug)
            problem = answer.json()
            expected = (answer.status_code, problem, problem["type"].rpartition("/")[2])
            return [] if told == expected else [f"{told} is not {expected}"]
        if not answer.is_success:
            return [f"{answer.status_code} raised nothing"]
        expected = get_type_hints(self.method)["return"]
        if expected is type(None):
            return [] if self.result is None else [f"{self.result!r} is not nothing"]
        if not isinstance(self.result, expected):
            return [f"{type(self.result)} is no {expected}"]
        returned = self.result.model_dump(mode="json", by_alias=True, exclude_unset=True)
        return [] if _same(returned, answer.json()) else [f"{returned} is not {answer.json()}"]


def _read(kind: TypeAdapter[Any], value: str | list[str]) -> Any:
    strings = isinstance(value, str)
    return kind.validate_strings(value) if strings else kind.validate_python(value)


def _same(one: Any, other: Any) -> bool:
    """Equal, but for the ways to write one instant."""
    adapter = TypeAdapter(dict[str, Any])
    return bool(_times(adapter.validate_python(one)) == _times(adapter.validate_python(other)))


def _times(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _times(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_times(each) for each in value]
    return re.sub(r"(\.\d*?)0*Z$", r"\1", value) if isinstance(value, str) else value


def chosen(clients: dict[tuple[str, str], Client], effort: Effort) -> list[Client]:
    return [each for key, each in clients.items() if effort.full or key == SMALL]


def test_every_contract_has_a_client_that_can_be_imported(
    clients: dict[tuple[str, str], Client],
) -> None:
    assert {SMALL, RECIPES} <= clients.keys()
    assert len(clients) > 7
    for (_, document), client in clients.items():
        paths = client.made.contracts.rest[document].data["paths"].values()
        operations = {
            operation["operationId"]
            for item in paths
            for operation in item.values()
            if isinstance(operation, dict) and "operationId" in operation
        }
        own = {name for name in vars(client.kind) if not name.startswith("_")}
        assert own == {python_name(each) for each in operations}


def test_they_are_typed_and_clean(clients: dict[tuple[str, str], Client], effort: Effort) -> None:
    config = str(ROOT / "pyproject.toml")
    for name in MODELS:
        mine = [client for (model, _), client in clients.items() if model == name]
        folders = [str(path) for path in mine[0].made.clients() if "python" in path.parts]
        checks: list[tuple[str, ...]] = [
            ("mypy", *_strict(config), *(p for c in mine for p in ("--package", c.package)))
        ]
        if effort.full or MODELS[name] != ROOT:  # those of this repository are seen by test_lint.py
            asked = ("ruff", "check", "-q", "--no-cache", "--config", config, "--ignore", "E501")
            checks.append(("black", "--config", config, "--check", "--quiet", *folders))
            checks.append((*asked, *folders))
        for command in checks:
            done = _run(mine[0].made, command)
            assert done.returncode == 0, done.stdout + done.stderr


def test_misuse_is_a_type_error(clients: dict[tuple[str, str], Client], tmp_path: Path) -> None:
    """What `mypy` lets pass above it would not let pass if it were wrong."""
    made = clients[RECIPES].made
    faults = {
        "client.get_recipe(recipe_id=recipe)": 'client.get_recipe(recipe_id="x")',
        "run(client.get_recipe, recipe_id=recipe)": "run(client.get_recipe, recipe_id=7)",
        "-> models.Recipe:\n    with": "-> models.RecipePage:\n    with",
    }
    programs = {tmp_path / "uses.py": USES}
    for number, (old, new) in enumerate(faults.items()):
        assert old in USES
        programs[tmp_path / f"misuses_{number}.py"] = USES.replace(old, new)
    for path, text in programs.items():
        path.write_text(text)
    done = _run(made, ("mypy", *_strict(str(ROOT / "pyproject.toml")), *map(str, programs)))
    wrong = {line.partition(":")[0] for line in done.stdout.splitlines() if ": error: " in line}
    assert {Path(each).name for each in wrong} == {each.name for each in programs} - {
        "uses.py"
    }, done.stdout


def test_every_operation_through_its_client(
    clients: dict[tuple[str, str], Client], effort: Effort, tmp_path: Path
) -> None:
    for client in chosen(clients, effort):
        package = client.made.package(client.service)
        testing = importlib.import_module(f"{package}.generated.testing")
        cases = testing.cases(client.made.folder(client.service) / "tests" / "contract.json")
        succeeded = set()
        with Bench(testing.started, tmp_path / package) as bench:
            expected = {case.operation for case in cases if bench.ask(case).is_success}
            typed = Typed(client.kind, bench.service.http)
            bench.service.http = cast("httpx.AsyncClient", typed)
            for case in cases:
                typed.case = case
                assert bench.faults(case, bench.ask(case)) == [], case
                assert typed.faults() == [], case
                succeeded |= {case.operation} if typed.error is None else set()
                if case.access != "public":
                    bench.ask(case, token=False)
                    assert typed.error is not None, case
                    assert (typed.error.status, typed.error.slug) == (401, "unauthenticated")
            bench.service.http = typed.recorder.http
        assert succeeded == expected
        assert len(expected) * 2 >= sum(not case.custom for case in cases)


def test_without_asyncio(clients: dict[tuple[str, str], Client], tmp_path: Path) -> None:
    """From a plain program, over the network, until the service is gone."""
    client = clients[RECIPES]
    models = importlib.import_module(f"{client.package}.models")
    with running(client.made, client.service, tmp_path / "state") as process:
        token = process.token("brewer", organization=ORGANIZATION)

        async def own() -> str:
            return token

        recipes = client.kind(process.url, token=own)
        with Blocking(recipes) as run:
            body = models.NewRecipe(
                title="Sour",
                class_=models.Class.import_,
                from_="Sicily",
                lemons=3,
                secret_spice="mint",
            )
            recipe = run(recipes.create_recipe, body)
            assert (recipe.title, recipe.class_, recipe.lemons) == ("Sour", "import", 3)
            assert run(recipes.get_recipe, recipe_id=recipe.id) == recipe
            assert run(recipes.list_recipes, limit=5).items == [recipe]
            with pytest.raises(RefusedError) as taken:
                run(recipes.create_recipe, body)
            assert (taken.value.status, taken.value.slug) == (409, "already-exists")
            assert taken.value.problem["errors"][0]["pointer"] == "/title"
            with pytest.raises(RefusedError) as unknown:
                run(recipes.get_recipe, recipe_id=uuid4())
            assert (unknown.value.status, unknown.value.slug) == (404, "not-found")
        url = process.url
    recipes = client.kind(url)
    with Blocking(recipes) as run, pytest.raises(NoAnswerError):
        run(recipes.get_recipe, recipe_id=recipe.id)


def _strict(config: str) -> tuple[str, ...]:
    cache = str(ROOT / ".mypy_cache")
    return ("--strict", "--explicit-package-bases", "--config-file", config, "--cache-dir", cache)


def _run(made: Written, command: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    variables = made.environment("recipe" if "recipe" in made.names else made.names[0])
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=made.root,
        env={**variables, "MYPYPATH": variables["PYTHONPATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
