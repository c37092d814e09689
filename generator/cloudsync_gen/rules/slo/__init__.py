"""SLI/SLO/SLA definitions: promises that can be kept."""

from __future__ import annotations
