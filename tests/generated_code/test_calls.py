"""Services that call each other by their generated clients, each a process, with what happens
when the callee falls silent.
"""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from textwrap import dedent
from uuid import UUID, uuid4

import httpx
import pytest
from cloudsync_chassis.contract import Tenant

from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.source import tree_from_disk
from support.peers import Peer, case_of, free_port, stored
from support.services import Written, written
from support.trees import write_tree

ROOT = Path(__file__).parents[2]
TIMEOUT = 1.0
BREAKER = "breaker: {requests: 6, failureRatio: 0.5, window: 60s, openFor: 6s, probes: 1}"
OPEN_FOR = 6.0
SLACK = 2.0
"""Seconds that a loaded machine may take beside the time-out."""

DOCUMENTS = '''
    """Shows the attached file's name; records a version of what is published."""

    from uuid import UUID

    from cloudsync_chassis.context import Context
    from version_grpc_client import models as versions

    from .generated import models, port
    from .generated.defaults import Defaults


    class Handlers(Defaults):
        async def get_document(self, ctx: Context, request: port.GetDocument) -> models.Document:
            document = await super().get_document(ctx, request)
            file = await self.clients.file.get_file(file_id=UUID(document.title))
            return document.model_copy(update={"title": file.file_name if file else "(omitted)"})

        async def publish_document(
            self, ctx: Context, request: port.PublishDocument
        ) -> models.Document:
            document = await super().publish_document(ctx, request)
            wish = versions.CreateVersionRequest(
                subject_kind=versions.SubjectKind.document,
                subject_id=document.id,
                trigger=versions.VersionTrigger.manual,
                content_ref=f"body:{document.id.hex[:24]}",
                content_digest="0" * 64,
                from_sequence=0,
                to_sequence=1,
                contributor_ids=[document.owner_id],
                caption="Published",
                milestone=True,
            )
            version = await self.clients.version.create_version(ctx, wish)
            return document.model_copy(update={"title": "recorded" if version else "queued"})
'''
USERS = '''
    """Shows profile and membership in the name; the list needs credentials."""

    import os
    from uuid import UUID

    from auth_client import models as credentials
    from cloudsync_chassis.context import Context
    from cloudsync_chassis.store.query import Page
    from profile_client import models as profiles

    from .generated import models, port
    from .generated.defaults import Defaults

    INSTEAD = profiles.Profile.model_construct(given_name="none")


    class Handlers(Defaults):
        async def get_user(self, ctx: Context, request: port.GetUser) -> models.User:
            user = await super().get_user(ctx, request)
            profile = await self.clients.profile.get_profile(INSTEAD, user_id=request.user_id)
            member = await self.clients.org.get_membership(
                organization_id=ctx.tenant, user_id=UUID(os.environ["MEMBER"])
            )
            told = f"{profile.given_name}|{member.role}"
            return user.model_copy(update={"display_name": told})

        async def list_users(
            self, ctx: Context, request: port.ListUsers
        ) -> Page[models.UserCard]:
            body = credentials.CreateCredentialsRequest.model_construct()
            await self.clients.auth.create_credentials(body)
            return await super().list_users(ctx, request)
'''


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Written]:
    """CloudSync with time-outs that a loaded machine keeps, and breakers that open soon."""
    files = dict(tree_from_disk(ROOT, "model"))
    for name in ("content/document-service.yaml", "user/user-service.yaml"):
        path = f"model/04_application/{name}"
        text = re.sub(r"\btimeout: \d+ms", f"timeout: {TIMEOUT:.0f}s", files[path].decode())
        text = re.sub(r"\bretries: \d", "retries: 0", text)
        files[path] = re.sub(r"breaker: \{.*\}", BREAKER, text).encode()
    root = write_tree(tmp_path_factory.mktemp("model"), files)
    found = written(root, tmp_path_factory.mktemp("written"))
    for service, handlers in (("document-service", DOCUMENTS), ("user-service", USERS)):
        package = found.folder(service) / "src" / found.package(service)
        (package / "handlers.py").write_text(dedent(handlers).lstrip())
    with pytest.MonkeyPatch.context() as patch:
        for service in found.names:
            for source in found.sources(service):
                patch.syspath_prepend(str(source))
        yield found


def asked(http: httpx.Client, url: str) -> tuple[str, float]:
    """(title or name in the answer, seconds that it took)."""
    begun = time.monotonic()
    answer = http.get(url)
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    return shown.get("title") or shown["displayName"], time.monotonic() - begun


def test_the_model_declares_each_kind_of_fallback(made: Written) -> None:
    calls = [call for each in made.model.all(Service) for call in each.calls]
    assert {call.fallback.kind for call in calls} == {"fail", "omit", "default", "cached", "queue"}


@pytest.mark.parametrize("service", ["document-service", "user-service"])
def test_handlers_get_typed_clients(made: Written, service: str) -> None:
    """They are well typed as written above; with other arguments or answers they are not."""
    handlers = made.folder(service) / "src" / made.package(service) / "handlers.py"
    good = handlers.read_text()
    for old, new in (("", ""), ("_id=", "_ids="), (" if file else ", " + "), ("INSTEAD, ", "")):
        if old in good:
            handlers.write_text(good.replace(old, new))
            variables = made.environment(service)
            done = subprocess.run(
                [
                    *(sys.executable, "-m", "mypy", "--strict", "--explicit-package-bases"),
                    *("--config-file", str(ROOT / "pyproject.toml")),
                    *("--cache-dir", str(ROOT / ".mypy_cache")),
                    *("--package", made.package(service)),
                ],
                cwd=made.folder(service),
                env={**variables, "MYPYPATH": variables["PYTHONPATH"]},
                capture_output=True,
                text=True,
                check=False,
            )
            handlers.write_text(good)
            assert (done.returncode == 0) == (old == new), done.stdout + done.stderr


def test_an_answer_an_omission_and_a_breaker(made: Written, tmp_path: Path) -> None:
    tenant = Tenant()
    file = stored(made, "file-service", "getFile", tmp_path, tenant)
    files = Peer(made, "file-service", tmp_path, free_port())
    documents = Peer(made, "document-service", tmp_path, free_port())
    documents.peers = {"file-service": files.url}
    with files, documents, documents.client(tenant, ("member", "org-admin")) as http:
        created = http.post("/v1/documents", json={"title": file["id"], "documentType": "page"})
        url = created.headers["location"]
        assert asked(http, url)[0] == file["fileName"]

        files.freeze()
        title, seconds = asked(http, url)
        files.thaw()
        assert (title, TIMEOUT * 0.9 < seconds < TIMEOUT + SLACK) == ("(omitted)", True), seconds
        assert asked(http, url)[0] == file["fileName"]

        files.kill()
        killed = time.monotonic()
        for _ in range(4):
            title, seconds = asked(http, url)
            assert (title, seconds < TIMEOUT + SLACK) == ("(omitted)", True), seconds
        assert "circuit breaker is open" in documents.log

        files.start()
        while asked(http, url)[0] == "(omitted)":
            assert time.monotonic() - killed < OPEN_FOR + 30, documents.log
            time.sleep(0.2)
        assert time.monotonic() - killed >= OPEN_FOR


def test_a_call_by_grpc_is_made_later_when_it_cannot_be_made_now(
    made: Written, tmp_path: Path
) -> None:
    tenant = Tenant()
    versions = Peer(made, "version-service", tmp_path, free_port())
    documents = Peer(made, "document-service", tmp_path, free_port())
    documents.peers = {"version-service": versions.url}
    with documents, documents.client(tenant, ("member", "org-admin")) as http:
        early = published(http, "Early")
        assert early[1:] == (200, "queued")
        with versions:
            until = time.monotonic() + 60
            while (late := published(http, "Late"))[1:] != (200, "recorded"):
                assert time.monotonic() < until, documents.log + versions.log
                time.sleep(0.2)
            while {early[0], late[0]} - recorded(tmp_path):
                assert time.monotonic() < until, documents.log + versions.log
                time.sleep(0.1)


def published(http: httpx.Client, title: str) -> tuple[str, int, str]:
    """(id, status, title in the answer) of a new document."""
    created = http.post("/v1/documents", json={"title": title, "documentType": "page"})
    answer = http.post(f"{created.headers['location']}/publish")
    return created.json()["id"], answer.status_code, answer.json().get("title", "")


def recorded(folder: Path) -> set[str]:
    """Subjects of the versions in version-service's store."""
    with closing(sqlite3.connect(folder / "state" / "version-service" / "store.sqlite")) as store:
        rows = store.execute("SELECT body FROM aggregate_documents").fetchall()
    found = re.findall(r'"subjectId": ?"([^"]+)"', " ".join(str(row[0]) for row in rows))
    return set(found)


def test_what_stands_in_what_was_kept_and_what_fails(made: Written, tmp_path: Path) -> None:
    tenant = Tenant()
    user = stored(made, "user-service", "getUser", tmp_path, tenant)
    person = Tenant(subject=UUID(user["id"]), organization=tenant.organization)
    profile = stored(made, "profile-service", "getProfile", tmp_path, person)
    member = stored(made, "org-service", "getMembership", tmp_path, person)
    assert profile["userId"] == user["id"]
    profiles, orgs, users = (
        Peer(made, name, tmp_path, free_port())
        for name in ("profile-service", "org-service", "user-service")
    )
    nowhere = f"http://127.0.0.1:{free_port()}"
    users.peers = {
        "profile-service": profiles.url,
        "org-service": orgs.url,
        "auth-service": nowhere,
    }
    users.variables = {"MEMBER": member["userId"]}
    roles = case_of(made, "user-service", "getUser").roles
    url = f"/v1/users/{user['id']}"
    with profiles, orgs, users, users.client(tenant, roles) as http:
        assert asked(http, url)[0] == f"{profile['givenName']}|{member['role']}"
        profiles.kill()
        orgs.kill()
        assert asked(http, url)[0] == f"none|{member['role']}"
        another = users.client(Tenant(tenant.subject, uuid4()), roles)
        assert another.get(url).status_code == 404
        failed = http.get("/v1/users")
        assert (failed.status_code, failed.json()["type"].rpartition("/")[2]) == (
            503,
            "unavailable",
        )
        assert failed.headers["retry-after"] == "1"
