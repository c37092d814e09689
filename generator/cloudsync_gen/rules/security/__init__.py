"""Zero trust: who may do what, what is protected and where."""

from __future__ import annotations
