"""What residencies of regions mean."""

ANYWHERE = "world"
"""The residency of data that may lie in any jurisdiction."""
