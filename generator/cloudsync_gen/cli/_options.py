"""Flags that several commands share. Imports nothing: `--help` reads them."""

from __future__ import annotations

import argparse

FORMATS = ("text", "json")
FINDING_FORMATS = (*FORMATS, "sarif", "github", "gitlab", "junit", "markdown")
"""What `report.formats` writes."""

LEVELS = ("error", "warning", "info")


def add_format(parser: argparse.ArgumentParser) -> None:
    """`--format text|json`."""
    parser.add_argument("--format", choices=FORMATS, default="text", help="text, or JSON alone")


def add_findings(parser: argparse.ArgumentParser) -> None:
    """`--format` of findings, and where they go."""
    parser.add_argument(
        "--format",
        choices=FINDING_FORMATS,
        default="text",
        metavar="FORMAT",
        help=", ".join(FINDING_FORMATS),
    )
    parser.add_argument("--output", metavar="FILE", help="write there, not to stdout")


def add_fail_on(parser: argparse.ArgumentParser) -> None:
    """`--fail-on error|warning|info`."""
    parser.add_argument(
        "--fail-on", choices=LEVELS, help="exit 1 at this or graver (default: error)"
    )


def add_baseline(parser: argparse.ArgumentParser) -> None:
    """`--write-baseline`, and what it says of new entries."""
    parser.add_argument(
        "--write-baseline", action="store_true", help="what is found now may stay for a while"
    )
    parser.add_argument("--reason", help="why, for new entries of the baseline")
    parser.add_argument("--owner", help="who answers for them")
    parser.add_argument("--expires", metavar="DAY", help="the last day, such as 2027-01-31")
    parser.add_argument("--today", metavar="DAY", help="judge waivers as of this day")


def add_staged(parser: argparse.ArgumentParser) -> None:
    """`--staged`, for hooks."""
    parser.add_argument(
        "--staged",
        action="store_true",
        help="judge what git is about to commit: without files it does not track",
    )
