"""Flags that several commands share. Imports nothing: `--help` reads them."""

from __future__ import annotations

import argparse

FORMATS = ("text", "json")


def add_format(parser: argparse.ArgumentParser) -> None:
    """`--format text|json`."""
    parser.add_argument("--format", choices=FORMATS, default="text", help="text, or JSON alone")
