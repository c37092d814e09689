"""Drafts, schemas, reviews, comparisons."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from cloudsync_chassis.ids import uuid7
from config_service import values
from config_service.generated import models
from desk import KEY, Desk, play


def test_drafts_are_numbered_and_carry_digest_and_radius(tmp_path: Path) -> None:
    async def scene(at: Desk) -> None:
        await at.define(blastRadius="low")
        first, second = await at.draft("10"), await at.draft("20")
        assert [first["revision"], second["revision"]] == [1, 2]
        assert first["checksum"] == hashlib.sha256(b"10").hexdigest()
        assert (first["blastRadius"], first["region"], first["status"]) == (
            "low",
            "global",
            "draft",
        )
        assert first["authorId"] == str(at.author.subject)
        elsewhere = await at.draft("20", environment="staging")
        assert elsewhere["revision"] == 1

    play(tmp_path, scene)


def test_drafts_are_refused_for_what_is_wrong(tmp_path: Path) -> None:
    async def scene(at: Desk) -> None:
        key = {"idempotency_key": str(uuid7())}

        async def refused(**more: object) -> str:
            return await at.refused("DraftChange", at.wish(**more), **key)  # type: ignore[arg-type]

        assert await refused() == "schema-unknown"
        await at.define()
        assert await refused(value="1001") == "schema-violation"
        assert await refused(value="010") == "schema-violation"
        assert await refused(scope="organization") == "not-overridable"
        assert await refused(serviceName="nobody-service") == "rule-broken"
        await at.define("chat.webhook.target", json.dumps({"type": "string"}))
        secret = {"key": "chat.webhook.target", "valueType": "string"}
        assert await refused(value="ghp_" + "a1B2" * 9, **secret) == "looks-like-secret"
        await at.define("old.limits.pages", deprecatedAt="2020-01-01T00:00:00Z")
        assert await refused(key="old.limits.pages") == "schema-violation"
        tenant = at.service.caller("platform-operator")
        answer = await at.refused("DraftChange", at.wish(), tenant, **key)
        assert answer == "rule-broken"

    play(tmp_path, scene)


def test_json_is_kept_in_canonical_form(tmp_path: Path) -> None:
    async def scene(at: Desk) -> None:
        await at.define("chat.rooms.sizes", json.dumps({"type": "object"}))
        made = await at.draft('{"b": 1,  "a": [true]}', key="chat.rooms.sizes", valueType="json")
        assert made["value"] == '{"a":[true],"b":1}'
        assert made["checksum"] == hashlib.sha256(made["value"].encode()).hexdigest()

    play(tmp_path, scene)


def test_a_schema_must_be_one(tmp_path: Path) -> None:
    async def scene(at: Desk) -> None:
        body = {"key": KEY, "owner": "content-team"}
        for schema in ("example", '{"type": "number or so"}', "[]"):
            told = await at.refused("DefineConfigSchema", {**body, "jsonSchema": schema})
            assert told == "rule-broken"
        assert await at.refused("DraftChange", at.wish()) == "schema-unknown"

    play(tmp_path, scene)


def test_a_proposal_is_held_against_the_schema_of_today(tmp_path: Path) -> None:
    async def scene(at: Desk) -> None:
        await at.define()
        entry = await at.draft("500")
        await at.define(schema=json.dumps({"type": "integer", "maximum": 100}))
        wish = {"configEntryId": entry["id"]}
        assert await at.refused("ProposeChange", wish, if_match="1") == "schema-violation"
        await at.define(blastRadius="high")
        found = await at.done("ProposeChange", wish, if_match="1")
        assert (found["status"], found["blastRadius"]) == ("inReview", "high")
        [told] = await at.said("config-change-proposed")
        assert (told["configEntryId"], told["blastRadius"]) == (entry["id"], "high")
        assert await at.refused("ProposeChange", wish, if_match="2") == "illegal-transition"

    play(tmp_path, scene)


def test_nobody_approves_what_they_wrote(tmp_path: Path) -> None:
    async def scene(at: Desk) -> None:
        await at.define()
        entry = await at.draft()
        await at.done("ProposeChange", {"configEntryId": entry["id"]}, if_match="1")
        said = {"configEntryId": entry["id"], "reviewComment": "looks good to me"}
        assert await at.refused("ApproveChange", said, if_match="2") == "self-approval"
        found = await at.done("ApproveChange", said, at.reviewer, if_match="2")
        assert found["approverId"] == str(at.reviewer.subject)

    play(tmp_path, scene)


def test_revisions_are_compared_by_pointers(tmp_path: Path) -> None:
    async def scene(at: Desk) -> None:
        key = {"key": "chat.rooms.sizes", "valueType": "json"}
        await at.define("chat.rooms.sizes", "true")
        left = await at.draft('{"a/b":{"x":1,"y":[1,2]},"same":0}', **key)
        right = await at.draft('{"a/b":{"x":2,"y":[1]},"same":0,"new":1}', **key)
        body = {"leftEntryId": left["id"], "rightEntryId": right["id"]}
        found = await at.done("CompareRevisions", body)
        assert found["changedPaths"] == ["/a~1b/x", "/a~1b/y/1", "/new"]
        assert found["sameChecksum"] is False
        await at.define()
        body["rightEntryId"] = (await at.draft())["id"]
        assert await at.refused("CompareRevisions", body) == "different-keys"
        body["rightEntryId"] = str(uuid7())
        assert await at.refused("CompareRevisions", body) == "not-found"

    play(tmp_path, scene)


def test_a_release_ties_entries_that_exist(tmp_path: Path) -> None:
    async def scene(at: Desk) -> None:
        body = {"name": "pages", "abortQuery": "up == 0", "entryIds": [str(uuid7())]}
        assert await at.refused("PlanRelease", body) == "reference-unknown"

    play(tmp_path, scene)


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN RSA PRIVATE KEY-----",
        "AKIAIOSFODNN7EXAMPLE",
        "postgres://app:hunter2@db/main",
        '{"password": "correct horse"}',
        "Bearer abcdefghijklmnop1234",
        "q7Zp0Xw9Lr3Kd8Vb2Nc6Tj5Hm1",
    ],
)
def test_credentials_are_known_by_their_looks(text: str) -> None:
    assert values.looks_like_secret(text, 3.8)


@pytest.mark.parametrize(
    "text",
    [
        "document-service-europe-west-1-primary",
        "01890a5d-ac96-774b-bcce-a56145270ce6",
        "https://status.cloudsync.example/incidents/overview",
        "internationalisation-of-everything-2026",
    ],
)
def test_words_and_ids_are_no_credentials(text: str) -> None:
    assert not values.looks_like_secret(text, 3.8)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("integer", "1.0"),
        ("decimal", "1e3"),
        ("boolean", "yes"),
        ("duration", "P"),
        ("duration", "PT"),
        ("json", '{"a":1,"a":2}'),
        ("json", "NaN"),
        ("json", "[" * 30_000),
        ("json", '"\\ud800"'),
        ("stringList", "[1]"),
    ],
)
def test_what_is_no_value_of_its_kind(kind: str, text: str) -> None:
    with pytest.raises(values.UnfitError):
        values.canonical(models.ConfigValueType(kind), text)


def test_a_schema_reaches_nothing_beyond_itself() -> None:
    schema = json.dumps({"$ref": "http://127.0.0.1:9/schema.json"})
    with pytest.raises(values.UnfitError):
        values.check(schema, models.ConfigValueType.integer, "1")
