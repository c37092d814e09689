"""Changing a model in place: what people wrote keeps its comments, its order and its style."""

from __future__ import annotations
