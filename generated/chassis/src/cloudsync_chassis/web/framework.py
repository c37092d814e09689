"""FastAPI without its models of OpenAPI documents: the contract is a file.

Nor with its own schemes of who asks, which describe themselves by these models; whoever imports
`fastapi.security` has them, known to FastAPI.
"""

from __future__ import annotations

from cloudsync_chassis.lean import promised

_SAID = ("docs", "models", "utils")
_ASKED = ("base", "oauth2")

with promised(
    *(f"fastapi.openapi.{each}" for each in _SAID), *(f"fastapi.security.{each}" for each in _ASKED)
):
    from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response
    from fastapi.exceptions import RequestValidationError
    from fastapi.routing import APIRoute

__all__ = [
    "APIRoute",
    "APIRouter",
    "Depends",
    "FastAPI",
    "Path",
    "Query",
    "Request",
    "RequestValidationError",
    "Response",
]
