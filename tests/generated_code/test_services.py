"""Services of two models: generated, linted, type-checked, started, and asked for everything."""

from __future__ import annotations

import asyncio
import importlib
import json
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from cloudsync_chassis import contract, hostile, proofs, validation
from cloudsync_chassis.aggregate.lifecycle import Lifecycle
from cloudsync_chassis.aggregate.rules import Invariants
from cloudsync_chassis.cases import unreachable
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.published import document

from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.application import Aggregate
from cloudsync_gen.model.layers.datastore import Collection
from cloudsync_gen.targets.service.samples import sample
from support.effort import Effort
from support.services import (
    Process,
    Written,
    own_failures,
    running,
    sealed_fields,
    type_errors,
    written,
)

ROOT = Path(__file__).parents[2]
MODELS = {"cloudsync": ROOT, "lemonade": ROOT / "tests" / "models" / "lemonade"}
SMALL = {("lemonade", "lambda"), ("cloudsync", "profile-service")}
"""Own tests of `recipe` are run where its model moves on (test_regeneration.py), some of
document-service on PostgreSQL (test_on_postgres.py).
"""
ORDERS = ("subscription-service", "tests/test_orders.py")
"""Own tests that hang most on how sagas go on and back, in the small run too."""
ORGANIZATION, OTHER = "01890000-0000-7000-8000-00000000000a", "01890000-0000-7000-8000-00000000000b"
PERSON = "01890000-0000-7000-8000-000000000001"
COLLEAGUE = "01890000-0000-7000-8000-000000000002"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Written]:
    return {name: written(root, tmp_path_factory.mktemp(name)) for name, root in MODELS.items()}


@pytest.fixture(scope="module")
def chosen(made: dict[str, Written], effort: Effort) -> list[tuple[Written, str]]:
    """A few services in the small run, all of them in the full one."""
    everything = [(name, service) for name, each in made.items() for service in each.names]
    assert set(everything) >= SMALL
    return [
        (made[name], service)
        for name, service in everything
        if effort.full or (name, service) in SMALL
    ]


@pytest.fixture(scope="module")
def documents(
    made: dict[str, Written], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Process]:
    state = tmp_path_factory.mktemp("documents") / "state"
    with running(made["cloudsync"], "document-service", state) as process:
        yield process


@pytest.fixture(scope="module")
def recipes(
    made: dict[str, Written], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Process]:
    state = tmp_path_factory.mktemp("recipes") / "state"
    with running(made["lemonade"], "recipe", state) as process:
        yield process


def client(process: Process, *roles: str, organization: str = ORGANIZATION) -> httpx.Client:
    """A caller with these roles."""
    token = process.token(*roles, organization=organization, subject=PERSON)
    return httpx.Client(base_url=process.url, headers={"Authorization": f"Bearer {token}"})


def test_every_invariant_can_be_broken(made: dict[str, Written]) -> None:
    """One that a schema or another one implies would say nothing. Each is broken by a request whose
    behaviour follows from the model, or a reason is told why none can; `-rP` shows the figures.
    """
    figures: Counter[str] = Counter()
    for each in made.values():
        for service in each.names:
            path = each.folder(service) / "tests" / "contract.json"
            table = json.loads(path.read_bytes()) if path.is_file() else {"invariants": {}}
            found = {name for broken in table["invariants"].values() for name in broken}
            facts = each.invariants(service)
            assert found == set(facts), service
            asked = [n for case in table.get("cases", ()) for n in case.get("breaks", ())]
            why = unreachable(path) if path.is_file() else {}
            assert set(facts) - set(asked) <= why.keys() <= set(facts), service
            figures.update(invariants=len(facts), asked=len(set(facts) - why.keys()))
            figures.update(why.values())
    told = ", ".join(f"{count} {name}" for name, count in figures.most_common())
    sys.stdout.write(f"{told}\n")
    assert figures["asked"] >= 150
    assert figures["written-by-no-command"] < 10


def test_documents_hold_encrypted_what_their_collection_or_their_class_says(
    made: dict[str, Written],
) -> None:
    ours = made["cloudsync"]
    by_class = {
        "email-message": {"toAddress", "replyTo", "variables"},
        "device-registration": {"pushToken"},
    }
    asked = 0
    for aggregate in ours.model.all(Aggregate):
        collection = ours.model.get(Collection, aggregate.store)
        kept = by_class.get(name_of(aggregate.id), set())
        wanted = set(collection.encrypted_fields) if collection is not None else kept
        if wanted:
            found = sealed_fields(ours, name_of(aggregate.service))[name_of(aggregate.id)]
            assert found == wanted, aggregate.id
            asked += len(found)
    assert asked == 10


def test_every_service_has_all_parts(made: dict[str, Written]) -> None:
    for each in made.values():
        assert each.names
        for service in each.names:
            package = each.folder(service) / "src" / each.package(service)
            for name in ("handlers.py", "__main__.py", "generated/models.py", "generated/port.py"):
                assert (package / name).is_file(), f"{service}: {name}"


def test_black_and_ruff_have_nothing_to_say(made: dict[str, Written], effort: Effort) -> None:
    """In the small run to services of the small model: `test_lint` looks at the others as well."""
    judged = made.values() if effort.full else [made["lemonade"]]
    folders = [str(each.root / "generated" / "services") for each in judged]
    config = str(ROOT / "pyproject.toml")
    for command in (
        ["black", "--config", config, "--check", "--quiet"],
        ["ruff", "check", "--quiet", "--no-cache", "--config", config, "--ignore", "E501"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command, *folders], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_types_hold(chosen: list[tuple[Written, str]]) -> None:
    assert chosen
    for each, service in chosen:
        assert type_errors(each, service) == ""


def test_dockerfiles_are_clean(made: dict[str, Written]) -> None:
    files = [str(each.folder(name) / "Dockerfile") for each in made.values() for name in each.names]
    done = subprocess.run(
        [str(Path(sys.executable).with_name("hadolint")), "--no-color", *files],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_own_tests_pass(
    chosen: list[tuple[Written, str]], made: dict[str, Written], effort: Effort
) -> None:
    assert chosen
    for each, service in chosen:
        assert own_failures(each, service) == ""
    if not effort.full:
        assert own_failures(made["cloudsync"], *ORDERS) == ""


def test_rest_services_start_and_are_ready(
    made: dict[str, Written], effort: Effort, tmp_path: Path
) -> None:
    each = made["cloudsync"]
    rest = [
        name
        for name in each.names
        if (each.folder(name) / "src" / each.package(name) / "generated" / "rest.py").is_file()
    ]
    assert len(rest) > 5
    for service in rest[: effort.count(small=2, full=len(rest))]:
        with running(each, service, tmp_path / service) as process:
            assert httpx.get(f"{process.url}/health/live").json() == {"status": "pass"}
            assert httpx.get(f"{process.url}/health/started").status_code == 200


def test_defaults_carry_every_operation_out(
    made: dict[str, Written], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A contract test that only ever saw refusals would prove little."""
    each, service = made["cloudsync"], "document-service"
    for path in each.sources(service):
        monkeypatch.syspath_prepend(str(path))
    testing = importlib.import_module("document_service.generated.testing")
    told = testing.cases(each.folder(service) / "tests" / "contract.json")
    cases = [case for case in told if not case.custom]
    assert len(cases) > 25
    with testing.Bench(testing.started, tmp_path) as bench:
        refused = {
            str(case): answer.text for case in cases if not (answer := bench.ask(case)).is_success
        }
    assert refused == {}


def test_a_command_that_leaves_its_life_cycle_is_found(
    made: dict[str, Written], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    each, service = made["cloudsync"], "document-service"
    for path in each.sources(service):
        monkeypatch.syspath_prepend(str(path))
    testing = importlib.import_module("document_service.generated.testing")
    told = testing.cases(each.folder(service) / "tests" / "contract.json")
    case = next(case for case in told if case.operation == "archiveDocument")
    assert case.legal == ("active",)

    async def anywhere(self: Lifecycle, *asked: Any) -> str:
        return "archived"

    with testing.Bench(testing.started, tmp_path) as bench:
        assert bench.strays(case) == []
        monkeypatch.setattr(Lifecycle, "target", anywhere)
        assert "draft: carried out" in bench.strays(case)
        monkeypatch.undo()
        wrong = replace(case, legal=("draft",), illegal=())
        assert bench.strays(wrong) == ["draft: illegal"]


def test_what_is_not_kept_apart_or_taken_as_text_is_found(
    made: dict[str, Written], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The tests that every service has can fail."""
    each, service = made["cloudsync"], "document-service"
    for path in each.sources(service):
        monkeypatch.syspath_prepend(str(path))
    testing = importlib.import_module("document_service.generated.testing")
    told = testing.cases(each.folder(service) / "tests" / "contract.json")
    cases = {case.operation: case for case in told}
    with testing.Bench(testing.started, tmp_path) as bench:
        assert bench.leaks(cases["getDocument"]) == bench.leaks(cases["getFolder"]) == []
        assert bench.hostile(cases["createDocument"]) == []
        same = contract.Tenant()
        monkeypatch.setattr(contract, "Tenant", lambda: same)
        for operation in ("getDocument", "getFolder"):
            assert bench.leaks(cases[operation]), operation
        monkeypatch.undo()
        monkeypatch.setattr(hostile, "PAYLOAD", "DROP TABLE x")
        changed = b"DROP <b>"
        monkeypatch.setattr(
            validation, "_with_integers", lambda content: content.replace(b"DROP TABLE x", changed)
        )
        assert bench.hostile(cases["createDocument"])


def test_rules_that_the_service_does_not_keep_are_found(
    made: dict[str, Written], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The proofs of invariants, steps and roles can fail."""
    each, service = made["cloudsync"], "document-service"
    for path in each.sources(service):
        monkeypatch.syspath_prepend(str(path))
    testing = importlib.import_module("document_service.generated.testing")
    table = each.folder(service) / "tests" / "contract.json"
    cases = {case.operation: case for case in testing.cases(table)}
    broken = next(each for each in testing.breakers(table) if each.aggregate == "folder")
    breaking = next(case for case in cases.values() if case.breaks and not case.custom)
    archive, read = cases["archiveDocument"], cases["getDocument"]
    with testing.Bench(testing.started, tmp_path) as bench:
        assert proofs.unnamed(bench, broken) == proofs.lapses(bench, breaking) == []
        assert proofs.missteps(bench, archive) == proofs.trespasses(bench, read) == []
        assert proofs.unproven(bench, cases.values(), table) == []
        assert breaking.breaks[0].name in proofs.unproven(bench, (), table)
        other = replace(broken, invariant="another")
        assert proofs.unnamed(bench, other) == [f"invariant-broken names ['{broken.invariant}']"]
        unmet = replace(archive, moves=tuple(replace(m, name="active>gone") for m in archive.moves))
        assert proofs.missteps(bench, unmet) == ["active>gone: it is archived"]
        assert proofs.trespasses(bench, replace(read, permission="nothing:held"))
        monkeypatch.setattr(Invariants, "check", lambda self, record: None)
        assert proofs.unnamed(bench, broken) != []


def test_the_contract_is_served_as_published(documents: Process) -> None:
    published = documents.made.contracts.rest["document"]
    served = httpx.get(f"{documents.url}/openapi.json")
    assert served.headers["content-type"] == "application/json"
    assert served.json() == json.loads(json.dumps(published.data))
    text = httpx.get(f"{documents.url}/openapi.yaml")
    assert text.headers["content-type"] == "application/yaml"
    assert text.content == (documents.made.root / "contracts" / published.path).read_bytes()


def test_every_contract_reads_as_it_was_compiled(made: dict[str, Written]) -> None:
    """Services read YAML 1.1 with PyYAML: no text may become a time, a number or a truth value."""
    for each in made.values():
        assert each.contracts.rest
        for published in each.contracts.rest.values():
            read = document(each.root / "contracts" / published.path)
            assert read == json.loads(json.dumps(published.data))


def test_a_document_from_draft_to_deletion(documents: Process) -> None:
    with client(documents, "member", "org-admin") as http:
        before = len(documents.announced())
        body = {"title": "Plan", "documentType": "page"}
        created = http.post("/v1/documents", json=body, headers={"Idempotency-Key": "a-key"})
        assert created.status_code == 201, created.text
        document = created.json()
        url = created.headers["location"]
        assert url == f"/v1/documents/{document['id']}"
        assert (document["status"], document["ownerId"], document["version"]) == (
            "draft",
            PERSON,
            1,
        )
        assert http.get(url).json() == document
        assert document in http.get("/v1/documents").json()["items"]

        tag = {"If-Match": created.headers["etag"]}
        changed = http.patch(url, json={"title": "Better plan"}, headers=tag)
        assert (changed.status_code, changed.json()["title"]) == (200, "Better plan")
        for step, state in (
            ("publish", "active"),
            ("archive", "archived"),
            ("unarchive", "active"),
            ("trash", "trashed"),
        ):
            moved = http.post(f"{url}/{step}")
            assert (moved.status_code, moved.json()["status"]) == (200, state), moved.text
        assert http.delete(url).status_code == 204
        assert http.get(url).status_code == 404
        names = [each.split(".")[2] for each in documents.announced()[before:]]
        assert names[0] == "document-created"
        assert names[-1] == "document-deleted"
        assert {"document-published", "document-archived", "document-trashed"} <= set(names)


def test_a_recipe_in_a_language_of_reserved_words(recipes: Process) -> None:
    with client(recipes, "brewer") as http:
        body = {
            "title": "Sour",
            "class": "import",
            "from": "Sicily",
            "lemons": 3,
            "secretSpice": "mint",
        }
        created = http.post("/v1/recipes", json=body)
        assert created.status_code == 201, created.text
        assert {name: created.json()[name] for name in body} == body
        url = created.headers["location"]
        listed = http.get("/v1/recipes", params={"class": "import", "sort": "title"}).json()
        assert [each["id"] for each in listed["items"]] == [created.json()["id"]]
        assert http.get("/v1/recipes", params={"class": "sweet"}).json()["items"] == []
        assert http.patch(url, json={}, headers={"If-Match": '"1"'}).status_code == 400
        approved = http.post(f"{url}/approve").json()
        assert approved["status"] == "approved"
        assert approved["approvedAt"]
        assert recipes.announced() == [
            "zitrusgarten.brewing.recipe-created.v1",
            "zitrusgarten.brewing.recipe-approved.v1",
        ]
        taken = http.post("/v1/recipes", json=body)
        assert (taken.status_code, taken.json()["errors"][0]["pointer"]) == (409, "/title")


def test_only_the_model_lets_callers_in(documents: Process) -> None:
    body = {"title": "Plan", "documentType": "page"}
    assert httpx.post(f"{documents.url}/v1/documents", json=body).status_code == 401
    with client(documents, "nobody-of-that-name") as stranger:
        refused = stranger.post("/v1/documents", json=body)
        assert (refused.status_code, refused.headers["content-type"]) == (
            403,
            "application/problem+json",
        )
    with (
        client(documents, "member") as ours,
        client(documents, "member", "org-admin", organization=OTHER) as theirs,
    ):
        url = ours.post("/v1/documents", json=body).headers["location"]
        assert ours.get(url).status_code == 200
        assert theirs.get(url).status_code == 404
        assert theirs.get("/v1/documents").json()["items"] == []
        assert theirs.delete(url).status_code == 404


def test_related_permissions_end_where_the_relation_does(documents: Process) -> None:
    """A member may read documents that are theirs; another member of the same tenant may not."""
    with client(documents, "member") as owner:
        url = owner.post("/v1/documents", json={"title": "Mine", "documentType": "page"}).headers[
            "location"
        ]
    token = documents.token("member", organization=ORGANIZATION, subject=str(uuid.uuid4()))
    colleague = {"Authorization": f"Bearer {token}"}
    assert httpx.get(documents.url + url, headers=colleague).status_code == 403
    assert httpx.get(f"{documents.url}/v1/documents", headers=colleague).json()["items"] == []


def test_parts_of_what_is_not_there_are_not_found(documents: Process) -> None:
    """Whether the caller may list everything or only what is theirs."""
    for roles in (("member",), ("member", "org-admin")):
        with client(documents, *roles) as http:
            for part in ("grants", "threads"):
                answer = http.get(f"/v1/documents/{uuid.uuid4()}/{part}")
                assert answer.status_code == 404, answer.text


def test_sharing_again_changes_the_grant(documents: Process) -> None:
    with client(documents, "member", "org-admin") as http:
        body = {"title": "Shared", "documentType": "page"}
        url = http.post("/v1/documents", json=body).headers["location"]
        share = {"principal": f"user:{COLLEAGUE}", "access": "viewer"}
        first, same = (http.post(f"{url}/grants", json=share) for _ in range(2))
        assert (first.status_code, same.json()) == (201, first.json()), first.text
        changed = http.post(f"{url}/grants", json={**share, "access": "editor"}).json()
        assert (changed["id"], changed["access"]) == (first.json()["id"], "editor")
        assert changed["version"] == 2
        assert http.get(f"{url}/grants").json()["items"] == [changed]


def test_repetitions_and_stale_versions(documents: Process) -> None:
    with client(documents, "member", "org-admin") as http:
        key = {"Idempotency-Key": str(uuid.uuid4())}
        body = {"title": "Once", "documentType": "page"}
        first, again = (http.post("/v1/documents", json=body, headers=key) for _ in range(2))
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json() == again.json()
        other = http.post("/v1/documents", json={**body, "title": "Twice"}, headers=key)
        assert (other.status_code, other.json()["type"].rpartition("/")[2]) == (
            422,
            "idempotency-key-reused",
        )
        url = first.headers["location"]
        assert (
            http.patch(url, json={"title": "New"}, headers={"If-Match": '"1"'}).status_code == 200
        )
        assert (
            http.patch(url, json={"title": "Old"}, headers={"If-Match": '"1"'}).status_code == 412
        )
        assert http.patch(url, json={"title": "Any"}).status_code == 400
        fresh = http.get(url, headers={"If-None-Match": '"2"'})
        assert (fresh.status_code, fresh.content) == (304, b"")


def test_a_consumed_event_runs_its_command(
    made: dict[str, Written], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A profile opens for a new user, once: the payload fills it, the tenant is the event's."""
    each, service = made["cloudsync"], "profile-service"
    for path in each.sources(service):
        monkeypatch.syspath_prepend(str(path))
    testing = importlib.import_module("profile_service.generated.testing")
    contract = each.contracts.jsonschema["data_model.payload.user-created"].data
    data = sample(contract, {f"#/$defs/{name}": found for name, found in contract["$defs"].items()})
    event = Event(
        id=uuid.uuid4(),
        type="cloudsync.user.user-created.v1",
        source="/cloudsync/user-service",
        topic="cloudsync.user.user.v1",
        subject=data["userId"],
        time=datetime.now(UTC),
        organization_id=uuid.UUID(ORGANIZATION),
        data=data,
    )

    async def opened() -> tuple[httpx.Response, int]:
        async with testing.started(tmp_path) as running:
            await running.runtime.bus.publish([event, event])
            caller = running.caller(
                "org-admin",
                "member",
                organization=event.organization_id,
                subject=uuid.UUID(data["userId"]),
            )
            for _ in range(100):
                answer = await running.http.get(
                    f"/v1/profiles/{data['userId']}", headers=caller.headers
                )
                if answer.is_success:
                    break
                await asyncio.sleep(0.05)
            return answer, len(await running.published())

    answer, events = asyncio.run(opened())
    profile: dict[str, Any] = answer.json()
    assert (profile.get("userId"), profile.get("organizationId")) == (data["userId"], ORGANIZATION)
    assert profile["version"] == 1
    assert events >= 2
