"""FastAPI, whose models of OpenAPI documents are left alone: the contract is a file."""

from __future__ import annotations

from cloudsync_chassis.lean import unbuilt

with unbuilt():
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
