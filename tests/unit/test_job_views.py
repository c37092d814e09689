"""What a template is told of jobs after its way between processes."""

from __future__ import annotations

from msgspec import msgpack

from cloudsync_gen.engine.emit import py_literal
from cloudsync_gen.targets.service.view_jobs import JobView


def test_one_of_several_values_is_still_a_tuple_after_its_way_through_a_worker() -> None:
    view = JobView(
        method="purge_file",
        constant="PURGE_FILE",
        request="PurgeFile",
        key="",
        body="",
        every=60.0,
        per="tenant",
        aggregate="file",
        where={"count": 0, "status": ("available", "trashed")},
        since="",
        after=0.0,
    )
    there = msgpack.decode(msgpack.encode(view), type=JobView)
    assert there == view
    written = py_literal(there.where)
    assert written == '{"count": 0, "status": ("available", "trashed")}', "a list is one value"
