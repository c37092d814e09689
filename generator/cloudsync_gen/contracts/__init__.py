"""Model -> contracts: one module per kind, over one set of schemas that they share."""

from __future__ import annotations
