"""The code host that a run of `ci` serves: what it says of the change, and what it is told."""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct

from cloudsync_gen.engine.write import add_to_file
from cloudsync_gen.report.finding import Report
from cloudsync_gen.report.text import printable

_MAX_EVENT = 16 * 1024 * 1024
_SERVER = "https://api.github.com"


class Host(Struct, frozen=True):
    """A terminal, or a host that only reads the files. `base`: the commit that a change is to be
    compared with, empty where there is no change under review.
    """

    base: str = ""

    @contextmanager
    def section(self, title: str) -> Iterator[None]:
        """Around what a gate prints."""
        sys.stdout.write(f"== {title}\n")
        yield

    def tell(self, reports: Sequence[Report], comment: str, files: Mapping[str, Path]) -> None:
        """What is to be shown beside the log."""

    def keep_comment(self, marker: str, comment: str, *, create: bool) -> str:
        """The comment on the change; returns what became of it, in words."""
        del marker, comment, create
        return "no comment: this is no pull request of GitHub's"


class GitHub(Host, frozen=True, kw_only=True):
    """A runner of GitHub Actions, as its environment describes it ("Default environment
    variables").
    """

    number: int
    environment: Mapping[str, str]

    @contextmanager
    def section(self, title: str) -> Iterator[None]:
        """Nothing that is printed inside is a workflow command."""
        token = secrets.token_hex(16)
        sys.stdout.write(f"::group::{title}\n::stop-commands::{token}\n")
        try:
            yield
        finally:
            sys.stdout.write(f"::{token}::\n::endgroup::\n")
            sys.stdout.flush()

    def tell(self, reports: Sequence[Report], comment: str, files: Mapping[str, Path]) -> None:
        """Annotations, the summary of the step, and its outputs. Raises `OSError`."""
        from cloudsync_gen.report.formats import render

        sys.stdout.write(render("github", *reports))
        self._append("GITHUB_STEP_SUMMARY", comment)
        findings = sum(len(each.diagnostics) for each in reports)
        values = {"findings": str(findings)} | {k: str(path) for k, path in files.items()}
        for name, value in values.items():
            end = secrets.token_hex(16)
            self._append("GITHUB_OUTPUT", f"{name}<<{end}\n{value}\n{end}\n")

    def keep_comment(self, marker: str, comment: str, *, create: bool) -> str:
        """As in `live.github`; what GitHub refuses is told and fails nothing."""
        from cloudsync_gen.live.github import Api, Unanswered, keep_comment

        token = self.environment.get("GITHUB_TOKEN") or self.environment.get("GH_TOKEN", "")
        if not self.number:
            return "no comment: this run is of no pull request"
        if not token:
            return "no comment: GITHUB_TOKEN is not set"
        rest = self.environment.get("GITHUB_API_URL", _SERVER).rstrip("/")
        api = Api(
            rest=rest,
            graphql=self.environment.get("GITHUB_GRAPHQL_URL", f"{_SERVER}/graphql"),
            repository=self.environment.get("GITHUB_REPOSITORY", ""),
            token=token,
        )
        try:
            return f"comment: {keep_comment(api, self.number, marker, comment, create=create)}"
        except Unanswered as error:
            return f"no comment: {printable(str(error))}"

    def _append(self, variable: str, text: str) -> None:
        path = self.environment.get(variable)
        if path:
            add_to_file(Path(path), text)


def host(environment: Mapping[str, str] = os.environ) -> Host:
    """Whose runner this is."""
    if environment.get("GITHUB_ACTIONS") == "true":
        event = _event(environment.get("GITHUB_EVENT_PATH", ""))
        change = _mapping(event.get("pull_request"))
        base = _mapping(change.get("base")).get("sha")
        base = base or _mapping(event.get("merge_group")).get("base_sha")
        number = change.get("number")
        return GitHub(
            base=str(base or ""),
            number=number if isinstance(number, int) else 0,
            environment=environment,
        )
    if environment.get("GITLAB_CI") == "true":
        return Host(environment.get("CI_MERGE_REQUEST_DIFF_BASE_SHA", ""))
    return Host()


def _event(path: str) -> Mapping[str, Any]:
    """What happened, as GitHub wrote it down; nothing where that cannot be read."""
    try:
        with open(path, "rb") as file:
            return _mapping(json.loads(file.read(_MAX_EVENT)))
    except (OSError, ValueError):
        return {}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
