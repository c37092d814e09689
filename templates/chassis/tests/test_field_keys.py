"""Keys of encrypted fields come and go: nothing is lost, nothing is seen by another tenant."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from hypothesis import given, settings
from hypothesis import strategies as st

import bookshop
from cloudsync_chassis import logs
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.store import system
from cloudsync_chassis.store.cipher import FieldCipher, key_of
from cloudsync_chassis.store.columns import sql
from cloudsync_chassis.store.database import Database
from cloudsync_chassis.store.keys import OwnKeys, StoredKeys
from cloudsync_chassis.store.renewal import KeyKeeper, Renewal, progress
from cloudsync_chassis.store.sealed import Sealed
from cloudsync_chassis.testing import Running

INDEX = b"i" * 32
NEVER = 1e12
metadata = sa.MetaData()
letters = sa.Table(
    "letters",
    metadata,
    sa.Column("organization_id", sql("uuid"), primary_key=True),
    sa.Column("id", sql("uuid"), primary_key=True),
    sa.Column("text_ciphertext", sql("bytea")),
    sa.Column("text_bidx", sql("char(64)")),
)
SEALED = Sealed(letters, letters.c.organization_id, letters.c.id, (letters.c.text_ciphertext,))


class Office:
    """A table of letters, its keys and who keeps them; a copy is another replica."""

    def __init__(self, folder: Path) -> None:
        self.keys = OwnKeys(folder / "keys", max_age=0.0, pause=0.0)
        self.keys.ensure()
        self.cipher = FieldCipher.of(self.keys, INDEX)
        self.database = Database(f"sqlite+aiosqlite:///{folder / 'store.sqlite'}")
        self.renewal = Renewal(self.database, self.cipher, [SEALED])

    async def open(self) -> None:
        await self.database.create_all(metadata, system.metadata)

    async def write(self, tenant: UUID, text: str, cipher: FieldCipher | None = None) -> UUID:
        row, cipher = uuid7(), cipher or self.cipher
        values = {
            "organization_id": tenant,
            "id": row,
            "text_ciphertext": cipher.encrypt(text, tenant),
            "text_bidx": cipher.blind_index(text),
        }
        async with self.database.transaction(write=True) as connection:
            await connection.execute(sa.insert(letters).values(values))
        return row

    async def rows(self) -> dict[UUID, Any]:
        async with self.database.transaction(write=False) as connection:
            found = (await connection.execute(sa.select(letters))).all()
        return {each.id: each for each in found}

    def keeper(self, rotation: float) -> KeyKeeper:
        return KeyKeeper(self.cipher, self.renewal, rotation)


@pytest.fixture
async def office(tmp_path: Path) -> Any:
    made = Office(tmp_path)
    await made.open()
    yield made
    await made.database.dispose()


def test_a_new_key_is_picked_up_without_a_restart(tmp_path: Path) -> None:
    tenant = UUID(int=1)
    (tmp_path / "2026-01-01.key").write_bytes(b"a" * 32)
    ours = FieldCipher.of(StoredKeys(tmp_path, max_age=0.0), INDEX)
    late = FieldCipher.of(StoredKeys(tmp_path, max_age=3600, pause=0.0), INDEX)
    old = ours.encrypt("x", tenant)
    assert late.decrypt(old, tenant) == "x"
    (tmp_path / "2026-01-02.key").write_bytes(b"b" * 32)
    new = ours.encrypt("x", tenant)
    assert key_of(new) != key_of(old)
    assert ours.decrypt(old, tenant) == ours.decrypt(new, tenant) == "x"
    assert late.decrypt(new, tenant) == "x", "an unknown id is looked for before its time"
    (tmp_path / ".hidden.key").write_bytes(b"short")
    (tmp_path / "2026-01-03.tmp").write_bytes(b"short")
    assert len(ours.keys.all()) == 2, "what is no key is passed over"


def test_an_unknown_id_does_not_make_the_folder_be_read_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.key").write_bytes(b"a" * 32)
    keys = StoredKeys(tmp_path, max_age=3600, pause=3600)
    reads = []
    kept = StoredKeys.read
    monkeypatch.setattr(StoredKeys, "read", lambda self: (reads.append(1), kept(self))[1])
    assert [keys.find(os.urandom(4)) for _ in range(50)] == [None] * 50
    assert len(reads) == 1


@pytest.mark.parametrize("content", [None, b"", b"short", b"x" * 33])
def test_what_is_no_key_stops_the_start(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "a.key").write_bytes(content)
    with pytest.raises(ValueError, match="32 bytes"):
        StoredKeys(tmp_path).all()


def test_a_file_is_one_key_and_none_prints_itself(tmp_path: Path) -> None:
    path = tmp_path / "field"
    path.write_bytes(b"k" * 32)
    (key,) = StoredKeys(path).all()
    assert "kkkk" not in repr(key)
    assert key.id.hex() in repr(key)


def test_own_keys_are_made_once_and_private(tmp_path: Path) -> None:
    first, second = OwnKeys(tmp_path / "k"), OwnKeys(tmp_path / "k")
    first.ensure()
    second.ensure()
    assert first.all() == second.all()
    first.rotate()
    assert [each.name for each in first.all()] == ["000002.key", "000001.key"]
    assert {p.stat().st_mode & 0o777 for p in (tmp_path / "k").iterdir()} == {0o600}
    first.retire(first.all()[0])
    assert len(first.all()) == 2, "the newest stays"


STEPS = st.one_of(
    st.tuples(st.just("write"), st.integers(1, 3), st.text(max_size=12)),
    st.tuples(st.just("rotate"), st.just(0), st.just("")),
    st.tuples(st.just("step"), st.integers(1, 3), st.just("")),
    st.tuples(st.just("keep"), st.just(0), st.just("")),
    st.tuples(st.just("restart"), st.just(0), st.just("")),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(STEPS, max_size=14))
def test_whatever_the_order_all_values_stay_readable_to_their_tenant_alone(
    steps: list[tuple[str, int, str]],
) -> None:
    async def play() -> int:
        with tempfile.TemporaryDirectory() as folder:
            office = Office(Path(folder))
            await office.open()
            written: dict[UUID, tuple[UUID, str]] = {}
            checked = 0
            for kind, number, text in steps:
                if kind == "write":
                    tenant = UUID(int=number)
                    written[await office.write(tenant, text)] = (tenant, text)
                elif kind == "rotate":
                    office.keys.rotate()
                elif kind == "step":
                    await office.renewal.step(number)
                elif kind == "keep":  # a rotation of no length: whatever nothing uses goes
                    await office.keeper(0.0).once(0.0)
                else:
                    office = Office(Path(folder))
                await check(office, written)
                checked += 1
            await office.database.dispose()
        return checked

    assert asyncio.run(play()) == len(steps)


async def check(office: Office, written: dict[UUID, tuple[UUID, str]]) -> None:
    rows = await office.rows()
    assert rows.keys() == written.keys()
    for row_id, (tenant, text) in written.items():
        stored = rows[row_id].text_ciphertext
        assert office.cipher.decrypt(stored, tenant) == text
        assert rows[row_id].text_bidx == office.cipher.blind_index(text)
        with pytest.raises(InvalidTag):
            office.cipher.decrypt(stored, UUID(int=tenant.int + 1))


async def test_renewal_is_bounded_and_goes_on_where_it_was(office: Office) -> None:
    for number in range(7):
        await office.write(UUID(int=number % 2), f"text {number}")
    old = office.keys.all()[0].id
    office.keys.rotate()
    newest = office.keys.all()[0].id

    async def renewed() -> int:
        return sum(key_of(r.text_ciphertext) == newest for r in (await office.rows()).values())

    assert await office.renewal.step(3)
    assert await renewed() == 3
    again = Renewal(office.database, office.cipher, [SEALED])  # as after a restart
    assert await again.step(3)
    assert await renewed() == 6
    assert await again.in_use() == {old, newest}
    assert await again.unused() == ()
    assert await again.step(3)
    assert await renewed() == 7
    assert not await again.step(3), "nothing left to do"
    assert await again.in_use() == {newest}
    assert [each.id for each in await again.unused()] == [old]


async def test_a_row_whose_key_is_gone_holds_up_no_other(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("info", "office")
    told: list[tuple[str, int]] = []
    office.renewal.passed_over = lambda name, rows: told.append((name, rows))
    tenant = UUID(int=1)
    stranger = FieldCipher(b"s" * 32, index_key=INDEX)
    lost = [await office.write(tenant, "nobody reads this", stranger)]
    kept = await office.write(tenant, "kept")
    lost.append(await office.write(UUID(int=2), "of another tenant", stranger))
    office.keys.rotate()
    await office.keeper(NEVER).once(0.0)
    rows = await office.rows()
    newest = office.keys.all()[0].id
    assert key_of(rows[kept].text_ciphertext) == newest
    assert {key_of(rows[each].text_ciphertext) for each in lost} == {stranger.keys.all()[0].id}
    assert told == [("letters", 2)]
    said = capsys.readouterr().out
    assert '"fields_unreadable"' in said
    assert "renewal_failed" not in said


async def test_a_key_is_retired_when_nothing_uses_it_and_it_is_over(office: Office) -> None:
    tenant = UUID(int=1)
    row = await office.write(tenant, "text")
    await office.keeper(NEVER).once(0.0)
    assert len(office.keys.all()) == 1, "not due"
    office.keys.rotate()
    await office.keeper(NEVER).once(0.0)
    assert len(office.keys.all()) == 2, "unused, but a replica may write with it still"
    await office.keeper(0.0).once(0.0)
    assert [each.name for each in office.keys.all()] == ["000003.key"]
    assert office.cipher.decrypt((await office.rows())[row].text_ciphertext, tenant) == "text"


async def test_what_a_late_replica_writes_is_renewed_too(office: Office) -> None:
    tenant = UUID(int=1)
    late = FieldCipher(office.keys.all()[0].secret, index_key=INDEX)
    office.keys.rotate()
    await office.keeper(NEVER).once(0.0)
    row = await office.write(tenant, "late", late)
    assert await office.renewal.unused() == ()
    await office.keeper(0.0).once(0.0)
    assert office.cipher.decrypt((await office.rows())[row].text_ciphertext, tenant) == "late"
    keeper = office.keeper(0.0)
    await keeper.once(0.0)
    await keeper.once(0.0)
    assert office.cipher.decrypt((await office.rows())[row].text_ciphertext, tenant) == "late"


async def test_a_value_that_changes_meanwhile_is_kept(office: Office) -> None:
    tenant = UUID(int=1)
    row_id = await office.write(tenant, "before")
    read = (await office.rows())[row_id]
    change = sa.update(letters).where(letters.c.id == row_id)
    office.keys.rotate()
    async with office.database.transaction(write=True) as connection:
        value = {"text_ciphertext": office.cipher.encrypt("after", tenant)}
        await connection.execute(change.values(value))
        await SEALED._renew(connection, office.cipher, tuple(read)[:3])
    assert office.cipher.decrypt((await office.rows())[row_id].text_ciphertext, tenant) == "after"


async def test_keys_of_somebody_else_are_not_touched(
    tmp_path: Path, office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("info", "office")
    folder = tmp_path / "mounted"
    folder.mkdir()
    for name in ("a.key", "b.key"):
        (folder / name).write_bytes(os.urandom(32))
    cipher = FieldCipher.of(StoredKeys(folder), INDEX)
    keeper = KeyKeeper(cipher, Renewal(office.database, cipher, [SEALED]), rotation=0.0)
    await keeper.once(0.0)
    await keeper.once(0.0)
    assert sorted(each.name for each in folder.iterdir()) == ["a.key", "b.key"]
    assert capsys.readouterr().out.count('"keys": ["a.key"]') == 1, "told once"


async def test_a_running_service_rotates_and_renews(table_shop: Running) -> None:
    clerk = table_shop.caller("clerk")
    runtime = table_shop.runtime
    urls = []

    async def listed(notes: str) -> None:
        body = {"title": "x", "priceMinor": 1, "notes": notes}
        answer = await table_shop.http.post("/v1/books", json=body, headers=clerk.headers)
        urls.append((f"/v1/books/{answer.json()['id']}", notes, answer.json()["version"]))

    await listed("one")
    assert isinstance(runtime.cipher.keys, OwnKeys)
    runtime.cipher.keys.rotate()
    await listed("two")
    index = runtime.cipher.blind_index("one")
    await runtime.key_keeper().once(0.0)
    newest = runtime.cipher.keys.all()[0].id
    async with runtime.database.transaction(write=False) as connection:
        rows = (await connection.execute(sa.select(bookshop.books))).all()
        assert (await connection.execute(sa.select(progress.c.done))).scalars().all() == [True]
    assert {key_of(each.notes_ciphertext) for each in rows} == {newest}
    assert index in {each.notes_bidx for each in rows}
    for url, notes, version in urls:
        book = (await table_shop.http.get(url, headers=clerk.headers)).json()
        assert (book["notes"], book["version"]) == (notes, version), "no change of the entity"
