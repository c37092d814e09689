"""The check of schemas, under the name by which this package knows it."""

from __future__ import annotations

from cloudsync_gen.model.schema_check import Fault, accepts, default_faults, faults_of

__all__ = ["Fault", "accepts", "default_faults", "faults_of"]
