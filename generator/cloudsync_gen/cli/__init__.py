"""The command line: `main` parses arguments, one module per command does the work and prints."""

from __future__ import annotations

from cloudsync_gen.cli.main import main

__all__ = ["main"]
